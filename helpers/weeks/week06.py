"""Week 6 · From neuron to network, on your own engine.

Its exercises in the order of the notebook. The reference solutions stand in `week06_network`; here
each has its cases and hints and the mistakes that it knows by name, each as code that runs.
"""

from helpers.exercise import exercise
from helpers.weeks import week06_cases as cases
from helpers.weeks import week06_network as network
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ neuron, layer, network

Neuron = exercise(
    minutes=15,
    difficulty=1,
    cases=cases.neuron_cases,
    required=["__call__"],
    hints=[
        "In `__init__` make one Value for each weight, one for the bias, and `self.parameters`, the "
        "list of them all. In `__call__` compute w·x + b with these nodes.",
        "Start the sum with the bias: z = self.bias, then z = z + w * x for each pair of zip. So "
        "nothing depends on `sum`, which starts from a plain 0.",
        "return z.relu() if self.relu else z",
    ],
)(network.Neuron)

for _code, _why, *_changes in [
    ("NOBIAS", "The bias is a parameter, but the output does not use it.",
     ("z = self.bias\n", "z = Value(0.0)\n")),
    ("NORELU", "Your neuron never bends: after the sum comes .relu(), unless relu is False.",
     ("return z.relu() if self.relu else z", "return z")),
    ("ALWAYSRELU", "With relu=False the neuron must be linear. The last layer needs negative scores.",
     ("return z.relu() if self.relu else z", "return z.relu()")),
    ("NEWLEAVES", "You compute with w.data, plain numbers. The graph then does not reach the "
     "parameters, and their gradients stay 0.",
     ("z = z + w * x", "z = z + w.data * x")),
    ("LOSTPARAMETER", "The bias is missing in `parameters`. What is not listed is never trained.",
     ("[*self.weights, self.bias]", "[*self.weights]")),
]:  # fmt: skip
    Neuron.mistake(_code, _why)(rewritten(network.Neuron, *_changes))

Layer = exercise(
    minutes=8,
    difficulty=1,
    cases=cases.layer_cases,
    required=["__call__"],
    hints=[
        "A layer is a list of neurons. Each reads the same inputs and gives one node.",
        "self.neurons = [Neuron(n_in, rng, relu) for _ in range(n_out)]: n_out neurons of n_in "
        "inputs, and the same rng for all.",
        "`parameters` is flat: [p for neuron in self.neurons for p in neuron.parameters]. The call "
        "returns [neuron(xs) for neuron in self.neurons].",
    ],
)(network.Layer)

for _code, _why, *_changes in [
    ("DIMS", "Inputs and outputs are swapped: n_out neurons, each with n_in weights.",
     ("Neuron(n_in, rng, relu) for _ in range(n_out)",
      "Neuron(n_out, rng, relu) for _ in range(n_in)")),
    ("SAMENEURON", "All neurons are one and the same object; `[x] * n` copies nothing. They would "
     "learn the same for ever.",
     ("[Neuron(n_in, rng, relu) for _ in range(n_out)]", "[Neuron(n_in, rng, relu)] * n_out")),
    ("RELUDROPPED", "`relu` is not handed on, so every neuron bends, also where relu=False is asked.",
     ("Neuron(n_in, rng, relu)", "Neuron(n_in, rng)")),
    ("CHAINED", "Each neuron reads the output of the one before. In a layer all read the same inputs.",
     ("return [neuron(xs) for neuron in self.neurons]",
      "outs = []\n        for neuron in self.neurons:\n"
      "            outs.append(neuron([outs[-1]] * len(xs) if outs else xs))\n        return outs")),
]:  # fmt: skip
    Layer.mistake(_code, _why)(rewritten(network.Layer, *_changes))

MLP = exercise(
    minutes=15,
    difficulty=2,
    cases=cases.mlp_cases,
    required=["__call__"],
    hints=[
        "Each layer reads as many numbers as the one before gives. The first reads n_in.",
        "All layers bend but the last: relu=k < len(sizes) − 1. One random.Random(seed) for all.",
        "The call: for layer in self.layers: xs = layer(xs). Then xs[0] if there is one output, "
        "else xs.",
    ],
)(network.MLP)

for _code, _why, *_changes in [
    ("LASTRELU", "The last layer bends, too. Scores below 0 become 0, and so do their gradients: class "
     "−1 cannot be said.",
     ("relu=k < len(sizes) - 1", "relu=True")),
    ("NOHIDDENRELU", "No layer bends. A stack of linear layers is one linear layer (week 4).",
     ("relu=k < len(sizes) - 1", "relu=False")),
    ("DIMS", "Every layer reads n_in numbers. From the second on it reads what the layer before gives.",
     ("            n_in = n_out\n", "")),
    ("LASTONLY", "`parameters` holds those of the last layer alone. What is not listed is never trained.",
     ("for layer in self.layers for p", "for layer in self.layers[-1:] for p")),
]:  # fmt: skip
    MLP.mistake(_code, _why)(rewritten(network.MLP, *_changes))


