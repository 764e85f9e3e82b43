"""Week 9 · From scalars to tensors: a mini tensor engine.

Its exercises in the order of the notebook. Each stands in one of the files named here, as its
reference solution: above it cases and hints, below it the mistakes that it knows by name, each as
code that runs. `Tensor.yours()` gives later weeks the learner's own engine. `aliased_Tensor` is an
engine whose gradients share arrays, to be watched.
"""

from helpers.weeks.week09_arrivals import accumulate
from helpers.weeks.week09_checker import check_op
from helpers.weeks.week09_engine import Tensor
from helpers.weeks.week09_losses import cross_entropy, log_softmax, log_softmax_entries
from helpers.weeks.week09_rules import embedding_backward, max_backward

__all__ = ["all"]

all = [
    accumulate,
    max_backward,
    embedding_backward,
    log_softmax_entries,
    log_softmax,
    cross_entropy,
    check_op,
    Tensor,
]

aliased_Tensor = next(mistake.attempt for mistake in Tensor.mistakes if mistake.code == "ALIAS")
