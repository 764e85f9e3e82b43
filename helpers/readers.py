"""How an engine is read and watched: the only place that knows how engines differ.

`EngineReader` reads any Python engine whose nodes have a number, a gradient and parents: the
course's own, one from a notebook cell, micrograd's. `TorchReader` reads PyTorch's `grad_fn` graph.
Both also *observe* a backward pass: the first by watching every read and write of `.grad` while the
engine's own `backward()` runs, the second by calling PyTorch's nodes one at a time. `helpers.graph`
turns what they say into a record.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

VALUE_NAMES = ("data", "value")
PARENT_NAMES = (
    "parents",
    "_parents",
    "_prev",
    "prev",
    "_children",
    "children",
    "inputs",
    "_inputs",
)
OP_NAMES = ("op", "_op")


@dataclass(frozen=True, slots=True)
class Summary:
    """An array in one line: its shape and its Euclidean norm."""

    shape: tuple[int, ...]
    norm: float

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.shape))}) ‖{self.norm:.4g}‖"


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One change of a gradient: who was written, on whose behalf, from what to what."""

    target: int
    source: int | None
    upstream: object
    before: object
    after: object
    overwrote: bool

    @property
    def amount(self):
        return self.after if self.overwrote else self.after - self.before


def short(x: object) -> float | Summary | None:
    """A number as a float, an array as its Summary."""
    if x is None or isinstance(x, (float, Summary)):
        return x
    shape = tuple(getattr(x, "shape", ()))
    if math.prod(shape) == 1:
        return float(x.item() if hasattr(x, "item") else x)
    flat = x.reshape(-1)
    return Summary(shape, float((flat * flat).sum()) ** 0.5)


def callers_variables() -> dict[str, object]:
    """The variables where the learner called from: the first frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "helpers":
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def for_root(root: object) -> Reader:
    """The reader that understands this root."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(root, torch.Tensor):
        return TorchReader(root)
    if _first(root, VALUE_NAMES) and _first(root, PARENT_NAMES) and hasattr(root, "grad"):
        return EngineReader(root)
    raise TypeError(
        f"Expected the result of a computation (a Value, a Tensor, a PyTorch tensor with a "
        f"grad_fn, or any object with data, grad and parents), got {type(root).__name__}. "
        "Pass the node itself, for example draw(f) and not draw(f.data)."
    )


class Reader:
    """What the two readers share: names."""

    def names(self, variables: dict[str, object], order: list) -> dict[int, str]:
        """Names by object id: a node's own, then variables, then elements of listed variables."""
        found = {id(obj): own for obj in order if (own := self.own_name(obj))}
        wanted = {id(key): id(obj) for obj in order for key in self.keys(obj)}
        public = [(n, v) for n, v in variables.items() if n[0] != "_" and n not in ("In", "Out")]
        listed = [(n, v) for n, v in public if isinstance(v, (list, tuple)) and len(v) <= 1000]
        inside = [(f"{n}[{i}]", item) for n, v in listed for i, item in enumerate(v)]
        for name, value in (*public, *inside):
            for key in self.keys_of_variable(value):
                if id(key) in wanted:
                    found.setdefault(wanted[id(key)], name)
        return found

    def own_name(self, obj) -> str:
        return ""

    def keys(self, obj) -> Iterable:
        return (obj,)

    def keys_of_variable(self, value) -> Iterable:
        return (value,)

    def is_obj(self, obj, key) -> bool:
        return obj is key


# ---------------------------------------------------------------------------- Python engines


class _Constant:
    """A plain number that an engine keeps among the parents of a node."""

    def __init__(self, data):
        self.data, self.grad, self.parents = float(data), 0.0, ()


