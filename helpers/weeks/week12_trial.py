"""Week 12, section 5: a learner's own test on trial, by right and wrong backward passes."""

from __future__ import annotations

import numpy as np

from helpers import mutants
from helpers.differences import numerical_gradient
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten

ENOUGH = 30  # of the 33


def _another_right(cache, t, lam):
    """The right gradients once more, with the sums in another order: other last digits."""
    params, X, Z1, H1, Z2, H2, Z3 = (c[::-1] if isinstance(c, np.ndarray) else c for c in cache)
    grads = mutants.backward((params, X, Z1, H1, Z2, H2, Z3), t[::-1], lam)
    return dict(reversed(grads.items()))


SELFTEST = (
    "Your test compares with `mutants.backward`, the function that is on trial: were it wrong, the test would not notice. Take a "
    "witness of another kind, the loss (numerical_gradient) or PyTorch."
)


def _careful(my_tests):
    for backward, which in [(mutants.backward, "The right"), (_another_right, "Another right")]:
        try:
            my_tests(backward)
        except AssertionError as error:
            more = {"The right": "", "Another right": " It is another function and sums in another order, so that "
                    "its last digits differ: no test may ask for one function, or for equal bits."}  # fmt: skip
            return Wrong(
                f"{which} backward pass is killed ({str(error) or 'without a message'}).{more[which]}"
            )
    right = mutants.backward
    mutants.backward = mutants.MUTANTS[0].backward  # would the test believe this one?
    try:
        my_tests(right)
    except AssertionError:
        return Wrong(SELFTEST, "SELFTEST")
    finally:
        mutants.backward = right
    return "both live"


def spoiled(spoil, *names: str):
    """The right backward pass, with some of its arrays (all, without names) spoiled."""

    def backward(cache, t, lam):
        grads = mutants.backward(cache, t, lam)
        return {n: spoil(g, len(t)) if n in names or not names else g for n, g in grads.items()}

    return backward


def _without(name: str):
    def backward(cache, t, lam):
        return {n: g for n, g in mutants.backward(cache, t, lam).items() if n != name}

    return backward


def _one_nan(g, _):
    return np.where(np.arange(g.size).reshape(g.shape) == 0, np.nan, g)


RETURNS = (
    "Your test *returns* its verdict, and nobody looks at what a test returns. Raise: "
    "`assert condition, message`."
)
CANNOTFAIL = "Your test raises neither for NaN nor for wrong shapes. np.allclose returns True or False, and nothing happens without `assert`."
NANPASSES = (
    "NaN lives. Every comparison with NaN is False, so `not error > 1e-6` is true, and max(0.0, nan) is 0.0. Ask "
    "`error < 1e-6` of each array by itself, or let np.max hand the NaN on."
)
BROADCAST = "Without a look at the shapes, db with a batch axis, (N, H), is broadcast against (H,), and the difference can vanish."
CRUDE = {  # what is wrong with one array
    "nan": lambda name: spoiled(_one_nan, name),
    "missing": _without,
    "batch": lambda name: spoiled(lambda g, N: np.stack([g] * N), name),
}
ORDER = ("dW3", "db3", "dW2", "db2", "dW1", "db1")


def _lives(my_tests, backward) -> bool:
    try:
        said = my_tests(backward)
    except Exception:
        return False
    if said is not None:
        raise Returned
    return True


class Returned(Exception):
    """The test gave its verdict back, and did not raise."""


def _awake(my_tests):
    try:
        alive = {what: [name for name in ORDER if _lives(my_tests, plant(name))]
                 for what, plant in CRUDE.items()}  # fmt: skip
    except Returned:
        return Wrong(RETURNS, "RETURNS")
    unseen = [name for name in alive["nan"] if name in alive["missing"]]
    if alive["nan"] == alive["batch"] == [*ORDER]:
        return Wrong(CANNOTFAIL, "CANNOTFAIL")
    if unseen:
        return Wrong(
            f"Not looked at: {', '.join(unseen)}. NaN in them lives, and they may even be missing.",
            "UNSEEN",
        )
    if alive["nan"]:
        return Wrong(f"{NANPASSES} Here: {', '.join(alive['nan'])}.", "NANPASSES")
    if alive["missing"]:
        return Wrong(f"A backward pass lives that forgets {' or '.join(alive['missing'])}.")
    if alive["batch"]:
        return Wrong(f"{BROADCAST} Here: {', '.join(alive['batch'])}.", "BROADCAST")
    return "they die"


OFF = {
    "opposite": lambda g: -g,
    "low": lambda g: g - 0.01 * abs(g),
    "high": lambda g: g + 0.01 * abs(g),
    "reversed": lambda g: g.reshape(-1)[::-1].reshape(g.shape),
    "zero": lambda g: 0 * g,
}


