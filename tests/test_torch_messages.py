"""Every message of PyTorch that weeks 7 and 8 quote is the one that this version prints.

When a new version changes one of them, a test here fails, and the notebook's prose has to follow.
"""

import copy
import re
import warnings
from pathlib import Path

import nbformat
import pytest
import torch
from torch.utils.checkpoint import checkpoint

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WEEKS = Path(__file__).parent.parent / "helpers" / "weeks"
SECOND = (
    "RuntimeError: Trying to backward through the graph a second time (or directly access saved "
    "tensors after they have already been freed). Saved intermediate values of the graph are freed "
    "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
    "backward through the graph a second time or if you need to access saved tensors after calling "
    "backward."
)


def leaf(*numbers):
    return torch.tensor([*numbers] if len(numbers) > 1 else numbers[0], requires_grad=True)


def backward_twice():
    y = leaf(2.0) * 3
    y.backward()
    y.backward()


def common_part_used_up():
    h = leaf(2.0) * leaf(3.0)
    (h**2).backward()
    (h + 1).backward()


def saved_tensor_after_backward():
    y = leaf(2.0) ** 2
    y.backward()
    return y.grad_fn._saved_self


MESSAGES = {
    "backward twice": (backward_twice, SECOND),
    "a common part is used up": (common_part_used_up, SECOND),
    "a saved tensor after backward": (saved_tensor_after_backward, SECOND),
    "no graph": (
        lambda: torch.ones(2).sum().backward(),
        "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "the flag of a result": (
        lambda: (leaf(1.0) * 2).requires_grad_(False),
        "RuntimeError: you can only change requires_grad flags of leaf variables. If you want to "
        "use a computed variable in a subgraph that doesn't require differentiation use "
        "var_no_grad = var.detach().",
    ),
    "whole numbers": (
        lambda: torch.tensor([1, 2], requires_grad=True),
        "RuntimeError: Only Tensors of floating point and complex dtype can require gradients",
    ),
    "a vector has no obvious start": (
        lambda: (leaf(1.0, 2.0, 3.0) ** 2).backward(),
        "RuntimeError: grad can be implicitly created only for scalar outputs",
    ),
    "a start of another shape": (
        lambda: (leaf(1.0, 2.0, 3.0) ** 2).backward(torch.ones(2)),
        "RuntimeError: Mismatch in shape: grad_output[0] has a shape of torch.Size([2]) and "
        "output[0] has a shape of torch.Size([3]).",
    ),
    "a tensor without a part in the result": (
        lambda: torch.autograd.grad(leaf(1.0) * 2, leaf(5.0)),
        "RuntimeError: The differentiated Tensor at index 0 appears to not have been used in the "
        "graph. Set allow_unused=True if this is the desired behavior.",
    ),
    "a gradient without create_graph": (
        lambda: torch.autograd.grad(torch.autograd.grad((x := leaf(2.0)) ** 3, x)[0], x),
        "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "a gradient with a history": (
        lambda: (leaf(2.0) ** 3).backward(create_graph=True),
        "UserWarning: Using backward() with create_graph=True will create a reference cycle "
        "between the parameter and its gradient which can cause a memory leak. We recommend using "
        "autograd.grad when creating the graph to avoid this. If you have to use this function, "
        "make sure to reset the .grad fields of your parameters to None after use to break the "
        "cycle and avoid the leak.",
    ),
    "zeroing None": (
        lambda: leaf(1.0).grad.zero_(),
        "AttributeError: 'NoneType' object has no attribute 'zero_'",
    ),
    "the gradient of a result": (
        lambda: (leaf(1.0) * 2).grad,
        "UserWarning: The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. "
        "Its .grad attribute won't be populated during autograd.backward(). If you indeed want the "
        ".grad field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf "
        "Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
        "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.",
    ),
}


