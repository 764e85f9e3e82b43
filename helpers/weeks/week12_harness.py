"""Week 12, sections 1 to 3 and 6: the parts of a verification harness.

`compare` and `tolerance` are for two gradients that are both given, `gradcheck_sampled` for a loss
with many parameters, `initial_sanity` for a network before its first step.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise
from helpers.weeks import week12_cases as cases
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_models import EQUALZEROS, TOUCHED, judge_sanity, sanity_cases


@exercise(
    minutes=25,
    difficulty=2,
    cases=cases.compare_cases,
    judge=cases.judge_compare,
    hints=[
        "Walk through `auto`, not through `manual`: what is missing must be found, too. Before you "
        "subtract, ask whether shape and finiteness allow it.",
        "error = ‖m − a‖ / max(‖m‖, ‖a‖), with np.linalg.norm; 0 where both norms are 0. The constant "
        "that fits best is k = Σ m·a / Σ a·a; it is a ratio only if ‖m − k·a‖ ≤ 1e-6·‖m‖.",
        "start = next((name for name in auto if error[name] > 1e-10), None), because auto is in the order "
        "of the backward pass. np.inf > 1e-10 is true; np.nan > 1e-10 is not.",
    ],
)
def compare(manual, auto):
    """{"error", "ratio", "start"}: a backward pass beside the right one.

    manual and auto are dicts of arrays; auto is in the order of the
    backward pass.
    error[name]: ‖manual − auto‖ / max(‖manual‖, ‖auto‖); 0 where both are
    0; ∞ where an array is missing, has another shape, or is not finite.
    ratio[name]: k where manual = k·auto, to 1e-6 of the norm of manual;
    0.0 where only manual is all zeros; None where auto is all zeros, or
    nothing fits.
    start: the first name with an error above 1e-10, or None.
    """
    error, ratio = {}, {}
    for name, right in auto.items():
        error[name], ratio[name] = np.inf, None
        given = np.asarray(manual.get(name, np.nan))
        if given.shape != right.shape or not np.isfinite(given).all():
            continue
        size = max(np.linalg.norm(given), np.linalg.norm(right))
        error[name] = float(np.linalg.norm(given - right) / size) if size else 0.0
        if right.any():
            k = float((given * right).sum() / (right * right).sum())
            if np.linalg.norm(given - k * right) <= 1e-6 * np.linalg.norm(given):
                ratio[name] = k
    start = next((name for name in auto if error[name] > 1e-10), None)
    return {"error": error, "ratio": ratio, "start": start}


_FITS = "given.shape != right.shape or not np.isfinite(given).all()"
for _code, _why, *_changes in [
    ("BROADCAST", "A bias gradient with its batch axis still on, (3, 2) against (2,), is *broadcast*: the "
     "difference can be 0 although the shape is wrong. Compare the shapes first.",
     (_FITS, "not np.isfinite(given).all()")),
    ("NANPASSES", "A NaN slips through. Every comparison with NaN is False, also `error > 1e-10`, so a "
     "check that asks it that way cannot fail. Ask np.isfinite first.",
     (_FITS, "given.shape != right.shape")),
    ("RELERR", "That is the absolute difference. A gradient of 1e-9 that is twice too large looks "
     "perfect by it. Divide by the larger norm.",
     ("/ size) if size", "/ 1.0) if size")),
    ("SUMCANCEL", "Positive and negative differences cancel in your sum. Take the norm of the "
     "difference.",
     ("np.linalg.norm(given - right) / size", "abs((given - right).sum()) / size")),
    ("ZERODIV", "Where both gradients are 0 you divide 0 by 0. They agree: the error is 0.",
     (" if size else 0.0", " if size else np.nan")),
    ("MISSING", "You walk through the names of `manual`, so an array that it forgot is never missed. The "
     "list of what must be there is `auto`.",
     ("for name, right in auto.items():", "for name, right in ((n, auto[n]) for n in manual):"),
     ("for name in auto if", "for name in auto if name in error and")),
    ("WRONGEND", "You name the *last* wrong gradient. Errors spread from the loss to the input; they start "
     "at the first name of `auto` that is wrong.",
     ("for name in auto if", "for name in reversed(auto) if")),
    ("MANUALORDER", "You go through the names in the order of `manual`. The order of the backward pass is "
     "that of `auto`.",
     ("for name in auto if", "for name in manual if name in error and")),
    ("ANYRATIO", "You report a ratio where there is none: k fits best, and does not fit. Accept it only if "
     "manual = k·auto everywhere.",
     ("<= 1e-6 * np", "<= 1e6 * np")),
    ("LOOSE", "A ratio is one that fits to a millionth of the norm; yours may fit worse.",
     ("<= 1e-6 * np", "<= 0.02 * np")),
    ("LATE", "The start is the first error above 1e-10. In float64 a right gradient stays below that, and you overlook "
     "smaller mistakes.", ("error[name] > 1e-10", "error[name] > 1e-6")),
    ("UPSIDEDOWN", "Your ratio is the inverse: manual = k·auto is asked for.",
     ("ratio[name] = k", "ratio[name] = 1 / k if k else None")),
]:  # fmt: skip
    compare.mistake(_code, _why)(rewritten(compare.reference, *_changes))


@exercise(
    minutes=10,
    difficulty=2,
    cases=cases.tolerance_cases,
    judge=cases.judge_tolerance,
    hints=[
        "Rounding is relative to np.finfo(dtype).eps, the distance from 1 to the next number: 1.2e-07 for "
        "float32, 2.2e-16 for float64. How many eps does the picture show at each depth?",
        "A backward pass through more layers rounds more often. Up to 30 layers the errors grow about as the "
        "square root of the depth; then unlucky seeds take over. Something in proportion to depth stays above.",
        "A number of a few times eps, times depth.",
    ],
)
def tolerance(dtype, depth):
    """The relative error to allow between right gradients at this depth.

    Above what rounding does in this dtype, np.float32 or np.float64, and
    at most 50 times that.
    """
    return 4 * float(np.finfo(dtype).eps) * depth


for _code, _why, _new in [
    ("FIXED", "One number for all: 1e-6 is below the rounding of float32 in a deep network, and in "
     "float64 it lets mistakes pass that are a billion times as large as rounding.", "1e-6"),
    ("NODEPTH", "Your tolerance is the same at every depth. A hundred layers round a hundred times.",
     "4 * float(np.finfo(dtype).eps)"),
    ("FLOAT32CHECK", "You take the eps of float32 whatever the dtype is. In float64 rounding is half a billion "
     "times smaller, and so can your tolerance be.", "4 * float(np.finfo(np.float32).eps) * depth"),
    ("CUBEROOT", "∛eps is the best *step* of a central difference (week 2). Nothing is differentiated "
     "numerically here: both gradients are exact up to rounding.",
     "float(np.finfo(dtype).eps) ** (1 / 3)"),
    ("EXPONENTIAL", "Rounding does not double with each layer; at depth 100 you allow anything.",
     "4 * float(np.finfo(dtype).eps) * 2.0**depth"),
]:  # fmt: skip
    tolerance.mistake(_code, _why)(
        rewritten(tolerance.reference, ("4 * float(np.finfo(dtype).eps) * depth", _new))
    )


@exercise(
    minutes=25,
    difficulty=2,
    version=2,
    cases=cases.sampled_cases,
    judge=cases.judge_sampled,
    hints=[
        "`gradcheck_sampled(k)` returns a *function* check(loss, params, grads). Inside it: for each array draw "
        "up to k places without repetition, and nudge the parameter at each to both sides.",
        "rng.choice(p.size, size=min(k, p.size), replace=False) draws places; np.unravel_index(place, p.shape) "
        "makes an index of one. Nudge a *copy* of the array: loss({**params, name: moved}).",
        "Collect the errors |a − n| / max(|a|, |n|, 1e-4) in a list and return np.max of it. Python's own "
        "max(0.0, nan) is 0.0; np.max gives nan.",
    ],
)
def gradcheck_sampled(k):
    """check(loss, params, grads), for k random entries of each array.

    It is a function; each call draws anew. loss(params) is a number;
    params and grads are dicts of arrays with the same names. An array with
    fewer than k entries is tried everywhere. It returns the largest
    relative error |a − n| / max(|a|, |n|, 1e-4) between gradients a and
    central differences n.
    """
    rng = np.random.default_rng()

    def check(loss, params, grads, h=1e-5):
        errors = []
        for name, p in params.items():
            for place in rng.choice(p.size, size=min(k, p.size), replace=False):
                index = np.unravel_index(place, p.shape)
                up, down = p.copy(), p.copy()
                up[index] += h
                down[index] -= h
                n = (loss({**params, name: up}) - loss({**params, name: down})) / (2 * h)
                a = grads[name][index]
                errors.append(abs(a - n) / max(abs(a), abs(n), 1e-4))
        return float(np.max(errors))

    return check


_PLACES = "rng.choice(p.size, size=min(k, p.size), replace=False)"
for _code, _why, *_changes in [
    ("FIRSTK", "You always try the first k entries. A mistake in the rest is never seen, however often the check "
     "runs. Draw the places at random.",
     (_PLACES, "range(min(k, p.size))")),
    ("POOLED", cases.SAYS["POOLED"],
     ("    for name, p in params.items():\n",
      "    drawn = np.random.default_rng(0).choice(sum(p.size for p in params.values()), k)\n"
      "        first = 0\n        for name, p in params.items():\n"
      "            mine, first = drawn[(first <= drawn) & (drawn < first + p.size)] - first, first + p.size\n"),
     (_PLACES, "mine"), ("np.max(errors)", "np.max(errors or [0.0])")),
    ("REPLACE", cases.SAYS["REPLACE"],
     ("np.random.default_rng()", "np.random.default_rng(5)"),
     ("size=min(k, p.size), replace=False", "size=min(k, p.size)")),
    ("FORWARD", "A one-sided difference is off by about 1e-5, so a right gradient looks wrong. Nudge to both sides.",
     ("loss({**params, name: down})) / (2 * h)", "loss(params)) / h")),
    ("NANPASSES", "max(0.0, nan) is 0.0 in Python, so a gradient of NaN has the error 0. Collect the errors and use "
     "np.max, which hands NaN on.",
     ("errors = []", "errors = [0.0]"),
     ("float(np.max(errors))", "float(max(errors))")),
    ("NORESTORE", "After your check the parameters are no longer what they were: nudge a copy, or put the number "
     "back.",
     ("down[index] -= h", "down[index] -= h\n                p[index] += h")),
    ("MEANERROR", "A mean hides one wrong entry among many right ones. Return the largest error.",
     ("np.max(errors)", "np.mean(errors)")),
    ("SIGNBLIND", "A gradient of the opposite sign has the error 2: take |a − n|, and not the difference of the sizes.",
     ("abs(a - n) /", "abs(abs(a) - abs(n)) /")),
    ("SAMEENTRIES", "Each call of your check tries the same entries: what it misses once it misses always. Make the generator "
     "once, in `gradcheck_sampled`, and not in `check`.",
     ("    rng = np.random.default_rng()\n", ""),
     ("        errors = []\n", "        rng, errors = np.random.default_rng(0), []\n")),
    ("HLARGE", "h is too large for a steep loss: its bend shows between the two ends. 1e-5 is a good step in float64.",
     ("h=1e-5", "h=1e-3")),
    ("SIGNED", "Without absolute values a gradient that is too small has a negative error and passes.",
     ("abs(a - n) /", "(a - n) /")),
    ("RELERR", "That is the absolute difference; small gradients then always look right. Divide by the larger of "
     "the two.",
     (" / max(abs(a), abs(n), 1e-4)", "")),
    ("FLOOR", "The floor of 1e-4 is missing, or another. Below it a difference of two losses is mostly rounding, and a right "
     "gradient of nearly 0 would look wrong.", (", 1e-4)", ", 1e-12)")),
    ("DRIFT", "Your nudges stay in the copy: the next entry is tried at another place. Put the number back, or take a "
     "fresh copy for each entry.",
     ("        errors = []\n", "        errors, start = [], params\n        params = {n: p.copy() for n, p in start.items()}\n"),
     ("up, down = p.copy(), p.copy()", "up, down = p.copy(), p"),),
    ("H", "h = 1e-5 goes up and down, so the distance is 2h: your slopes are twice too large.",
     ("/ (2 * h)", "/ h")),
]:  # fmt: skip
    gradcheck_sampled.mistake(_code, _why)(rewritten(gradcheck_sampled.reference, *_changes))


@exercise(
    minutes=20,
    difficulty=2,
    version=2,
    cases=sanity_cases,
    judge=judge_sanity,
    hints=[
        "Four questions, one code each. None of them needs a training step: ask the model for its loss, its "
        "gradients and its scores.",
        "Two columns of a dW that are equal and not 0 belong to two units that will stay equal. For the leak: "
        "change sample 1 in a *copy* of X, and look at the scores of sample 0.",
        "Two columns a and b are equal where norm(a − b) < 1e-6·norm(a); `a.any()` says that a is not 0. "
        "The hidden layers are all W but the last.",
    ],
)
def initial_sanity(model):
    """The codes of what is wrong with a network before its first step.

    "INITLOSS": the loss is more than 0.5 away from log C.
    "NOGRAD": some parameter has the gradient 0 everywhere.
    "SYMMETRY": in some W but the last, two columns of its gradient are
    equal and not 0.
    "BATCHLEAK": the scores of a sample change when another sample changes.
    model has params (W1, b1, W2, …), X, t, scores(X), loss(X, t), and
    gradients(X, t) with the keys of params.
    """
    found = set()
    C = model.scores(model.X).shape[1]
    if abs(model.loss(model.X, model.t) - np.log(C)) > 0.5:
        found.add("INITLOSS")
    grads = model.gradients(model.X, model.t)
    if any(not g.any() for g in grads.values()):
        found.add("NOGRAD")
    weights = sorted(name for name in grads if name.startswith("W"))
    for name in weights[:-1]:
        columns = [c for c in grads[name].T if c.any()]
        pairs = ((a, b) for i, a in enumerate(columns) for b in columns[:i])
        if any(np.linalg.norm(a - b) < 1e-6 * np.linalg.norm(a) for a, b in pairs):
            found.add("SYMMETRY")
    other = model.X.copy()
    other[1] += 1.0
    if not np.allclose(model.scores(other)[0], model.scores(model.X)[0]):
        found.add("BATCHLEAK")
    return found


for _code, _why, *_changes in [
    ("LOG10", "log C is the natural logarithm: log 10 = 2.303. np.log10 gives 1.", ("np.log(C)", "np.log10(C)")),
    ("BATCHSIZE", "You compare with log N, the batch. A guess among C *classes* costs log C.",
     (".shape[1]", ".shape[0]")),
    ("ONESIDED", "You look at one side. A loss can be too large, and too small: away from log C is `abs(loss − log C)`. "
     "Or is your C `t.max() + 1`? C counts the scores; t need not hold every class.",
     ("abs(model.loss(model.X, model.t) - np.log(C)) > 0.5", "model.loss(model.X, model.t) - np.log(C) > 0.5")),
    ("ALLZERO", "You report NOGRAD only if *every* gradient is 0. One frozen layer is enough.",
     ("any(not g.any() for g", "all(not g.any() for g")),
    ("ZEROENTRY", "You report NOGRAD where a single entry is 0. Dead ReLUs do that in a healthy network; look for "
     "gradients that are 0 *everywhere*.",
     ("not g.any() for g", "not g.all() for g")),
    ("ROWS", "You compare the rows of dW. A unit of this layer is a *column* of W: all its incoming weights.",
     ("grads[name].T if", "grads[name] if")),
    ("WEIGHTSNOTGRADS", "You compare the weights. Units that differ now can still get equal gradients, and units with "
     "equal weights may part: the gradient decides.",
     ("grads[name].T if", "model.params[name].T if")),
    ("SAMESAMPLE", "You change sample 0 and look at sample 0: of course its scores change. Change *another* sample.",
     ("other[1] += 1.0", "other[0] += 1.0")),
    ("NEIGHBORS", "You compare a unit with the next one, or with the first. Twins may stand anywhere: compare all pairs.",
     ("for b in columns[:i])", "for b in columns[max(i - 1, 0):i])")),
    ("LASTLAYER", "You look at the last W, too. Its columns are classes; two without a sample get equal gradients, and part "
     "as soon as one has some.", ("weights[:-1]", "weights")),
    ("EQUALZEROS", EQUALZEROS,
     ("for c in grads[name].T if c.any()]", "for c in grads[name].T]"), ("norm(a - b) < 1e-6", "norm(a - b) <= 1e-6")),
    ("INPLACE", TOUCHED, ("other = model.X.copy()", "other = model.X")),
    ("NOLEAK", "You do not see that samples mix. Change *one* sample, by 1 and not by a thousandth (np.allclose forgives that, "
     "and a mean does not see an order), and look at another one's scores.",
     ("other[1] += 1.0", "other[1] += 0.0")),
]:  # fmt: skip
    initial_sanity.mistake(_code, _why)(rewritten(initial_sanity.reference, *_changes))
