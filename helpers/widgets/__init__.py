"""Widgets: Python beside the JavaScript and CSS that it sends to the page."""

from helpers.widgets.init_explorer import InitExplorer
from helpers.widgets.layer_errors import LayerErrors
from helpers.widgets.learning_rate import LearningRate
from helpers.widgets.memory_meter import MemoryMeter
from helpers.widgets.mutation_board import MutationBoard
from helpers.widgets.prediction import calibration, predict
from helpers.widgets.shape_flow import ShapeFlow
from helpers.widgets.softmax_bars import SoftmaxBars
from helpers.widgets.step_size import StepSize
from helpers.widgets.stepper import Step, Stepper
from helpers.widgets.training_explorer import TrainingExplorer
from helpers.widgets.versions import Versions
from helpers.widgets.worksheet import Worksheet

__all__ = [
    "InitExplorer",
    "LayerErrors",
    "LearningRate",
    "MemoryMeter",
    "MutationBoard",
    "ShapeFlow",
    "SoftmaxBars",
    "Step",
    "StepSize",
    "Stepper",
    "TrainingExplorer",
    "Versions",
    "Worksheet",
    "calibration",
    "predict",
]
