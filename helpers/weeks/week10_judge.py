"""Week 10: where a backward pass goes wrong: the first wrong line, its factor, what only inherits.

The lines of a backward pass follow from each other. So each gradient of an attempt is compared with
what its line gives from the attempt's *own* gradients above it: a line that fits is innocent, even
where its numbers are wrong. How one array is wrong (a factor, a transpose) is `week04_judge`'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong
from helpers.graph import number
from helpers.mutants import softmax
from helpers.weeks.week03_judge import listed
from helpers.weeks.week04_judge import EXACT, constant_ratio_of, difference

Array = np.ndarray
WEIGHTS = {"dW3": ("H2", "dZ3", "W3"), "dW2": ("H1", "dZ2", "W2"), "dW1": ("X", "dZ1", "W1")}

LINES: dict[str, tuple[str, Callable[[dict], Array]]] = {
    "dZ3": ("(P − Y)/N", lambda k: (k["P"] - k["Y"]) / len(k["Y"])),
    "dW3": ("H2ᵀ·dZ3 + λ·W3", lambda k: k["H2"].T @ k["dZ3"] + k["lam"] * k["W3"]),
    "db3": ("the column sums of dZ3", lambda k: k["dZ3"].sum(axis=0)),
    "dH2": ("dZ3·W3ᵀ", lambda k: k["dZ3"] @ k["W3"].T),
    "dZ2": ("dH2 where Z2 > 0, else 0", lambda k: k["dH2"] * (k["Z2"] > 0)),
    "dW2": ("H1ᵀ·dZ2 + λ·W2", lambda k: k["H1"].T @ k["dZ2"] + k["lam"] * k["W2"]),
    "db2": ("the column sums of dZ2", lambda k: k["dZ2"].sum(axis=0)),
    "dH1": ("dZ2·W2ᵀ", lambda k: k["dZ2"] @ k["W2"].T),
    "dZ1": ("dH1·(1 − H1²)", lambda k: k["dH1"] * (1 - k["H1"] ** 2)),
    "dW1": ("Xᵀ·dZ1 + λ·W1", lambda k: k["X"].T @ k["dZ1"] + k["lam"] * k["W1"]),
    "db1": ("the column sums of dZ1", lambda k: k["dZ1"].sum(axis=0)),
}

# Wrong slopes of the two bends, as they are typed; each is a known mistake of `backward`, and is
# recognized where another line is wrong, too.
SLOPES: dict[str, list[tuple[str, str, str]]] = {
    "dZ2": [
        ('(cache["H2"] >= 0)', "RELUMASK", "every entry passes: the mask is missing, or always true "
         "as `H2 >= 0` is. Take Z2 > 0, or H2 > 0."),
        ("(dH2 > 0)", "RELUMASK", "the mask is taken from the gradient, dH2 > 0. What passed on the way "
         "forward is decided by Z2."),
        ('cache["H2"]', "RELUMASK", "the ReLU's slope is its mask, 1 or 0. You multiply by its output H2."),
        ('(1 - cache["H2"] ** 2)', "SWAPPED", "that is tanh's slope. The second layer has the ReLU."),
        ('(cache["Z2"] <= 0)', "RELUMASK", "the mask is inverted."),
    ],
    "dZ1": [
        ('(cache["Z1"] > 0)', "SWAPPED", "that is a ReLU's mask. The first layer has tanh."),
        ('(1 - cache["Z1"] ** 2)', "ACTIVATIONINPUT", "1 − Z1² in place of 1 − H1². tanh's slope is written "
         "with its output."),
        ('(1 - cache["H1"])', "ACTIVATIONINPUT", "1 − H1 needs the square."),
        ('(1 - cache["H1"]) ** 2', "ACTIVATIONINPUT", "(1 − H1)² is another number than 1 − H1²."),
        ('(cache["H1"] * (1 - cache["H1"]))', "ACTIVATIONINPUT", "H1·(1 − H1) is the sigmoid's slope. tanh "
         "has 1 − H1²."),
        ('(1 - torch.tanh(cache["H1"]) ** 2)', "ACTIVATIONINPUT", "you took tanh of a tanh. H1 is the output "
         "already."),
        ("1.0", "ACTIVATIONINPUT", "tanh's slope is left out."),
    ],
}  # fmt: skip

FORWARD: dict[str, tuple[str, Callable[[dict], Array]]] = {
    "Z1": ("X·W1 + b1", lambda k: k["X"] @ k["W1"] + k["b1"]),
    "H1": ("tanh(Z1)", lambda k: np.tanh(k["Z1"])),
    "Z2": ("H1·W2 + b2", lambda k: k["H1"] @ k["W2"] + k["b2"]),
    "H2": ("relu(Z2)", lambda k: np.maximum(k["Z2"], 0)),
    "Z3": ("H2·W3 + b3", lambda k: k["H2"] @ k["W3"] + k["b3"]),
}


def scores_and_cache(case: Case, expected, got) -> Wrong | str | None:
    """A judge of `forward`: names the first line whose value is wrong."""
    if not (isinstance(got, tuple | list) and len(got) == 2 and isinstance(got[1], Mapping)):
        return f"Return `Z3, cache`: the scores and a dict; you give {show(got)}."
    right, given = expected[1], got[1]
    missing = [name for name in right if name not in given]
    if missing:
        return f"In the cache {listed(missing)} {_are(missing)} missing; backward will need it all."
    for name in right:
        off = agree(right[name], given[name], EXACT)
        if not off and name in FORWARD:
            return f"`{name}` is the first wrong line. It is {FORWARD[name][0]}. {off.message}"
        if not off:
            return f"`{name}` in the cache is not the one that came in. {off.message}"
    off = agree(expected[0], got[0], EXACT)
    return (
        None
        if off
        else f"The cache is right, and the scores that you return are not. {off.message}"
    )


def chain(sizes: Callable[[Case], Mapping[str, int]]) -> Callable:
    """A judge of the dict that `backward` returns: names the line where the gradients go wrong."""

    def judge(case: Case, expected: Mapping, got) -> Wrong | str | None:
        if not isinstance(got, Mapping) or any(name not in got for name in expected):
            return agree(expected, got, EXACT).message
        single = [name for name in expected if _dtype(got[name]) == torch.float32]
        if single:
            return Wrong(f"`{single[0]}` is float32, and the parameters are float64. Which line "
                         "makes it? A tensor of your own needs `dtype=X.dtype`.", "FLOAT32")  # fmt: skip
        plain = [name for name in expected if not hasattr(got[name], "shape")]
        if plain:
            return f"`{plain[0]}` is {show(got[plain[0]])}. Give a tensor: what uses it asks for its shape."
        right = {name: _array(value) for name, value in expected.items()}
        given = {name: _array(got[name]) for name in expected}
        wrong = [name for name in LINES if not agree(right[name], given[name], EXACT)]
        if not wrong:
            return None
        start, *later = wrong
        also = [name for name in later if _breaks(name, case, right, given)]
        heirs = [name for name in later if name not in also]
        known = sizes(case)
        slip = _slip(start, case, given, known)
        same = [name for name in also if slip and _slip(name, case, given, known) == slip]
        also = [name for name in also if name not in same]
        how = (
            _overwritten(start, right, given)
            or slip
            or (start == "dZ3" and _scores(case, right[start], given[start]))
            or _how(start, case, right, given, known)
        )
        before = [name for name in LINES if name not in wrong][: list(LINES).index(start)]
        said = [f"It starts at `{start}`, which is {LINES[start][0]}."]
        said += [f"{listed(before)} {_are(before)} right."] if before else []
        said += [how.message]
        said += [f"{listed(same)} {_have(same)} the same mistake."] if same else []
        said += [f"{listed(heirs)} {_are(heirs)} wrong because of it."] if heirs else []
        if also:
            own = "a mistake of its own" if len(also) == 1 else "mistakes of their own"
            said += [f"{listed(also)} {_have(also)} {own}."]
        return Wrong(" ".join(said), how.code)

    return judge


def _known(case: Case) -> dict[str, object]:
    """The cache as arrays, with P, Y and lam."""
    cache, t, lam = case.args
    known = {name: _array(value) for name, value in cache.items()}
    P = softmax(known["Z3"])
    return {**known, "P": P, "Y": np.eye(P.shape[1])[t.numpy()], "lam": lam}


def _breaks(name: str, case: Case, right: Mapping, given: Mapping) -> bool:
    """True if this gradient does not follow from the attempt's own gradients above it."""
    try:
        follows = LINES[name][1]({**_known(case), **given})
    except ValueError:  # shapes above it do not fit
        return False
    return not agree(follows, given[name], EXACT)


