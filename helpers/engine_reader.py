"""How an engine written in Python is read: the course's own, one from a notebook cell, micrograd's.

It needs what every engine has: a number, a gradient, and the operands that it was computed from,
under any of the usual names and in any of the usual containers. How such an engine runs backward is
seen by `helpers.watch`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math

from helpers.storage import GRAD_NAMES
from helpers.summary import Summary, short
from helpers.watch import Watch, Write

VALUE_NAMES = ("data", "value", "val", "_data", "_value")
PARENT_NAMES = (
    "parents",
    "_parents",
    "_prev",
    "prev",
    "_children",
    "children",
    "inputs",
    "_inputs",
    "operands",
    "args",
)
OP_NAMES = ("op", "_op", "operation")
EPSILON = {2: 2.0**-10, 4: 2.0**-23}  # of float16 and float32, by their bytes


def lacks(obj: object) -> list[str]:
    """Which of "data", "grad" and "parents" an object does not have, under any usual name."""
    if isinstance(obj, type):
        return ["data of its own"]
    names = {"data": VALUE_NAMES, "grad": GRAD_NAMES, "parents": PARENT_NAMES}
    return [what for what, usual in names.items() if not _first(obj, usual)]


class _Constant:
    """A plain number that an engine keeps among the parents of a node."""

    def __init__(self, data):
        self.data = data


class EngineReader:
    """Reads and watches an engine written in Python, right or wrong."""

    def __init__(self, root, parents: str = ""):
        self.start = root
        self.engine = type(root).__name__
        self.epsilon = 2.0**-52
        self._class = type(root)
        self._value = _first(root, VALUE_NAMES)
        self._grad = _first(root, GRAD_NAMES)
        self._parents = parents or _first(root, PARENT_NAMES)
        self._op = _first(root, OP_NAMES)
        self._constants: dict[tuple[int, int], _Constant] = {}

    # ------------------------------------------------------------------ one node

    def parents(self, obj) -> list:
        kept = getattr(obj, self._parents, None)
        if kept is None:
            return []
        if kept.__class__ is tuple and all(item.__class__ is self._class for item in kept):
            return list(kept)
        if isinstance(kept, (set, frozenset)):
            kept = self._in_order(obj, kept)
        elif isinstance(kept, dict):
            kept = kept if any(self._is_node(key) for key in kept) else kept.values()
        elif not isinstance(kept, (list, tuple)):
            kept = (kept,)
        return [self._operand(obj, *place) for place in enumerate(kept) if place[1] is not None]

    def _operand(self, obj, slot: int, item):
        node = self._node_in(item)
        if node is not None:
            return node
        try:
            short(item)
        except (AttributeError, TypeError, ValueError):
            raise TypeError(
                f"`{self._parents}` of a {type(obj).__name__} holds {item!r}. It should hold the "
                "operands themselves: the values that this one was computed from."
            ) from None
        return self._constants.setdefault((id(obj), slot), _Constant(item))

    def _node_in(self, item):
        """The item itself, or the parent in a pair (parent, local derivative); else None."""
        parts = item if isinstance(item, (tuple, list)) else (item,)
        return next((part for part in parts if self._is_node(part)), None)

    def _is_node(self, item) -> bool:
        foreign = type(item).__module__.partition(".")[0] in ("numpy", "torch")
        linked = hasattr(item, self._parents) or hasattr(item, self._grad)
        return hasattr(item, self._value) and linked and not foreign

    def _in_order(self, obj, kept) -> list:
        """The operands of a node that keeps its parents in a set.

        A set has lost their order, and an operand used twice. The node's backward function still
        holds them by name, `self` first, then the others; or another list of the node does.
        """
        ids = {id(item) for item in kept}
        lists = [value for value in vars_of(obj).values() if isinstance(value, (list, tuple))]
        for group in (*map(_by_name, held_by(obj)), *lists):
            inside = [self._node_in(item) for item in group]
            operands = [item for item in inside if id(item) in ids and item is not obj]
            if {id(item) for item in operands} == ids:
                return operands
        return sorted(kept, key=lambda item: self._number(item) or 0.0)

    def _number(self, obj) -> float | None:
        value = self.value(obj)
        return value if isinstance(value, float) else None

    def op(self, obj) -> str:
        op = getattr(obj, self._op, None) if self._op else None
        return str(getattr(op, "__name__", op) or "")

    def value(self, obj) -> float | Summary | None:
        value = getattr(obj, "data" if isinstance(obj, _Constant) else self._value, None)
        if value.__class__ is float:
            return value
        dtype = getattr(value, "dtype", None)
        if getattr(dtype, "kind", "") == "f":
            self.epsilon = max(self.epsilon, EPSILON.get(dtype.itemsize, 0.0))
        return _shortened(value)

    def grad(self, obj) -> float | Summary | None:
        return _shortened(getattr(obj, self._grad, None))

    def own_name(self, obj) -> str:
        own = getattr(obj, "name", None) or getattr(obj, "label", None)
        return own if isinstance(own, str) else ""

    def key(self, obj) -> object:
        return obj

    key_of_variable = key

    def array(self, obj) -> object:
        held = getattr(obj, "data" if isinstance(obj, _Constant) else self._value, None)
        return held if hasattr(held, "dtype") and not self.parents(obj) else None

    # ------------------------------------------------------------------ its backward pass

    def observe(self, nodes) -> tuple[list[Write], list, float | Summary | None]:
        """Run `backward()` under watch. Returns writes, final gradients, seed."""
        writes, final, seed = self._watched(nodes, nodes[-1])
        assigned = [write for write in writes if write.overwrote]
        if self._are_totals(nodes, assigned):
            for write in assigned:
                write.overwrote, write.amount = False, write.after - write.before
        return writes, final, seed

    def _watched(self, nodes, start) -> tuple[list[Write], list, float | Summary | None]:
        backward = self._backward(start.obj)
        with Watch(nodes, start) as watch:
            watch.run(backward)
            return watch.writes, [short(grad) for grad in watch.grads], short(watch.seed)

    def _are_totals(self, nodes, assigned: list[Write]) -> bool:
        """Does this engine add up elsewhere, and assign the total so far?

        What it assigns alone, to a gradient that is still zero, tells it from one that forgets what
        was there.
        """
        for write in assigned:
            source, target = nodes[write.source], nodes[write.target]
            if not isinstance(write.amount, float) or not write.before:
                continue
            first = self.locals_at(nodes, source).get(source.parents.index(target), 0.0)
            size = abs(first * write.upstream)
            forgets = math.isclose(abs(write.after), size, rel_tol=1e-6)
            adds = math.isclose(abs(write.after - write.before), size, rel_tol=1e-6)
            if forgets != adds:
                return adds
        return False

    def _backward(self, obj):
        """The engine's backward pass as a call without arguments."""
        backward = getattr(obj, "backward", None)
        if not callable(backward):
            raise ValueError(
                f"This {type(obj).__name__} has no backward() to run. Give its class a method "
                "`backward(self)` that starts from this value."
            )
        required = inspect.Parameter.empty, inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = inspect.signature(backward).parameters.values()
        open_ones = [p.name for p in parameters if (p.default, p.kind) == required]
        if len(open_ones) > 1:
            raise ValueError(
                f"backward() of this {type(obj).__name__} asks for {', '.join(open_ones)}. Give "
                "them defaults, so that f.backward() starts the pass with ∂f/∂f = 1."
            )
        return functools.partial(backward, *[1.0] * len(open_ones))

    def locals_at(self, nodes, node) -> dict[int, float]:
        """The local derivatives at one node: a backward pass that starts there, with 1.

        For an engine that adds up first, the operands then lose their parents for the moment, so
        that whatever arrives at them came from this node.
        """
        writes, _, _ = self._watched(nodes, node)
        found = _by_slot(node, [w for w in writes if w.source == node.index and w.manner == "edge"])
        if len(found) < len(node.parents):
            with contextlib.suppress(Exception):  # some engines cannot run on such a stump
                writes = self._watched_alone(nodes, node)
                here = [w for w in writes if w.source == node.index or w.manner != "edge"]
                found = {**_by_slot(node, here), **found}
        return found

    def _watched_alone(self, nodes, node) -> list[Write]:
        cut: list[tuple[object, object]] = []
        try:
            for obj in [parent.obj for parent in set(node.parents) if parent.parents]:
                kept = getattr(obj, self._parents)
                setattr(obj, self._parents, type(kept)())
                cut.append((obj, kept))
            return self._watched(nodes, node)[0]
        finally:
            for obj, kept in cut:
                setattr(obj, self._parents, kept)


