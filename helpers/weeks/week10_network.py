"""Week 10: the network on paper, forward, and backward."""

from __future__ import annotations

from helpers.exercise import exercise, paper
from helpers.weeks import week10_cases as cases
from helpers.weeks import week10_judge as judge
from helpers.weeks import week10_rules as rules
from helpers.weeks.rewrite import rewritten

forward = exercise(
    minutes=15,
    difficulty=1,
    cases=cases.forward_cases,
    judge=judge.scores_and_cache,
    version=3,
    hints=[
        "Three times X·W + b. Between them tanh, then ReLU; after the last one nothing: these are "
        "the scores.",
        "Give every line of the forward pass a name, Z1, H1, Z2, H2, Z3. The names are the keys of "
        "the cache.",
        'cache = {**params, "X": X, "Z1": Z1, "H1": H1, "Z2": Z2, "H2": H2, "Z3": Z3}, and return '
        "Z3, cache.",
    ],
)(rules.forward)

for _code, _why, *_changes in [
    ("SWAPPED", "The two bends are exchanged: tanh comes after the first layer, ReLU after the second.",
     ("torch.tanh(Z1)", "torch.relu(Z1)"), ("torch.relu(Z2)", "torch.tanh(Z2)")),
    ("SWAPPED", "Both hidden layers have a ReLU. The first one has tanh.",
     ("torch.tanh(Z1)", "torch.relu(Z1)")),
    ("NOBEND", "There is no ReLU after the second layer: H2 is Z2.", ("torch.relu(Z2)", "1 * Z2")),
    ("LASTRELU", "The scores have a ReLU. They must be free to be negative.",
     ('H2 @ params["W3"] + params["b3"]', 'torch.relu(H2 @ params["W3"] + params["b3"])')),
    ("SOFTMAXED", "Z3 holds probabilities. Scores are asked for: the softmax belongs to the loss.",
     ('H2 @ params["W3"] + params["b3"]', 'torch.softmax(H2 @ params["W3"] + params["b3"], dim=1)')),
    ("PREACT", "The second layer reads Z1. It must read H1, the values after tanh.",
     ("Z2 = H1 @", "Z2 = Z1 @")),
    ("PREACT", "The third layer reads Z2. It must read H2, the values after the ReLU.",
     ("Z3 = H2 @", "Z3 = Z2 @")),
    ("NOBIAS", "The biases are not added.",
     (' + params["b1"]', ""), (' + params["b2"]', ""), (' + params["b3"]', "")),
    ("CLAMPED", "Large values are cut off. ReLU has no upper end, and tanh needs no help: it ends at ±1 by itself.",
     ("torch.relu(Z2)", "Z2.clamp(0, 6)")),
    ("CLAMPED", "Large values are cut off. ReLU has no upper end, and tanh needs no help: it ends at ±1 by itself.",
     ("torch.tanh(Z1)", "torch.tanh(Z1.clamp(-5, 5))")),
    ("OVERWRITTEN", "The scores are right. In the cache H2 stands under Z2, too: backward will need "
     "the values *before* the ReLU.",
     ('"Z2": Z2', '"Z2": H2')),
]:  # fmt: skip
    forward.mistake(_code, _why)(rewritten(rules.forward, *_changes))


# ------------------------------------------------------------------ on paper