def _overwritten(name: str, right: Mapping, given: Mapping) -> Wrong | None:
    """Said of a dH that the line of its dZ has written into."""
    bent = name.replace("H", "Z")
    if bent not in given or bent == name or not np.array_equal(given[name], given[bent]):
        return None
    if not agree(right[bent], given[bent], EXACT):
        return None
    return Wrong(
        f"Yours equals `{bent}`: right when it was made, `{name}` was changed by the line of `{bent}`, "
        "which works in place. Make a new tensor there (week 8).",
        "INPLACE",
    )


def _scores(case: Case, right: Array, given: Array) -> Wrong | None:
    """What is wrong with dZ3, where its divisor, its size or the sums of its rows tell."""
    if given.shape != right.shape:
        return None
    if not np.isfinite(given).all() and case.args[0]["Z3"].max() > 709:
        return Wrong(
            "exp of a score in the thousands is infinite, and ∞/∞ is NaN. Subtract the largest of each "
            "row first, or take `torch.softmax`.",
            "OVERFLOW",
        )
    sums = given.sum(axis=1)
    worst = sums[np.abs(sums).argmax()]
    if constant_ratio_of(right, given) is None and abs(worst) > EXACT:
        return Wrong(
            f"Each of its rows must sum to 0, since P and Y both sum to 1. One of yours sums to "
            f"{worst:.2g}: print the row sums of your P, then of your Y."
        )
    return _divisor(right, given, len(case.args[1]))


