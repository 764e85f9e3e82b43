"""Week 4: what is wrong with a gradient, in the words of factors, layers and transposes.

`arrays` judges one array or a tuple of them, `layers` a dict with the gradients of a network. A
constant factor is called by the size that it equals (N, 1/N, N/C, 2, …), the transpose of a square
matrix by its name, and a wrong layer by the right ones around it.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Case, Mistake, Wrong
from helpers.graph import number
from helpers.weeks.week03_judge import constant_ratio, listed

EXACT = 1e-10  # relative; float64 rounding of these short sums stays near 1e-15
Judge = Callable[[Case, object, object], Wrong | str | None]
Sizes = Callable[[Case], Mapping[str, int]]


def arrays(*names: str, sizes: Sizes, known: Callable[[], Iterable[Mistake]]) -> Judge:
    """A judge of one array or a tuple of them; it also knows a mistake that is made here only.

    Parameters
    ----------
    *names : str
        What the parts of the result are called, as in "L", "dZ"; none for a single array.
    sizes : function
        From a case to the sizes in it, {"N": 4, "C": 3}.
    known : function
        The mistakes of the exercise.
    """

    def judge(case, expected, got):
        if len(names) > 1 and not (isinstance(got, tuple | list) and len(got) == len(names)):
            return f"Return `({', '.join(names)})`, a tuple; you give {show(got)}."
        same = _known_here(case, got, known()) if not agree(expected, got, EXACT) else None
        if same:
            return Wrong(same.explanation, same.code)
        if not names:
            return difference("Your result", expected, got, sizes(case))
        called = [f"`{name}`" for name in names]
        parts = zip(called, expected, got, strict=True)
        said = {name: difference(name, e, g, sizes(case)) for name, e, g in parts}
        first = next((wrong for wrong in said.values() if wrong), None)
        fine = [name for name, wrong in said.items() if not wrong]
        if first is None or not fine:
            return first
        return Wrong(
            f"{first.message} {' and '.join(fine)} {'is' if len(fine) == 1 else 'are'} right.",
            first.code,
        )

    return judge


def softmax_rows(*, known: Callable[[], Iterable[Mistake]]) -> Judge:
    """A judge of a gradient that has passed a softmax: it also looks at the sums of the rows."""
    plain = arrays(sizes=_rows_and_classes, known=known)

    def judge(case, expected, got):
        wrong = plain(case, expected, got)
        same_shape = np.shape(got) == np.shape(expected)
        if wrong is None or wrong.code or not same_shape or constant_ratio_of(expected, got):
            return wrong
        sums = np.asarray(got, dtype=float).sum(axis=1)
        if not np.isfinite(sums).all():
            return wrong
        if np.abs(sums).max() < EXACT:
            said = (
                "Its rows sum to 0, as they must. So look at the weights: the average that is "
                "subtracted is Σⱼ Gⱼpⱼ, and pᵢ stands in front."
            )
        else:
            n = int(np.abs(sums).argmax())
            said = (
                f"Row {n} sums to {number(sums[n])}, and must sum to 0: a constant added to all "
                "scores changes no probability. Is the sum over the *other* classes there?"
            )
        return Wrong(f"{wrong.message} {said}")

    return judge


def _rows_and_classes(case: Case) -> Mapping[str, int]:
    P, _ = case.args
    return {"N": P.shape[0], "C": P.shape[1]}


def layers(
    *names: str, inside: Callable[[Case], Mapping], clues: Mapping[str, str], sizes: Sizes
) -> Judge:
    """A judge of a dict with the loss and the gradients of a network.

    Parameters
    ----------
    *names : str
        The gradients that are asked for, in the order of the backward pass.
    inside : function
        From a case to the right values of gradients on the way, {"dZ2": …}, in their order. An
        answer may hold them, too; the first wrong one is then named.
    clues : dict
        From the names of the wrong gradients, "dW1 db1", to where to look.
    sizes : function
        As for `arrays`.
    """

    def judge(case, expected, got):
        plain = agree(expected, got, EXACT)
        if not isinstance(got, Mapping) or any(name not in got for name in expected):
            return plain.message
        known = sizes(case)
        for name, right in inside(case).items():
            wrong = difference(f"`{name}`", right, got[name], known) if name in got else None
            if wrong:
                return Wrong(f"Of the gradients on the way, {wrong.message}", wrong.code)
        said = {n: difference(f"`{n}`", expected[n], got[n], known) for n in (*names, "loss")}
        loss = said.pop("loss")
        wrong = {name: one for name, one in said.items() if one}
        if not wrong:
            return loss and Wrong(f"All gradients are right. {loss.message}", loss.code)
        where = clues.get(" ".join(wrong), "")
        what = _which(wrong, [name for name in names if name not in wrong])
        what = f"{what}: {where}" if where else f"{what}."
        how = _how(wrong, [constant_ratio_of(expected[name], got[name]) for name in wrong])
        forward = f" {loss.message} Mend that first: it is the forward pass." if loss else ""
        code = next(iter(wrong.values())).code
        return Wrong(f"{what} {how}{forward}", code)

    return judge


def difference(what: str, right, given, sizes: Mapping[str, int]) -> Wrong | None:
    """What is wrong with one array or number, called `what` in the sentence; None if nothing is."""
    plain = agree(right, given, EXACT)
    if plain:
        return None
    turned = np.ndim(right) == np.ndim(given) == 2 and agree(np.transpose(right), given, EXACT)
    if turned and np.shape(right) == np.shape(given):
        return Wrong(
            f"{what} is the transpose of the right one. Its matrix is square, so the shape cannot "
            "tell you; the numbers can.",
            "TRANSPOSE",
        )
    if turned:
        return Wrong(f"{what} is the transpose of the right one.", "TRANSPOSE")
    if not plain.number_only or not np.isfinite(np.asarray(given, dtype=float)).all():
        return Wrong(f"{what}: {plain.message}")
    ratio = constant_ratio_of(right, given)
    called = None if ratio is None else _called(ratio, sizes)
    if np.ndim(right) == 0:
        why = f" Yours is {number(ratio)} times that: {called[0]}" if called else ""
        return Wrong(f"{what} is {show(given)}; {show(right)} is right.{why}", called and called[1])
    if called:
        return Wrong(f"{what} is {number(ratio)} times the right one, everywhere: {called[0]}",
                     called[1])  # fmt: skip
    if ratio is not None and abs(ratio - 1) < 1e-4:
        return Wrong(
            f"{what} is right to a few digits only. A difference of two losses leaves that; derive it."
        )
    if ratio is not None:
        why = "look for a factor" if ratio else "nothing arrives there"
        return Wrong(f"{what} is {number(ratio)} times the right one, everywhere: {why}.")
    share = np.isclose(right, given, rtol=EXACT, atol=EXACT).mean()
    some = "no entry is right" if share == 0 else f"{share:.0%} of the entries are right"
    return Wrong(f"{what} has the right shape {np.shape(right)} and other numbers: {some}.")


def constant_ratio_of(right, given) -> float | None:
    """The number k with given = k · right everywhere; None where there is none."""
    right, given = np.asarray(right, dtype=float), np.asarray(given, dtype=float)
    if right.shape != given.shape:
        return None
    if right.ndim == 0:
        return float(given / right) if right else None
    ratio = constant_ratio(right, given)
    return 0.0 if ratio is not None and abs(ratio) < 1e-9 else ratio


def _called(ratio: float, sizes: Mapping[str, int]) -> tuple[str, str] | None:
    """What a constant factor most likely is, in words, and its CODE."""
    if abs(ratio + 1) < 1e-9:
        return "the sign is turned around.", "SIGN"
    large = {name: float(size) for name, size in sizes.items() if size > 2}
    named = {**large, **{f"1/{a}": 1 / x for a, x in large.items()}}
    named |= {f"{a}/{b}": x / y for a, x in large.items() for b, y in large.items() if x != y}
    named |= {f"{a}²": x**2 for a, x in large.items()}
    named |= {f"1/{a}²": 1 / x**2 for a, x in large.items()}
    for name, size in named.items():
        if abs(ratio - size) < 1e-9 * size:
            return f"that is {name}. Count how often you divide, and by what.", "MEANSUM"
    if abs(ratio - 2) < 1e-9 or abs(ratio - 0.5) < 1e-9:
        return "a factor 2 is lost or one too many.", "FACTOR2"
    return None


def _which(wrong: Mapping[str, Wrong], right: list[str]) -> str:
    """The wrong and the right gradients: "`dW1` and `db1` are wrong, `dW2` is right"."""
    if not right:
        return "All gradients are wrong"
    are = "is" if len(wrong) == 1 else "are"
    also = "is" if len(right) == 1 else "are"
    return f"{listed(wrong)} {are} wrong, {listed(right)} {also} right"


def _how(wrong: Mapping[str, Wrong], ratios: list[float | None]) -> str:
    """How they are wrong; one sentence where all have the same factor."""
    first = next(iter(wrong.values())).message
    same = (
        ratios[0] is not None
        and abs(ratios[0] - 1) > 1e-4
        and all(r is not None and np.isclose(r, ratios[0]) for r in ratios)
    )
    if same and len(wrong) > 1:
        return f"They are all off by one factor. {first}"
    return first


def _known_here(case: Case, got, mistakes: Iterable[Mistake]) -> Mistake | None:
    """The known mistake that gives this very result in this one case."""
    for mistake in mistakes:
        with contextlib.suppress(Exception):  # a mistake may fail here, and is then not the one
            if agree(mistake.attempt(*copy.deepcopy(case.args)), got, EXACT):
                return mistake
    return None


def trained(case: Case, expected, got) -> Wrong | str | None:
    """A judge of `(params, losses)` after some steps of descent; a last loss more is welcome."""
    if not (isinstance(got, tuple | list) and len(got) == 2 and isinstance(got[0], Mapping)):
        return f"Return `(params, losses)`, a dict and a list; you give {show(got)}."
    _, start, *_, steps = case.args
    params, losses = expected
    for name, right in params.items():
        off = agree(right, got[0].get(name), EXACT)
        if off:
            continue
        moved = constant_ratio_of(right - start[name], np.asarray(got[0][name]) - start[name])
        why = "" if moved is None else f" It has moved {number(moved)} times as far as it should."
        return f"`params[{name!r}]` after {_steps(steps)}: {off.message}{why}"
    if np.ndim(got[1]) != 1 or len(got[1]) not in (steps, steps + 1):
        return f"The parameters are right. `losses` holds one loss for each step: {steps}."
    off = agree(losses, list(got[1])[:steps], EXACT)
    return None if off else f"The parameters are right. In `losses`: {off.message}"


def _steps(n: int) -> str:
    return f"{n} step{'s' * (n > 1)}"