three_layers = paper(
    "three_layers",
    "D18 with one unit in each layer: every gradient, from the loss to the first weight",
    answers=dict(
        dz3="p - t", dw3="dz3 * h2 + lam * w3", db3="dz3",
        dh2="dz3 * w3", dz2="dh2 * m", dw2="dz2 * h1 + lam * w2", db2="dz2",
        dh1="dz2 * w2", dz1="dh1 * (1 - h1**2)", dw1="dz1 * x + lam * w1", db1="dz1",
    ),
    at=dict(
        x=0.8, w1=0.9, b1=-0.2, w2=1.2, b2=0.1, w3=-0.7, b3=0.3, t=1.0, lam=0.1,
        z1="w1 * x + b1", h1="tanh(z1)", z2="w2 * h1 + b2", h2="relu(z2)", m="relu(z2) / z2",
        z3="w3 * h2 + b3", p="sigmoid(z3)",
    ),
    minutes=25,
    difficulty=2,
    hints=[
        "From the loss to the left, one line for each line of the forward pass. dz3 is week 4's "
        "p − t; the loss and the penalty are a sum, so a weight gets a term from each.",
        "The penalty is λ/2·(w1² + w2² + w3²): its slope in w3 is λ·w3. Biases are not in it.",
        "dw3 = dz3·h2 + λ·w3, dh2 = dz3·w3, dz2 = dh2·m. Then the same three lines again, with "
        "tanh's slope 1 − h1² in place of m.",
    ],
    mistakes={
        "SIGN": (dict(dz3="t - p"), "The sign is turned around: where p is above t, z3 must fall."),
        "EXTRASIG": (
            dict(dz3="(p - t) * p * (1 - p)"),
            "The slope p·(1 − p) has already canceled against the log's: p − t is all that is left.",
        ),
        "PREACT": (
            dict(dw3="dz3 * z2 + lam * w3", dw2="dz2 * z1 + lam * w2"),
            "A weight is multiplied by the value *after* the bend, h; so h stands in its gradient.",
        ),
        "L2FORGOTTEN": (
            dict(dw3="dz3 * h2", dw2="dz2 * h1", dw1="dz1 * x"),
            "That is the path through the scores. The weight is in the penalty, too: + λ·w.",
        ),
        "L2FACTOR": (
            dict(dw3="dz3*h2 + 2*lam*w3", dw2="dz2*h1 + 2*lam*w2", dw1="dz1*x + 2*lam*w1"),
            "The penalty is λ/2·Σw². The ½ is there so that the square's 2 cancels: λ·w.",
        ),
        "L2HALF": (
            dict(dw3="dz3*h2 + lam/2*w3", dw2="dz2*h1 + lam/2*w2", dw1="dz1*x + lam/2*w1"),
            "The slope of w² is 2w, and its 2 cancels the ½ of λ/2·w²: λ·w.",
        ),
        "L2SQUARE": (
            dict(dw3="dz3*h2+lam/2*w3^2", dw2="dz2*h1+lam/2*w2^2", dw1="dz1*x+lam/2*w1^2"),
            "That is the penalty itself. Its slope is asked for: λ/2·w² has the slope λ·w.",
        ),
        "L2BIAS": (
            dict(db3="dz3 + lam * b3", db2="dz2 + lam * b2", db1="dz1 + lam * b1"),
            "The penalty is on the weights alone; a bias is not in it.",
        ),
        "RELUMASK": (
            dict(dz2="dh2"),
            "The ReLU's slope is missing: m, which is 1 where z2 > 0 and 0 elsewhere.",
        ),
        "ACTIVATIONINPUT": (
            dict(dz2="dh2 * h2", dz1="dh1 * (1 - z1**2)"),
            "tanh has the slope 1 − h1², with its *output*; the ReLU's is m, not its output.",
        ),
        "TANHSQUARE": (
            dict(dz1="dh1 * (1 - h1)**2"),
            "(1 − h1)² is another number than 1 − h1².",
        ),
        "SIGMOIDSLOPE": (
            dict(dz1="dh1 * h1 * (1 - h1)"),
            "h·(1 − h) is the sigmoid's slope. tanh has 1 − h².",
        ),
        "NOWEIGHT": (
            dict(dh2="dz3", dh1="dz2"),
            "The weight is missing: z3 = w3·h2 + b3, so what h2 gets is dz3 times w3. So with w2.",
        ),
        "OTHERWEIGHT": (
            dict(dh2="dz3 * w2", dh1="dz2 * w3"),
            "That is another layer's weight. h1 goes through w2 to z2, and h2 through w3 to z3.",
        ),
        "SWAPPED": (
            dict(dz2="dh2 * (1 - h2**2)"),
            "The two bends are exchanged: the first layer has tanh, the second one the ReLU.",
        ),
        "NOSLOPE": (dict(dz1="dh1"), "tanh's slope is missing: · (1 − h1²)."),
        "WRONGLAYER": (
            dict(dw2="dz2 * h2 + lam * w2", dw1="dz1 * h1 + lam * w1"),
            "That is this layer's *output*. A weight is multiplied by what comes *in*: h1 for w2, x for w1.",
        ),
        "OWNDATA": (dict(dh2="dz3 * h2", dh1="dz2 * h1"), "A product swaps: h gets the *weight*."),
    },
)  # fmt: skip


# ------------------------------------------------------------------ backward

l2_grad = exercise(
    minutes=4,
    difficulty=1,
    cases=cases.weight_cases,
    hints=[
        "Each entry of W is in one term of the sum, lam/2·w². What is the slope of that term?",
        "The square brings a 2, the penalty a ½. The result has W's shape: no sum is left.",
        "return lam * W",
    ],
)(rules.l2_grad)

