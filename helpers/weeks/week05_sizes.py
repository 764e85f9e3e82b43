"""Week 5, section 8: what a node costs."""

from __future__ import annotations

import gc
import sys
import tracemalloc

from helpers.agreement import agree
from helpers.engine import fifty, scalar
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten

FREED = (
    "Nothing is counted. Either the chain is gone when you measure (hold on to its last node, also beyond "
    "the end of a function), or it was there before tracemalloc.start(). The memory of the whole process "
    "is too coarse for this."
)
NEAR = 0.25  # relative: what is counted around a chain may differ
LEAF = 105, 145  # bytes of a leaf of week 1's engine, with the list that may keep it


def sized_engines() -> dict[str, type]:
    from micrograd.engine import Value as Micrograd

    return {
        "week 1's engine": fifty.Value,
        "the course's engine": scalar.Value,
        "micrograd's": Micrograd,
    }


def size_cases() -> list[Case]:
    return [
        Case(name, lambda f, engine=e: _sized(f, engine)) for name, e in sized_engines().items()
    ]


def _sized(engine_size, engine: type) -> object:
    gc.collect()  # also empties the stores of freed tuples and floats, which are not counted again
    try:
        return engine_size(engine)
    finally:
        tracemalloc.stop()


def _near(case, expected, got):
    plain = agree(expected, got, NEAR)
    if plain or not plain.number_only:
        return plain.message
    ratio = got / expected
    if got <= -1:
        return Wrong("Negative: take what is in use after, minus before.", "SIGN")
    if abs(got) < 1:
        return Wrong(FREED, "FREED")
    if 1.3 < ratio < 2.6:
        return Wrong(
            "Much more than a node costs. `y * 2.0` makes *two* nodes, the product and a leaf for the "
            "number. Multiply by a node that is there already.", "TWONODES")  # fmt: skip
    if ratio > 20:
        return Wrong(
            "That is the memory of the whole chain. Divide by the number of nodes.", "WHOLE"
        )
    if got == sys.getsizeof(sized_engines()[case.label](1.0)):
        return Wrong(
            "sys.getsizeof looks at one object and at nothing that it refers to: not at the float in it, "
            "the tuples, the closure. Measure the memory before and after.", "SHALLOW")  # fmt: skip
    if case.label == "week 1's engine" and LEAF[0] <= got <= LEAF[1]:
        return Wrong(
            "Less than half of a node, about the size of a leaf. A leaf has no operands: make each node by "
            "an operation, y·x. And keep the last one until you have measured.",
            "LEAVES",
        )
    low = ratio < 1
    return Wrong(
        f"{case.label}: about {expected:.0f} bytes for a node in a chain of products, and you measure "
        f"{got:.0f}. {'Something is not counted' if low else 'Something else is counted, too'}."
    )


@exercise(
    minutes=15,
    difficulty=2,
    cases=size_cases,
    judge=_near,
    hints=[
        "Ask Python how much memory it has given out, build many nodes, and ask again.",
        "tracemalloc.start() begins to count; tracemalloc.get_traced_memory()[0] is what is in use now. "
        "Keep the last node, and the whole chain stays alive.",
        "x = y = engine(1.0); then n times y = y * x between two measurements; "
        "return (after - before) / n. Stop with tracemalloc.stop().",
    ],
)
def engine_size(engine):
    """Bytes that one more node costs: the memory of a chain of products, divided by its length."""
    import tracemalloc

    n = 2000
    x = y = engine(1.0)
    gc.collect()  # Python keeps freed tuples for later; this lets them go
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(n):
        y = y * x
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / n


@engine_size.mistake(
    "SHALLOW",
    "sys.getsizeof looks at one object and at nothing that it refers to: not at the float in it, the "
    "tuples, the closure. Measure the memory before and after.",
)
def _shallow(engine):
    x = engine(1.0)
    return sys.getsizeof(x * x)


for _code, _why, *_changes in [
    ("WHOLE", "That is the memory of the whole chain. Divide by the number of nodes.",
     ("(after - before) / n", "after - before")),
    ("TWONODES", "Much more than a node costs. `y * 2.0` makes *two* nodes, the product and a leaf for "
     "the number. Multiply by a node that is there already.",
     ("y = y * x", "y = y * 1.5")),
    ("FREED", FREED,
     ("        y = y * x", "        x * x")),
]:  # fmt: skip
    engine_size.mistake(_code, _why)(rewritten(engine_size.reference, *_changes))
