"""Week 5, section 7: an engine tested with random expressions."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong, exercise
from helpers.fuzz import random_program
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week05_fuzzed import FIRST, INFLATED, LAST, RIGHT_ENGINES, WRONG_ENGINES

EXPRESSIONS = 60
UNUSED = (
    "A leaf that the expression does not use has `grad` None in PyTorch. It means 0: `0.0 if tensor.grad "
    "is None else tensor.grad.item()`."
)
ADVICE = {
    INFLATED: "Compare the value of the result, too.",
    FIRST: "Compare the gradients of *all* leaves, not only of the first.",
    LAST: "Compare the gradients of *all* leaves. Does the comparison stand inside of the loop?",
}


def fuzz_cases() -> list[Case]:
    right = [_fuzz_case(f"a right engine, {name}", e, True) for name, e in RIGHT_ENGINES.items()]
    wrong = [_fuzz_case(f"an engine {name}", e, False) for name, e in WRONG_ENGINES.items()]
    repeated = Case("the same right engine twice", _repeated)
    return [*right, repeated, Case("a right engine, while your own is wrong", _witness), *wrong]


def _fuzz_case(label: str, engine: type, right: bool) -> Case:
    name = label.removeprefix("an engine ")

    def run(fuzz):
        with _programs_of(fuzz) as programs:
            found = _counted(fuzz, engine)
        if isinstance(found, Wrong) or found is None:
            return found
        alike = _too_alike(programs)
        if alike:
            return alike
        if right and found == EXPRESSIONS:
            return Wrong(
                f"Your fuzz says that a right engine is wrong on all of {EXPRESSIONS} expressions. Do you "
                "count the right ones?",
                "COUNTRIGHT",
            )
        if right and found:
            return Wrong(
                f"Your fuzz blames a right engine for {found} of {EXPRESSIONS} expressions. Is PyTorch in "
                "float64, is a leaf that is not used taken as 0, and does the comparison allow for rounding?",
                "BLAMES",
            )
        if not right and not found:
            advice = ADVICE.get(name, "")
            return Wrong(
                f"An engine {name} passes your fuzz on {EXPRESSIONS} expressions. {advice}"
            )
        if name == INFLATED and found < EXPRESSIONS / 3:
            return Wrong(
                f"This engine is wrong on nearly all of {EXPRESSIONS} expressions, and you count {found}. "
                "Do you stop at the first one? Go on and count them all.",
                "FIRSTONLY",
            )
        return "passes" if right else "is caught"

    return Case(label, run)


def _counted(fuzz: Callable, engine: type) -> int | None | Wrong:
    """The number that fuzz gives; a `Wrong` if it is none, or stumbles over a missing gradient."""
    try:
        found = fuzz(engine, EXPRESSIONS)
    except (AttributeError, TypeError) as error:
        if "NoneType" not in str(error) or getattr(error, "name", None) == "data":
            raise
        return Wrong(UNUSED, "UNUSED")
    if isinstance(found, list | tuple | set):
        return Wrong("A number is expected, you give a list: return `len(…)` of it.", "LIST")
    if found is None or (not agree(0.0, found) and not isinstance(found, int)):
        return found if found is None else Wrong(
            f"fuzz returns how many of the n expressions went wrong, a number; yours returns "
            f"{show(found)}."
        )  # fmt: skip
    if found > EXPRESSIONS or found < 0:
        return Wrong(f"Of {EXPRESSIONS} expressions {found} cannot go wrong.")
    return found


@contextlib.contextmanager
def _exchanged(function: Callable, name: str, thing: object) -> Iterator[None]:
    """Another meaning for a name that a function finds among its global ones."""
    space = function.__globals__
    before = space.get(name)
    space[name] = thing
    try:
        yield
    finally:
        space[name] = before


@contextlib.contextmanager
def _programs_of(fuzz: Callable) -> Iterator[list]:
    """The expressions that a function asks for, where it knows `random_program` by its name."""
    programs: list = []
    known = getattr(fuzz, "__globals__", {}).get("random_program")

    def recorded(*args, **named):
        programs.append(known(*args, **named))
        return programs[-1]

    with _exchanged(fuzz, "random_program", recorded) if known else contextlib.nullcontext():
        yield programs


def _too_alike(programs: list) -> Wrong | None:
    if len(programs) < 2:
        return None
    if len(set(programs)) == 1:
        return Wrong(
            f"All {len(programs)} expressions are the same one. Use i as the seed: "
            "random_program(i, size=…).", "ONEPROGRAM")  # fmt: skip
    if max(len(program.steps) for program in programs) == 1:
        return Wrong(
            "Every expression has a single instruction, so nothing in the middle is ever used twice. "
            "Take a size of about 10.", "ONESTEP")  # fmt: skip
    return None


def _repeated(fuzz: Callable) -> object:
    runs = []
    for _ in range(2):
        with _programs_of(fuzz) as programs:
            _counted(fuzz, scalar.Value)
        runs.append(programs)
    if runs[0] != runs[1]:
        return Wrong(
            "Called twice, your fuzz tries different expressions, and a failure cannot be found again. "
            "Seed i gives expression i.", "UNREPEATABLE")  # fmt: skip
    return "the same"


def _witness(fuzz: Callable) -> object:
    """The learner's own engine as the witness is found out by putting a wrong one in its place."""
    if "Value" not in getattr(fuzz, "__globals__", {}):
        return "independent"
    with _exchanged(fuzz, "Value", WRONG_ENGINES["whose tanh has a wrong slope"]):
        found = _counted(fuzz, scalar.Value)
    if found == 0 or isinstance(found, Wrong):
        return "independent"
    return Wrong(
        "You compare with your own `Value`. When that one is tested it agrees with itself, whatever is "
        "wrong with it. Take PyTorch as the witness.", "OWNWITNESS")  # fmt: skip


