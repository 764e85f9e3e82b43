"""Read the code of an attempt: its source, and which parts are still open.

A part is open while a bare `...` stands in it as a statement or as a value; `X[..., 0]` and the
like are ordinary Python. The source of a class written in a notebook cell is found through its
methods, because Python itself looks only into files.
"""

from __future__ import annotations

import ast
import dis
import functools
import linecache
import sys
import textwrap

from helpers.sandbox import codes, functions


def source_of(obj: object) -> str | None:
    """The source of a function or class without its decorators, or None where it is not kept."""
    tree, lines = _definition(obj)
    if tree is None:
        return None
    if isinstance(tree, ast.Lambda):
        return ast.unparse(tree) + "\n"
    text = textwrap.dedent("".join(lines[tree.lineno - 1 : tree.end_lineno])).rstrip() + "\n"
    return text if _nodes(text) else ast.unparse(tree) + "\n"


def decorators_of(obj: object) -> list[ast.expr]:
    """The decorators above a definition, outermost first."""
    return getattr(_definition(obj)[0], "decorator_list", [])


def open_parts(obj: object) -> list[str]:
    """What is not attempted yet: names of methods, or the function's own name; [] when done."""
    tree, _ = _definition(obj)
    if tree is None:
        return _open_by_bytecode(obj)
    if isinstance(tree, ast.Lambda):
        return [obj.__name__] if _is_open(tree) else []
    if isinstance(tree, ast.ClassDef):
        defs = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        found = [node.name for node in defs if any(map(_is_open, node.body))]
        loose = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
        empty = not defs and all(_is_empty(node) or _is_open(node) for node in loose)
        return [tree.name] if empty else found
    done = not any(map(_is_open, tree.body)) and not all(map(_is_empty, tree.body))
    return [] if done else [tree.name]


def open_line(obj: object) -> tuple[int | None, str]:
    """Line and text of the first `...` that is still open."""
    tree, lines = _definition(obj)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and _is_open(node):
            return node.lineno, lines[node.lineno - 1].strip()
    return None, ""


def open_entries(obj: object) -> list[tuple[str, int]]:
    """Keys and lines of what is still `...` in a dict of which a part is filled in."""
    tree, _ = _definition(obj)
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)] if tree else []
    return [
        (key.value if isinstance(key, ast.Constant) else ast.unparse(key), value.lineno)
        for table in tables
        if not all(map(_is_open, table.values))
        for key, value in zip(table.keys, table.values, strict=True)
        if key and _is_open(value)
    ]


def _definition(obj: object) -> tuple[ast.FunctionDef | ast.ClassDef | ast.Lambda | None, list]:
    """The syntax tree of a definition, with the lines of the cell or file it stands in."""
    name = getattr(obj, "__name__", None)
    for code in sorted(codes(obj), key=lambda code: code.co_firstlineno):
        lines = linecache.getlines(code.co_filename)
        nodes = [n for n in _nodes("".join(lines)) if _first_line(n) <= code.co_firstlineno]
        if name == "<lambda>":
            here = [
                n for n in nodes if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno
            ]
            around = here if len(here) == 1 else []
        else:
            kind = ast.ClassDef if isinstance(obj, type) else ast.FunctionDef
            around = [n for n in nodes if isinstance(n, kind) and n.name == name]
        around = [n for n in around if code.co_firstlineno <= n.end_lineno]
        if around:
            return max(around, key=lambda node: node.lineno), lines
    return None, []


@functools.lru_cache(maxsize=32)
def _nodes(text: str) -> list[ast.FunctionDef | ast.ClassDef | ast.Lambda]:
    """All definitions in a cell or file."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    kinds = ast.FunctionDef | ast.ClassDef | ast.Lambda
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _first_line(node: ast.FunctionDef | ast.ClassDef | ast.Lambda) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


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
    found = []
    for name, member in members:
        code = getattr(member, "__code__", None)
        if code is None:
            continue
        loads = [i for i in dis.get_instructions(code) if i.opname not in ("RESUME", "NOP")]
        consts = ("LOAD_CONST", "RETURN_CONST")
        idle = all(i.opname in (*consts, "RETURN_VALUE") for i in loads)
        if idle and all(i.argval in (None, ...) for i in loads if i.opname in consts):
            found.append(name or code.co_name)
    if isinstance(obj, type) and not any(map(functions, obj.__mro__[:-1])):
        return [obj.__name__]
    return found


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
