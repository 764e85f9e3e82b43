"""Read the code of an attempt: its source, and which parts are still open.

A part is open while a bare `...` stands in it as a statement or as a value; `X[..., 0]` and the
like are ordinary Python. The source of a class written in a notebook cell is found through its
methods, because Python itself looks only into files.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import re
import sys
import textwrap

from helpers.sandbox import codes, functions

METHODS = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "**": "__pow__",
    "neg": "__neg__",
}


def source_of(obj: object) -> str | None:
    """The source of a function or class without its decorators, or None where it is not kept."""
    tree, lines = _definition(obj)
    if tree is None:
        return None
    return textwrap.dedent("".join(lines[tree.lineno - 1 : tree.end_lineno])).rstrip() + "\n"


def open_parts(obj: object) -> list[str]:
    """What is not attempted yet: names of methods, or the function's own name; [] when done."""
    tree, _ = _definition(obj)
    if isinstance(tree, ast.ClassDef):
        defs = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        found = [node.name for node in defs if any(map(_is_open, node.body))]
        loose = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
        empty = not defs and all(_is_empty(node) or _is_open(node) for node in loose)
        return [tree.name] if empty else found
    if tree is not None:
        done = not any(map(_is_open, tree.body)) and not all(map(_is_empty, tree.body))
        return [] if done else [tree.name]
    return _open_by_bytecode(obj)


def open_line(obj: object) -> tuple[int | None, str]:
    """Line and text of the first `...` that is still open."""
    tree, lines = _definition(obj)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and _is_open(node):
            return node.lineno, lines[node.lineno - 1].strip()
    return None, ""


def line_of_fault(engine: type, fault: object) -> tuple[int | None, str]:
    """The line of an engine's source that a `helpers.faults.Fault` points to, and its text.

    Where the node keeps its backward rule as a function inside the operation, it is the line of
    that function which writes the parent's gradient; where it keeps local derivatives, the line
    of the operation that makes the node; for a wrong order or seed the method `backward`.
    """
    if fault.kind in ("order", "not seeded"):
        return _line_of_method(engine, "backward", r"def ")
    mine = codes(engine)
    for rule in _functions_kept_by(fault.node.obj):
        if rule.__code__ in mine:
            names = _names_of(fault.parent.obj, rule) if fault.parent else []
            first = rule.__code__.co_firstlineno
            last = max((n for *_, n in rule.__code__.co_lines() if n), default=first)
            wanted = rf"\b({'|'.join(names) or '[a-z]+'})\.\w+\s*[-+]?=[^=]"
            return _first_match(rule.__code__.co_filename, first, last, wanted)
    method = METHODS.get(fault.op.rstrip("0123456789.-"), fault.op)
    return _line_of_method(engine, method, rf"\b{engine.__name__}\(")


def _functions_kept_by(node: object) -> list:
    """The functions among the attributes of an engine's node."""
    slots = [slot for cls in type(node).__mro__ for slot in getattr(cls, "__slots__", ())]
    kept = [*getattr(node, "__dict__", {}).values(), *(getattr(node, s, None) for s in slots)]
    return [value for value in kept if inspect.isfunction(value)]


def _names_of(obj: object, function) -> list[str]:
    """Under which names a nested function knows an object."""
    names = function.__code__.co_freevars
    cells = function.__closure__ or ()
    return [name for name, cell in zip(names, cells, strict=True) if cell.cell_contents is obj]


def _line_of_method(engine: type, name: str, wanted: str) -> tuple[int | None, str]:
    for function in functions(engine):
        if function.__name__ == name:
            code = function.__code__
            last = max((n for *_, n in code.co_lines() if n), default=code.co_firstlineno)
            return _first_match(code.co_filename, code.co_firstlineno, last, wanted)
    return None, ""


def _first_match(file: str, first: int, last: int, wanted: str) -> tuple[int | None, str]:
    """The first line in a range that holds a pattern, or the first of the range."""
    lines = {number: linecache.getline(file, number).strip() for number in range(first, last + 1)}
    if not any(lines.values()):
        return None, ""
    hits = [number for number, text in lines.items() if re.search(wanted, text)]
    return (hits or [first])[0], lines[(hits or [first])[0]]


