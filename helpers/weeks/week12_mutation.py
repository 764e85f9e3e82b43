"""Week 12, section 5: tests on trial. A test that no mistake can fail is no test."""

from __future__ import annotations

import numpy as np

from helpers import mutants
from helpers.differences import numerical_gradient
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks import week12_checks as checks
from helpers.weeks.rewrite import rewritten

ENOUGH = 30  # of the 33


# ------------------------------------------------------------------ mutation_score


def _says_nothing(backward):
    pass


def _says_no(backward):
    raise AssertionError("no")


def _stumbles(backward):
    """Raises another kind of error, where the gradient is not about right."""
    params, cache, t = checks.tiny()
    grads = backward(cache, t, 0.0)
    {True: 1}[bool(abs(grads["dW3"]).sum() < 3)]


def _only_biases(backward):
    params, cache, t = checks.tiny()
    right = mutants.backward(cache, t, checks.LAM)
    for name, g in backward(cache, t, checks.LAM).items():
        assert name[1] == "W" or np.allclose(g, right[name], rtol=1e-9, atol=0)


def _only_signs(backward):
    params, cache, t = checks.tiny()
    right = mutants.backward(cache, t, checks.LAM)
    assert all((g * right[n]).sum() > 0 for n, g in backward(cache, t, checks.LAM).items())


def _case(label: str, *tests):
    def run(mutation_score):
        return mutation_score(list(tests))

    return Case(label, run)


SCORED = [
    _case("one test: the shapes fit", checks.shapes_fit),
    _case("one test: float64", checks.agrees_in_float64),
    _case("one test: float32", checks.agrees_in_float32),
    _case("no tests", *()),
    _case("two tests: signs, biases", _only_signs, _only_biases),
    _case("two tests: float64, and one that says nothing", checks.agrees_in_float64, _says_nothing),
    _case("two tests: one of them kills the right backward as well", _says_nothing, _says_no),
    _case("a test that raises a KeyError, not an AssertionError", _stumbles),
]


@exercise(
    minutes=15,
    difficulty=2,
    cases=SCORED,
    hints=[
        "A helper first: does this list of tests kill this backward pass? It does as soon as *one* test raises "
        "anything.",
        "try: for test in tests: test(backward) – except Exception: it is dead. Ask the same of mutants.backward, "
        "which should live.",
        'alive = [m.name for m in mutants.MUTANTS if not kills(m.backward)], and {"killed": 33 − len(alive), …}.',
    ],
)
def mutation_score(tests):
    """{"killed": number, "alive": names, "right": bool}: what a list of tests is worth.

    A test is called with a backward pass and raises an exception where it finds something wrong;
    one such test is enough to kill. killed: how many of mutants.MUTANTS die; alive: the names of
    the others, in order; right: does mutants.backward live?
    """

    def kills(backward):
        try:
            for test in tests:
                test(backward)
        except Exception:
            return True
        return False

    alive = [m.name for m in mutants.MUTANTS if not kills(m.backward)]
    killed = len(mutants.MUTANTS) - len(alive)
    return {"killed": killed, "alive": alive, "right": not kills(mutants.backward)}


for _code, _why, *_changes in [
    ("NORIGHT", "You do not ask whether the *right* backward lives. A test that kills everything would get full "
     "marks.",
     ("not kills(mutants.backward)", "True")),
    ("ONLYASSERT", "Only AssertionError counts in yours. A backward pass that makes a test stumble over a KeyError has "
     "been noticed as well: except Exception.",
     ("except Exception:", "except AssertionError:")),
    ("ALLMUSTKILL", "You ask that *every* test kills. One is enough: tests share the work.",
     ("        try:\n            for test in tests:\n                test(backward)\n        except Exception:\n"
      "            return True\n        return False\n",
      "        found = 0\n        for test in tests:\n            try:\n                test(backward)\n"
      "            except Exception:\n                found += 1\n        return found == len(tests) > 0\n")),
    ("FIRSTONLY", "You return after the first test. The others never run.",
     ("                test(backward)\n", "                test(backward)\n                return False\n")),
    ("UPSIDEDOWN", "You count the mutants that live as killed.",
     ("killed = len(mutants.MUTANTS) - len(alive)", "killed = len(alive)")),
    ("DEADNAMES", "`alive` lists those that die; asked for are those that live, for they show what a test misses.",
     ('"alive": alive', '"alive": [m.name for m in mutants.MUTANTS if m.name not in alive]')),
    ("VACUOUS", "With an empty list of tests everything dies in yours. Nothing complains, so everything lives.",
     ("        return False\n", "        return not tests\n")),
]:  # fmt: skip
    mutation_score.mistake(_code, _why)(rewritten(mutation_score.reference, *_changes))


