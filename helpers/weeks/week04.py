"""Week 4 · Losses, nonlinearities, and a network by hand.

Its exercises in the order of the notebook. They stand in five files by theme: nonlinearities, softmax,
losses, the network, and its training.
"""

from __future__ import annotations

from helpers.weeks.week04_bends import activation_backward, slopes
from helpers.weeks.week04_clock import Clock
from helpers.weeks.week04_losses import cross_entropy_grad, mse_grad, one_sample, two_classes
from helpers.weeks.week04_network import exit_test, tiny_network, two_layer_grads
from helpers.weeks.week04_softmax import logsumexp, softmax_vjp
from helpers.weeks.week04_training import overfit_small_batch, train_two_layer

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