# ------------------------------------------------------------------ losses

hinge_loss = exercise(
    minutes=12,
    difficulty=2,
    cases=cases.hinge_cases,
    hints=[
        "yᵢ·scoreᵢ is the margin: positive on the right side. From a margin of 1 on, nothing is lost.",
        "With the week 1 engine the number stands at the right: (score * -yi + 1.0).relu().",
        "Add these nodes in a loop, and multiply the total by 1.0 / len(scores).",
    ],
)(network.hinge_loss)

for _code, _why, *_changes in [
    ("MEANSUM", "That is the sum over the samples, not the mean: loss and gradients are N times too "
     "large. Divide once by len(scores).",
     ("return total * (1.0 / len(scores))", "return total * 1.0")),
    ("MEANSUM", "You divide by N twice.",
     ("return total * (1.0 / len(scores))", "return total * (1.0 / len(scores) ** 2)")),
    ("SIGN", "The margin has the wrong sign: you punish the samples that are right.",
     ("score * -yi", "score * yi")),
    ("NORELU", "Without relu a sample far on the right side earns a reward without end. From a margin "
     "of 1 on the loss is 0.",
     (".relu()", "")),
    ("NOMARGIN", "Where is the 1? relu(−y·score) is content as soon as the sign is right; the hinge "
     "asks for a margin of 1.",
     (" + 1.0", "")),
]:  # fmt: skip
    hinge_loss.mistake(_code, _why)(rewritten(network.hinge_loss, *_changes))

l2_penalty = exercise(
    minutes=6,
    difficulty=1,
    cases=cases.penalty_cases,
    hints=[
        "A loop over the parameters that adds p * p.",
        "It must stay a node: use p, not p.data.",
        "Here the penalty is lam·Σp², without ½. Its gradient is 2·lam·p, and the engine finds it.",
    ],
)(network.l2_penalty)

for _code, _why, *_changes in [
    ("L2FACTOR", "You have a factor ½. Other books write it so; here the penalty is lam·Σp², and its "
     "gradient 2·lam·p. With a small lam nobody would notice: relative error 10⁻³.",
     ("total * lam", "total * (lam * 0.5)")),
    ("L2FACTOR", "You divide by the number of parameters. The penalty is a sum.",
     ("total * lam", "total * (lam / len(params))")),
    ("SQUAREDSUM", "That is the square of the sum. Square each parameter first, then add.",
     ("total = p * p + total", "total = p + total"), ("total * lam", "total * total * lam")),
    ("SIGN", "The penalty has a minus. It would reward large parameters.",
     ("total * lam", "total * -lam")),
]:  # fmt: skip
    l2_penalty.mistake(_code, _why)(rewritten(network.l2_penalty, *_changes))


# ------------------------------------------------------------------ steps and loops

sgd_step = exercise(
    minutes=4,
    difficulty=1,
    cases=cases.sgd_cases,
    hints=[
        "The gradient points uphill. Which way do you go, and how far?",
        "Change the number of each parameter, p.data, in place; the node stays the same.",
        "for p in params: p.data -= lr * p.grad",
    ],
)(network.sgd_step)

for _code, _why, *_changes in [
    ("SIGN", "You climb: the step goes *against* the gradient.", ("-= lr", "+= lr")),
    ("NOLR", "The learning rate is missing.", ("lr * p.grad", "p.grad")),
    ("SHRINK", "You scale the parameter by its gradient. The step is subtracted.",
     ("p.data -= lr * p.grad", "p.data *= 1 - lr * p.grad")),
    ("NEWLEAVES", "The loop variable gets a new number, the parameter keeps its old one. Assign to "
     "p.data.",
     ("p.data -= lr * p.grad", "p = p.data - lr * p.grad")),
]:  # fmt: skip
    sgd_step.mistake(_code, _why)(rewritten(network.sgd_step, *_changes))

_ZERO = "    for p in model.parameters:\n        p.grad = 0.0\n"

training_step = exercise(
    minutes=15,
    difficulty=2,
    cases=cases.training_cases,
    hints=[
        "Five acts: scores, loss, clear the gradients, backward, step. Then the loss as a number.",
        "loss = hinge_loss([model(x) for x in X], y) + l2_penalty(model.parameters, 1e-4)",
        "for p in model.parameters: p.grad = 0.0; then loss.backward(), sgd_step(model.parameters, "
        "0.1) and return loss.data.",
    ],
)(network.training_step)

