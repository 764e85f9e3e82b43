"""Week 7, sections 5, 6 and 8: what a graph keeps, when it lets go, and loops that never do."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import torch
from torch.autograd.graph import saved_tensors_hooks

from helpers.agreement import show
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks import week07_cases as cases
from helpers.weeks.rewrite import rewritten

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
}


def _saved_case(label: str, f: Callable, shape: tuple[int, ...], dtype: torch.dtype) -> Case:
    def run(saved_bytes):
        x = cases.leaf(shape, seed=20).detach().to(dtype).requires_grad_()
        return saved_bytes(f, x)

    return Case(label, run)


@exercise(
    minutes=15,
    difficulty=2,
    cases=[_saved_case(label, *what) for label, what in SAVED.items()],
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
        cases.table_case(
            "the twelve operations",
            {key: freed for key, (freed, _) in FREED.items()},
            cases.true_or_false(FREED),
        )
    ],
    judge=cases.plainly,
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


# ------------------------------------------------------------------ loops


class Problem:
    """A small regression, and a watch on the loop that trains it.

    Attributes
    ----------
    params : list of tensor
    calls : int
        How often the training loss was computed.
    graphs, saved : int
        The most earlier graphs, and saved tensors of them, that were alive when a new one was made.
    tested_with_graph : bool
        Whether a test loss was computed while grad mode was on.
    """

    def __init__(self, seed: int, count: int = 1):
        self.params = [cases.leaf((3,), seed), *(cases.leaf((), seed + k) for k in range(1, count))]
        self._X, self._t = (
            cases.leaf(shape, seed + 10, requires_grad=False) for shape in ((8, 3), (8,))
        )
        self.calls, self.graphs, self.saved, self.tested_with_graph = 0, 0, 0, False
        self._nodes: list[weakref.ref] = []
        self._tensors: list[weakref.ref] = []

    def loss(self, rows: slice) -> torch.Tensor:
        out = self._X[rows] @ self.params[0]
        for p in self.params[1:]:
            out = (out + p).tanh()
        return ((out - self._t[rows]) ** 2).mean()

    def train_loss(self) -> torch.Tensor:
        self._look()
        self.calls += 1
        with saved_tensors_hooks(self._pack, lambda kept: kept.tensor):
            loss = self.loss(slice(0, 5))
        if loss.grad_fn is not None:
            mark = _Mark()
            loss.grad_fn.metadata["mark"] = mark  # lives as long as the node
            self._nodes.append(weakref.ref(mark))
        return loss

    def test_loss(self) -> torch.Tensor:
        self.tested_with_graph |= torch.is_grad_enabled()
        return self.loss(slice(5, 8))

    def _pack(self, tensor):
        kept = _Mark(tensor.detach())
        self._tensors.append(weakref.ref(kept))
        return kept

    def _look(self) -> None:
        self.graphs = max(self.graphs, sum(ref() is not None for ref in self._nodes))
        self.saved = max(self.saved, sum(ref() is not None for ref in self._tensors))


class _Mark:
    """Something that a weak reference can watch."""

    def __init__(self, tensor=None):
        self.tensor = tensor


def _loop_case(seed: int, count: int, lr: float, steps: int) -> Case:
    def run(fix_loop):
        problem = Problem(seed, count)
        params = list(problem.params)
        got = fix_loop(params, problem.train_loss, problem.test_loss, lr, steps)
        return _what_it_keeps(problem, steps, got) or {
            "mean training loss": got[0],
            "last test loss": got[1],
            **{f"parameter {k}": p.detach() for k, p in enumerate(problem.params)},
        }

    what = "1 parameter" if count == 1 else f"{count} parameters"
    return Case(f"{what}, lr {lr:g}, {steps} step{'s' * (steps > 1)}", run)


def _what_it_keeps(problem: Problem, steps: int, got: object) -> Wrong | object:
    """What is wrong with a loop, apart from its numbers."""
    if isinstance(got, str) or not isinstance(got, Sequence) or len(got) != 2:
        return Wrong(
            f"Two numbers are expected, the mean training loss and the last test loss; you give {show(got, 50)}."
        )
    if problem.calls < steps:
        return Wrong(
            f"train_loss() was called {problem.calls} times in {steps} steps. Every step needs its own forward "
            "pass: the parameters have changed, and the old graph is used up.",
            "BACKWARD2",
        )
    if problem.saved:
        return Wrong(
            f"When a step began, {problem.saved} saved tensors of earlier steps were still alive. backward() frees "
            "them, unless it is told retain_graph=True. Nobody needs them again.",
            "RETAIN",
        )
    history = [name for name, x in zip(("mean training loss", "test loss"), got) if _has_history(x)]
    if history or problem.graphs > 2:
        which = (
            f"The {history[0]} still hangs on its graph"
            if history
            else ("When the last step began, the graphs of earlier steps were still alive")
        )
        return Wrong(
            f"{which}. A sum of losses, or a list of them, keeps all that it was made from, and grows with "
            "every step. Keep plain numbers: `loss.item()`.",
            "HISTORY",
        )
    if problem.tested_with_graph:
        return Wrong(
            "The test loss was computed with grad mode on, so a graph was recorded that nobody will use. "
            "Put it under `torch.no_grad()`.",
            "EVALNOGRAD",
        )
    return None


def _has_history(x: object) -> bool:
    return isinstance(x, torch.Tensor) and x.requires_grad


@exercise(
    minutes=20,
    difficulty=2,
    cases=[_loop_case(30, 1, 0.1, 1), _loop_case(31, 1, 0.1, 6), _loop_case(32, 3, 0.2, 8)],
    hints=[
        "Repair one thing at a time and run the cell again; each repair uncovers the next symptom. What is the state of "
        "p.grad before the first backward()?",
        "Order of a step: clear the gradients (p.grad = None), forward, backward, update. Every step has its own "
        "forward pass, and then retain_graph is not needed.",
        "What outlives the step must be a number: `total += loss.item()`. What is only looked at, the test loss, belongs "
        "under `torch.no_grad()`.",
    ],
)
def fix_loop(params, train_loss, test_loss, lr, steps):
    """`broken_loop`, repaired: the mean training loss and the last test loss, as plain numbers.

    `params` is a list of tensors that require grad; SGD changes them in place.
    """
    total = 0.0
    for _ in range(steps):
        for p in params:
            p.grad = None
        loss = train_loss()
        loss.backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
            test = test_loss()
        total += loss.item()
    return total / steps, test.item()


_CLEAR = "        for p in params:\n            p.grad = None\n"
_FORWARD = "        loss = train_loss()\n"
_BACKWARD = "        loss.backward()\n"
_UPDATE = "                p -= lr * p.grad\n"

for _code, _why, *_changes in [
    ("ZEROGRAD", "The first step is right, later ones are not: the gradients pile up, because nobody clears them. "
     "`.grad` is an accumulator. Set p.grad = None before each backward().",
     (_CLEAR, "")),
    ("NONEGRAD", "Before the first backward() `.grad` is None, and None has no `zero_`. Set `p.grad = None` instead: that "
     "works at any time.",
     ("p.grad = None", "p.grad.zero_()")),
    ("CLEAREDTOOEARLY", "You clear the gradients between backward() and the update, so the update finds None. Clear them "
     "before backward().",
     (_CLEAR, ""), (_BACKWARD, _BACKWARD + _CLEAR)),
    ("BACKWARD2", "The forward pass stands before the loop, so that the second step goes through a graph that is used up. "
     "Compute the loss anew in each step: the parameters have changed.",
     (_FORWARD, ""), ("    total = 0.0\n", "    total = 0.0\n    loss = train_loss()\n")),
    ("RETAIN", "retain_graph=True keeps the saved tensors of a graph that nobody needs again. Each step has its own forward "
     "pass: leave it out.",
     ("loss.backward()", "loss.backward(retain_graph=True)")),
    ("HISTORY", "The running total is a tensor that hangs on the graphs of all steps. Add up plain numbers, `loss.item()`.",
     ("total += loss.item()", "total = total + loss")),
    ("EVALNOGRAD", "The test loss records a graph that nobody will use. Put it under `torch.no_grad()`; model.eval() "
     "would not help, it only changes how some layers behave.",
     ("            test = test_loss()\n", "        test = test_loss()\n")),
    ("REBIND", "`p = p - …` makes a new tensor and gives it the name p; the parameter itself never changes. Write `p -= …`.",
     ("p -= lr * p.grad", "p = p - lr * p.grad")),
    ("NOGRAPH", "The whole step runs under no_grad(), so that the loss has no graph to go back through. Only the update and "
     "the test loss belong there.",
     (_FORWARD + _BACKWARD, "        with torch.no_grad():\n            loss = train_loss()\n            loss.backward()\n")),
]:  # fmt: skip
    fix_loop.mistake(_code, _why)(rewritten(fix_loop.reference, *_changes))
