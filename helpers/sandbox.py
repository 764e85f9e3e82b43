"""Run someone else's code so that whatever it does becomes a sentence.

`call(function, *args)` returns an `Outcome`: a value, or a `Problem` that says what happened and on
which line of the learner's own code. A time limit ends endless loops; warnings stay off stderr;
printing is left alone. Only a learner's own interrupt (the stop button) passes through. How the
time limit works stands in `helpers.timelimit`.
"""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
import textwrap
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from helpers.timelimit import Hung, limited

TIME_LIMIT = 10.0  # seconds
ADVICE = {
    "NameError": "Is it spelled as where it is defined, or is an import missing?",
    "UnboundLocalError": "Give it a value first: a name assigned in a function is its own there.",
    "TypeError": "Print the types of what stands on that line.",
    "AttributeError": "Print the object: is it what you think it is?",
    "KeyError": "Print the keys: that one is not among them.",
    "IndexError": "Print the length: places are counted from 0.",
    "ZeroDivisionError": "Which input makes the divisor zero?",
    "OverflowError": "A number has become too large for a float.",
    "NotImplementedError": "This part is still to be written.",
}
_ADVICE_BY_TEXT = {
    "NoneType": "Something there is None: is a `return` missing?",
    "unhashable": "A set or dict needs objects that can be hashed. A class with an `__eq__` of its "
    "own cannot, unless it has a `__hash__`, too; `@dataclass(eq=False)` keeps both as they were.",
}
_WRAPPERS = ("__func__", "fget", "func")  # of methods, properties, cached properties


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a call gave no value.

    Attributes
    ----------
    kind : str
        "raised", "hung", "too deep" or "exited".
    error : str
        Name of the exception's type.
    message : str
        A sentence for the learner, with the line where it happened.
    detail : str
        The exception's own text.
    line, line_text : int or None, str
        The learner's line, counted from the top of the cell or file.
    """

    kind: str
    error: str
    message: str
    detail: str = ""
    line: int | None = None
    line_text: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave: `value`, unless there is a `problem`."""

    value: object = None
    problem: Problem | None = None


def call(
    function: Callable, *args, limit: float | None = None, own: object = None, **named
) -> Outcome:
    """Call `function(*args, **named)` and turn everything that can happen into an Outcome.

    Parameters
    ----------
    limit : float, optional
        Seconds until the call is ended; by default `TIME_LIMIT`.
    own : function or class, optional
        The learner's object: a problem points to the last line that belongs to it, and code that
        uses its own name finds it, although a decorator runs before the name is bound.

    Examples
    --------
    >>> call(lambda x: 1 / x, 4.0).value
    0.25
    >>> call(lambda x: 1 / x, 0).problem.error
    'ZeroDivisionError'
    """
    limit = TIME_LIMIT if limit is None else limit
    own = function if own is None else own
    depth = sys.getrecursionlimit()
    try:
        with _bound(own), _quiet():
            return Outcome(limited(lambda: function(*args, **named), limit))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        line, text = _own_line(error, own)
        return Outcome(problem=_problem(error, line, text))
    finally:
        sys.setrecursionlimit(depth)  # raised for good, it lets a later recursion crash Python


def codes(own: object) -> set[types.CodeType]:
    """The code objects of a function or class, with all functions inside."""
    found: set[types.CodeType] = set()
    stack = [function.__code__ for function in functions(own)]
    while stack:
        code = stack.pop()
        if code not in found:
            found.add(code)
            stack += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return found


def functions(own: object) -> list[types.FunctionType]:
    """The function itself, or those that a class defines as methods and properties."""
    members = own.__dict__.values() if isinstance(own, type) else [own]
    found = []
    for member in members:
        for part in (member, *(getattr(member, name, None) for name in _WRAPPERS)):
            part = getattr(part, "__wrapped__", part)
            if isinstance(part, types.FunctionType):
                found.append(part)
    return found


def _problem(error: BaseException, line: int | None, text: str) -> Problem:
    name, detail = type(error).__name__, _text_of(error)
    where = f" in line {line}: `{text}`" if line else ""
    if isinstance(error, Hung):
        kind, name = "hung", "TimeoutError"
        spent = f"in line {line}: `{text}`" if line else "when it was stopped"
        message = (
            f"Your code was still running after {TIME_LIMIT:g} s, {spent}. "
            "Look for a loop that never ends, or for work that doubles with every step."
        )
    elif isinstance(error, RecursionError):
        kind = "too deep"
        message = (
            f"Your code calls itself too deep{where}. Python stops at about "
            f"{sys.getrecursionlimit()} nested calls: is a stopping case missing? "
            "If not, a loop with a list of its own goes as deep as it likes."
        )
    elif isinstance(error, SystemExit):
        kind, message = "exited", f"Your code ends the whole program{where}. Return instead."
    else:
        kind = "raised"
        said = f"{name}: {detail}" if detail else name
        message = f"Your code raises an error{where}" if line else "The check cannot use your code"
        advice = _advice(name, detail) if line else "Print what it gives, or its signature."
        message = f"{message}. Python says {said.rstrip('.')}. {advice}".strip()
    return Problem(kind, name, message, detail, line, text)


def _advice(name: str, detail: str) -> str:
    telling = (advice for word, advice in _ADVICE_BY_TEXT.items() if word in detail)
    return next(telling, ADVICE.get(name, ""))


def _text_of(error: BaseException) -> str:
    """An exception's own text, without addresses; nothing where it cannot even be printed."""
    try:
        text = re.sub(r" at 0x[0-9A-Fa-f]+", "", str(error))
        return textwrap.shorten(text, 200, placeholder=" …")
    except Exception:
        return ""


def _own_line(error: BaseException, own: object) -> tuple[int | None, str]:
    """The last line of the traceback that the learner wrote, and its text; of a recursion the call.

    In a notebook that is any line of the same cell; elsewhere a line of the object itself. A line
    of a class below speaks only where none of these does.
    """
    below = own.__mro__[1:-1] if isinstance(own, type) else []
    mine, theirs = codes(own), set().union(*map(codes, below))
    module = sys.modules.get(getattr(own, "__module__", None) or "")
    in_cell = getattr(module, "__file__", None) is None
    files = {code.co_filename for code in mine} if in_cell else set()
    found, further = [], []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        number = trace.tb_lineno or 0
        if text := linecache.getline(code.co_filename, number).strip():
            if code in mine or code.co_filename in files:
                found.append((number, text))
            elif code in theirs:
                further.append((number, text))
        trace = trace.tb_next
    found = found or further
    if isinstance(error, RecursionError) and found:  # the call, not where the last of them ended
        return Counter(found).most_common(1)[0][0]
    return found[-1] if found else (None, "")


@contextlib.contextmanager
def _bound(own: object) -> Iterator[None]:
    """Bind an object to its own name where its code looks for it, for as long as it is tried."""
    spaces = [function.__globals__ for function in functions(own)[:1]]
    name = getattr(own, "__name__", "")
    for space in spaces:
        before = space.get(name, _bound)
        space[name] = own
    try:
        yield
    finally:
        for space in spaces:
            if before is _bound:
                space.pop(name, None)
            else:
                space[name] = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No warnings, neither Python's nor NumPy's: a NaN is reported as a result, not on stderr."""
    numpy = sys.modules.get("numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with numpy.errstate(all="ignore") if numpy else contextlib.nullcontext():
            yield
