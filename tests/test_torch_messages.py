"""Every message of PyTorch that week 7 quotes is the one that this version prints.

When a new version changes one of them, a test here fails, and the notebook's prose has to follow.
"""

import re
import warnings
from pathlib import Path

import nbformat
import pytest
import torch

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


def quoted() -> set[str]:
    """Every message in the outputs of the notebook, as one line each."""
    found = set()
    for cell in nbformat.read(NOTEBOOKS / "week07_pytorch_graph.ipynb", as_version=4).cells:
        for output in cell.get("outputs", []):
            joined = re.sub(r"\n {4}(?=\S)", " ", output.get("text", ""))
            found |= {
                line for line in joined.splitlines() if re.match(r"\w+(Error|Warning): ", line)
            }
    return found


@pytest.mark.parametrize("situation", MESSAGES)
def test_message_is_the_one_that_this_version_prints(situation):
    action, message = MESSAGES[situation]
    assert said(action) == [message]


def test_every_message_in_the_notebook_is_held_here():
    known = {message for _, message in MESSAGES.values()}
    assert quoted() and quoted() <= known


def test_no_message_is_quoted_from_memory_in_the_weeks_modules():
    text = "".join(path.read_text(encoding="utf-8") for path in WEEKS.glob("week07*.py"))
    for _, message in MESSAGES.values():
        assert message.partition(": ")[2][:40] not in text
