"""Week 4 · Losses, nonlinearities, and a network by hand.

Its exercises in the order of the notebook. They stand in three files by theme: the nonlinearities,
softmax and the losses, and the network itself.
"""

from __future__ import annotations

from helpers.weeks.week04_bends import activation_backward, slopes
from helpers.weeks.week04_clock import Clock
from helpers.weeks.week04_losses import (
    cross_entropy_grad,
    logsumexp,
    mse_grad,
    one_sample,
    softmax_vjp,
    two_classes,
)
from helpers.weeks.week04_network import (
    exit_test,
    overfit_small_batch,
    tiny_network,
    train_two_layer,
    two_layer_grads,
)

all = [
    slopes,
    activation_backward,
    logsumexp,
    softmax_vjp,
    one_sample,
    cross_entropy_grad,
    two_classes,
    mse_grad,
    tiny_network,
    two_layer_grads,
    train_two_layer,
    overfit_small_batch,
    exit_test,
]

clock = Clock(exit_test)