def _by_slot(node, writes: list[Write]) -> dict[int, float]:
    """The amounts that arrived at each operand; a sum over several uses in equal parts."""
    found = {}
    for slot, parent in enumerate(node.parents):
        got = [w.amount for w in writes if w.target == parent.index and isinstance(w.amount, float)]
        uses = node.parents.count(parent)
        if len(got) == uses:
            found[slot] = got[node.parents[:slot].count(parent)]
        elif got:
            found[slot] = sum(got) / uses
    return found


def _first(obj, names) -> str:
    return next((name for name in names if hasattr(obj, name)), "")


def vars_of(obj) -> dict[str, object]:
    """What an object holds in its dictionary and its slots."""
    slots = [name for c in type(obj).__mro__ for name in getattr(c, "__slots__", ())]
    return {n: getattr(obj, n, None) for n in (*getattr(obj, "__dict__", ()), *slots)}


def held_by(obj) -> list[dict[str, object]]:
    """What each function that a node carries holds on to: operands, exponents, results."""
    return [held for value in vars_of(obj).values() if (held := _held(value))]


def _by_name(held: dict[str, object]) -> list:
    return [held[name] for name in sorted(held, key=lambda n: (n != "self", n))]


def _held(function) -> dict[str, object]:
    """What a function holds: the cells of a closure, its defaults, the arguments of a partial."""
    if isinstance(function, functools.partial):
        return {f"{k}": item for k, item in enumerate(function.args)} | function.keywords
    if not inspect.isfunction(function):
        return {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    held = {}
    for name, cell in cells:
        with contextlib.suppress(ValueError):  # a cell that is not filled yet
            held[name] = cell.cell_contents
    arguments = inspect.signature(function).parameters.values()
    return held | {p.name: p.default for p in arguments if p.default is not p.empty}


def _shortened(x) -> float | Summary | None:
    if hasattr(x, "backward"):  # a gradient that is a node itself
        x = getattr(x, "data", None)
    try:
        return short(float(x) if isinstance(x, (int, float)) else x)
    except OverflowError:  # a whole number beyond the floats
        return math.inf if x > 0 else -math.inf
    except (AttributeError, TypeError, ValueError):
        return None