for _code, _why, *_changes in [
    ("ZEROGRAD", "Gradients of earlier steps are still in `grad`, and backward adds to them. Clear them "
     "before backward.",
     (_ZERO, "")),
    ("UPDATEFIRST", "You take the step before backward, with the gradients of the step before.",
     (_ZERO, ""), ("    loss.backward()\n    sgd_step(model.parameters, 0.1)\n",
                   "    sgd_step(model.parameters, 0.1)\n" + _ZERO + "    loss.backward()\n")),
    ("HISTORY", cases.KEPT, ("return loss.data", "return loss")),
    ("CLEARED", "Nothing moves: there is no step, or the gradients are cleared between backward and the step.",
     (_ZERO, ""), ("    loss.backward()\n", "    loss.backward()\n" + _ZERO)),
    ("NOPENALTY", "The penalty is not in the loss.",
     (" + l2_penalty(model.parameters, 1e-4)", "")),
]:  # fmt: skip
    training_step.mistake(_code, _why)(rewritten(network.training_step, *_changes))

_CLEAR = "        for p in params:\n            p.grad = 0.0\n"
_MOVE = "        for p in params:\n            p.data -= lr * p.grad\n"
_BACK = "        loss.backward()\n"

fix_the_loop = exercise(
    minutes=12,
    difficulty=2,
    cases=cases.loop_cases,
    hints=[
        "Three bugs, and none raises an error. Follow one parameter through two steps: what is in its "
        "`grad` at each line?",
        "backward *adds* to grad. A step needs the gradient of this loss. And what does a list of "
        "nodes keep alive?",
        "The order: loss, clear, backward, step, losses.append(loss.data).",
    ],
)(network.fix_the_loop)

for _code, _why, *_changes in [
    ("ZEROGRAD", "ZEROGRAD is still there: a step uses the sum of all gradients so far. Clear them in "
     "every step, before backward.",
     (_CLEAR, "")),
    ("ZEROGRAD", "You clear the gradients once, before the loop. From the second step on they pile up.",
     (_CLEAR, ""), ("    for _ in range(steps):\n",
                    "    for p in params:\n        p.grad = 0.0\n    for _ in range(steps):\n")),
    ("UPDATEFIRST", "The step still comes before backward: it uses the gradient of the *last* loss.",
     (_MOVE, ""), (_CLEAR + _BACK, _MOVE + _CLEAR + _BACK)),
    ("HISTORY", cases.KEPT, ("append(loss.data)", "append(loss)")),
    ("CLEARED", "Nothing moves: there is no step, or the gradients are cleared between backward and the step.",
     (_CLEAR, ""), (_BACK, _BACK + _CLEAR)),
]:  # fmt: skip
    fix_the_loop.mistake(_code, _why)(rewritten(network.fix_the_loop, *_changes))

momentum_step = exercise(
    minutes=8,
    difficulty=1,
    cases=cases.momentum_cases,
    hints=[
        "A velocity for each parameter: it keeps beta of what it was and takes up the new gradient.",
        "First the new velocities, then the step with them.",
        "velocities = [beta * v + p.grad for v, p in zip(velocities, params)], then p.data -= lr * v, "
        "then return velocities.",
    ],
)(network.momentum_step)

for _code, _why, *_changes in [
    ("NOMEMORY", "Each velocity is the gradient alone: that is plain SGD. beta·v is missing.",
     ("beta * v + p.grad", "p.grad")),
    ("NOFRICTION", "Without beta the velocity never fades and the parameters swing for ever.",
     ("beta * v + p.grad", "v + p.grad")),
    ("DAMPED", "(1 − beta)·grad is the form of Adam's average. PyTorch's SGD, and this exercise, add "
     "the gradient whole.",
     ("beta * v + p.grad", "beta * v + (1 - beta) * p.grad")),
    ("UPDATEFIRST", "You move with the old velocities. Compute the new ones first.",
     ("    velocities = [beta * v + p.grad for v, p in zip(velocities, params)]\n", ""),
     ("    return velocities",
      "    return [beta * v + p.grad for v, p in zip(velocities, params)]")),
    ("LRTWICE", "The learning rate enters twice: in the velocity and in the step.",
     ("beta * v + p.grad", "beta * v + lr * p.grad")),
]:  # fmt: skip
    momentum_step.mistake(_code, _why)(rewritten(network.momentum_step, *_changes))

all = [
    Neuron,
    Layer,
    MLP,
    hinge_loss,
    l2_penalty,
    sgd_step,
    training_step,
    fix_the_loop,
    momentum_step,
]


def use(engine: type) -> type:
    """Let the reference solutions of this week compute with this engine, too; gives it back."""
    network.Value = engine
    return engine