for _code, _why, *_changes in [
    ("L2FACTOR", "Yours is 2 times the right one. The penalty is lam/2·ΣW², and its ½ cancels the "
     "square's 2. Both conventions exist; PyTorch's `weight_decay` means this one.",
     ("lam * W", "2 * lam * W")),
    ("L2FACTOR", "Yours is ½ of the right one: the slope of w² is 2w, so lam/2·2w = lam·w.",
     ("lam * W", "lam / 2 * W")),
    ("L2FACTOR", "You divide by the number of weights. The penalty is a sum, not a mean.",
     ("lam * W", "lam * W / W.numel()")),
    ("L2FACTOR", "You divide by the number of rows. The penalty is a sum, not a mean.",
     ("lam * W", "lam * W / len(W)")),
    ("PENALTY", "That is the penalty itself, one number. Its gradient has an entry for each weight.",
     ("lam * W", "lam / 2 * (W**2).sum()")),
    ("PENALTY", "The square is still there. The slope of w² is 2w.", ("lam * W", "lam * W**2")),
    ("SIGN", "The sign is turned around: weights would be pushed away from 0.", ("lam * W", "-lam * W")),
    ("L1", "lam·sign(W) belongs to the penalty lam·Σ|W|.", ("lam * W", "lam * torch.sign(W)")),
]:  # fmt: skip
    l2_grad.mistake(_code, _why)(rewritten(rules.l2_grad, *_changes))

backward = exercise(
    minutes=45,
    difficulty=3,
    cases=cases.backward_cases,
    judge=judge.chain(cases.sizes_of),
    version=3,
    hints=[
        "Mirror the forward pass, last line first. The shapes check you: every gradient has the "
        "shape of what it belongs to.",
        "dZ3 = (P − Y)/N, the only place where N appears. Then for each layer: dW = Hᵀ·dZ + λ·W, "
        "db = column sums of dZ, dH = dZ·Wᵀ.",
        "Through the bends: dZ2 = dH2 * (Z2 > 0), and dZ1 = dH1 * (1 − H1²). Then `return` a dict "
        "of all eleven.",
    ],
)(rules.backward)

_DZ3 = "dZ3 = dZ3 / N"
_RELU = '(cache["Z2"] > 0)'
_TANH = '(1 - cache["H1"] ** 2)'
_DB = ("dZ3.sum(dim=0)", "dZ2.sum(dim=0)", "dZ1.sum(dim=0)")
_PENALTIES = [f'l2_grad(cache["W{k}"], lam)' for k in (1, 2, 3)]


def _each(pieces, change):
    """The same change in several lines."""
    return [(piece, change(piece)) for piece in pieces]


