"""A known mistake as one wrong line: the reference solution with a piece of its source exchanged."""

from __future__ import annotations

import sys

from helpers.attempt import source_of


def rewritten(reference: object, *changes: tuple[str, str]) -> object:
    """The function or class that results when pieces of the reference's source are exchanged.

    Parameters
    ----------
    reference : function or class
        Its source must be in a file.
    *changes : (old, new)
        Each `old` must stand in the source; all its occurrences are exchanged.

    Raises
    ------
    ValueError
        If an `old` is not there: the reference has changed and the mistake has not.
    """
    source = source_of(reference)
    for old, new in changes:
        if old not in source:
            raise ValueError(f"{reference.__name__} has no {old!r} to exchange.")
        source = source.replace(old, new)
    space = dict(vars(sys.modules[reference.__module__]))
    exec(compile(source, f"<{reference.__name__} with a mistake>", "exec"), space)
    return space[reference.__name__]
