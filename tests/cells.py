"""Code as a learner writes it: in a notebook cell, without a file of its own."""

from __future__ import annotations

import itertools
import linecache
import textwrap

_numbers = itertools.count(1)


def run_cell(source: str, **names) -> dict:
    """Run a cell and return the notebook's names; `names` are what earlier cells defined.

    As in IPython the source is kept in `linecache` under a name that no file has.
    """
    text = textwrap.dedent(source)
    file = f"<cell {next(_numbers)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {"__name__": "a_notebook", **names}
    exec(compile(text, file, "exec", dont_inherit=True), space)
    return space


def written(source: str, name: str, **names) -> object:
    """What a cell binds to a name."""
    return run_cell(source, **names)[name]
