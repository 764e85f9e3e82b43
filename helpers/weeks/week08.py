"""Week 8 · Inside PyTorch's autograd II: breaking and bending it.

Its exercises in the order of the notebook. They stand in files by theme: in-place operations and messages,
the learner's own engine with version counters, functions that bend the backward pass, passes that are
recorded or run again. `gradient` differentiates an engine's results again and again. The exit test of
month 2 has a clock.
"""

from helpers.weeks.week04_clock import Clock
from helpers.weeks.week08_bending import clip_hook, cube, straight_through
from helpers.weeks.week08_engine import value
from helpers.weeks.week08_exit import exit_test
from helpers.weeks.week08_inplace import OPERATIONS, name_error, predict_inplace
from helpers.weeks.week08_messages import MESSAGES, message
from helpers.weeks.week08_recorded import checkpoint_saved, hvp
from helpers.weeks.week08_twice import gradient, noting

Value, Cube, ExitTest = value, cube, exit_test
clock = Clock(exit_test)
__all__ = [
    "MESSAGES",
    "OPERATIONS",
    "Cube",
    "ExitTest",
    "Value",
    "all",
    "clock",
    "gradient",
    "message",
    "noting",
]

all = [
    predict_inplace,
    Value,
    name_error,
    clip_hook,
    Cube,
    hvp,
    checkpoint_saved,
    straight_through,
    ExitTest,
]
