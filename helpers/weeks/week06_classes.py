"""Week 6, section 1: the exercises Neuron, Layer and MLP, with the mistakes that they know by name.

What they are tried on stands in `week06_models`, the reference solutions in `week06_network`.
"""

from helpers.exercise import exercise
from helpers.weeks import week06_models as models
from helpers.weeks import week06_network as network
from helpers.weeks.rewrite import rewritten

Neuron = exercise(
    minutes=15,
    difficulty=1,
    cases=models.neuron_cases,
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
    ("RELUEARLY", models.BENDONCE,
     ("z = z + w * x", "z = z + (w * x).relu()")),
]:  # fmt: skip
    Neuron.mistake(_code, _why)(rewritten(network.Neuron, *_changes))

Layer = exercise(
    minutes=8,
    difficulty=1,
    cases=models.layer_cases,
    advice=models.wrong_outputs,
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
    ("FRESHRNG", models.ANEW["Layer"],
     ("Neuron(n_in, rng, relu)", "Neuron(n_in, random.Random(0), relu)")),
    ("PARAMETERORDER", models.ORDER["Layer"],
     ("[p for neuron in self.neurons for p in neuron.parameters]",
      "[p for neuron in self.neurons for p in neuron.weights] + [n.bias for n in self.neurons]")),
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
    cases=models.mlp_cases,
    advice=models.wrong_outputs,
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
    ("RELUSWAPPED", "Only the last layer bends: exactly the wrong one. All bend but the last.",
     ("relu=k < len(sizes) - 1", "relu=k == len(sizes) - 1")),
    ("ORIGINALX", "No gradient gets beyond the last layer: each layer reads the original input. It must "
     "read what the one before gives.",
     ("            xs = layer(xs)\n", "            out = layer(xs)\n"),
     ("xs[0] if len(xs) == 1 else xs", "out[0] if len(out) == 1 else out")),
    ("FRESHRNG", models.ANEW["MLP"],
     ("Layer(n_in, n_out, rng,", "Layer(n_in, n_out, random.Random(seed),")),
    ("ONELIST", "MLP(2, [1]) gives a list of one node. Take the node out: xs[0].",
     ("xs[0] if len(xs) == 1 else xs", "xs")),
    ("LASTONLY", "`parameters` holds those of the last layer alone. What is not listed is never trained.",
     ("for layer in self.layers for p", "for layer in self.layers[-1:] for p")),
]:  # fmt: skip
    MLP.mistake(_code, _why)(rewritten(network.MLP, *_changes))
