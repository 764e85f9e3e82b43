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
    """The engine, whose nodes have `parents` afterwards; the course's if no operands are found.

    Examples
    --------
    >>> with_parents(fifty.Value) is fifty.Value
    True
    """
    if hasattr(_sum(engine), "parents"):
        return engine
    if not add_parents(engine):
        print(
            "Your nodes do not show their operands, so this week begins with the course's engine."
        )
        return fifty.Value
    print(
        f"Your nodes keep their operands in `{engine.parents.kept_in}`; `parents` reads them now."
    )
    return engine


def give_parents(engine: type) -> bool:
    """Add `parents` where nobody would find the operands of a node; True if all can read them."""
    return not lacks(_sum(engine)) or add_parents(engine)


def add_parents(engine: type) -> bool:
    """Add the property `parents`; False if no attribute of a node holds its operands."""
    x, y = engine(2.0), engine(3.0)
    node = x + y
    for name, kept in vars_of(node).items():
        if {id(x), id(y)} <= set(map(id, _parts(kept))):
            engine.parents = _reading(EngineReader(node, parents=name), engine, name)
            return True
    return False


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
