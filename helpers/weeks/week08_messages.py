"""Week 8: the error messages of PyTorch that the notebook reads aloud, each with a program that earns it.

`MESSAGES` maps a short title to (CODE, program, the first line of the message). A test runs every
program and fails when a new version of PyTorch says something else.
"""

from __future__ import annotations

import warnings

import torch

_START = "x = torch.ones(3, requires_grad=True)\n"
_SECOND = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they "
    "have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)
_INPLACE = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: "
    "{}. Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
    "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
_MUL = (
    "class Mul(torch.autograd.Function):\n"
    "    @staticmethod\n"
    "    def forward(ctx, a, b): return a * b\n"
    "    @staticmethod\n"
    "    def backward(ctx, g): return {}\n"
    "Mul.apply(x, x * 2).sum().backward()"
)

MESSAGES = {
    "a saved input is changed": (
        "INPLACE",
        "y = x * 2; z = y ** 2\ny.add_(1)\nz.sum().backward()",
        _INPLACE.format(
            "[torch.FloatTensor [3]], which is output 0 of Add, is at version 1; expected version 0 "
            "instead"
        ),
    ),
    "a saved output is changed": (
        "INPLACE",
        "y = x.exp()\ny.add_(1)\ny.sum().backward()",
        _INPLACE.format(
            "[torch.FloatTensor [3]], which is output 0 of Exp, is at version 1; expected version 0 "
            "instead"
        ),
    ),
    "weights are updated before backward": (
        "INPLACE",
        "W = torch.ones(3, 1, requires_grad=True)\nloss = ((x * 2) @ W).sum()\n"
        "with torch.no_grad(): W -= 0.1\nloss.backward()",
        _INPLACE.format(
            "[torch.FloatTensor [3, 1]] is at version 1; expected version 0 instead"
        ),
    ),
    "a leaf is changed": (
        "LEAFINPLACE",
        "x.sub_(0.1)",
        "a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    "an entry of a leaf is changed": (
        "LEAFINPLACE",
        "x[0] = 5.0",
        "a view of a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    "backward twice": (
        "BACKWARD2",
        "loss = (x ** 2).sum()\nloss.backward()\nloss.backward()",
        _SECOND,
    ),
    "no graph": (
        "NOGRAPH",
        "x.detach().sum().backward()",
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "the loss is an argmax": (
        "NOGRAPH",
        "x.argmax().float().backward()",
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "a result with three entries": (
        "NONSCALAR",
        "(x * 2).backward()",
        "grad can be implicitly created only for scalar outputs",
    ),
    "the loop rebinds w": (
        "REBIND",
        "w = (x * 1.0).detach() - 0.1 * x.grad",
        "unsupported operand type(s) for *: 'float' and 'NoneType'",
    ),
    "to NumPy with a history": (
        "REWRAP",
        "x.numpy()",
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    ),
    "backward of a Python number": (
        "REWRAP",
        "x.sum().item().backward()",
        "'float' object has no attribute 'backward'",
    ),
    "too few gradients": (
        "FNARITY",
        _MUL.format("g"),
        "function MulBackward returned an incorrect number of gradients (expected 2, got 1)",
    ),
    "a gradient of the wrong shape": (
        "FNARITY",
        _MUL.format("g[:2], g"),
        "Function MulBackward returned an invalid gradient at index 0 - got [2] but expected shape "
        "compatible with [3]",
    ),
    "an inference tensor": (
        "DETACHDATA",
        "with torch.inference_mode(): i = x * 2\ni * x",
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
        "inference mode in computation tracked by autograd. To work around this, you can make a clone "
        "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
        "`torch.inference_mode()`.",
    ),
}  # fmt: skip


def message(title: str) -> str:
    """The first line of what PyTorch says when the program of this title runs."""
    return first_line(_START + MESSAGES[title][1])


def first_line(program: str) -> str:
    """The first line of the error that a program raises; "no error" where it raises none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(program, {"torch": torch})
        except Exception as error:
            return str(error).splitlines()[0]
    return "no error"
