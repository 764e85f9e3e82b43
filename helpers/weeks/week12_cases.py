"""Week 12: what the harness is tried with: gradients to compare, and losses to check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from helpers import mutants
from helpers.agreement import agree, show
from helpers.exercise import Arguments, Case, Wrong
from helpers.graph import number
from helpers.weeks.week12_checks import by_pytorch

DEPTHS = (1, 3, 10, 30, 100)
MARGIN = 50  # how many times the rounding a tolerance may be


# ------------------------------------------------------------------ compare


def compare_cases() -> list[Arguments]:
    """From one array to a whole backward pass."""
    rng = np.random.default_rng(4)
    a, b, c = rng.standard_normal((3, 2)), rng.standard_normal(2), rng.standard_normal((2, 2))
    auto = {"dW2": c, "db2": b, "dW1": a}
    problem = mutants.problems()[0]
    whole = by_pytorch(*problem)
    forgotten = mutants.grads_of(mutants.MUTANTS[0].backward, *problem)
    tanh = next(m for m in mutants.MUTANTS if m.new == "dZ1 = dH1")
    pairs = {
        "the same array": ({"dW": a}, {"dW": a}),
        "twice the right one": ({"dW": 2 * a}, {"dW": a}),
        "the wrong sign": ({"dW": -a}, {"dW": a}),
        "rounding in the twelfth digit": ({"dW": a * (1 + 1e-12)}, {"dW": a}),
        "a gradient of about 1e-9, twice": ({"dW": 2e-9 * a}, {"dW": 1e-9 * a}),
        "differences that cancel": ({"db": b + [1.0, -1.0]}, {"db": b}),
        "only zeros": ({"db": 0 * b}, {"db": 0 * b}),
        "zeros where something is due": ({"db": 0 * b}, {"db": b}),
        "something where zeros are due": ({"db": b}, {"db": 0 * b}),
        "one entry wrong": ({"dW": a + np.eye(3, 2)}, {"dW": a}),
        "wrong from db2 on": ({**auto, "db2": 3 * b, "dW1": a.T.reshape(3, 2)}, auto),
        "the names in another order": ({"dW1": -a, "dW2": c, "db2": b + 1}, auto),
        "db2 is missing": ({"dW2": c, "dW1": a}, auto),
        "db2 still has its batch axis": ({**auto, "db2": np.stack([b, b, b])}, auto),
        "off by 1e-8 of the norm": ({"dW": a + 1e-8 * np.linalg.norm(a) * np.eye(3, 2)}, {"dW": a}),
        "nearly twice the right one, one entry off by a thousandth": (
            {"dW": 2 * a + 1e-3 * np.eye(3, 2)[:, ::-1]},
            {"dW": a},
        ),
        "a NaN in dW1": ({**auto, "dW1": np.where(a == a.max(), np.nan, a)}, auto),
        "a network without its 1/N": (forgotten, whole),
        "a network without tanh's slope": (mutants.grads_of(tanh.backward, *problem), whole),
        "a right network": (mutants.grads_of(mutants.backward, *problem), whole),
    }
    return [Arguments(label, args=pair) for label, pair in pairs.items()]


def judge_compare(case, expected, got) -> str | None:
    """The same numbers; where there is no ratio, None is an answer and no forgotten `return`."""
    off = agree(expected, got, 1e-10)
    if off:
        return None
    if not isinstance(got, Mapping) or not isinstance(got.get("ratio"), Mapping):
        return off.message
    for name, right in expected["ratio"].items():
        given = got["ratio"].get(name)
        if right is None and given is not None:
            return f"`ratio` of {name} is None here: no k makes manual = k·auto. You give {show(given)}."
        if right is not None and given is None:
            return f"`ratio` of {name} is {number(right)} here, for manual = k·auto. You give None."
    if agree(expected["error"], got.get("error"), 1e-10):
        return f"The errors are right. `start` is {expected['start']!r}; you give {got.get('start')!r}."
    return off.message


# ------------------------------------------------------------------ tolerance


@cache
def rounding(depth: int, seeds: int = 10) -> float:
    """The largest relative error of a float32 gradient in a tanh network, in units of eps."""
    worst = 0.0
    for seed in range(seeds):
        exact, rough = (_deep_grads(depth, dtype, seed) for dtype in (np.float64, np.float32))
        errors = [np.linalg.norm(r - e) / np.linalg.norm(e) for e, r in zip(exact, rough)]
        worst = max(worst, *errors)
    return float(worst / np.finfo(np.float32).eps)


def _deep_grads(depth, dtype, seed) -> list[np.ndarray]:
    """dW of each layer of a tanh network of width 32, from the same float32 numbers."""
    rng = np.random.default_rng(seed)
    drawn = [rng.standard_normal((32, 32)) / np.sqrt(32) for _ in range(depth)]
    Ws = [W.astype(np.float32).astype(dtype) for W in drawn]
    X, D = (rng.standard_normal((16, 32)).astype(np.float32).astype(dtype) for _ in range(2))
    H = [X]
    for W in Ws:
        H.append(np.tanh(H[-1] @ W))
    grads = []
    for W, h_in, h_out in zip(Ws[::-1], H[-2::-1], H[::-1]):
        D = D * (1 - h_out**2)
        grads.append(h_in.T @ D)
        D = D @ W.T
    return grads


def tolerance_cases() -> list[tuple]:
    return [(dtype, depth) for dtype in (np.float32, np.float64) for depth in DEPTHS]


def judge_tolerance(case, expected, got) -> Wrong | str | None:
    """Above what rounding does, and at most MARGIN times that."""
    dtype, depth = case.args
    if isinstance(got, bool) or not isinstance(got, int | float | np.floating) or not got > 0:
        return "A tolerance is a number above 0."
    kind, eps = np.dtype(dtype).name, float(np.finfo(dtype).eps)
    units, least = float(got) / eps, rounding(depth)
    here = f"In {kind} at depth {depth} you allow {got:.1e}, which is {units:.3g} eps"
    if units < least:
        return (
            f"{here}. Rounding alone can be larger than that: a right gradient would be called "
            "wrong."
        )
    if units > MARGIN * least:
        return (
            f"{here}. That is more than {MARGIN} times what rounding does: mistakes fit in between."
        )
    return None


# ------------------------------------------------------------------ gradcheck_sampled


class Bowl:
    """A loss of several arrays, its gradient, and a count of how often it was asked for.

    It is the product of 1 + the mean of f(p) over the arrays p, where f is the sine, or nothing:
    then all entries of an array have the same slope.
    """

    def __init__(self, bent: bool, **sizes: int):
        self.f, self.slope = (np.sin, np.cos) if bent else (np.array, np.ones_like)
        self.calls = 0
        self.params = {
            name: np.linspace(0.1 + 0.05 * i, 1.0, size)
            for i, (name, size) in enumerate(sizes.items())
        }

    def __call__(self, params) -> float:
        self.calls += 1
        return float(np.prod([1 + self.f(p).mean() for p in params.values()]))

    @property
    def grads(self) -> dict[str, np.ndarray]:
        total = self(self.params)
        return {
            name: total / (1 + self.f(p).mean()) * self.slope(p) / p.size
            for name, p in self.params.items()
        }


def _error(k: int, change: Callable, times: int = 1, **sizes):
    """What `gradcheck_sampled(k)` says of a gradient that was changed; the least of some calls."""

    def run(gradcheck_sampled):
        bowl, said = Bowl(bent=False, **sizes), []
        for i in range(times):
            given = change(bowl.grads, i)
            said.append(round(float(gradcheck_sampled(k)(bowl, bowl.params, given)), 4))
        return min(said)

    return run


def _right(gradcheck_sampled):
    bowl = Bowl(bent=True, W=30, b=4)
    before, grads = {name: p.copy() for name, p in bowl.params.items()}, bowl.grads
    bowl.calls = 0
    check = gradcheck_sampled(3)
    if not callable(check):
        return Wrong("`gradcheck_sampled(k)` returns a *function*, check(loss, params, grads).")
    error = float(check(bowl, bowl.params, grads))
    if abs(error - 1) < 1e-6:
        return Wrong(UNTOUCHED)
    same = all(np.allclose(bowl.params[n], p, rtol=0, atol=1e-12) for n, p in before.items())
    return {
        "a right gradient is below 1e-6": error < 1e-6,
        "the parameters are as they were": same,
        "the loss was asked for at most 2·k·(number of arrays) times": bowl.calls <= 12,
    }


def _times(factor: float, *names: str):
    return lambda grads, _: {n: g * factor if n in names else g for n, g in grads.items()}


def _last_half(gradcheck_sampled):
    bowl = Bowl(bent=False, W=60)
    right = bowl.grads["W"]
    wrong = {"W": np.where(np.arange(60) < 30, right, 2 * right)}
    errors = [float(gradcheck_sampled(12)(bowl, bowl.params, wrong)) for _ in range(4)]
    return {"a wrong second half is found": min(errors) > 0.01}


def _one_entry(grads, i):
    return {n: g + (np.arange(g.size) == i % g.size) * g for n, g in grads.items()}


def _matrix(gradcheck_sampled):
    W = np.linspace(0.2, 1.0, 6).reshape(2, 3)
    check = gradcheck_sampled(6)
    error = float(check(lambda p: float(np.sin(p["W"]).sum()), {"W": W}, {"W": np.cos(W)}))
    return {"a right gradient is below 1e-6": error < 1e-6}


def _small(gradcheck_sampled):
    p = {"W": np.linspace(0.2, 1.0, 6)}
    check = gradcheck_sampled(6)
    return round(float(check(lambda p: 4e-5 * p["W"].sum(), p, {"W": np.full(6, 8e-5)})), 4)


def _bottom(gradcheck_sampled):
    """(ΣW)² near 0: a central difference is exact there at any h, a one-sided one is not."""
    p, grads = {"W": np.full(6, 1e-3)}, {"W": np.full(6, 1.2e-2)}
    error = float(gradcheck_sampled(6)(lambda p: float(p["W"].sum() ** 2), p, grads))
    return {"a right gradient near the bottom of a parabola is below 1e-6": error < 1e-6}


def _fresh(gradcheck_sampled):
    start = np.linspace(0.2, 1.0, 60)
    nudged = []

    def loss(p):
        nudged[-1].update(np.flatnonzero(p["W"] != start))
        return float(p["W"].sum())

    check = gradcheck_sampled(3)
    for _ in range(3):
        nudged.append(set())
        check(loss, {"W": start.copy()}, {"W": np.ones(60)})
    return {
        "three calls try other entries, and not the same three of 60": nudged[1:] != nudged[:-1]
    }


def _steep(gradcheck_sampled):
    p = {"W": np.zeros(6)}
    check = gradcheck_sampled(6)
    error = float(check(lambda p: float(np.exp(200 * p["W"].sum())), p, {"W": np.full(6, 200.0)}))
    return {"a right gradient of a steep loss is below 1e-3": error < 1e-3}


ONLY_B = "only b (4 of 404 entries) times 2, k = 4"
UNTOUCHED = (
    "The gradient is right, and you find an error of 1: by your differences every slope is 0. Your nudges do not reach "
    "the loss; `flatten()`, for one, gives a copy."
)
SAYS = {
    "POOLED": "You draw from all arrays together. The 4 biases among 404 entries are hardly ever drawn: draw k from *each* array.",
    "REPLACE": "You draw with repetition: 5 draws of 5 entries miss some of them. `replace=False`.",
}


def sampled_cases() -> list[Case]:
    """A right gradient, then wrong ones; the expected error of a factor 2 is ½."""
    return [
        Case("a right gradient, k = 3", _right),
        Case("a right gradient of a (2, 3) matrix", _matrix),
        Case("everything times 2, k = 4", _error(4, _times(2.0, "W", "b"), W=30, b=4)),
        Case("everything times ½, k = 4", _error(4, _times(0.5, "W", "b"), W=30, b=4)),
        Case("everything times −1, k = 4", _error(4, _times(-1.0, "W", "b"), W=30, b=4)),
        Case(ONLY_B, _error(4, _times(2.0, "b"), 8, W=400, b=4)),
        Case("the second half times 2, k = 12", _last_half),
        Case("one of 5 entries times 2, k = 5", _error(5, _one_entry, 30, W=5)),
        Case("one of 5 entries times 2, k = 50", _error(50, _one_entry, 5, W=5)),
        Case("slopes of 4e-5, times 2: below the floor of 1e-4", _small),
        Case("(ΣW)², a right gradient", _bottom),
        Case("exp(200·ΣW), a right gradient", _steep),
        Case("NaN everywhere", _error(3, _times(np.nan, "W"), W=6)),
        Case("3 of 60 entries, three times", _fresh),
    ]


def judge_sampled(case, expected, got) -> Wrong | str | None:
    """Errors of wrong gradients are measured by differences: three digits are enough."""
    if isinstance(expected, dict):
        wrong = [name for name, holds in expected.items() if holds and not got.get(name)]
        why = " A one-sided difference is off there." if wrong and "parabola" in wrong[0] else ""
        return f"Not true: {wrong[0]}.{why}" if wrong else None
    if np.isnan(expected):
        fine = np.isnan(got) or got > 1
        return None if fine else (
            f"The gradient is NaN, and your check says {got:.3g}. A NaN must never look like a small "
            "error: return NaN or ∞."
        )  # fmt: skip
    if not abs(got) > 1e-6 and "5 entries" in case.label:
        return Wrong(SAYS["REPLACE"], "REPLACE")
    if not abs(got) > 1e-6 and case.label == ONLY_B:
        return Wrong(SAYS["POOLED"], "POOLED")
    if not abs(got - expected) < 1e-3 and "floor" in case.label:
        return (
            f"The error is |a − n| over the largest of |a|, |n| and 1e-4, and nothing is added: {expected:.3g} here, and "
            f"{got:.3g} by yours."
        )
    if not abs(got - expected) < 1e-3:
        return f"The largest relative error is {expected:.3g}, but your check says {got:.3g}."
    return None
