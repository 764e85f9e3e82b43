"""Week 2 · Derivatives by computer.

Its exercises in the order of the notebook. They stand in four files by theme: difference quotients
and their best step, whole gradients, derivatives without a difference, and a search for planted bugs.
"""

from helpers.weeks.week02_bugs import FINGERPRINTS, find_the_bug, gradient, mutants, value
from helpers.weeks.week02_differences import (
    best_step,
    central_difference,
    forward_difference,
    step_theory,
)
from helpers.weeks.week02_gradients import numerical_gradient, relative_error
from helpers.weeks.week02_modes import complex_step, dual_rules, jvp, price
from helpers.weeks.week02_modes import dual as Dual

__all__ = ["FINGERPRINTS", "all", "gradient", "mutants", "value"]

all = [
    forward_difference,
    central_difference,
    step_theory,
    best_step,
    numerical_gradient,
    relative_error,
    complex_step,
    dual_rules,
    Dual,
    jvp,
    price,
    find_the_bug,
]