class EngineReader(Reader):
    """Reads and watches an engine written in Python, right or wrong."""

    def __init__(self, root):
        self.start = root
        self.engine = type(root).__name__
        self._parents = _first(root, PARENT_NAMES)
        self._value = _first(root, VALUE_NAMES)
        self._constants: dict[tuple[int, int], _Constant] = {}

    def parents(self, obj) -> list:
        kept = () if isinstance(obj, _Constant) else getattr(obj, self._parents, None) or ()
        if isinstance(kept, (set, frozenset)):
            kept = self._operands_in_order(obj, kept)
        elif not isinstance(kept, (list, tuple, dict)):
            kept = (kept,)
        out = []
        for slot, item in enumerate(kept):
            if isinstance(item, tuple) and item:  # (parent, local derivative)
                item = item[0]
            if isinstance(item, (int, float)):
                item = self._constants.setdefault((id(obj), slot), _Constant(item))
            out.append(item)
        return out

    def _operands_in_order(self, obj, kept) -> list:
        """The operands of a node that keeps its parents in a set.

        A set has lost their order, and an operand used twice. The node's backward closure still
        holds them by name: `self` first, then the others.
        """
        backward = getattr(obj, "_backward", None)
        cells = getattr(backward, "__closure__", None) or ()
        names = getattr(getattr(backward, "__code__", None), "co_freevars", ())
        held = {n: cell.cell_contents for n, cell in zip(names, cells)}
        ordered = [held[n] for n in sorted(held, key=lambda n: (n != "self", n))]
        ids = {id(item) for item in kept}
        operands = [item for item in ordered if id(item) in ids and item is not obj]
        if {id(item) for item in operands} == ids:
            return operands
        return sorted(kept, key=lambda item: short(getattr(item, self._value)))

    def op(self, obj) -> str:
        name = _first(obj, OP_NAMES)
        return str(getattr(obj, name) or "") if name else ""

    def value(self, obj):
        return _shortened(getattr(obj, self._value, None))

    def grad(self, obj):
        return _shortened(getattr(obj, "grad", None))

    def own_name(self, obj) -> str:
        own = getattr(obj, "name", None) or getattr(obj, "label", None)
        return own if isinstance(own, str) else ""

    def observe(self, nodes, start=None):
        """Run `backward()` from `start` under watch. Returns writes, final gradients, seed."""
        start = self.start if start is None else start
        if not callable(getattr(start, "backward", None)):
            raise ValueError(f"This {self.engine} has no backward() to step through.")
        with _Watch(nodes) as watch:
            start.backward()
            watch.settle()
            return watch.writes, list(watch.grads), watch.seed

    def locals_at(self, node) -> dict[int, float]:
        """The local derivatives at one node: its own backward pass starts with an upstream of 1."""
        below, todo = {}, [node]
        while todo:
            n = todo.pop()
            if n.index not in below:
                below[n.index] = n
                todo.extend(n.parents)
        if len(below) > 2000:
            return {}
        nodes = [below[index] for index in sorted(below)]
        writes, _, _ = self.observe(nodes, start=node.obj)
        open_slots = list(enumerate(node.parents))
        found = {}
        for write in writes:
            if write.source != len(nodes) - 1:
                continue
            parent = nodes[write.target]
            slot = next((s for s, p in open_slots if p is parent), None)
            if slot is not None:
                open_slots.remove((slot, parent))
                found[slot] = write.amount
        return found


class _Watch:
    """Sees every read and write of `.grad` on the given nodes while it is active.

    Each node's class is exchanged for a subclass whose `grad` is a property; the value itself
    stays where the engine keeps it. On leaving, classes and gradients are as they were.
    """

    def __init__(self, nodes):
        self.objs = [node.obj for node in nodes]
        self.index = {id(obj): i for i, obj in enumerate(self.objs)}
        self.parents = [[self.index[id(p.obj)] for p in node.parents] for node in nodes]
        self.users: list[set[int]] = [set() for _ in nodes]
        for i, parents in enumerate(self.parents):
            for p in parents:
                self.users[p].add(i)
        self.writes: list[Write] = []
        self.running: list[int] = []  # nodes whose own _backward is executing
        self.read: list[int] = []  # gradients read since the last write
        self.read_own = [False] * len(nodes)  # read since that node's own last write
        self.active: int | None = None  # the node on whose behalf the engine seems to work
        self.seed = None
        self.pushed: dict[tuple[int, int], int] = {}

    def __enter__(self):
        self.classes = [type(obj) for obj in self.objs]
        self.stores = {cls: _Store(cls, "grad") for cls in set(self.classes)}
        self.saved = [self.stores[c].get(o) for c, o in zip(self.classes, self.objs)]
        watched = {cls: self._subclass(cls) for cls in self.stores}
        for obj, cls, grad in zip(self.objs, self.classes, self.saved):
            self.stores[cls].set(obj, _zero(grad))
            obj.__class__ = watched[cls]
        self.grads = [_copy(_zero(grad)) for grad in self.saved]
        return self

    def __exit__(self, *_):
        for obj, cls, grad in zip(self.objs, self.classes, self.saved):
            obj.__class__ = cls
            self.stores[cls].set(obj, grad)

    def _subclass(self, cls):
        store, index = self.stores[cls], self.index

        def get(obj):
            i = index.get(id(obj))
            if i is not None:
                self.read.append(i)
                self.read_own[i] = True
            return store.get(obj)

        def put(obj, grad):
            store.set(obj, grad)
            if (i := index.get(id(obj))) is not None:
                self.wrote(i, grad)

        members = {"__slots__": (), "grad": property(get, put)}
        for name in self._closures(cls):
            members[name] = self._announced(_Store(cls, name))
        return type(cls.__name__, (cls,), members)

    def _closures(self, cls) -> set[str]:
        """Attributes in which nodes of this class keep a backward function of their own."""
        sample = [obj for obj, c in zip(self.objs, self.classes) if c is cls][-50:]
        slots = [name for c in cls.__mro__ for name in getattr(c, "__slots__", ())]
        names = {name for obj in sample for name in (*getattr(obj, "__dict__", ()), *slots)}
        return {n for n in names if any(callable(getattr(obj, n, None)) for obj in sample)}

    def _announced(self, store):
        """A node's backward function as it is, but telling whose it is while it runs."""

        def get(obj):
            backward = store.get(obj)

            def run(*args, **kwargs):
                self.running.append(self.index.get(id(obj)))
                try:
                    return backward(*args, **kwargs)
                finally:
                    self.running.pop()

            return run if callable(backward) else backward

        return property(get, store.set)

    def wrote(self, i: int, grad) -> None:
        before, after = self.grads[i], _copy(grad)
        self.grads[i] = after
        source = self._source(i)
        overwrote = not self.read_own[i] and bool(_any(before))
        self.read.clear()
        self.read_own[i] = False
        if source is None:
            if i == len(self.objs) - 1:
                self.seed = after
            if not _any(before) and not _any(after):
                return  # the engine sets gradients to zero before it starts
        else:
            self.pushed[source, i] = self.pushed.get((source, i), 0) + 1
        upstream = None if source is None else self.grads[source]
        self.writes.append(Write(i, source, upstream, before, after, overwrote))

    def _source(self, i: int) -> int | None:
        """On whose behalf was `i` written? The consumer whose closure runs, or whose gradient was
        read last, or, when the engine gives no sign, the next one that has not pushed yet."""
        users = self.users[i]
        if self.running and self.running[-1] in users:
            return self.running[-1]
        if self.running:
            return None
        last = [r for r in self.read if r != i and r in users]
        if last:
            self.active = last[-1]
            return self.active
        if self.active in users and self._owes(self.active, i):
            return self.active
        if self.seed is None:
            return None
        return max((u for u in users if self._owes(u, i)), default=max(users, default=None))

    def _owes(self, user: int, i: int) -> bool:
        return self.pushed.get((user, i), 0) < self.parents[user].count(i)

    def settle(self) -> None:
        """Count gradients that were changed inside their array, without being assigned."""
        for i, (obj, cls) in enumerate(zip(self.objs, self.classes)):
            grad = self.stores[cls].get(obj)
            if _any(_copy(grad) - self.grads[i]):
                self.read_own[i] = True
                self.wrote(i, grad)


