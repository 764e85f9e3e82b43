"""Week 9, section 6: a checker for operations, tried on operations that are wrong.

An operation is `op(*arrays) -> (value, vjp)`. What a checker has to tell apart stands in
`week09_planted`.
"""

from __future__ import annotations

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong, exercise
from helpers.sandbox import call
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week09_planted import PLANTED, Planted


def planted_cases() -> list[Case]:
    return [_case(planted) for planted in PLANTED]


def _case(planted: Planted) -> Case:
    shapes = " and ".join(map(str, planted.shapes))
    label = f"{planted.name}, shapes {shapes}"

    def on_arrays(*arrays):
        return planted.op(*(np.asarray(x, float) for x in arrays))

    def run(check_op):
        outcome = call(check_op, on_arrays, list(planted.shapes), own=check_op)
        if outcome.problem and (planted.right or outcome.problem.error in _NEVER_MEANT):
            shapes = planted.advice if () in planted.shapes else ""
            said = f"check_op answers with True or False. {outcome.problem.message} {shapes}"
            return Wrong(said.strip())
        if outcome.problem:
            error, line = outcome.problem.error, outcome.problem.line
            where = f" in line {line}: `{outcome.problem.line_text}`" if line else ""
            said = f"Your code raises {error}{where}. The operation is wrong here, and"
            return Wrong(f"{said} {RETURN_FALSE}")
        found = outcome.value
        if isinstance(found, np.bool_) or found in (0, 1):
            found = bool(found)
        if not isinstance(found, bool):
            return Wrong(f"check_op returns True or False; yours returns {show(found)}.")
        if found == planted.right:
            return "accepted" if found else "found"
        if planted.right:
            return Wrong(f"Your checker refuses a right operation. {planted.advice}", planted.code)
        return Wrong(f"Your checker accepts a wrong operation. {planted.advice}", planted.code)

    return Case(label, run)


RETURN_FALSE = "check_op has to answer False: an error would end the cell that asks, and tell nothing of the operations after it."
_NEVER_MEANT = ("NameError", "AttributeError", "SyntaxError", "ImportError")


def _judge(case, expected, got):
    return None if got == expected else agree(expected, got).message


@exercise(
    minutes=30,
    difficulty=3,
    cases=planted_cases,
    judge=_judge,
    version=3,
    hints=[
        "Week 2 in new clothes. A gradient check needs one number: L = Σ G·value, with a random G of the value's "
        "shape. Then vjp(G) must be the gradient of L with respect to each operand.",
        "Before any number: are there as many gradients as operands, and has each the shape of its operand? Then "
        "nudge each entry of each operand by ±h, with all the others held still.",
        "numerical = (L(x + h) − L(x − h)) / 2h for every entry, and np.abs(g − numerical).max() <= 1e-6 · "
        "max(|g|.max(), |numerical|.max()). Written with <= it is false for NaN, and right for two zeros.",
    ],
)
def check_op(op, shapes):
    """True if op's VJP is right on random arrays of these shapes, one for each operand.

    op(*arrays) returns (value, vjp), and vjp(G) one gradient for each operand.
    """
    rng, h = np.random.default_rng(0), 1e-5
    arrays = [rng.standard_normal(shape) for shape in shapes]
    value, vjp = op(*arrays)
    G = rng.standard_normal(np.shape(value))
    grads = vjp(G)
    if len(grads) != len(arrays):
        return False
    for k, (x, g) in enumerate(zip(arrays, grads)):
        if np.shape(g) != x.shape:
            return False
        numerical = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            nudge = np.zeros(x.shape)
            nudge[index] = h
            up, down = (op(*arrays[:k], x + d, *arrays[k + 1 :])[0] for d in (nudge, -nudge))
            numerical[index] = (G * (up - down)).sum() / (2 * h)
        size = max(np.abs(g).max(initial=0), np.abs(numerical).max(initial=0))
        if not np.abs(g - numerical).max(initial=0) <= 1e-6 * size:
            return False
    return True


_CLOSE = "not np.abs(g - numerical).max(initial=0) <= 1e-6 * size"

for _code, _why, *_changes in [
    ("ONES", "Your G is an array of ones: an operation that ignores the upstream gradient looks right then. Draw G "
     "at random.",
     ("rng.standard_normal(np.shape(value))", "np.ones(np.shape(value))")),
    ("SHAPE", "A gradient of the wrong shape passes: broadcasting hides it in the difference. Compare the shapes "
     "first.",
     ("if np.shape(g) != x.shape:", "if False:")),
    ("FIRSTONLY", "You check the first operand alone. Wrong rules love the second one.",
     ("enumerate(zip(arrays, grads))", "enumerate(zip(arrays[:1], grads))")),
    ("POSITIVE", "Your arrays are all positive: a relu without its mask looks right there. Draw both signs.",
     ("rng.standard_normal(shape) for", "rng.random(shape) for")),
    ("POSITIVE", "Your G is all positive: an operation that takes |G| looks right then. Draw both signs.",
     ("rng.standard_normal(np.shape(value))", "rng.random(np.shape(value))")),
    ("SCALAR", "Operands of shape () are left out. They have one number, and it can be nudged.",
     ("        if np.shape(g) != x.shape:", "        if x.ndim == 0:\n            continue\n        if np.shape(g) != x.shape:")),
    ("SHAPE", "You compare how many numbers there are, and not the shapes.",
     ("np.shape(g) != x.shape", "np.size(g) != x.size"), ("        size = max(", "        g = np.reshape(g, x.shape)\n        size = max(")),
    ("SIGN", "You compare absolute values. A sign is all that many wrong rules have wrong.",
     ("np.abs(g - numerical).max(initial=0)", "np.abs(np.abs(g) - np.abs(numerical)).max(initial=0)")),
    ("COUNT", "`zip` stops at the shorter one, so an operation with one gradient for two operands passes. Ask for as "
     "many gradients as operands.",
     ("len(grads) != len(arrays)", "False")),
    ("SUMS", "You compare the *sums* of the two gradients. Entries that were exchanged have the same sum.",
     (_CLOSE, "not abs(np.sum(g) - numerical.sum()) <= 1e-6 * size * max(x.size, 1)")),
    ("LOOSE", "Your tolerance is too wide: a slope that is off by one in a thousand slips through. A central "
     "difference is good to about nine digits.",
     ("1e-6 * size", "1e-2 * size")),
    ("ABSOLUTE", "You compare absolutely: numbers around 10⁻⁸ always pass. Divide by their size, or multiply the "
     "tolerance by it.",
     ("1e-6 * size", "1e-6 * max(1, size)")),
    ("NAN", "A gradient that is NaN passes: every comparison with NaN is false. Ask whether the numbers *are* close, "
     "not whether they are apart.",
     (_CLOSE, "np.abs(g - numerical).max(initial=0) > 1e-6 * size")),
    ("RELERR", "For 0 · x both gradients are 0, and your relative error is 0/0, which is NaN: guard the division.",
     (_CLOSE, "not np.abs(g - numerical).max(initial=0) / size <= 1e-6")),
    ("NOTRANDOM", "All your arrays are equal, or ones. A product that gives each operand its *own* array looks right "
     "on them. Draw each one anew.",
     ("rng.standard_normal(shape) for shape", "np.random.default_rng(1).standard_normal(shape) for shape")),
]:  # fmt: skip
    check_op.mistake(_code, _why)(rewritten(check_op.reference, *_changes))
