"""Week 6, sections 3 to 6: the exercises on losses, steps and loops, with their known mistakes.

What they are tried on stands in `week06_cases`, the reference solutions in `week06_network`.
"""

from helpers.exercise import exercise
from helpers.weeks import week06_cases as cases
from helpers.weeks import week06_network as network
from helpers.weeks.rewrite import rewritten

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
    ("RELUMEAN", "relu stands around the mean. Each sample has its own: samples far on the right side must "
     "not pay for the others.",
     (".relu() + total", " + total"), ("total * (1.0 / len(scores))", "(total * (1.0 / len(scores))).relu()")),
    ("SWAPPED", "The sides are swapped: 1 − margin, not margin − 1.",
     ("score * -yi + 1.0", "score * yi + -1.0")),
    ("SQUARED", "The hinge is not squared: relu(1 − y·score) as it is.",
     (".relu() + total", ".relu() ** 2 + total")),
    ("ZEROONE", "You turn y from 0 and 1 into −1 and 1. It is −1 or 1 already.",
     ("score * -yi", "score * (1 - 2 * yi)")),
    ("DISTANCE", "That is y − score. The margin is y *times* score.",
     ("score * -yi + 1.0", "score * -1.0 + yi")),
    ("NOGRAPH", cases.CUT, ("(score * -yi", "(Value(score.data) * -yi")),
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
    ("NOLAM", "`lam` is missing.", ("total * lam", "total * 1.0")),
    ("LAMSQUARED", "lam counts once: it stands outside of the square.",
     ("total * lam", "total * (lam * lam)")),
    ("ROOT", "No root: the penalty is the sum of the squares.",
     ("return total * lam", "return total ** 0.5 * lam")),
    ("NOSQUARE", "p is not squared.", ("p * p + total", "p + total")),
    ("LEFTOUT", "One parameter is left out, the last.",
     ("total = 0.0", "total = Value(0.0)"), ("for p in params", "for p in params[:-1]")),
    ("NOGRAPH", cases.CUT, ("p * p + total", "Value(p.data * p.data) + total")),
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
    ("NEWNODES", cases.NEWNODES,
     ("for p in params:\n        p.data -= lr * p.grad",
      "for i, p in enumerate(params):\n        params[i] = Value(p.data - lr * p.grad)")),
    ("GRAD", "You change `grad`. The step changes `data`.", ("p.data -= lr", "p.grad -= lr")),
    ("GRAD", cases.CLEARS,
     ("p.data -= lr * p.grad", "p.data -= lr * p.grad\n        p.grad = 0.0")),
    ("NEWLEAVES", "The loop variable gets a new number, the parameter keeps its old one. Assign to "
     "p.data.",
     ("p.data -= lr * p.grad", "p = p.data - lr * p.grad")),
]:  # fmt: skip
    sgd_step.mistake(_code, _why)(rewritten(network.sgd_step, *_changes))

_PER_SAMPLE = """def training_step(model, X, y):
    values = [_one_sample(model, [x], [yi]) for x, yi in zip(X, y)]
    return sum(values) / len(values)


def _one_sample(model, X, y):"""
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
    ("CLEARED", cases.STILL,
     (_ZERO, ""), ("    loss.backward()\n", "    loss.backward()\n" + _ZERO)),
    ("CLEARLATE", cases.CLEARLATE,
     (_ZERO, ""), ("    return loss.data", _ZERO + "    return loss.data")),
    ("NOPENALTY", "The penalty is not in the loss.",
     (" + l2_penalty(model.parameters, 1e-4)", "")),
    ("NOPENALTY", "Every step is right, but the number that you return has no penalty in it. Return the "
     "whole loss.",
     ("return loss.data", "return loss.data - l2_penalty(model.parameters, 1e-4).data"),
     ("    loss.backward()\n    sgd", "    loss.backward()\n    before = l2_penalty(model.parameters, 1e-4).data\n    sgd"),
     ("loss.data - l2_penalty(model.parameters, 1e-4).data", "loss.data - before")),
    ("AFTER", cases.AFTER,
     ("return loss.data",
      "return (hinge_loss([model(x) for x in X], y) + l2_penalty(model.parameters, 1e-4)).data")),
    ("LR", "The step is 10 times too short: lr is 0.1.", ("parameters, 0.1)", "parameters, 0.01)")),
    ("LAM", "The penalty is 10 times too large: lam is 1e-4.", ("1e-4", "1e-3")),
    ("PERSAMPLE", "You take a step for every sample. Here it is *one* step for all of them: one loss, one "
     "backward.",
     ("def training_step(model, X, y):", _PER_SAMPLE)),
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
    ("CLEARLATE", cases.CLEARLATE,
     (_CLEAR, ""), ("        losses.append", _CLEAR + "        losses.append")),
    ("ONEGRAPH", "The loss never changes: loss_of() is called once, before the loop. Build a fresh graph "
     "in every step.",
     ("        loss = loss_of()\n", ""), ("    losses = []\n", "    losses, loss = [], loss_of()\n")),
    ("AFTER", cases.AFTER, ("losses.append(loss.data)", "losses.append(loss_of().data)")),
    ("HISTORY", "The numbers are right, but during the loop the list keeps every graph alive. Append "
     "loss.data.",
     ("append(loss.data)", "append(loss)"), ("return losses", "return [loss.data for loss in losses]")),
    ("CLEARED", cases.STILL,
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
    ("SIGN", "You climb: the step goes *against* the velocity.", ("p.data -= lr", "p.data += lr")),
    ("LRINSIDE", "The learning rate belongs to the step, not into the velocity.",
     ("beta * v + p.grad", "beta * v + lr * p.grad"), ("p.data -= lr * v", "p.data -= v")),
    ("BETAGRAD", "beta belongs to the old velocity alone; the gradient is added whole.",
     ("beta * v + p.grad", "beta * (v + p.grad)")),
    ("BETAGRAD", "beta belongs to the old velocity, not to the gradient.",
     ("beta * v + p.grad", "v + beta * p.grad")),
    ("FORGOTTEN", "The parameters move, but the velocities come back as they were: `v = …` in a loop is a "
     "name. Collect the new ones in a list.",
     ("    return velocities", "    return old"), ("    velocities = [", "    old = velocities\n    velocities = [")),
    ("NESTEROV", "That is Nesterov's form, which looks ahead. Here the step is lr·v.",
     ("lr * v\n", "lr * (p.grad + beta * v)\n")),
    ("BETAFIXED", "Use the argument beta, not 0.9.", ("beta * v +", "0.9 * v +")),
    ("NEWNODES", cases.NEWNODES,
     ("    for p, v in zip(params, velocities):\n        p.data -= lr * v\n",
      "    params[:] = [Value(p.data - lr * v) for p, v in zip(params, velocities)]\n")),
    ("LRTWICE", "The learning rate enters twice: in the velocity and in the step.",
     ("beta * v + p.grad", "beta * v + lr * p.grad")),
]:  # fmt: skip
    momentum_step.mistake(_code, _why)(rewritten(network.momentum_step, *_changes))