def _divisor(right: Array, given: Array, N: int) -> Wrong | None:
    """Said of a dZ3 that is divided by a fixed number."""
    ratio = constant_ratio_of(right, given)
    divisor = N / ratio if ratio and ratio > 0 else 0.0
    k = round(divisor)
    if k < 2 or k % N == 0 or abs(divisor - k) > 1e-6:
        return None
    return Wrong(
        f"You divide by {k}, where N = {N}: take the size of this batch, `len(t)`.", "MEANSUM"
    )


def _slip(name: str, case: Case, given: Mapping, sizes: Mapping[str, int]) -> Wrong | None:
    """What a gradient is made of, where that is one of the usual wrong things."""
    k = {**_known(case), **given}
    with contextlib.suppress(ValueError):  # shapes above it do not fit
        if name in WEIGHTS:
            H, dZ, W = (k[part] for part in WEIGHTS[name])
            share = constant_ratio_of(k["lam"] * W, given[name] - H.T @ dZ)
            if share is not None:
                return Wrong(_penalty(share, sizes), "L2FACTOR")
        for made, slip in _alternatives(name, k):
            if agree(made, given[name], EXACT):
                return slip
    return None


def _alternatives(name: str, k: Mapping) -> Iterator[tuple[Array, Wrong]]:
    """Wrong ways to make a gradient, and what to say of each."""
    bend = f"dH{name[-1]}"
    early = Wrong("Yours is made of dH; dZ belongs there, which has the slope of the bend.")
    if name in WEIGHTS:
        H, dZ, W = WEIGHTS[name]
        loss, penalty = k[H].T @ k[dZ], k["lam"] * k[W]
        if H != "X":
            said = "Yours is made of Z; the weight is multiplied by H, the values after the bend."
            yield k[H.replace("H", "Z")].T @ k[dZ] + penalty, Wrong(said, "PREACT")
        if bend in k:
            yield k[H].T @ k[bend] + penalty, early
        squared = "The square is still in the penalty's part: λ/2·w² has the slope λ·w."
        yield loss + penalty * k[W] / 2, Wrong(squared, "L2FACTOR")
        signs = "λ·sign(W) is added, which belongs to the penalty λ·Σ|w|: λ/2·w² has the slope λ·w."
        yield loss + k["lam"] * np.sign(k[W]), Wrong(signs, "L1")
    elif name.startswith("db"):
        if bend in k:
            yield k[bend].sum(axis=0), early
        penalized = "λ·b is added, and the penalty is on the weights alone."
        yield LINES[name][1](k) + k["lam"] * k[name[1:]], Wrong(penalized, "L2FACTOR")
    elif name in SLOPES:
        known = {"cache": {part: torch.as_tensor(x) for part, x in k.items()}, "torch": torch}
        known |= known["cache"]
        for slope, code, why in SLOPES[name]:
            made = eval(f"{bend} * {slope}", known)
            yield made.numpy(), Wrong(f"Here {why}", code)
    elif name == "dH1":
        yield (
            k["dH2"] @ k["W2"].T,
            Wrong("Yours is made of dH2; dZ2 belongs there, which has the mask."),
        )


