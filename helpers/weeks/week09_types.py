"""The types of numbers in a tensor engine: whole numbers become floats, and float32 stays float32."""

from __future__ import annotations

import operator

import numpy as np

from helpers.exercise import Case, Wrong
from helpers.weeks.week09_errors import pulled_back

INTDTYPE = (
    "Whole numbers make an array of integers, and an integer cannot hold a gradient of 0.5, nor a parameter a small "
    "step. (PyTorch refuses: *Only Tensors of floating point … can require gradients*.) Turn them into floats when "
    "the Tensor is made."
)
FLOATS = "PyTorch refuses whole numbers, too; here they become floats: `data.astype(float)`."
AT_ONCE = (
    "A Tensor of float32 numbers is float64 from the start: `__init__` turns them. Turn what is no float, and leave "
    "floats as they are."
)
UPCAST = (
    "The graph began in float32 and has become float64: twice the memory and time, without an error. "
    "`np.asarray(0.5)` is a float64 array. Give a constant the dtype of the tensor that it meets: "
    "`np.asarray(other, self.data.dtype)`."
)
FROM_EYE = (
    "The loss of float32 scores is float64. `np.eye(C)`, `np.zeros(shape)` and `float(…)` make that: "
    "`np.eye(C, dtype=self.data.dtype)` does not."
)


def type_cases() -> list[Case]:
    return [
        Case("Tensor([1, 2, 3]), whole numbers", _integers),
        Case("float32, with numbers and arrays beside it", _float32),
    ]


def _integers(engine):
    try:
        x = engine([1, 2, 3])
    except (TypeError, ValueError) as error:
        return Wrong(f"Tensor([1, 2, 3]) raises {type(error).__name__}. {FLOATS}", "INTDTYPE")
    try:
        (x * 0.5).sum().backward()
    except TypeError as error:
        if "Cannot cast" in str(error):
            return Wrong(INTDTYPE, "INTDTYPE")
        raise
    if np.asarray(x.data).dtype.kind != "f":
        return Wrong(INTDTYPE, "INTDTYPE")
    return {"∂/∂x": x.grad}


A = np.array([[1.0, 2.0], [4.0, 0.5]])
SIGNS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "@": operator.matmul,
}
SINGLE = {
    "x * 0.5": lambda x: x * 0.5,
    "2 / x": lambda x: 2 / x,
    "x - 1": lambda x: x - 1,
    "x ** 2": lambda x: x**2,
    **{f"x {sign} A": lambda x, f=f: f(x, A) for sign, f in SIGNS.items()},
    **{f"A {sign} x": lambda x, f=f: f(A, x) for sign, f in SIGNS.items()},
    "x * np.float64(0.5)": lambda x: x * np.float64(0.5),
    "x * x": lambda x: x * x,
    "x @ x": lambda x: x @ x,
    "x.sum(axis=0)": lambda x: x.sum(axis=0),
    "x.mean()": lambda x: x.mean(),
    "x.max(axis=0)": lambda x: x.max(axis=0),
    **{
        f"x.{name}()": operator.methodcaller(name)
        for name in "exp log tanh sigmoid relu transpose".split()
    },
    "x[[0, 0]]": lambda x: x[[0, 0]],
    "x.reshape(4)": lambda x: x.reshape(4),
    "x.log_softmax()": lambda x: x.log_softmax(),
    "x.cross_entropy(t)": lambda x: x.cross_entropy(np.array([0, 1])),
}


def _float32(engine):
    for name, way in SINGLE.items():
        x = engine(np.array([[1.0, 2.0], [0.5, 1.5]], np.float32))
        if np.asarray(x.data).dtype != np.float32:
            return Wrong(AT_ONCE, "UPCAST")
        made = way(x)
        if np.asarray(made.data).dtype != np.float32:
            return Wrong(f"{name}: {FROM_EYE if 'entropy' in name else UPCAST}", "UPCAST")
        pulled_back(made, np.ones(made.data.shape, np.float32))
        if np.asarray(x.grad).dtype != np.float32:
            return Wrong(
                f"{name}, backward: the value is float32, and the gradient {x.grad.dtype}. A rule makes it so easily (a "
                "count, a mask, np.zeros without a dtype). Turn it back once, where all gradients arrive: "
                "`g.astype(node.data.dtype)`.",
                "UPCAST",
            )
    return "float32"
