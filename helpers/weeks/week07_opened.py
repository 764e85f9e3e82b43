"""Week 7, section 9: an engine to build on, and the nodes of its graphs."""

from __future__ import annotations

import functools
import inspect
import types

from helpers import readers
from helpers.engine_reader import EngineReader
from helpers.weeks.week05_parents import Parents, kept_in


def opened(engine: type) -> type:
    """An engine to build on: its operations make nodes of the class that is derived from it.

    Operations of an engine usually end in `Value(…)`, which makes nodes of that very class. Here
    they run with a copy of their module's names, in which this name stands for the derived class.
    The engine itself stays as it is; it may stand on an opened engine, too.

    Whatever the engine calls them, every node has `parents`, `()` on a leaf, and setting them to
    `()` makes a leaf of a node. A node without parents pushes to nobody, also where its operation
    gives it a function that would.

    Examples
    --------
    >>> from helpers.engine import scalar
    >>> class Louder(opened(scalar.Value)):
    ...     pass
    >>> type(Louder(2.0) * 3.0).__name__
    'Louder'
    """
    family = engine.__mro__[-2::-1]  # object left out, the engine itself last
    spaces = {}  # id of a module's names: the copy of them

    def moved(member: object, own: types.CellType) -> object:
        """A method with the copied names, and with its copied class for super()."""
        if isinstance(member, (staticmethod, classmethod)):
            return type(member)(moved(member.__func__, own))
        if not isinstance(member, types.FunctionType):
            return member
        inner = getattr(member, "__wrapped__", None)  # below a decorator, such as contextmanager
        cells = dict(zip(member.__code__.co_freevars, member.__closure__ or ()))
        for name, cell in cells.items():
            if name == "__class__":
                cells[name] = own
            elif inner and cell.cell_contents is inner:
                cells[name] = types.CellType(moved(inner, own))
        copy = types.FunctionType(
            member.__code__,
            member.__globals__ if inner else copied(member.__globals__),
            member.__name__,
            member.__defaults__,
            tuple(cells.values()),
        )
        copy.__kwdefaults__ = member.__kwdefaults__
        return copy

    def copied(home: dict) -> dict:
        """The names of a module, in which its own functions know these names, too."""
        if id(home) not in spaces:
            space = spaces[id(home)] = dict(home)
            for name, f in home.items():
                if isinstance(f, types.FunctionType) and f.__globals__ is home:
                    space[name] = moved(f, types.CellType())
        return spaces[id(home)]

    def stands_for(derived: type) -> None:
        if Opened in derived.__bases__:
            for space in spaces.values():
                space |= dict.fromkeys((cls.__name__ for cls in family), derived)

    Opened = object
    for cls in family:
        own = types.CellType()
        members = {
            name: moved(member, own)
            for name, member in vars(cls).items()
            if isinstance(member, property) or not inspect.isdatadescriptor(member)
        }
        members.pop("__init_subclass__", None)  # that of an engine opened before
        if cls is engine:
            members |= _what_every_node_has(engine, members)
        Opened = own.cell_contents = type(cls)(cls.__name__, (Opened,), members)
    Opened.__init_subclass__ = classmethod(stands_for)
    return Opened


def _what_every_node_has(engine: type, members: dict) -> dict:
    """`parents` where the engine calls or guards them otherwise, and leaves that push to nobody."""
    leaf, own, made = engine(1.0), getattr(engine, "parents", None), {}
    if isinstance(own, Parents):
        made["parents"] = _may_be_dropped(_reading(own.kept_in))
    elif isinstance(own, property):
        made["parents"] = _may_be_dropped(own.fget)
    elif not hasattr(leaf, "parents"):
        made["parents"] = _may_be_dropped(_reading(kept_in(engine)))
    idle = {k: v for k, v in getattr(leaf, "__dict__", {}).items() if callable(v)}
    if idle and "backward" in members:
        made["backward"] = _with_idle_leaves(members["backward"], idle)
    return made


def _reading(name: str):
    """A function that reads the parents of a node from the attribute of this name."""

    def parents(self):
        found = EngineReader(self, name).parents(self) if name else ()
        return tuple(parent for parent in found if isinstance(parent, type(self)))

    return parents


def _may_be_dropped(parents) -> property:
    """`parents` that can be set to (): the engine's own `__init__` makes a leaf of the node."""

    def drop(self, kept):
        if kept:
            raise AttributeError("parents can be dropped, `self.parents = ()`, not exchanged.")
        home = next(cls for cls in type(self).__mro__ if vars(cls).get("parents") is made)
        home.__init__(self, self.data)

    made = property(parents, drop)
    return made


def _with_idle_leaves(backward, idle: dict):
    """The engine's backward, before which a node without parents gets a leaf's own functions."""

    @functools.wraps(backward)
    def run(self, *args, **named):
        for node in reachable(self):
            if not node.parents:
                vars(node).update(idle)
        return backward(self, *args, **named)

    return run


def reachable(root) -> list:
    """All nodes below a result of any engine, each once, and the result itself."""
    reader = readers.for_root(root)
    found, todo = {id(root): root}, [root]
    while todo:
        new = {id(p): p for p in reader.parents(todo.pop()) if id(p) not in found}
        found |= new
        todo += new.values()
    return list(found.values())