class _Store:
    """Where a class keeps an attribute: in a slot or property, or in the instance's dictionary."""

    def __init__(self, cls, name):
        kept = inspect.getattr_static(cls, name, None)
        self.name, self.kept = name, kept
        self.cls = cls
        self.descriptor = kept if hasattr(kept, "__set__") else None

    def get(self, obj):
        if self.descriptor is not None:
            return self.descriptor.__get__(obj, self.cls)
        inside = getattr(obj, "__dict__", {})
        if self.name in inside:
            return inside[self.name]
        return self.kept.__get__(obj, self.cls) if hasattr(self.kept, "__get__") else self.kept

    def set(self, obj, value):
        if self.descriptor is not None:
            self.descriptor.__set__(obj, value)
        else:
            obj.__dict__[self.name] = value


def _zero(grad):
    """A fresh zero of the same kind: an array's zero must not share memory with it."""
    if grad is None or isinstance(grad, (int, float)):
        return None if grad is None else 0.0
    return grad * 0


def _copy(grad):
    """A gradient as it is now: a float, or a copy of the array."""
    if grad is None:
        return 0.0
    return grad.copy() if hasattr(grad, "copy") and getattr(grad, "shape", ()) else float(grad)


def _any(x) -> bool:
    return bool(x.any()) if hasattr(x, "any") else x != 0.0


def _shortened(x):
    if isinstance(x, (int, float)):
        return float(x)
    try:
        return short(x)
    except (AttributeError, TypeError, ValueError):
        return None


def _first(obj, names) -> str:
    return next((name for name in names if hasattr(obj, name)), "")


# ---------------------------------------------------------------------------- PyTorch