def _a_number(case, expected, got):
    return None if got == expected else agree(0.0, got).message


@exercise(
    minutes=30,
    difficulty=2,
    cases=fuzz_cases,
    judge=_a_number,
    hints=[
        "For each of n seeds: one expression, run twice, once on the engine's leaves and once on "
        "PyTorch's. Which numbers must agree at the end?",
        "The value of the result, and the gradient of *every* leaf. A tensor for each leaf: "
        "torch.tensor(x, dtype=torch.float64, requires_grad=True). A leaf that is not used has the "
        "gradient None in PyTorch; that means 0.",
        "math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) is False for NaN, too. Count the seeds where "
        "not all pairs are close.",
    ],
)
def fuzz(engine, n):
    """How many of n random expressions the engine gets wrong, by value or by gradient."""
    import torch

    wrong = 0
    for seed in range(n):
        program = random_program(seed, size=1 + seed % 20)
        ours = [engine(x) for x in program.leaves]
        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
        result, truth = program.run(ours), program.run(theirs)
        result.backward()
        truth.backward()
        pairs = [(result.data, truth.item())]
        for leaf, tensor in zip(ours, theirs):
            pairs.append((leaf.grad, 0.0 if tensor.grad is None else tensor.grad.item()))
        if not all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in pairs):
            wrong += 1
    return wrong


_CLOSE = "math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)"

for _code, _why, *_changes in [
    ("VALUESONLY", "You compare the values only. The gradients are what an engine is for: compare "
     "`leaf.grad` of every leaf.",
     ("            pairs.append((leaf.grad, 0.0 if tensor.grad is None else tensor.grad.item()))",
      "            pass")),
    ("LOOSE", "Your tolerance is too wide: a slope that is off by a millionth slips through. Both sides "
     "compute in float64 and agree to about 12 digits; allow a relative error of 1e-9.",
     ("rel_tol=1e-9, abs_tol=1e-12", "rel_tol=1e-4, abs_tol=1e-4")),
    ("NAN", "An engine that gives NaN passes: every comparison with NaN is false, also `abs(a − b) > "
     "tolerance`. Ask whether the numbers *are* close, not whether they are far apart.",
     (f"not all({_CLOSE} for", "any(abs(a - b) > 1e-9 * max(abs(a), abs(b), 1e-3) for")),
    ("FLOAT32", "PyTorch computes in float32 here, with 7 digits, so right engines look wrong. Ask for "
     "`dtype=torch.float64`.",
     ("dtype=torch.float64, ", "")),
]:  # fmt: skip
    fuzz.mistake(_code, _why)(rewritten(fuzz.reference, *_changes))