class Crooked(torch.autograd.Function):
    """tanh with the slope of another function."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (1 - x**2)


def inference():
    with torch.inference_mode():
        return torch.ones(2)


def carried_state():
    w, h = leaf(0.5), torch.tensor(1.0)
    for _ in range(2):
        h = torch.tanh(h * w)
        h.backward()


def carried_state_with_retain_graph():
    w, h = torch.full((1, 1), 0.5, requires_grad=True), torch.ones(1, 1)
    optimizer = torch.optim.SGD([w], lr=0.1)
    for _ in range(3):
        h = torch.tanh(h @ w)
        h.sum().backward(retain_graph=True)
        optimizer.step()


def nan_in_anomaly_mode():
    with torch.autograd.detect_anomaly(check_nan=True):
        (torch.sqrt(leaf(0.0)) * 0).backward()


LEAF = "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation."
VIEW = (
    "RuntimeError: a view of a leaf Variable that requires grad is being used in an in-place "
    "operation."
)
JACOBIAN = "GradcheckError: Jacobian mismatch for output 0 with respect to input 0,"
WEEK8 = {
    "a leaf in place": (lambda: leaf(1.0).sub_(0.1), LEAF),
    "an entry of a leaf": (lambda: leaf(1.0, 2.0).__setitem__(0, 5.0), VIEW),
    "a leaf as the place for a result": (
        lambda: torch.add(w := leaf(1.0), 1, out=w),
        "RuntimeError: add(): functions with out=... arguments don't support automatic "
        "differentiation, but one of the arguments requires grad.",
    ),
    "an inference tensor in a graph": (
        lambda: inference() * leaf(1.0, 2.0),
        "RuntimeError: Inference tensors cannot be saved for backward. Please do not use Tensors "
        "created in inference mode in computation tracked by autograd. To work around this, you "
        "can make a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
        "instead of `torch.inference_mode()`.",
    ),
    "numpy() of what requires grad": (
        lambda: leaf(1.0).numpy(),
        "RuntimeError: Can't call numpy() on Tensor that requires grad. Use "
        "tensor.detach().numpy() instead.",
    ),
    "backward of a number": (
        lambda: leaf(1.0).item().backward(),
        "AttributeError: 'float' object has no attribute 'backward'",
    ),
    "float() of what requires grad": (
        lambda: float(leaf(1.0)),
        "UserWarning: Converting a tensor with requires_grad=True to a scalar may lead to "
        "unexpected behavior.",
    ),
    "a tensor of a tensor": (
        lambda: torch.tensor(leaf(1.0)),
        "UserWarning: To copy construct from a tensor, it is recommended to use "
        "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
        "rather than torch.tensor(sourceTensor).",
    ),
    "a deep copy of a result": (
        lambda: copy.deepcopy(leaf(1.0) * 1),
        "RuntimeError: Only Tensors created explicitly by the user (graph leaves) support the "
        "deepcopy protocol at the moment.  If you were attempting to deepcopy a module, this may "
        "be because of a torch.nn.utils.weight_norm usage, see "
        "https://github.com/pytorch/pytorch/pull/103001",
    ),
    "a state that is carried on": (carried_state, SECOND),
    "a state that is carried on with retain_graph": (
        carried_state_with_retain_graph,
        "RuntimeError: one of the variables needed for gradient computation has been modified by "
        "an inplace operation: [torch.FloatTensor [1, 1]] is at version 2; expected version 1 "
        "instead. Hint: enable anomaly detection to find the operation that failed to compute its "
        "gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False).",
    ),
    "a hook without a gradient": (
        lambda: torch.ones(2).register_hook(print),
        "RuntimeError: cannot register a hook on a tensor that doesn't require gradient",
    ),
    "a hook after accumulation at a result": (
        lambda: (leaf(1.0) * 2).register_post_accumulate_grad_hook(print),
        "RuntimeError: post accumulate grad hooks cannot be registered on non-leaf tensors",
    ),
    "gradcheck of a wrong backward": (
        lambda: torch.autograd.gradcheck(Crooked.apply, leaf(0.3, 1.2).double()),
        JACOBIAN,
    ),
    "gradcheck in float32": (
        lambda: torch.autograd.gradcheck(torch.tanh, leaf(0.3, 1.2)),
        JACOBIAN,
        "UserWarning: Input #0 requires gradient and is not a double precision floating point or "
        "complex. This check will likely fail if all the inputs are not of double precision "
        "floating point or complex. ",
    ),
    "a checkpoint of what requires no grad": (
        lambda: checkpoint(torch.exp, torch.ones(1), use_reentrant=True),
        "UserWarning: None of the inputs have requires_grad=True. Gradients will be None",
    ),
    "a checkpoint without a choice": (
        lambda: checkpoint(torch.exp, leaf(1.0)),
        "UserWarning: torch.utils.checkpoint: the use_reentrant parameter should be passed "
        "explicitly. Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise "
        "an exception. use_reentrant=False is recommended, but if you need to preserve the current "
        "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
        "differences between the two variants.",
    ),
    "a nan in anomaly mode": (
        nan_in_anomaly_mode,
        "RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.",
        "UserWarning: Anomaly Detection has been enabled. This mode will increase the runtime and "
        "should only be enabled for debugging.",
        "UserWarning: Error detected in SqrtBackward0. Traceback of forward call that caused the "
        "error:",
    ),
}
OWN = {  # what the engine of week 8 says for the same reasons
    "RuntimeError: a saved value is at version 1; not 0.",
    "RuntimeError: a leaf that requires grad is being used in an in-place operation.",
    "RuntimeError: Trying to backward through the graph a second time.",
}


def said(action) -> list[str]:
    """What an action raises and warns of: the first lines, without a place in PyTorch's source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
            lines = []
        except Exception as error:
            lines = [f"{type(error).__name__}: {str(error).splitlines()[0]}"]
    for warning in caught:
        first = str(warning.message).splitlines()[0].partition(" (Triggered")[0]
        lines.append(f"{warning.category.__name__}: {first}")
    return lines


def quoted(week: str) -> set[str]:
    """Every message in the outputs of a notebook, as one line each."""
    found = set()
    for cell in nbformat.read(next(NOTEBOOKS.glob(f"{week}_*.ipynb")), as_version=4).cells:
        for output in cell.get("outputs", []):
            joined = re.sub(r"\n {4}(?=\S)", " ", output.get("text", ""))
            lines = [" ".join(line.split()) for line in joined.splitlines()]
            found |= {line for line in lines if re.match(r"\w+(Error|Warning): ", line)}
    return found


@pytest.fixture(autouse=True)
def every_warning_each_time():
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize("situation", MESSAGES)
def test_message_is_the_one_that_this_version_prints(situation):
    action, message = MESSAGES[situation]
    assert said(action) == [message]


@pytest.mark.parametrize("situation", WEEK8)
def test_message_of_week_8_is_the_one_that_this_version_prints(situation):
    action, *messages = WEEK8[situation]
    assert said(action) == messages


def test_every_message_in_week_7_is_held_here():
    known = {message for _, message in MESSAGES.values()}
    assert quoted("week07") and quoted("week07") <= known


def test_every_message_in_week_8_is_held_here():
    known = {" ".join(m.split()) for _, *said in (MESSAGES | WEEK8).values() for m in said}
    assert quoted("week08") and quoted("week08") <= known | OWN


def test_no_message_is_quoted_from_memory_in_the_weeks_modules():
    text = "".join(path.read_text(encoding="utf-8") for path in WEEKS.glob("week07*.py"))
    for _, message in MESSAGES.values():
        assert message.partition(": ")[2][:40] not in text
