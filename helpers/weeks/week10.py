"""Week 10 · The 3-layer MLP with only tensors.

Its exercises in the order of the notebook. They stand in four files by theme: the network and its
gradients, their verification, training, and normalization; the reference solutions in `week10_rules`.
"""

from helpers.weeks.week10_network import backward, forward, l2_grad, three_layers
from helpers.weeks.week10_norms import batchnorm_backward, layernorm_backward, norm_paths
from helpers.weeks.week10_training import adam_step, sgd_step, train
from helpers.weeks.week10_verify import verify_all

all = [
    forward,
    three_layers,
    l2_grad,
    backward,
    verify_all,
    sgd_step,
    train,
    adam_step,
    norm_paths,
    batchnorm_backward,
    layernorm_backward,
]
