"""Week 12, section 5: what a list of tests is worth. A test that no mistake can fail is no test."""

from __future__ import annotations

import numpy as np

from helpers import mutants
from helpers.exercise import Case, exercise
from helpers.weeks import week12_checks as checks
from helpers.weeks.rewrite import rewritten

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


def _returns_false(backward):
    return False


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
    _case("a test that returns False, and raises nothing", _returns_false),
    _case("a test that raises a KeyError, not an AssertionError", _stumbles),
]


@exercise(
    minutes=15,
    difficulty=2,
    version=2,
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
    """{"killed": …, "alive": …, "right": …}: what a list of tests is worth.

    A test is called with a backward pass and raises an exception where it
    finds something wrong; one such test is enough to kill. killed: how
    many of mutants.MUTANTS die; alive: the names of the others, in order;
    right: does mutants.backward live, True or False?
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
    ("RETURNS", "Nobody reads what a test returns: a False kills nothing, only an exception does.",
     ("                test(backward)\n", "                if test(backward) is False:\n                    return True\n")),
    ("PERTEST", "You count a mutant once for each test that kills it. It dies once.",
     ("killed = len(mutants.MUTANTS) - len(alive)",
      "killed = sum(not checks.passes(test, m.backward) for m in mutants.MUTANTS for test in tests)")),
    ("UPSIDEDOWN", "You count the mutants that live as killed.",
     ("killed = len(mutants.MUTANTS) - len(alive)", "killed = len(alive)")),
    ("DEADNAMES", "`alive` lists those that die; asked for are those that live, for they show what a test misses.",
     ('"alive": alive', '"alive": [m.name for m in mutants.MUTANTS if m.name not in alive]')),
    ("VACUOUS", "With an empty list of tests everything dies in yours. Nothing complains, so everything lives.",
     ("        return False\n", "        return not tests\n")),
]:  # fmt: skip
    mutation_score.mistake(_code, _why)(rewritten(mutation_score.reference, *_changes))