def _definition(obj: object) -> tuple[ast.FunctionDef | ast.ClassDef | None, list[str]]:
    """The syntax tree of a `def` or `class`, with the lines of the cell or file it stands in."""
    name = getattr(obj, "__name__", None)
    kind = ast.ClassDef if isinstance(obj, type) else ast.FunctionDef
    for code in sorted(codes(obj), key=lambda code: code.co_firstlineno):
        lines = linecache.getlines(code.co_filename)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:
            continue
        around = [
            node
            for node in ast.walk(tree)
            if isinstance(node, kind)
            and node.name == name
            and _first_line(node) <= code.co_firstlineno <= node.end_lineno
        ]
        if around:
            return max(around, key=lambda node: node.lineno), lines
    return None, []


def _first_line(node: ast.FunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _is_empty(node: ast.stmt) -> bool:
    """A docstring or `pass`: says nothing."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass)


def _is_open(node: ast.AST) -> bool:
    """True if a `...` stands for something that is still to be written."""
    if isinstance(node, ast.Constant):
        return node.value is ...
    if isinstance(node, ast.Subscript):
        return _is_open(node.value)
    if isinstance(node, ast.Compare | ast.arguments):
        return False
    if isinstance(node, ast.AnnAssign):
        return node.value is not None and _is_open(node.value)
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        body = node.body if isinstance(node.body, list) else [node.body]
        return any(map(_is_open, body))
    if isinstance(node, ast.Tuple | ast.List) and node.elts:
        return all(map(_is_open, node.elts))  # (..., 0) is an index, (..., ...) is not
    return any(map(_is_open, ast.iter_child_nodes(node)))


def _open_by_bytecode(obj: object) -> list[str]:
    """Without source: the functions whose body does nothing but give None or `...`."""
    members = vars(obj).items() if isinstance(obj, type) else [(None, obj)]
    found, bodies = [], 0
    for name, member in members:
        code = getattr(member, "__code__", None)
        if code is None:
            continue
        bodies += 1
        loads = [i for i in dis.get_instructions(code) if i.opname not in ("RESUME", "NOP")]
        consts = ("LOAD_CONST", "RETURN_CONST")
        idle = all(i.opname in (*consts, "RETURN_VALUE") for i in loads)
        if idle and all(i.argval in (None, ...) for i in loads if i.opname in consts):
            found.append(name or code.co_name)
    if isinstance(obj, type) and not bodies:
        return [obj.__name__]
    return found


def portable_source(obj: object) -> str | None:
    """The source of an attempt with what it needs from its notebook: imports, helpers, constants.

    Returns None where the source is not known.
    """
    source = source_of(obj)
    if source is None:
        return None
    parts: dict[str, str] = {}
    _collect(obj, parts)
    parts.pop(obj.__name__, None)
    imports = [text for text in parts.values() if text.startswith(("import ", "from "))]
    others = [text for text in parts.values() if text not in imports]
    return "\n".join([*imports, *others, source])


def _collect(obj: object, parts: dict[str, str]) -> None:
    """Add the definitions of the global names that `obj` uses to `parts`."""
    space = next((m.__globals__ for m in functions(obj)), {})
    for name in sorted({name for code in codes(obj) for name in code.co_names}):
        value = space.get(name)
        if name in parts or value is None or value is obj:
            continue
        if inspect.ismodule(value):
            parts[name] = f"import {value.__name__} as {name}"
        elif isinstance(value, bool | int | float | str | tuple):
            parts[name] = f"{name} = {value!r}"
        elif getattr(value, "__module__", None) not in (None, "__main__", "builtins"):
            home, own = value.__module__, getattr(value, "__name__", None)
            if own and getattr(sys.modules.get(home), own, None) is value:
                parts[name] = f"from {home} import {own} as {name}"
        elif inspect.isfunction(value) or isinstance(value, type):
            text = source_of(value)
            if text:
                parts[name] = ""  # keeps two functions that call each other from going round
                _collect(value, parts)
                parts[name] = text


def stub_of(reference: object) -> object | None:
    """The reference with `...` for every body, as a learner finds it; None without source."""
    source = source_of(reference)
    if source is None:
        return None
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Expr(ast.Constant(...))]
            node.returns = None
    text = ast.unparse(ast.fix_missing_locations(tree))
    file = f"<stub of {reference.__name__}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = dict(vars(sys.modules[reference.__module__]))
    exec(compile(text, file, "exec"), space)
    return space[reference.__name__]
