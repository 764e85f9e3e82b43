"""Week 5: `parents` for engines that keep the operands of a node under another name.

Cells of this week, and functions that a learner writes there, ask a node for its `parents`. An
engine of another design gets a property that reads them from where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from helpers.engine import fifty
from helpers.engine_reader import EngineReader, lacks, vars_of


class Parents(property):
    """The operands of a node, read from the attribute `kept_in`."""

    kept_in: str = ""


def with_parents(engine: type) -> type:
    """The engine, whose nodes have `parents` and `op` afterwards; the course's if none are found.

    Examples
    --------
    >>> with_parents(fifty.Value) is fifty.Value
    True
    """
    node = _sum(engine)
    if not hasattr(node, "parents") and not add_parents(engine):
        print(
            "Your nodes do not show their operands, so this week begins with the course's engine."
        )
        return fifty.Value
    added = vars(engine).get("parents")
    if isinstance(added, Parents):
        print(f"Your nodes keep their operands in `{added.kept_in}`; `parents` reads them now.")
    if not hasattr(node, "op"):
        engine.op = property(EngineReader(node).op)
    return engine


def give_parents(engine: type) -> bool:
    """Add `parents` where nobody would find the operands of a node; True if all can read them."""
    return not lacks(_sum(engine)) or add_parents(engine)


def add_parents(engine: type) -> bool:
    """Add the property `parents`; False if no attribute of a node holds its operands."""
    name = kept_in(engine)
    if name:
        engine.parents = _reading(EngineReader(_sum(engine), parents=name), engine, name)
    return bool(name)


def kept_in(engine: type) -> str:
    """The attribute in which a node keeps its operands; "" if there is none."""
    x, y = engine(2.0), engine(3.0)
    holds = {name: set(map(id, _parts(kept))) for name, kept in vars_of(x + y).items()}
    return next((name for name, ids in holds.items() if {id(x), id(y)} <= ids), "")


def _sum(engine: type) -> object:
    return engine(2.0) + engine(3.0)


def _reading(reader: EngineReader, engine: type, name: str) -> Parents:
    def parents(node: object) -> tuple:
        return tuple(parent for parent in reader.parents(node) if isinstance(parent, engine))

    found = Parents(parents)
    found.kept_in = name
    return found


def _parts(kept: object) -> Iterator[object]:
    """What a container holds; of pairs such as (operand, slope) both."""
    if isinstance(kept, Mapping):
        kept = [*kept, *kept.values()]
    for item in kept if isinstance(kept, list | tuple | set | frozenset) else ():
        yield from item if isinstance(item, list | tuple) else [item]
