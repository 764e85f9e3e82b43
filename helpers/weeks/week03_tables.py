"""Week 3: does a function build a table on its way? It is run on arrays that keep a record.

An exercise asks for vᵀJ without J. The number alone cannot tell, so the arguments of one case are
arrays of a kind of their own: whatever NumPy makes of them, or combines with them, is noted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Arguments, Wrong
from helpers.sandbox import Outcome, call


def arrays_met(f: Callable, *args: np.ndarray) -> list[np.ndarray]:
    """All arrays that f combines its arguments with, or makes of them.

    Returns
    -------
    list of ndarray
        Inputs and results of NumPy's functions and operators, as far as they come from an argument.
        What f raises is ignored: then the list holds what came before.
    """
    met: list[np.ndarray] = []

    def note(*things) -> None:
        met.extend(np.array(t) for t in things if isinstance(t, np.ndarray))

    class Noting(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **rest):
            inputs = [_plain(i) for i in inputs]
            rest = {name: _plain(thing) for name, thing in rest.items()}
            result = getattr(ufunc, method)(*inputs, **rest)
            note(*inputs, result)
            return result.view(Noting) if isinstance(result, np.ndarray) else result

        def __array_function__(self, function, types, args, kwargs):
            result = super().__array_function__(function, types, args, kwargs)
            note(*args, result)
            return result

    def _plain(thing):
        if isinstance(thing, tuple):
            return tuple(map(_plain, thing))
        return thing.view(np.ndarray) if isinstance(thing, Noting) else thing

    call(f, *(np.array(a).view(Noting) for a in args), own=f)
    return met


@dataclass(frozen=True)
class WithoutTable(Arguments):
    """Arguments of a function that must not build a certain table.

    Attributes
    ----------
    table : function
        From the arguments to the table.
    right : function
        The right function: a wrong result is judged as such, and not for its table.
    said : Wrong
        The verdict where the table, or its transpose, is met on the way to the right result.
    """

    table: Callable = None
    right: Callable = None
    said: Wrong = None

    def outcome(self, attempt: object, limit: float) -> Outcome:
        outcome = super().outcome(attempt, limit)
        if outcome.problem or not agree(self.right(*self.args), outcome.value):
            return outcome
        table = self.table(*self.args)
        met = arrays_met(attempt, *self.args)
        built = any(agree(table, array) or agree(table.T, array) for array in met)
        return Outcome(self.said) if built else outcome
