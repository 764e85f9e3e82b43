"""Do two results mean the same? Generous about form, strict about numbers.

`agree(expected, got)` accepts a list for a tuple, an array for a float, a NumPy or PyTorch scalar,
a dict with more keys or in another order, and says in one sentence what is different otherwise.
`numbers(result)` lists the numbers in a result with the place of each. Nothing here knows of
exercises.
"""

from __future__ import annotations

import cmath
import math
import numbers as abstract
import sys
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

TOLERANCE = 1e-10  # relative; float64 rounding of a short computation stays near 1e-15
_PLAIN_REPR = (int, complex, str, bytes, range, slice, type(None), type(...))
_DEPTH = 6  # nested containers that are shown
NOISE = 1e-2  # times the tolerance: how far a result may be from an expected zero


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome of a comparison: true when the two agree.

    `message` is the sentence about the first difference; `number_only` says that two numbers
    differ there and nothing else; `error` is the largest relative error that was seen.
    """

    message: str | None = None
    error: float = 0.0
    number_only: bool = False

    def __bool__(self) -> bool:
        return self.message is None


def agree(
    expected: object, got: object, tolerance: float = TOLERANCE, place: str = ""
) -> Agreement:
    """Compare a result with the expected one.

    Parameters
    ----------
    expected, got : number, text, sequence, mapping, array, tensor, or nested ones
    tolerance : float
        Largest relative difference between two numbers.
    place : str
        Where in a larger result the two stand, as in "entry 2"; named in the message.

    Returns
    -------
    Agreement
        True if they agree; otherwise its `message` says how they differ.

    Examples
    --------
    >>> bool(agree((1.0, 2.0), [1, 2]))
    True
    >>> agree({"dx": 3.0}, {"dx": True}).message
    'For `dx` a number is expected, but you give True, which is a bool.'
    """
    expected, got = _plain(expected), _plain(got)
    if _is_array(expected) or (_is_array(got) and _is_sequence(expected)):
        return _agree_array(expected, got, tolerance, place)
    if isinstance(expected, Mapping):
        return _agree_mapping(expected, got, tolerance, place)
    if _is_sequence(expected):
        return _agree_sequence(expected, got, tolerance, place)
    if _is_number(expected):
        return _agree_number(expected, got, tolerance, place)
    return _agree_rest(expected, got, place)


def numbers(result: object) -> Iterator[tuple[tuple, float | complex]]:
    """Each number of a result with its place: `{"dx": (1.0, 2.0)}` has ("dx", 0) and ("dx", 1)."""
    result = _plain(result)
    if _is_number(result):
        yield (), result
    elif isinstance(result, Mapping):
        for key in sorted(result, key=repr):
            for place, number in numbers(result[key]):
                yield (key, *place), number
    elif _is_array(result):
        if result.dtype.kind in "iufc":
            for index, number in enumerate(result.ravel().tolist()):
                yield (index,), number
    elif _is_sequence(result):
        for index, item in enumerate(result):
            for place, number in numbers(item):
                yield (index, *place), number


def show(value: object, width: int = 90) -> str:
    """A result as a learner would write it, on one short line, without addresses."""
    try:
        text = _show(value, width, _DEPTH)
    except Exception:  # a learner's own container may do anything
        text = _thing(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _show(value: object, width: int, depth: int) -> str:
    value = _plain(value)
    if _is_array(value) and value.size > 12:
        return f"array of shape {value.shape}"
    if _is_array(value):
        return f"array({_show(value.tolist(), width, depth)})"
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, int) and value.bit_length() > 300:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, _PLAIN_REPR):
        return repr(value)
    if not isinstance(value, Mapping | Sequence | AbstractSet):
        return _kind(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        few = islice(value.items(), width)
        pairs = (f"{_show(k, width, depth - 1)}: {_show(v, width, depth - 1)}" for k, v in few)
        return "{" + ", ".join(pairs) + "}"
    inside = [_show(item, width, depth - 1) for item in islice(value, width)]
    if isinstance(value, AbstractSet):
        return "{" + ", ".join(sorted(inside)) + "}" if inside else "an empty set"
    if isinstance(value, tuple):
        return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})"
    return f"[{', '.join(inside)}]"


def _short(x: float) -> str:
    """Exact where that is short, else ten digits, so that rounding noise is not shown."""
    return repr(x) if len(repr(x)) <= 10 else repr(float(f"{x:.10g}"))


def _agree_number(expected, got, tolerance: float, place: str) -> Agreement:
    if _is_array(got) and got.size == 1 and got.dtype.kind in "iufc":
        got = got.item()
    if not _is_number(got):
        return Agreement(_wrong_kind("a number", got, place))
    if isinstance(got, complex) and not isinstance(expected, complex) and got.imag:
        return Agreement(_wrong_kind("a real number", got, place))
    if _is_nan(expected) or _is_nan(got):
        if _is_nan(expected) and _is_nan(got):
            return Agreement()
        return Agreement(_at(place, f"{show(expected)} is expected, but you give {_special(got)}."))
    if expected == got:
        return Agreement()
    try:
        got = type(expected)(got) if isinstance(got, int) else got
    except OverflowError:
        got = math.inf
    if _is_infinite(expected) or _is_infinite(got):
        return Agreement(_at(place, f"{show(expected)} is expected, but you give {_special(got)}."))
    distance, size = abs(expected - got), max(abs(expected), abs(got))
    if distance > tolerance * max(size, NOISE):
        message = _at(place, f"{show(expected)} is expected, but you give {show(got)}.")
        return Agreement(message, number_only=True)
    return Agreement(error=distance / max(size, 1.0))


def _agree_sequence(expected: Sequence, got, tolerance: float, place: str) -> Agreement:
    what = "a tuple" if isinstance(expected, tuple) else "a list"
    if not _is_sequence(got):
        return Agreement(_wrong_kind(f"{what} of {len(expected)}", got, place))
    if len(got) != len(expected):
        wanted = f"{what} of {len(expected)} is expected, but yours has {len(got)}: {show(got)}."
        return Agreement(_at(place, wanted))
    pairs = ((e, g, f"entry {i}") for i, (e, g) in enumerate(zip(expected, got, strict=True)))
    return _all(pairs, tolerance, place)


def _agree_mapping(expected: Mapping, got, tolerance: float, place: str) -> Agreement:
    if not isinstance(got, Mapping):
        return Agreement(_wrong_kind(f"a dict with {_names(expected)}", got, place))
    missing = [key for key in expected if key not in got]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        return Agreement(_at(place, f"{_names(missing)} {are} missing; you give {_names(got)}."))
    return _all(((expected[k], got[k], f"`{k}`") for k in expected), tolerance, place)


def _agree_array(expected, got, tolerance: float, place: str) -> Agreement:
    import numpy as np

    if not (_is_array(got) or _is_sequence(got) or _is_number(got)):
        return Agreement(_wrong_kind(f"an array of shape {np.shape(expected)}", got, place))
    try:
        e, g = np.asarray(expected), np.asarray(got)
    except (TypeError, ValueError):
        if _is_sequence(expected):  # of arrays of several shapes
            return _agree_sequence(expected, got, tolerance, place)
        return Agreement(_wrong_kind(f"an array of shape {np.shape(expected)}", got, place))
    if e.shape != g.shape and not (e.size == g.size == 1):
        return Agreement(_at(place, f"shape {e.shape} is expected, but yours is {g.shape}."))
    g = g.reshape(e.shape)
    if e.dtype.kind not in "iufc":
        same = e.dtype.kind == g.dtype.kind and bool((e == g).all())
        return Agreement(None if same else _at(place, f"{show(e)} is expected, not {show(g)}."))
    if g.dtype.kind not in "iufc":
        return Agreement(_wrong_kind("an array of numbers", got, place))
    if e.dtype == g.dtype and (e == g).all():
        return Agreement()
    pairs = zip(e.ravel().tolist(), g.ravel().tolist(), np.ndindex(e.shape), strict=True)
    return _all(((a, b, f"entry {_index(i)}") for a, b, i in pairs), tolerance, place)


def _agree_rest(expected, got, place: str) -> Agreement:
    if isinstance(expected, bool):
        fits = isinstance(got, bool)
        what = "True or False"
    else:
        fits = isinstance(got, type(expected))
        what = "a text" if isinstance(expected, str) else show(expected)
    if not fits:
        return Agreement(_wrong_kind(what, got, place))
    if expected is got or type(expected).__eq__(expected, got) is True:
        return Agreement()
    return Agreement(_at(place, f"{show(expected)} is expected, but you give {show(got)}."))


def _all(pairs, tolerance: float, place: str) -> Agreement:
    worst = 0.0
    for expected, got, where in pairs:
        part = agree(expected, got, tolerance, f"{where} of {place}" if place else where)
        if not part:
            return part
        worst = max(worst, part.error)
    return Agreement(error=worst)


def _plain(value):
    """Tensors as arrays; 0-d arrays, NumPy scalars and all kinds of numbers as Python's own.

    What a subclass of a number or text says about itself does not count: its contents do.
    """
    torch, np = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
        np = sys.modules["numpy"]
    if np is not None and isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0:
        value = value.item()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool) or not isinstance(value, abstract.Number):
        return value
    for kind in (int, float, complex):
        if isinstance(value, kind):
            return kind.__pos__(value)
    try:
        return float(value)  # a Fraction, a Decimal
    except (ArithmeticError, TypeError, ValueError):
        return value


def _is_number(value) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _is_array(value) -> bool:
    np = sys.modules.get("numpy")
    return np is not None and isinstance(value, np.ndarray)


def _is_sequence(value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_nan(x) -> bool:
    return isinstance(x, float | complex) and cmath.isnan(x)


def _is_infinite(x) -> bool:
    return isinstance(x, float) and math.isinf(x)


def _special(x) -> str:
    if _is_nan(x):
        return "NaN (not a number: look for 0/0, ∞ − ∞ or the log of a negative number)"
    return f"{'minus ' if x < 0 else ''}infinity" if _is_infinite(x) else show(x)


def _wrong_kind(what: str, got, place: str) -> str:
    where = f"For {place} {what}" if place else f"{what[0].upper()}{what[1:]}"
    return f"{where} is expected, but you give {_kind(got)}."


def _kind(got) -> str:
    """What a value is, for a sentence: `None`, "the text '3'", "a function (not called?)"."""
    if got is None:
        return "None (is a `return` missing?)"
    if isinstance(got, bool):
        return f"{got}, which is a bool"
    if isinstance(got, str):
        return f"the text {show(got, 40)}"
    if isinstance(got, type):
        return f"the class `{got.__name__}` itself"
    if callable(got) and hasattr(got, "__name__"):
        return f"the function `{got.__name__}` itself (are its parentheses missing?)"
    if hasattr(got, "__next__"):
        return "a generator (`return` gives a result, `yield` does not)"
    if _is_number(got) or _is_sequence(got) or isinstance(got, Mapping | AbstractSet):
        return show(got)
    if _is_array(got):
        return show(got)
    inside = " (is its `.data` meant?)" if hasattr(got, "data") and hasattr(got, "grad") else ""
    return f"{_thing(got)}{inside}"


def _thing(value: object) -> str:
    """An object by its kind alone: "a Value object"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name} object"


def _names(keys) -> str:
    return ", ".join(f"`{key}`" for key in keys) or "nothing"


def _at(place: str, sentence: str) -> str:
    """The sentence with the place in front of it."""
    return f"For {place}, {sentence}" if place else sentence[0].upper() + sentence[1:]


def _index(index: tuple) -> str:
    return str(index[0]) if len(index) == 1 else str(index)
