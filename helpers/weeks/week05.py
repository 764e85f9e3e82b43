"""Week 5 · The scalar engine, done properly.

Its exercises in the order of the notebook. Each stands in one of the files named here, as its
reference solution: above it cases and hints, below it the mistakes that it knows by name, each as
code that runs. `traversals` are five wrong ways through a graph, `engines` the six patients of the
clinic and `BUGS` what they may suffer from; `fresh_engine()` is a copy of week 1's; `with_parents` lets
every design show the operands of its nodes.
"""

from helpers.weeks.week05_clinic import BUGS, clinic, engines
from helpers.weeks.week05_engine import Value, left_behind
from helpers.weeks.week05_graphs import draw_graph, zero_grad
from helpers.weeks.week05_operators import fresh_engine, reflected, rules
from helpers.weeks.week05_parents import with_parents
from helpers.weeks.week05_sizes import engine_size
from helpers.weeks.week05_testing import fuzz
from helpers.weeks.week05_topological import topological_order
from helpers.weeks.week05_traversals import traversals

__all__ = ["BUGS", "all", "engines", "fresh_engine", "left_behind", "traversals", "with_parents"]

all = [
    rules,
    reflected,
    topological_order,
    draw_graph,
    zero_grad,
    Value,
    fuzz,
    engine_size,
    clinic,
]