class TorchReader(Reader):
    """Reads PyTorch's graph through `next_functions`, and drives its nodes one at a time."""

    engine = "PyTorch"

    def __init__(self, root):
        import torch

        self.torch = torch
        if root.grad_fn is None:
            raise ValueError(
                "This tensor has no grad_fn, so PyTorch recorded no graph that leads to it. "
                "Create the leaves with requires_grad=True, and pass the result of the computation."
            )
        self.root = root
        self.start = root.grad_fn
        self._edges: dict[int, tuple] = {}
        self._held: dict[int, object] = {id(root.grad_fn): root}  # results still in a variable
        self._values: dict[int, object] | None = None

    def edges(self, fn) -> tuple:
        if id(fn) not in self._edges:
            kept = tuple(edge for edge in fn.next_functions if edge[0] is not None)
            self._edges[id(fn)] = (fn, kept)  # holding fn keeps its id valid
        return self._edges[id(fn)][1]

    def parents(self, fn) -> list:
        return [parent for parent, _ in self.edges(fn)]

    def op(self, fn) -> str:
        return "" if hasattr(fn, "variable") else fn.name().rpartition("::")[2]

    def value(self, fn):
        if hasattr(fn, "variable"):
            return short(fn.variable.detach())
        if self._values is None:
            self._values = dict(self._held)
            for user, _ in self._edges.values():
                self._read_saved(user)
        kept = self._values.get(id(fn))
        return None if kept is None else short(kept.detach())

    def _read_saved(self, fn) -> None:
        """Forward values of inner nodes, as far as `fn` saved them for its backward."""
        inputs = [edge[0] for edge in fn.next_functions]
        places = {"_saved_self": 0, "_saved_other": 1, "_saved_mat1": 1, "_saved_mat2": -1}
        for name, slot in places.items():
            kept = self._saved(fn, name)
            if kept is not None and inputs and -len(inputs) <= slot < len(inputs):
                self._values.setdefault(id(inputs[slot]), kept)
        if (kept := self._saved(fn, "_saved_result")) is not None:
            self._values.setdefault(id(fn), kept)

    def _saved(self, fn, name):
        try:
            kept = getattr(fn, name, None)
        except RuntimeError:  # freed by an earlier backward
            return None
        return kept if isinstance(kept, self.torch.Tensor) else None

    def grad(self, fn):
        grad = fn.variable.grad if hasattr(fn, "variable") else None
        return None if grad is None else short(grad)

    def keys(self, fn) -> Iterable:
        return (fn.variable,) if hasattr(fn, "variable") else (fn,)

    def keys_of_variable(self, value) -> Iterable:
        if not isinstance(value, self.torch.Tensor):
            return ()
        if value.grad_fn is None:
            return (value,)
        self._held.setdefault(id(value.grad_fn), value)
        return (value.grad_fn,)

    def is_obj(self, fn, key) -> bool:
        variable = getattr(fn, "variable", None)
        return isinstance(key, self.torch.Tensor) and (key is variable or key.grad_fn is fn)

    def observe(self, nodes, start=None):
        """Call PyTorch's nodes in reverse topological order, adding up what they return.

        Leaves are not written: `AccumulateGrad` is where the amounts arrive, and is not called.
        """
        torch, index = self.torch, {id(node.obj): node.index for node in nodes}
        seed = torch.ones_like(self.root)
        arrived = {(nodes[-1].index, 0): seed}
        writes = []
        for node in reversed(nodes):
            if not self.edges(node.obj):
                continue
            out = self._call(node.obj, node.index, arrived)
            upstream = arrived.get((node.index, 0))
            for edge, grad in zip(node.obj.next_functions, out):
                if edge[0] is None or grad is None:
                    continue
                key = index[id(edge[0])], edge[1]
                before = arrived.get(key, grad * 0)
                arrived[key] = before + grad
                numbers = [short(t) for t in (upstream, before, arrived[key])]
                writes.append(_TorchWrite(key[0], node.index, *numbers, False, short(grad)))
        final = [short(arrived[n.index, 0]) if (n.index, 0) in arrived else 0.0 for n in nodes]
        return writes, final, short(seed)

    def _call(self, fn, index, arrived) -> tuple:
        outputs = getattr(fn, "_input_metadata", None) or [None]
        grads = []
        for i, meta in enumerate(outputs):
            grad = arrived.get((index, i))
            if grad is None and meta is not None:
                grad = self.torch.zeros(tuple(meta.shape), dtype=meta.dtype)
            grads.append(grad)
        with self.torch.no_grad():
            out = fn(*grads)
        return out if isinstance(out, tuple) else (out,)

    def locals_at(self, node) -> dict[int, float]:
        """The local derivatives of a scalar node: PyTorch's own function, called with 1."""
        kept = self.value(node.obj)
        if not self.edges(node.obj) or isinstance(kept, Summary):
            return {}
        meta = node.obj._input_metadata[0]
        with self.torch.no_grad():
            out = node.obj(self.torch.ones(tuple(meta.shape), dtype=meta.dtype))
        out = out if isinstance(out, tuple) else (out,)
        real = [g for e, g in zip(node.obj.next_functions, out) if e[0] is not None]
        return {s: g.item() for s, g in enumerate(real) if g is not None and g.numel() == 1}


@dataclass(frozen=True, slots=True, eq=False)
class _TorchWrite:
    """A Write whose amount PyTorch has handed over, not one worked out from before and after."""

    target: int
    source: int
    upstream: object
    before: object
    after: object
    overwrote: bool
    amount: object