def _how(name: str, case: Case, right: Mapping, given: Mapping, sizes: Mapping[str, int]) -> Wrong:
    """What is wrong with the first wrong gradient; of a weight's, with its part of the loss."""
    if name in WEIGHTS and given[name].shape == right[name].shape:
        known = {**_known(case), **right}
        H, dZ, W = (known[part] for part in WEIGHTS[name])
        loss, penalty = H.T @ dZ, known["lam"] * W
        if known["lam"] and agree(penalty, given[name], EXACT):
            return Wrong("Only the penalty is there; the gradient of the loss is lost.", "L2FACTOR")
        about_loss = difference("The part of the loss, without the penalty,", loss,
                                given[name] - penalty, sizes)  # fmt: skip
        if about_loss and about_loss.code:
            return about_loss
    return difference("Yours", right[name], given[name], sizes)


def _penalty(share: float, sizes: Mapping[str, int]) -> str:
    """What a penalty is that is `share` times the right one."""
    if share == 0:
        return "The part of the loss is right, and the penalty's λ·W is missing."
    named = {1 / n: f", 1/{name}: the penalty is no mean over the batch" for name, n in
             sizes.items()}  # fmt: skip
    named |= {
        2.0: ": λ/2·ΣW² has the slope λ·W",
        0.5: ": λ/2·ΣW² has the slope λ·W",
        -1.0: ": a sign",
    }
    why = next((why for factor, why in named.items() if abs(share - factor) < 1e-9), "")
    return f"The part of the loss is right; the penalty is {number(share)} times λ·W{why}."


# ------------------------------------------------------------------ steps and runs


def run(case: Case, expected, got) -> Wrong | str | None:
    """A judge of `(params, losses)` after training."""
    if not (isinstance(got, tuple | list) and len(got) == 2 and isinstance(got[0], Mapping)):
        return f"Return `(params, losses)`, a dict and a list; you give {show(got)}."
    start, data, *_ = case.args
    params, losses = expected
    if set(params) - set(got[0]):
        return agree(params, got[0], EXACT).message
    for name, right in params.items():
        off = agree(right, got[0][name], EXACT)
        if off:
            continue
        there = _array(got[0][name])
        moved = (
            constant_ratio_of(_array(right - start[name]), there - _array(start[name]))
            if there.shape == tuple(right.shape)
            else None
        )
        why = "" if moved is None else f" It has moved {number(moved)} times as far as it should."
        why = " It has not moved at all." if moved == 0 else why
        count = f"{len(data)} batch{'es' * (len(data) > 1)}"
        return f"`params[{name!r}]` is wrong after {count}. {off.message}{why}"
    if np.ndim(got[1]) != 1 or len(got[1]) != len(data):
        return f"The parameters are right. `losses` holds one loss for each batch: {len(data)}."
    off = agree(losses, list(got[1]), EXACT)
    return None if off else f"The parameters are right, `losses` are not. {off.message}"


def path(case: Case, expected: list, got: list) -> Wrong | str | None:
    """A judge of the parameters after each of several steps."""
    for k, (right, mine) in enumerate(zip(expected, got), start=1):
        off = agree(right, mine, EXACT)
        if not off:
            before = f"Right until step {k - 1}, and wrong" if k > 1 else "It is wrong"
            return f"{before} after step {k}. {off.message}"
    return None


def _dtype(value: object) -> object:
    return getattr(value, "dtype", None)


def _array(value: object) -> Array:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value, float)


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"
