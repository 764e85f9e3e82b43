"""Week 12, capstone A: a network for the digits on your own tensor engine, in three milestones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from helpers import mutants
from helpers.data import digits
from helpers.engine import tensor
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_chain import FLOAT32
from helpers.weeks.week12_faults import FAULTS

WANTED = 0.97  # of the test digits
WHY = {
    "SIGN": "You go *up*: the loss on the training samples is far above that of a guess. The gradient points to where "
    "the loss grows; subtract it.",
    "SYMMETRY": "All units of the first layer are equal. They began equal, got equal gradients, and stay so: start with "
    "random weights.",
    "FIRSTBATCH": "It knows the first 64 samples by heart and not the others. Every batch must get its turn.",
    "OTHERDATA": "You do not train on the X and t that are given: here every digit d is called d + 1, and yours still reads d.",
    "OTHERENGINE": "Nothing was computed with the Tensor that is given. Its gradients train the network, and no other's.",
    "NOUPDATE": "The loss on the training samples is not below that of a guess, 2.303: do the parameters change at all, are the "
    "gradients new in each step, and are rows and classes drawn together?",
}


def _problem(sizes, N: int, seed: int):
    rng = np.random.default_rng(seed)
    params = {n: p + 0.1 * rng.standard_normal(p.shape) for n, p in mutants.start(sizes).items()}
    return params, rng.standard_normal((N, sizes[0])), np.arange(N) % sizes[-1]


SIZES = {"4-3-3-2, 5 samples": (4, 3, 3, 2), "6-5-4-3, 7 samples": (6, 5, 4, 3)}


def _each_problem(run) -> list[Case]:
    return [
        Case(label, run(_problem(sizes, sizes[0] + 1, seed)))
        for seed, (label, sizes) in enumerate(SIZES.items())
    ]


def watched() -> tuple[type, list]:
    """A Tensor to hand out, and the list of all that are made with it."""
    made = []

    class Given(tensor.Tensor):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    return Given, made


# ------------------------------------------------------------------ milestone 1


OTHER_LEAVES = (
    "Each leaf is made with the Tensor that is given, `Tensor(p)`; another engine is not asked for."
)
TWICE = (
    "The leaves that you return are not those of your loss: the same numbers, made into Tensors a second time. Make them once, "
    "and keep them."
)
EAGER = (
    "Your function calls `backward` already. Return the graph: who gets it calls `loss.backward()`, and a second call would "
    "add to the gradients of the first."
)


def _graph(problem):
    def run(engine_loss):
        params, X, t = problem
        Given, tensors = watched()
        made = engine_loss(Given, {n: p.copy() for n, p in params.items()}, X, t)
        if not (isinstance(made, tuple | list) and len(made) == 2):
            return Wrong("Return `(loss, leaves)`: a Tensor, and a dict of Tensors.")
        loss, leaves = made
        if isinstance(loss, Mapping):
            return Wrong("You return `(leaves, loss)`; asked for is `(loss, leaves)`.")
        others = [n for n in params if not isinstance(leaves.get(n), Given)]
        if others:
            return Wrong(f"{OTHER_LEAVES} Look at {', '.join(others)}.", "OTHERENGINE")
        if not isinstance(loss, tensor.Tensor) or loss.data.size != 1:
            return Wrong("`loss` must be a Tensor that holds one number.")
        if any(leaves[n].grad is not None for n in params):
            return Wrong(EAGER, "EAGER")
        loss.backward()
        cut = [name for name in params if getattr(leaves.get(name), "grad", None) is None]
        others = [n for n in tensors if not n.parents and n.grad is not None]
        if any(np.array_equal(n.data, params[name]) for name in cut for n in others):
            return Wrong(TWICE, "TWICE")
        if cut:
            return Wrong(
                f"No gradient arrives at {', '.join(cut)}: on the way from there to the loss something "
                "is an array, and no Tensor.",
                "CUT",
            )
        return {"loss": float(loss.data)} | {f"d{n}": leaves[n].grad.copy() for n in params}

    return run


@exercise(
    minutes=15,
    difficulty=2,
    cases=_each_problem(_graph),
    hints=[
        "Make a Tensor of each parameter first, and keep them in a dict: these are the leaves. X and t stay arrays.",
        "Layer by layer: @, +, .relu(). Twice with a bend, the third time without.",
        "loss = (H2 @ leaves['W3'] + leaves['b3']).cross_entropy(t); return loss, leaves.",
    ],
)
def engine_loss(Tensor, params, X, t):
    """(loss, leaves): the graph of a network with ReLUs on a tensor engine.

    Scores: relu(relu(X·W1 + b1)·W2 + b2)·W3 + b3, two ReLUs and no tanh;
    loss: the engine's own .cross_entropy(t) of them, a Tensor. leaves:
    {"W1": Tensor, "b1": Tensor, …}, made with the Tensor that is given.
    """
    leaves = {name: Tensor(p) for name, p in params.items()}
    H1 = (X @ leaves["W1"] + leaves["b1"]).relu()
    H2 = (H1 @ leaves["W2"] + leaves["b2"]).relu()
    loss = (H2 @ leaves["W3"] + leaves["b3"]).cross_entropy(t)
    return loss, leaves


for _code, _why, *_changes in [
    ("CUT", "You go on with H1.data, an array: there the graph is cut, and nothing gets back to W1 and b1.",
     ("H2 = (H1 @", "H2 = (H1.data @")),
    ("OTHERENGINE", OTHER_LEAVES, ("Tensor(p)", "tensor.Tensor(p)")),
    ("TWICE", TWICE, ("return loss, leaves", "return loss, {name: Tensor(p) for name, p in params.items()}")),
    ("EAGER", EAGER, ("    return loss, leaves", "    loss.backward()\n    return loss, leaves")),
    ("TANH", "The first layer has a tanh, as the network of section 7. Here both hidden layers have a ReLU.",
     ('leaves["b1"]).relu()', 'leaves["b1"]).tanh()')),
    ("NOBEND", "The second bend is missing: two layers in a row without a ReLU are one layer.",
     ('leaves["b2"]).relu()', 'leaves["b2"])')),
    ("BENTSCORES", "A ReLU on the scores takes all negative ones away. The last layer has no bend.",
     ('leaves["b3"]).cross', 'leaves["b3"]).relu().cross')),
    ("DOUBLESOFTMAX", "cross_entropy takes *scores*; you give it a softmax, so there are two.",
     ('leaves["b3"]).cross', 'leaves["b3"]).log_softmax().exp().cross')),
    ("MEANSUM", "cross_entropy is a mean already; times N it is the sum.",
     (".cross_entropy(t)", ".cross_entropy(t) * len(t)")),
    ("NOBIAS", "b2 is not in your network: its gradient stays 0.",
     (' + leaves["b2"]', ' + 0.0 * leaves["b2"]')),
]:  # fmt: skip
    engine_loss.mistake(_code, _why)(rewritten(engine_loss.reference, *_changes))


# ------------------------------------------------------------------ milestone 2


NOBACKWARD = (
    "A `grad` is None until `loss.backward()` has run, on PyTorch's side and on the engine's."
)


def _errors(label: str):
    def run(gradient_errors):
        params, X, t = _problem(SIZES["6-5-4-3, 7 samples"], 7, 3)
        Given, made = watched()
        with threadpool_limits(1), FAULTS[label]():
            try:
                said = dict(gradient_errors(Given, params, X, t))
            except (TypeError, AttributeError) as error:
                if "NoneType" in str(error):
                    return Wrong(NOBACKWARD, "NOBACKWARD")
                raise
        if not made:
            return Wrong(WHY["OTHERENGINE"], "OTHERENGINE")
        said = {str(n).removeprefix("d"): float(e) for n, e in said.items()}
        missing = [n for n in params if n not in said]
        if missing:
            return Wrong(f"No error is given for {', '.join(missing)}.")
        if label == "the gradient is NaN":
            return {n: not said[n] < 1e-10 for n in params}
        most = max(said[n] for n in params)
        if label == "a right engine" and 1e-9 < most < 1e-5:
            return Wrong(FLOAT32, "FLOAT32")
        if label == "a right engine" and not most < 1e-9:
            return Wrong(
                f"The engine is right, and you find an error of {most:.2g}. Do both sides compute the network of milestone 1, "
                "with two ReLUs, and the mean over the samples?"
            )
        return {n: 0.0 if said[n] < 1e-12 else round(said[n], 10) for n in params}

    return run


@exercise(
    minutes=20,
    difficulty=2,
    cases=[Case(label, _errors(label)) for label in FAULTS],
    hints=[
        "Both sides get the same params, X and t. The engine's side is milestone 1 and backward().",
        "PyTorch's side: leaves with requires_grad=True, the same three layers with torch.relu, "
        "torch.nn.functional.cross_entropy, backward().",
        "{name: norm(a − b) / max(norm(a), norm(b))} with a = leaf.grad of the engine and "
        "b = leaf.grad.numpy() of PyTorch.",
    ],
)
def gradient_errors(Tensor, params, X, t):
    """{"W1": …, "b1": …, …}: relative errors against PyTorch's gradients.

    Of the network of milestone 1, built with the Tensor that is given.
    Relative error: ‖a − b‖ / max(‖a‖, ‖b‖).
    """
    mine = {name: Tensor(p) for name, p in params.items()}
    H1 = (X @ mine["W1"] + mine["b1"]).relu()
    H2 = (H1 @ mine["W2"] + mine["b2"]).relu()
    (H2 @ mine["W3"] + mine["b3"]).cross_entropy(t).backward()

    theirs = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    H1 = torch.relu(torch.tensor(X) @ theirs["W1"] + theirs["b1"])
    H2 = torch.relu(H1 @ theirs["W2"] + theirs["b2"])
    scores = H2 @ theirs["W3"] + theirs["b3"]
    torch.nn.functional.cross_entropy(scores, torch.tensor(t)).backward()

    pairs = {name: (mine[name].grad, theirs[name].grad.numpy()) for name in params}
    norm = np.linalg.norm
    return {name: norm(a - b) / max(norm(a), norm(b)) for name, (a, b) in pairs.items()}


for _code, _why, *_changes in [
    ("SELFTEST", "You compare the engine with itself. Such a check cannot fail: the other side must be PyTorch.",
     ("theirs[name].grad.numpy())", "mine[name].grad.copy())")),
    ("OTHERENGINE", WHY["OTHERENGINE"], ("Tensor(p)", "tensor.Tensor(p)")),
    ("NOBACKWARD", NOBACKWARD, (".cross_entropy(t).backward()", ".cross_entropy(t)")),
    ("FLOAT32", FLOAT32, ("torch.tensor(p, ", "torch.tensor(p, dtype=torch.float32, "),
     ("torch.tensor(X)", "torch.tensor(X).float()")),
    ("ABSOLUTE", "Those are absolute differences. Divide by the larger norm.",
     (" / max(norm(a), norm(b))", "")),
    ("SUMCANCEL", "Differences of both signs cancel in a sum. Take the norm of the difference.",
     ("norm(a - b) /", "abs((a - b).sum()) /")),
    ("LOOSE", "You round: an error of one millionth becomes 0. Return what you find, and judge afterwards.",
     ("return {name: norm(a - b) / max(norm(a), norm(b))",
      "return {name: np.round(norm(a - b) / max(norm(a), norm(b)), 3)")),
    ("NANPASSES", "A NaN becomes 0 in yours. What is not a number is wrong.",
     ("return {name: norm(a - b) / max(norm(a), norm(b))",
      "return {name: np.nan_to_num(norm(a - b) / max(norm(a), norm(b)))")),
]:  # fmt: skip
    gradient_errors.mistake(_code, _why)(rewritten(gradient_errors.reference, *_changes))


# ------------------------------------------------------------------ milestone 3


def _reads(train_digits):
    X, t, X_test, t_test = digits()
    Given, made = watched()
    with threadpool_limits(1), np.errstate(all="ignore"):
        params = train_digits(Given, X, (t + 1) % 10)  # only who uses this t learns these names
        missing = [n for n in ("W1", "b1", "W2", "b2", "W3", "b3") if n not in params]
        if missing:
            return Wrong(f"Missing in what you return: {', '.join(missing)}.")
        nodes = [n for n, p in params.items() if isinstance(p, tensor.Tensor)]
        if nodes:
            return Wrong(
                f"{nodes[0]} is a Tensor. Return its numbers, `.data`: the cells below compute with NumPy."
            )
        if not made:
            return Wrong(WHY["OTHERENGINE"], "OTHERENGINE")
        W = {n: np.asarray(p, dtype=float) for n, p in params.items()}
        read = _scores(W, X_test).argmax(axis=1)
        share = float((read == (t_test + 1) % 10).mean())
        if share >= WANTED:
            return f"at least {WANTED:.0%}"
        if (read == t_test).mean() > 0.5:
            return Wrong(WHY["OTHERDATA"], "OTHERDATA")
        code = _why(W, X, (t + 1) % 10)
    said = f"It reads {share:.1%} of the test digits; {WANTED:.0%} is the mark."
    return Wrong(f"{WHY[code]} {said}" if code else said, code)


def _scores(W, X):
    H = np.maximum(X @ W["W1"] + W["b1"], 0)
    return np.maximum(H @ W["W2"] + W["b2"], 0) @ W["W3"] + W["b3"]


def _why(W, X, t) -> str | None:
    """What most likely went wrong in a training run, by the parameters that it left."""
    Z = _scores(W, X)
    top = Z.max(axis=1)
    lse = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
    loss = (lse - Z[np.arange(len(t)), t]).mean()
    right = Z.argmax(axis=1) == t
    if np.allclose(W["W1"], W["W1"][:, :1]):
        return "SYMMETRY"
    if not loss < 20:
        return "SIGN"
    if loss > 2.2 and right[:64].mean() < 0.9:
        return "NOUPDATE"
    return "FIRSTBATCH" if right[:64].all() and right[64:].mean() < 0.9 else None


@exercise(
    minutes=30,
    difficulty=3,
    cases=[Case("the test digits, after training on the others", _reads)],
    hints=[
        "Start with random weights of variance 2/n_in and biases 0. Then epochs; in each a new order of the samples; "
        "batches of about 64; a step for each batch.",
        "For every batch build the graph anew: new leaves, so that no gradient of an earlier step is left. Then "
        "params = {name: p − lr·leaves[name].grad …}.",
        "64-128-64-10, 30 epochs, batches of 64, lr = 0.3 is enough. Shrink lr over the last epochs, and you are above "
        "the mark with most seeds.",
    ],
)
def train_digits(Tensor, X, t):
    """Parameters of a 64-…-…-10 network, by the engine's gradients.

    X (1437, 64), t (1437,). Keys: W1, b1, W2, b2, W3, b3; the network is
    that of milestone 1. It must read 97% of the test digits, and train in
    less than 10 seconds. Train on the X and t that are given, with
    gradients from the Tensor that is given; return NumPy arrays, not
    Tensors.
    """
    rng = np.random.default_rng(0)
    params = mutants.start((64, 128, 64, 10))
    for epoch in range(30):
        lr = 0.3 * (1 - epoch / 30)
        for rows in np.array_split(rng.permutation(len(t)), len(t) // 64):
            leaves = {name: Tensor(p) for name, p in params.items()}
            H1 = (X[rows] @ leaves["W1"] + leaves["b1"]).relu()
            H2 = (H1 @ leaves["W2"] + leaves["b2"]).relu()
            (H2 @ leaves["W3"] + leaves["b3"]).cross_entropy(t[rows]).backward()
            params = {name: p - lr * leaves[name].grad for name, p in params.items()}
    return params


_SHORT = ("range(30)", "range(8)")
for _code, *_changes in [
    ("SIGN", _SHORT, ("p - lr", "p + lr")),
    ("OTHERDATA", _SHORT, ("    rng = np", "    X, t = digits()[:2]\n    rng = np")),
    ("OTHERENGINE", _SHORT, ("leaves = {name: Tensor(p)", "leaves = {name: tensor.Tensor(p)")),
    ("SYMMETRY", _SHORT, ("mutants.start((64, 128, 64, 10))",
     "{n: 0 * p for n, p in mutants.start((64, 128, 64, 10)).items()}")),
    ("FIRSTBATCH", ("np.array_split(rng.permutation(len(t)), len(t) // 64)", "[np.arange(64)]")),
    ("NOUPDATE", _SHORT,
     ("params = {name: p - lr * leaves[name].grad for name, p in params.items()}", "pass")),
]:  # fmt: skip
    train_digits.mistake(_code, WHY[_code])(rewritten(train_digits.reference, *_changes))
