"""Week 6 · From neuron to network, on your own engine.

Its exercises in the order of the notebook. The reference solutions stand in `week06_network`; above
each exercise are its cases and hints, below it the mistakes that it knows by name, as code that runs.
"""

from helpers.weeks import week06_network as network
from helpers.weeks.week06_classes import MLP, Layer, Neuron
from helpers.weeks.week06_training import (
    fix_the_loop,
    hinge_loss,
    l2_penalty,
    momentum_step,
    sgd_step,
    training_step,
)

__all__ = ["all", "use"]

all = [
    Neuron,
    Layer,
    MLP,
    hinge_loss,
    l2_penalty,
    sgd_step,
    training_step,
    fix_the_loop,
    momentum_step,
]


def use(engine: type) -> type:
    """Let the reference solutions of this week compute with this engine, too; gives it back."""
    network.Value = engine
    return engine
