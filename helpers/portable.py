"""The source of an attempt as it can be kept: with everything that it uses from its notebook.

A function or class written in a cell leans on that notebook's imports, constants and helpers.
`portable_source` gathers them, so that the text alone defines the attempt again in a later session,
and `revive` does that.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import symtable
import sys
import types
from collections.abc import Iterator

from helpers.attempt import decorators_of, source_of
from helpers.sandbox import Outcome, call, functions

_LONGEST = 10_000  # characters of a constant


def portable_source(obj: object, name: str) -> str | None:
    """The source that defines an attempt under a name: imports, constants, helpers, itself.

    Returns None where the source is not known.
    """
    space = _space_of(obj, {})
    own = _defining(obj, name, space)
    if own is None:
        return None
    parts = {name: "", obj.__name__: ""}
    _collect(own, space, parts)
    texts = [text for text in parts.values() if text]
    imports = [text for text in texts if text.startswith(("import ", "from "))]
    return "\n".join([*imports, *(text for text in texts if text not in imports), own])


def revive(source: str, name: str, file: str) -> tuple[object, Outcome]:
    """Run a kept source; what it defines under a name (or None), and what happened."""
    lines = source.splitlines(keepends=True)
    linecache.cache[file] = (len(source), None, lines, file)
    space = {"__name__": "__main__"}
    outcome = call(lambda: exec(compile(source, file, "exec"), space))
    return space.get(name), outcome


def _defining(obj: object, name: str, space: dict) -> str | None:
    """Source that binds a name to this object; its decorators without those that are exercises."""
    source = source_of(obj)
    if source is None:
        return None
    if obj.__name__ == "<lambda>":
        return f"{name} = {source}"
    kept = [d for d in decorators_of(obj) if not _is_ours(d, space)]
    renamed = "" if obj.__name__ == name else f"\n\n{name} = {obj.__name__}\n"
    return "".join(f"@{ast.unparse(d)}\n" for d in kept) + source + renamed


def _collect(source: str, space: dict, parts: dict[str, str]) -> None:
    """Add the definitions of the global names that a source uses to `parts`, each after its own."""
    for name in sorted(_free_names(source)):
        if name in parts or name not in space:
            continue
        value = space[name]
        text = _imported(name, value) or _constant(name, value)
        if text is None:
            home = _space_of(value, space)
            text = _defining(value, name, home) if _is_code(value) else _table(name, value)
            if text:
                parts[name] = ""  # keeps two functions that call each other from going round
                _collect(text, home, parts)
                del parts[name]
        if text:
            parts[name] = text


def _free_names(source: str) -> set[str]:
    """The names that a source takes from its surroundings."""
    top = symtable.symtable(source, "?", "exec")
    found, todo = set(), [top]
    while todo:
        table = todo.pop()
        todo += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() or (table is top and symbol.is_referenced()):
                found.add(symbol.get_name())
    return found


def _imported(name: str, value: object) -> str | None:
    if inspect.ismodule(value):
        return f"import {value.__name__} as {name}"
    own = getattr(value, "__name__", None)
    for home in (getattr(value, "__module__", None), type(value).__module__):
        module = sys.modules.get(home) if home != "__main__" else None
        if module and own and getattr(module, own, None) is value:
            return f"from {home} import {own} as {name}"
    return None


def _constant(name: str, value: object) -> str | None:
    """A line that defines a number, a text, or a collection of these."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'{name} = float("{value}")'
    text = repr(value) if type(value).__module__ == "builtins" else ""
    try:
        same = len(text) <= _LONGEST and ast.literal_eval(text) == value
    except (SyntaxError, TypeError, ValueError):
        return None
    return f"{name} = {text}" if same else None


def _table(name: str, value: object) -> str | None:
    """The assignment that made a collection with functions in it, such as a table of VJPs."""
    for function in _held(value):
        lines = linecache.getlines(function.__code__.co_filename)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:  # a cell with a line for the shell
            continue
        for node in reversed(tree.body):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(target, ast.Name) and target.id == name:
                return "".join(lines[node.lineno - 1 : node.end_lineno])
    return None


def _is_code(value: object) -> bool:
    return isinstance(value, type) or bool(functions(value))


def _held(value: object) -> Iterator[types.FunctionType]:
    """The functions in a collection, at any depth; those of a function or class itself."""
    if isinstance(value, (list, tuple, set, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _held(item)
    else:
        yield from functions(value)


def _space_of(obj: object, otherwise: dict) -> dict:
    """The global names of the notebook or module in which an object was written."""
    return next((function.__globals__ for function in _held(obj)), otherwise)


def _is_ours(decorator: ast.expr, space: dict) -> bool:
    """True for the decorator of an exercise: `@ex.Value`, or `@exercise(…)` above a reference."""
    meant = _resolved(decorator, space)
    return (getattr(meant, "__module__", None) or "").startswith("helpers.")


def _resolved(decorator: ast.expr, space: dict) -> object:
    if isinstance(decorator, ast.Name):
        return space.get(decorator.id)
    if isinstance(decorator, ast.Attribute):
        return getattr(_resolved(decorator.value, space), decorator.attr, None)
    return _resolved(decorator.func, space) if isinstance(decorator, ast.Call) else None
