"""Which line of an engine's source a fault points to.

Where a node keeps its backward rule as a function, it is the line of that function which writes the
parent's gradient. Where it keeps local derivatives, it is the line of the operation that made the
node, if that number is wrong, and the line of `backward` that pushes, if the number is right. For a
wrong order or seed it is the method `backward`. `without_comma` finds the operation that kept a
bare entry instead of a tuple, over which `backward` stumbles.
"""

from __future__ import annotations

import inspect
import linecache
import math
import re
from collections.abc import Iterator

from helpers.faults import Fault
from helpers.graph import Node
from helpers.measure import measured_local, op_name
from helpers.sandbox import codes, functions

METHODS = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "**": "__pow__",
    "neg": "__neg__",
}
_PARENTS = re.compile("parents|prev|children|operands|inputs")
_WRITES = r"\.\w+\s*[-+]?=[^=]"


def line_of_fault(engine: type, fault: Fault) -> tuple[int | None, str]:
    """The number of the line, counted from the top of the cell or file, and its text."""
    if fault.kind == "seeded again":
        return _line_of_method(engine, "backward", r"\.\w+ = 1(\.0*)?$")
    if fault.kind in ("order", "not seeded"):
        return _line_of_method(engine, "backward")
    mine = codes(engine)
    for rule in filter(inspect.isfunction, _attributes(fault.node.obj).values()):
        if rule.__code__ in mine:
            names = _names_of(fault.parent.obj, rule)
            return _line(rule.__code__, rf"\b({'|'.join(names) or '[a-z]+'}){_WRITES}")
    if fault.kind == "overwrote" or _keeps_right_number(fault.node, fault.parent):
        return _line_of_method(engine, "backward", rf"^(?!self\b).*\w{_WRITES}", _WRITES)
    op = op_name(fault.node)
    return _line_of_method(engine, METHODS.get(op, op), rf"\b{engine.__name__}\(")


def without_comma(engine: type, root: object) -> tuple[str, int | None, str] | None:
    """The first node that keeps one entry bare, `(e)`, where a tuple of one, `(e,)`, belongs.

    Returns
    -------
    (str, int or None, str), or None
        A sentence that names the operation and the attribute; the line that makes the node.
    """
    todo, seen = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        kept = _attributes(node)
        op = next((kept[key] for key in ("op", "_op") if isinstance(kept.get(key), str)), "")
        for name, value in kept.items():
            number = "local" in name and isinstance(value, (int, float))
            if number or (_PARENTS.search(name) and isinstance(value, engine)):
                what = "a number" if number else "a node"
                said = f"`{name}` of `{op}` is {what}; a tuple `(…,)` is needed, with its comma."
                method = "__pow__" if op.startswith("**") else METHODS.get(op, op)
                return said, *_line_of_method(engine, method, rf"\b{engine.__name__}\(")
            if isinstance(value, (tuple, list, set)):
                todo += [item for item in value if isinstance(item, engine)]
    return None


def _attributes(node: object) -> dict[str, object]:
    slots = [slot for cls in type(node).__mro__ for slot in getattr(cls, "__slots__", ())]
    return {**{slot: getattr(node, slot, None) for slot in slots}, **getattr(node, "__dict__", {})}


def _names_of(obj: object, function) -> list[str]:
    """Under which names a nested function knows an object."""
    held = inspect.getclosurevars(function).nonlocals
    return [name for name, value in held.items() if value is obj]


def _keeps_right_number(node: Node, parent: Node) -> bool:
    """True if the node keeps the right local derivative for this parent, as `local_grads` does."""
    slot = node.parents.index(parent)
    right = measured_local(node, slot)
    for kept in _attributes(node.obj).values():
        if isinstance(kept, (tuple, list)) and len(kept) == len(node.parents):
            item = kept[slot][-1] if isinstance(kept[slot], tuple) else kept[slot]
            if right and isinstance(item, (int, float)):
                return math.isclose(item, right[0], rel_tol=1e-9, abs_tol=1e-12)
    return False


def _line_of_method(engine: type, name: str, *wanted: str) -> tuple[int | None, str]:
    for function in functions(engine):
        if function.__name__ == name:
            return _line(function.__code__, *wanted)
    return None, ""


def _line(code, *wanted: str) -> tuple[int | None, str]:
    """The last line of a function that matches one of the patterns; else its first line."""
    first = code.co_firstlineno
    last = max((n for c in _inside(code) for *_, n in c.co_lines() if n), default=first)
    lines = {n: linecache.getline(code.co_filename, n).strip() for n in range(first, last + 1)}
    if not any(lines.values()):
        return None, ""
    for pattern in wanted:
        found = [n for n, text in lines.items() if re.search(pattern, text)]
        if found:
            return found[-1], lines[found[-1]]
    return first, lines[first]


def _inside(code) -> Iterator:
    yield code
    for const in code.co_consts:
        if inspect.iscode(const):
            yield from _inside(const)
