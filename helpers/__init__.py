"""What the notebooks draw on: pictures, widgets, checks and exercises for learning autograd.

Names are loaded when they are first used, so that `import helpers` costs nothing and brings in
neither PyTorch nor the widgets.
"""

import importlib

_HOME = {
    "Graph": "graph",
    "draw": "render",
    "find_fault": "faults",
    "gradcheck_directional": "gradcheck",
    "gradcheck_complex": "directions",
    "numerical_gradient": "gradcheck",
    "complex_step": "gradcheck",
    "compare_with_torch": "gradcheck",
    "LayerErrors": "widgets",
    "InitExplorer": "widgets",
    "LearningRate": "widgets",
    "MemoryMeter": "widgets",
    "MutationBoard": "widgets",
    "ShapeFlow": "widgets",
    "SoftmaxBars": "widgets",
    "Stepper": "widgets",
    "StepSize": "widgets",
    "TrainingExplorer": "widgets",
    "Versions": "widgets",
    "Worksheet": "widgets",
    "predict": "widgets",
    "calibration": "widgets",
    "boundary": "widgets.boundary",
    "grid": "widgets.boundary",
    "Value": "engine.scalar",
    "progress": "overview",
    "certificate": "overview",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"helpers has no {name!r}. It has: {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"helpers.{_HOME[name]}"), name)


def __dir__():
    return __all__
