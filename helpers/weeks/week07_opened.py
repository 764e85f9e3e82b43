"""Week 7, section 9: an engine to build on, and the nodes of its graphs."""

from __future__ import annotations

import types

from helpers import readers


def opened(engine: type) -> type:
    """An engine to build on: its operations make nodes of the class that is derived from it.

    Operations of an engine usually end in `Value(…)`, which makes nodes of that very class. Here
    they run with a copy of their module's names, in which this name stands for the derived class.
    The engine itself stays as it is; it may stand on an opened engine, too.

    Examples
    --------
    >>> from helpers.engine import scalar
    >>> class Louder(opened(scalar.Value)):
    ...     pass
    >>> type(Louder(2.0) * 3.0).__name__
    'Louder'
    """
    family = engine.__mro__[-2::-1]  # object left out, the engine itself last
    spaces = {}  # the names of a module by their id: the copy of them

    def moved(f: types.FunctionType) -> types.FunctionType:
        """The function with the copied names."""
        copy = types.FunctionType(
            f.__code__, copied(f.__globals__), f.__name__, f.__defaults__, f.__closure__
        )
        copy.__kwdefaults__ = f.__kwdefaults__
        return copy

    def copied(home: dict) -> dict:
        """The names of a module, in which its own functions know these names, too."""
        if id(home) not in spaces:
            space = spaces[id(home)] = dict(home)
            for name, f in home.items():
                if isinstance(f, types.FunctionType) and f.__globals__ is home:
                    space[name] = moved(f)
        return spaces[id(home)]

    def stands_for(derived: type) -> None:
        if Opened in derived.__bases__:
            for space in spaces.values():
                space |= dict.fromkeys((cls.__name__ for cls in family), derived)

    members = [item for cls in family for item in vars(cls).items()]
    methods = {name: moved(f) for name, f in members if isinstance(f, types.FunctionType)}
    methods["__init_subclass__"] = classmethod(stands_for)
    Opened = type(engine)(engine.__name__, (engine,), methods)
    return Opened


def reachable(root) -> list:
    """All nodes below a result of any engine, each once, and the result itself."""
    reader = readers.for_root(root)
    found, todo = {id(root): root}, [root]
    while todo:
        new = {id(p): p for p in reader.parents(todo.pop()) if id(p) not in found}
        found |= new
        todo += new.values()
    return list(found.values())
