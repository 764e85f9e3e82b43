"""Week 7, sections 5 and 6: what a graph keeps, and when it lets go."""

from __future__ import annotations

from collections.abc import Callable

import torch

from helpers.exercise import Case, Wrong, exercise
from helpers.weeks import week07_cases as cases
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_table import plainly, table_case, true_or_false

# ------------------------------------------------------------------ what is saved

W = cases.leaf((3, 5), seed=21)
SAVED = {  # function, shape of x, type
    "x + 1": (lambda x: x + 1.0, (4,), torch.float64),
    "x²": (lambda x: x**2, (4,), torch.float64),
    "exp(x)": (lambda x: x.exp(), (4,), torch.float64),
    "exp(x), float32": (lambda x: x.exp(), (3, 2), torch.float32),
    "x·x, x saved twice": (lambda x: x * x, (4,), torch.float64),
    "tanh(x)², the output of tanh saved twice": (lambda x: x.tanh() ** 2, (4, 4), torch.float64),
    "mean of relu(x − 1)": (lambda x: (x - 1.0).relu().mean(), (2, 3), torch.float32),
    "x @ W": (lambda x: x @ W, (2, 3), torch.float64),
    "mean of tanh(x @ W)²": (lambda x: ((x @ W).tanh() ** 2).mean(), (3, 3), torch.float64),
    "sin(exp(x)) + x, summed": (lambda x: (x.exp().sin() + x).sum(), (5,), torch.float64),
    "x[[0, 0, 1]], the indices are saved": (lambda x: x[[0, 0, 1]], (2,), torch.float64),
    "exp(x)·exp(x), computed twice": (lambda x: x.exp() * x.exp(), (5,), torch.float64),
    "tanh of tanh of …, 12 deep": (lambda x: _deep(x), (10,), torch.float64),
}


def _deep(x: torch.Tensor) -> torch.Tensor:
    for _ in range(12):
        x = x.tanh()
    return x


def _saved_case(label: str, f: Callable, shape: tuple[int, ...], dtype: torch.dtype) -> Case:
    def run(saved_bytes):
        x = cases.leaf(shape, seed=20).detach().to(dtype).requires_grad_()
        results = []

        def watched(x):
            results.append(f(x))
            return results[-1]

        count = saved_bytes(watched, x)
        return hook_gives_nothing(results) or count

    return Case(label, run)


def hook_gives_nothing(results: list[torch.Tensor]) -> Wrong | None:
    """A Wrong where a backward pass does not get back what was saved."""
    for result in results:
        try:
            result.sum().backward()
        except RuntimeError as error:
            if "unpack_hook" not in str(error):  # the attempt has run a backward pass itself
                continue
            return Wrong(
                "pack gives nothing back, so that a backward pass through this graph would fail. What pack "
                "returns is kept in place of the tensor: `return t.detach()`.",
                "PACKNONE",
            )
    return None


@exercise(
    minutes=15,
    difficulty=2,
    cases=[_saved_case(label, *what) for label, what in SAVED.items()],
    version=2,
    hints=[
        "`torch.autograd.graph.saved_tensors_hooks(pack, unpack)` is used with `with`; inside, `pack(t)` is called for each "
        "tensor that an operation saves. Compute f(x) there, and look at what comes by.",
        "Let pack note the bytes, `t.nbytes`, and give the tensor on: `return t.detach()`. Then add up what was noted.",
        "A tensor that is saved twice stands in one place of memory: keep a dict with `t.data_ptr()`, the address, "
        "as key and the bytes as value, and sum its values.",
    ],
)
def saved_bytes(f, x):
    """Bytes of the tensors that the graph of f(x) saves for its backward pass, each counted once."""
    kept = {}

    def pack(t):
        kept[t.data_ptr()] = t.nbytes
        return t.detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        f(x)
    return sum(kept.values())