for _code, _why, *_changes in [
    ("MEANSUM", "It starts at dZ3, N times the right one, and N is the batch size. The loss is a mean, "
     "so 1/N belongs into dZ3, once.",
     (_DZ3, "dZ3 = dZ3 + 0")),
    ("MEANSUM", "It starts at dZ3, 1/N times the right one: you divide by N twice.",
     (_DZ3, "dZ3 = dZ3 / N / N")),
    ("MEANSUM", "It starts at dZ3, N/C times the right one: you divide by the number of classes.",
     (_DZ3, "dZ3 = dZ3 / dZ3.shape[1]")),
    ("MEANSUM", "dZ3 has its 1/N already. The weights' gradients are divided by N once more.",
     *_each(['cache["H2"].T @ dZ3', 'cache["H1"].T @ dZ2', 'cache["X"].T @ dZ1'],
            lambda product: f"{product} / N")),
    ("SIGN", "It starts at dZ3: Y − P in place of P − Y, so all that follows has the wrong sign.",
     (_DZ3, "dZ3 = -dZ3 / N")),
    ("NO-1", "It starts at dZ3, which is P/N: the −1 at each sample's own class is missing.",
     ("    dZ3[torch.arange(N), t] -= 1\n", "")),
    ("NO-1", "It starts at dZ3: you subtract 1 from every class, not from each sample's own.",
     ("dZ3[torch.arange(N), t] -= 1", "dZ3 -= 1")),
    ("ONEHOT", "In one batch nobody is of the last class, and your one-hot rows are one column too few. "
     "In the line that makes them say how many classes there are: `F.one_hot(t, Z3.shape[1])`.",
     ("    dZ3[torch.arange(N), t] -= 1\n", "    dZ3 = dZ3 - torch.nn.functional.one_hot(t)\n")),
    ("EXTRASIG", "It starts at dZ3: an extra factor P·(1 − P). It is part of P − Y already.",
     (_DZ3, 'P = torch.softmax(cache["Z3"], dim=1)\n    dZ3 = dZ3 * P * (1 - P) / N')),
    ("SMAXIS", "It starts at dZ3: your softmax runs over the batch. Probabilities are over the classes "
     "of one sample, dim=1.",
     ('torch.softmax(cache["Z3"], dim=1)', 'torch.softmax(cache["Z3"], dim=0)')),
    ("PREACT", "Only dW3 is wrong: it is made of Z2, but W3 is multiplied by H2, the values after the "
     "ReLU.",
     ('cache["H2"].T @ dZ3', 'cache["Z2"].T @ dZ3')),
    ("PREACT", "Only dW2 is wrong: it is made of Z1, but W2 is multiplied by H1, the values after tanh.",
     ('cache["H1"].T @ dZ2', 'cache["Z1"].T @ dZ2')),
    ("RELUMASK", "It starts at dZ2: that is the mask alone, and the upstream gradient dH2 is dropped.",
     (f"dH2 * {_RELU}", f"1.0 * {_RELU}.double()")),
    ("SWAPPED", "It starts at dZ2: the two bends are exchanged. The second layer has the ReLU, the first one tanh.",
     (_RELU, '(1 - cache["H2"] ** 2)'), (_TANH, '(cache["Z1"] > 0)')),
    ("TRANSPOSE", "dH2 = dZ3·W3 lacks the transpose. Where the layer is square it runs, and all that "
     "follows is wrong.",
     ('cache["W3"].T', 'cache["W3"]')),
    ("TRANSPOSE", "dH1 = dZ2·W2 lacks the transpose. Where the layer is square it runs, and all that "
     "follows is wrong.",
     ('cache["W2"].T', 'cache["W2"]')),
    ("TRANSPOSE", "dW2 is transposed: dZ2ᵀ·H1 in place of H1ᵀ·dZ2. Where the layer is square its shape "
     "fits.",
     ('cache["H1"].T @ dZ2', 'dZ2.T @ cache["H1"]')),
    ("DBAXIS", "The biases' gradients are summed over axis 1, the units. A bias is shared by the "
     "*samples*: sum over axis 0. (With N units the shape would even fit.)",
     *_each(_DB, lambda total: total.replace("dim=0", "dim=1"))),
    ("DBMEAN", "The biases' gradients are 1/N times the right ones: a mean over the batch where a sum "
     "belongs. The 1/N is in dZ3 already.",
     *_each(_DB, lambda total: total.replace("sum", "mean"))),
    ("L2FACTOR", "The penalty's gradient is missing in the weights' gradients: + λ·W.",
     *_each(_PENALTIES, lambda _: "0.0")),
    ("L2FACTOR", "The penalty's part is twice the right one: λ/2·ΣW² has the gradient λ·W.",
     *_each(_PENALTIES, lambda penalty: f"2 * {penalty}")),
    ("L2FACTOR", "The penalty's part is divided by N. The penalty is no mean over the batch.",
     *_each(_PENALTIES, lambda penalty: f"{penalty} / N")),
    ("L2FACTOR", "The penalty *replaces* the gradient of the loss. The two are added.",
     *_each(['cache["H2"].T @ dZ3 + ', 'cache["H1"].T @ dZ2 + ', 'cache["X"].T @ dZ1 + '],
            lambda _: "")),
    ("L2FACTOR", "The biases are penalized, too. The penalty is on the weights alone.",
     *[(total, f'{total} + lam * cache["b{k}"]') for k, total in zip((3, 2, 1), _DB)]),
    ("UPDATEFIRST", "It starts at dH2: the gradient goes through a W3 that has already been changed. "
     "First all gradients, then the updates.",
     ('dZ3 @ cache["W3"].T', 'dZ3 @ (cache["W3"] - 0.1 * dW3).T')),
]:  # fmt: skip
    backward.mistake(_code, _why)(rewritten(rules.backward, *_changes))

for _line, _slopes in judge.SLOPES.items():
    _right = {"dZ2": _RELU, "dZ1": _TANH}[_line]
    for _slope, _code, _why in _slopes:
        backward.mistake(_code, f"It starts at {_line}: {_why}")(
            rewritten(rules.backward, (_right, _slope))
        )