# ------------------------------------------------------------------ my_tests


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


def _batch_axis(cache, t, lam):
    """Bias gradients that are repeated for each sample: a difference broadcasts them away."""
    grads = mutants.backward(cache, t, lam)
    return {n: np.stack([g] * len(t)) if g.ndim == 1 else g for n, g in grads.items()}


def _times(factor: float):
    def backward(cache, t, lam):
        return {n: factor * g for n, g in mutants.backward(cache, t, lam).items()}

    return backward


RETURNS = (
    "Your test *returns* its verdict, and nobody looks at what a test returns. Raise: "
    "`assert condition, message`."
)
CRUDE = {
    "NaN everywhere": _times(np.nan),
    "zeros everywhere": _times(0.0),
    "no gradient at all": lambda cache, t, lam: {},
    "bias gradients with a batch axis": _batch_axis,
}


def _awake(my_tests):
    alive = []
    for what, backward in CRUDE.items():
        try:
            said = my_tests(backward)
        except Exception:
            continue
        if said is not None:
            return Wrong(RETURNS, "RETURNS")
        alive.append(what)
    return Wrong(f"A backward pass lives that gives {' or '.join(alive)}.") if alive else "they die"


def _strict(my_tests):
    alive = []
    for mutant in mutants.MUTANTS:
        try:
            my_tests(mutant.backward)
        except Exception:
            continue
        alive.append(mutant.name)
    killed = len(mutants.MUTANTS) - len(alive)
    if killed >= ENOUGH:
        return "enough are killed"
    some = "; ".join(alive[:6]) + (f"; and {len(alive) - 6} more" if len(alive) > 6 else "")
    return Wrong(f"{killed} of 33 are killed, {ENOUGH} are asked for. Alive: {some}.")


@exercise(
    minutes=30,
    difficulty=3,
    cases=[
        Case("the right backward passes live", _careful),
        Case("NaN, zeros and wrong shapes die", _awake),
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
    """Raise an AssertionError where a backward pass of the network of `mutants` is wrong.

    backward(cache, t, lam) gives dW1, db1, …; cache is mutants.forward(params, X)[1]. It also
    wakes up at NaN, zeros, wrong shapes and missing arrays, and runs on all 33 mutants in a few
    seconds.
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
    ("CANNOTFAIL", "Your test compares and throws the answer away. np.allclose returns True or False, and nothing "
     "happens without `assert`.",
     (_SHAPE, ""), (_ASK, "        np.allclose(g, right)\n")),
    ("RETURNS", RETURNS,
     (_SHAPE, "        if g.shape != right.shape:\n            return False\n"),
     (_ASK, "        if not error < 1e-6:\n            return False\n    return True\n")),
    ("BROADCAST", "Without a look at the shapes, db with a batch axis, (N, H), is broadcast against (H,), and the difference "
     "can vanish.",
     (_SHAPE, "")),
    ("NANPASSES", "`not error > 1e-6` is true for NaN: every comparison with NaN is False. Ask `error < 1e-6`.",
     ("assert error < 1e-6", "assert not error > 1e-6")),
    ("SELFTEST", SELFTEST,
     (_LOOP, "    right_ones = mutants.backward(mutants.forward(params, X)[1], t, lam)\n"
      "    for name, right in ((n, right_ones[\"d\" + n]) for n in params):\n")),
    ("LAMZERO", "With lam = 0 the penalty is not there, and all mistakes in it live. Test with a lam that "
     "is as loud as the rest.",
     ("np.arange(6) % 3, 0.1", "np.arange(6) % 3, 0.0")),
    ("BITEXACT", "Your test kills the right backward pass, too. Does it ask for equal bits? A numerical gradient never has them.",
     (_ERROR + _ASK, "        assert np.array_equal(g, right)\n")),
    ("ABSOLUTE", "Your test lets everything pass that is off by less than 0.5, and whole gradients are that small. Make the "
     "error relative.",
     (" / np.linalg.norm(right)\n", "\n"), ("error < 1e-6", "error < 0.5")),
    ("ONLYLAST", "You look at W3 and b3 only. Whatever goes wrong below the last layer lives.",
     ("assert error < 1e-6", 'assert error < 1e-6 or name[1] != "3" and np.isfinite(error)')),
]:  # fmt: skip
    my_tests.mistake(_code, _why)(rewritten(my_tests.reference, *_changes))