for _code, _why, *_changes in [
    ("COUNTEDTWICE", "A tensor that two operations save stands in memory once: x·x saves x and x, and tanh(x)² the same "
     "output twice. Count each address, `t.data_ptr()`, once.",
     ("kept[t.data_ptr()]", "kept[len(kept)]")),
    ("ELEMENTS", "You count numbers. A float64 takes 8 bytes, a float32 takes 4: `t.nbytes`, or "
     "`t.numel() * t.element_size()`.",
     ("t.nbytes", "t.numel()")),
    ("FOURBYTES", "Right for float32. In float64 a number takes 8 bytes: ask the tensor, `t.element_size()`.",
     ("t.nbytes", "4 * t.numel()")),
    ("EIGHTBYTES", "Right for float64. In float32 a number takes 4 bytes: ask the tensor, `t.element_size()`.",
     ("t.nbytes", "8 * t.numel()")),
    ("INPUTSKIPPED", "You leave out x itself. It is no new memory, but the graph holds on to it: as long as the graph lives, "
     "x cannot be freed either.",
     ("kept[t.data_ptr()] = t.nbytes", "kept[t.data_ptr()] = t.nbytes * (not t.is_leaf)")),
    ("INPUTSKIPPED", "You leave out x itself. It is no new memory, but the graph holds on to it: as long as the graph lives, "
     "x cannot be freed either.",
     ("kept[t.data_ptr()] = t.nbytes", "kept[t.data_ptr()] = t.nbytes * (t.data_ptr() != x.data_ptr())")),
    ("OUTSIDE", "No tensor came by. Compute f(x) *inside* the `with` block: hooks see what is saved while they are set.",
     ("    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):\n        f(x)\n",
      "    f(x)\n    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):\n        pass\n")),
    ("SETOFSIZES", "Two tensors of one size are one entry in a set of sizes. What tells two tensors apart is the place in "
     "memory, `t.data_ptr()`.",
     ("kept[t.data_ptr()]", "kept[t.nbytes]")),
    ("EQUALVALUES", "Two tensors with equal numbers are still two blocks of memory: exp(x)·exp(x) computes exp(x) twice and "
     "saves both. What tells them apart is the address, `t.data_ptr()`.",
     ("kept[t.data_ptr()]", "kept[tuple(t.flatten().tolist())]")),
    ("IDREUSED", "`id(t)` is the number of a Python object. The t that pack is given is gone when pack returns, and "
     "the next one gets the same number. The memory stays: take its address, `t.data_ptr()`.",
     ("kept[t.data_ptr()]", "kept[id(t)]")),
    ("PACKNONE", "pack gives nothing back, so that a backward pass through this graph would fail. What pack returns is "
     "kept in place of the tensor: `return t.detach()`.",
     ("        return t.detach()\n", "")),
    ("OUTPUT", "That is the size of the result. Asked for are the tensors that the operations on the way save.",
     ("return sum(kept.values())", "return f(x).nbytes")),
]:  # fmt: skip
    saved_bytes.mistake(_code, _why)(rewritten(saved_bytes.reference, *_changes))


# ------------------------------------------------------------------ what is freed

FREED = {  # x and w are vectors that require grad
    "x + w": (False, "The gradient of a sum is handed on as it is: nothing was saved, so nothing can be freed."),
    "x - w": (False, "The gradient goes on, once with a minus: nothing was saved."),
    "x * w": (True, "Each operand's gradient needs the other operand: both were saved, and are gone."),
    "x * 3": (True, "The factor 3 is needed, and PyTorch saves it as a tensor. A single number is freed, too."),
    "-x": (False, "A sign needs nothing that depends on x."),
    "x ** 2": (True, "The slope 2x needs x."),
    "x.exp()": (True, "The slope of exp is its own output, and that was saved."),
    "x.relu()": (True, "The mask is read from the output, which was saved."),
    "x.mean()": (False, "Only the shape is kept, and a shape is no tensor."),
    "x.view(2, 1)": (False, "Only the shape is kept."),
    "x[[1, 0]]": (True, "The indices are a tensor, too, and were saved."),
    "torch.cat([x, w])": (False, "Only the sizes are kept: they say where to cut."),
}  # fmt: skip


@exercise(
    minutes=10,
    difficulty=2,
    cases=[
        table_case(
            "the twelve operations",
            {key: freed for key, (freed, _) in FREED.items()},
            true_or_false(FREED),
        )
    ],
    judge=plainly,
    hints=[
        "A node that has saved no tensor has nothing to lose, and can run as often as it likes. So ask of each "
        "operation: what does its backward need, beside the upstream gradient?",
        "Look at the table of section 5. A shape, a size, a sign are no tensors. An operand, an output, a list of "
        "indices are.",
        "Six are freed: those that multiply by something (a product, a power, exp, relu's mask), and the one "
        "that has to know from where each entry was taken.",
    ],
)
def freed_after_backward():
    """{operation: True where a second backward() finds its saved tensors freed, and raises}."""
    return {
        "x + w": False,
        "x - w": False,
        "x * w": True,
        "x * 3": True,
        "-x": False,
        "x ** 2": True,
        "x.exp()": True,
        "x.relu()": True,
        "x.mean()": False,
        "x.view(2, 1)": False,
        "x[[1, 0]]": True,
        "torch.cat([x, w])": False,
    }


def _answering(*wrong: str):
    """A learner who answers these operations wrongly, and all others right."""
    table = {key: right != (key in wrong) for key, (right, _) in FREED.items()}
    return lambda: table


for _code, _why, _wrong in [
    ("BACKWARD2", "You take the graph as a whole to be freed. The nodes stay, and their edges; what is freed are the saved "
     "tensors, node by node. A node that saved none runs again.",
     [key for key, (freed, _) in FREED.items() if not freed]),
    ("NOTHINGFREED", "You take nothing to be freed. backward() frees what each node saved as soon as the node has run, "
     "unless it is told retain_graph=True.",
     [key for key, (freed, _) in FREED.items() if freed]),
    ("SAVEDOUTPUT", "exp and relu save something, too: their *output*, from which they read their slope.",
     ["x.exp()", "x.relu()"]),
    ("SAVEDNUMBER", "All right but one: the plain number 3 is needed in the backward pass and is saved as a tensor.",
     ["x * 3"]),
    ("SAVEDINDEX", "All right but one: the indices are a tensor, too.",
     ["x[[1, 0]]"]),
    ("SHAPES", "Each of these has to know a shape or a size. That is kept, but it is no tensor, and is not freed.",
     ["x.mean()", "x.view(2, 1)", "torch.cat([x, w])"]),
]:  # fmt: skip
    freed_after_backward.mistake(_code, _why)(_answering(*_wrong))