def by_size(alive: list[str]) -> Wrong | None:
    """What lets these of `OFF` live."""
    if "zero" in alive:
        return Wrong("A backward pass lives that gives nothing but zeros.")
    if "opposite" in alive:
        return Wrong(
            "A gradient of the opposite sign lives: take the norm of the difference, a − n, and not the difference of sizes.",
            "SIGNBLIND",
        )
    if "low" in alive and "high" in alive:
        return Wrong(
            "A gradient that is 1% off lives. Make the error relative, ‖a − n‖/‖n‖, and allow a millionth.",
            "RELERR",
        )
    if "low" in alive or "high" in alive:
        return Wrong(
            "A gradient lives that is 1% off to one side. Without abs() a negative difference is below any tolerance: take the norm.",
            "SIGNED",
        )
    if "reversed" in alive:
        return Wrong("A gradient lives with its entries in reversed order. Differences cancel in a sum, and norms or sums of both sides do not "
                     "see an order: take the norm of the difference.", "SUMCANCEL")  # fmt: skip
    return None


def _exact(my_tests):
    alive = [
        what for what, off in OFF.items() if _lives(my_tests, spoiled(lambda g, _, off=off: off(g)))
    ]
    return by_size(alive) or "they die"


def _strict(my_tests):
    alive = [mutant.name for mutant in mutants.MUTANTS if _lives(my_tests, mutant.backward)]
    killed = len(mutants.MUTANTS) - len(alive)
    if killed >= ENOUGH:
        return "enough are killed"
    some = "; ".join(alive[:6]) + (f"; and {len(alive) - 6} more" if len(alive) > 6 else "")
    return Wrong(f"{killed} of 33 are killed, {ENOUGH} are asked for. Alive: {some}.")


@exercise(
    minutes=30,
    difficulty=3,
    version=2,
    cases=[
        Case("the right backward passes live", _careful),
        Case("NaN, a missing array and a wrong shape die, in each of six arrays", _awake),
        Case("zeros, the opposite sign, 1% and another order die", _exact),
        Case(f"at least {ENOUGH} of 33 wrong ones die", _strict),
    ],
    hints=[
        "What does no mistake survive? A comparison with differences of the loss, in float64, on a network that "
        "is small, not symmetric, and has no zeros that hide something.",
        "params = mutants.start((4, 3, 3, 3)) plus some noise on everything, also on the biases; lam not 0; "
        "numerical_gradient of mutants.loss gives what each gradient should be.",
        "For each name: assert that the shapes are equal, and that norm(g − n) < 1e-6·norm(n). By norms, not by equal "
        "bits; with `<`, since NaN is not below anything.",
    ],
)
def my_tests(backward):
    """Raise an AssertionError where a backward pass of `mutants` is wrong.

    backward(cache, t, lam) gives dW1, db1, …; cache is
    mutants.forward(params, X)[1]. It also wakes up where any one array has
    a NaN, another shape, or is missing; at zeros, a wrong sign, and numbers
    that are 1% off. It runs on all 33 mutants in a few seconds.
    """
    rng = np.random.default_rng(1)
    params = {
        n: p + 0.1 * rng.standard_normal(p.shape) for n, p in mutants.start((4, 3, 3, 3)).items()
    }
    X, t, lam = rng.standard_normal((6, 4)), np.arange(6) % 3, 0.1
    grads = backward(mutants.forward(params, X)[1], t, lam)

    def loss(*arrays):
        return mutants.loss(dict(zip(params, arrays)), X, t, lam)

    for name, right in zip(params, numerical_gradient(loss, *params.values())):
        g = grads["d" + name]
        assert g.shape == right.shape, f"d{name} has shape {g.shape}"
        error = np.linalg.norm(g - right) / np.linalg.norm(right)
        assert error < 1e-6, f"d{name} is off by {error:.1e}"


_LOOP = "    for name, right in zip(params, numerical_gradient(loss, *params.values())):\n"
_SHAPE = '        assert g.shape == right.shape, f"d{name} has shape {g.shape}"\n'
_ERROR = "        error = np.linalg.norm(g - right) / np.linalg.norm(right)\n"
_ASK = '        assert error < 1e-6, f"d{name} is off by {error:.1e}"\n'
for _code, _why, *_changes in [
    ("SHAPEONLY", "Your test asks for shapes. All 33 have the right ones.", (_ASK, "")),
    ("CANNOTFAIL", CANNOTFAIL, (_SHAPE, ""), (_ASK, "        np.allclose(g, right)\n")),
    ("RETURNS", RETURNS,
     (_SHAPE, "        if g.shape != right.shape:\n            return False\n"),
     (_ASK, "        if not error < 1e-6:\n            return False\n    return True\n")),
    ("SELFTEST", SELFTEST,
     (_LOOP, "    right_ones = mutants.backward(mutants.forward(params, X)[1], t, lam)\n"
      "    for name, right in ((n, right_ones[\"d\" + n]) for n in params):\n")),
    ("LAMZERO", "With lam = 0 the penalty is not there, and all mistakes in it live. Test with a lam that "
     "is as loud as the rest.",
     ("np.arange(6) % 3, 0.1", "np.arange(6) % 3, 0.0")),
    ("BITEXACT", "Your test kills the right backward pass, too. Does it ask for equal bits? A numerical gradient never has them.",
     (_ERROR + _ASK, "        assert np.array_equal(g, right)\n")),
]:  # fmt: skip
    my_tests.mistake(_code, _why)(rewritten(my_tests.reference, *_changes))
