"""Week 7 · Inside PyTorch's autograd I: the graph.

Its exercises in the order of the notebook. They stand in five files by theme: the graph and how it is
driven, the memory that it keeps, loops that keep too much, gradients that are None, and the learner's
own engine, which learns what PyTorch's can do.
"""

from helpers.weeks.week07_engine import value as Value
from helpers.weeks.week07_graph import LEAVES, my_backward, predict_leaf
from helpers.weeks.week07_graph import walking as walk
from helpers.weeks.week07_loop import fix_loop
from helpers.weeks.week07_memory import FREED, freed_after_backward, saved_bytes
from helpers.weeks.week07_none import REASONS, SETUP, SNIPPETS, why_none
from helpers.weeks.week07_opened import opened, reachable

__all__ = ["FREED", "LEAVES", "REASONS", "SETUP", "SNIPPETS", "all", "opened", "reachable"]

all = [
    walk,
    predict_leaf,
    my_backward,
    saved_bytes,
    freed_after_backward,
    fix_loop,
    Value,
    why_none,
]
