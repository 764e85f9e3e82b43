"""Week 1 · Computational graphs and the chain rule.

Its exercises in the order of the notebook. Each stands in one of the files named here, as its
reference solution: above it cases and hints, below it the mistakes that it knows by name, each as
code that runs.
"""

from helpers.weeks.week01_by_hand import by_hand, df_dx, df_dy, forward_graph, slope
from helpers.weeks.week01_engine import Value, sum_over_paths, topological_order
from helpers.weeks.week01_gates import gates, local_derivatives, sigmoid_neuron, staged

all = [
    slope,
    forward_graph,
    by_hand,
    df_dx,
    df_dy,
    gates,
    local_derivatives,
    staged,
    sigmoid_neuron,
    sum_over_paths,
    topological_order,
    Value,
]
