"""Week 12 · Verification against PyTorch, and the capstone.

Its exercises in the order of the notebook. They stand in one file for each theme: the harness, tests on
trial, the chain of engines, three capstones of which a learner does one, and the exit test.
"""

from helpers.weeks.week04_clock import Clock
from helpers.weeks.week12_capstone_attention import attention, attention_backward
from helpers.weeks.week12_capstone_depth import claim, error_bars, learning_curve
from helpers.weeks.week12_capstone_digits import engine_loss, gradient_errors, train_digits
from helpers.weeks.week12_cases import rounding
from helpers.weeks.week12_chain import autograd_vs_engine
from helpers.weeks.week12_checks import STANDARD, by_pytorch, examine, passes, table
from helpers.weeks.week12_curves import study_data
from helpers.weeks.week12_engines import NETWORK, on_paper, on_pytorch, on_scalars, on_tensors
from helpers.weeks.week12_exam import exit_test
from helpers.weeks.week12_harness import compare, gradcheck_sampled, initial_sanity, tolerance
from helpers.weeks.week12_layers import layer_test
from helpers.weeks.week12_models import models
from helpers.weeks.week12_mutation import mutation_score
from helpers.weeks.week12_trial import my_tests

CAPSTONES = {
    "A · the digits on your own engine": [engine_loss, gradient_errors, train_digits],
    "B · a study of depth": [learning_curve, error_bars, claim],
    "C · attention, and tests that kill": [attention, attention_backward, layer_test],
}
__all__ = [
    "CAPSTONES",
    "NETWORK",
    "STANDARD",
    "all",
    "by_pytorch",
    "clock",
    "examine",
    "models",
    "on_paper",
    "on_pytorch",
    "on_scalars",
    "on_tensors",
    "passes",
    "rounding",
    "study_data",
    "table",
]

all = [
    compare,
    tolerance,
    gradcheck_sampled,
    mutation_score,
    my_tests,
    initial_sanity,
    autograd_vs_engine,
    *CAPSTONES["A · the digits on your own engine"],
    *CAPSTONES["B · a study of depth"],
    *CAPSTONES["C · attention, and tests that kill"],
    exit_test,
]

clock = Clock(exit_test)
