"""Week 11 · Weight initialization, and why it decides.

Each exercise is its reference solution, with hints, cases and known mistakes beside it: how weights
are drawn (`week11_draws`), how signals and gradients travel through deep networks of them
(`week11_signals`), and how a training begins (`week11_starts`). `all` lists them in the order of the
notebook.
"""

from __future__ import annotations

from helpers.weeks.week11_draws import forward_variance, init
from helpers.weeks.week11_signals import (
    backward_variance,
    grad_std_per_layer,
    predict_std,
    std_per_layer,
)
from helpers.weeks.week11_starts import (
    dead_fraction,
    expected_initial_loss,
    lsuv,
    symmetry_report,
)

all = [
    forward_variance,
    init,
    std_per_layer,
    predict_std,
    backward_variance,
    grad_std_per_layer,
    symmetry_report,
    expected_initial_loss,
    dead_fraction,
    lsuv,
]
