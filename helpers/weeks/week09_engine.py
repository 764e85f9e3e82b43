"""Week 9, section 7: the tensor engine, and the mistakes that are made in building one."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from helpers.engine import tensor
from helpers.exercise import Case, Exercise, Wrong
from helpers.verdict import Verdict
from helpers.weeks.week05_engine import EngineExercise
from helpers.weeks.week09_battery import LEFT, first_operations, operation_cases
from helpers.weeks.week09_errors import unlifted_named
from helpers.weeks.week09_graphs import (
    ALIAS,
    DEEP,
    FINGERPRINTS,
    FORWARDS,
    INTERMEDIATE,
    NOACCUMULATE,
    RECURSION,
    first_graphs,
    graph_cases,
)
from helpers.weeks.week09_types import INTDTYPE, UPCAST

USUAL = 1_000  # calls inside calls that Python and a notebook allow
RAISED = (
    "Your engine raises Python's recursion limit. That holds for the whole program, and a deep recursion can then "
    "end it without any message. Use the list of topological_order instead."
)


class TensorExercise(EngineExercise):
    """As the scalar engine's exercise, without its word on reference cycles.

    A case gives its largest error, so there is nothing to show as expected and got.
    """

    def check(self, attempt: object) -> Verdict:
        return replace(Exercise.check(self, attempt), expected=None, got=None)


def cases() -> list[Case]:
    """+ and * with their graphs, the other operations, graphs of all of them."""
    tried = first_operations() + first_graphs() + operation_cases() + graph_cases()
    return [replace(case, run=_at_the_usual_depth(case.run)) for case in tried]


def _at_the_usual_depth(run: Callable) -> Callable:
    """Run a case with Python's usual recursion limit, and see that it stays as it is."""

    def guarded(engine):
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(USUAL)
        try:
            found = unlifted_named(run, engine)
            raised = sys.getrecursionlimit() != USUAL
        finally:
            sys.setrecursionlimit(before)
        return Wrong(RAISED, "RECURSIONLIMIT") if raised else found

    return guarded


Tensor = TensorExercise(
    tensor.Tensor,
    name="Tensor",
    week="week09",
    minutes=120,
    difficulty=3,
    cases=cases,
    judge=None,
    required=(
        "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __neg__ __pow__ __matmul__ "
        "__rmatmul__ sum mean max exp log tanh sigmoid relu reshape transpose __getitem__ log_softmax cross_entropy "
        "backward".split()
    ),
    tolerance=1e-10,
    version=3,
    fault_codes={},
    advice=None,
    hints=[
        "A node keeps its array, its parents, and *how gradients go back*: a function vjp(G) that returns one "
        "gradient for each parent. Begin with backward and `+`; run the cell after each further operation, and what "
        "is there is tried.",
        "backward: order = topological_order(self) as in week 5; nodes with parents start without a gradient; the "
        "root gets G, or ones. Then, in reverse: for parent, g in zip(node.parents, node.vjp(node.grad)): "
        "accumulate(parent, g).",
        "def __mul__(self, other): other = self.lift(other); return Tensor(self.data * other.data, (self, other), "
        'lambda G: (G * other.data, G * self.data), "*"). accumulate does the unbroadcasting for all of them. '
        "lift makes np.asarray(other, self.data.dtype) a Tensor.",
    ],
)


# ------------------------------------------------------------------ known mistakes


def engine_with(vjp: dict | None = None, methods: dict | None = None, **functions) -> type:
    """The course's engine with other VJPs, methods of Tensor, or functions beside it.

    Parameters
    ----------
    vjp : dict
        Entries of the table `VJP`: a tuple of functions (g, node, *operands).
    methods : dict
        Methods of `Tensor`; None takes one away.
    **functions
        `accumulate`, `unbroadcast`, `topological_order`, `_lift`.
    """
    space = {"__name__": "helpers.engine.tensor"}
    exec(compile(inspect.getsource(tensor), "<tensor with a mistake>", "exec"), space)
    for name in functions:
        if name not in space:
            raise ValueError(f"helpers.engine.tensor has no {name}.")
    for table, own in ((space["VJP"], vjp or {}), (vars(space["Tensor"]), methods or {})):
        if missing := own.keys() - table.keys():
            raise ValueError(f"helpers.engine.tensor has no {missing}.")
    space.update(functions)
    space["VJP"].update(vjp or {})
    for name, method in (methods or {}).items():
        if method is None:
            delattr(space["Tensor"], name)
        else:
            setattr(space["Tensor"], name, method)
    return space["Tensor"]


def _no_upstream(g, n, a):
    return n.data


def _scattered(g, n, a):
    out = np.zeros_like(a)
    out[n.saved] += g
    return out


def _spread(g, n, a):
    axis, keepdims = n.saved[:2]
    return np.broadcast_to(g if axis is None or keepdims else np.expand_dims(g, axis), a.shape)


def _all_that_tie(g, n, a):
    return _spread(g, n, a) * (a == _spread(n.data, n, a))


def _without_axis(g, n, a):
    return np.broadcast_to(g, a.shape)


def _no_minus_one(g, n, z):
    return np.exp(n.saved[0]) * (g / len(z))


def _sum_for_mean(g, n, z):
    log_p, t = n.saved
    dz = np.exp(log_p)
    dz[np.arange(len(t)), t] -= 1
    return dz * g


for _code, _why, _op, *_rules in [
    ("OWNDATA", "`*` gives each operand the upstream gradient times its *own* array. A product swaps: times the other "
     "one.",
     "*", lambda g, n, a, b: g * a, lambda g, n, a, b: g * b),
    ("SUBSIGN", "In a − b a larger b makes the result smaller: its VJP is −G.",
     "-", lambda g, n, a, b: g, lambda g, n, a, b: g),
    ("DIVSIGN", "In a/b a larger b makes the result smaller: the slope is −a/b².",
     "/", lambda g, n, a, b: g / b, lambda g, n, a, b: g * n.data / b),
    ("DIVSQUARE", "In a/b the divisor is squared in the second VJP: −a/b².",
     "/", lambda g, n, a, b: g / b, lambda g, n, a, b: -g * n.data),
    ("POWN", "The power rule lowers the exponent by one: n·x**(n − 1).",
     "**", lambda g, n, a: g * n.saved * a**n.saved),
    ("POWFACTOR", "The exponent comes down as a factor: n·x**(n − 1).",
     "**", lambda g, n, a: g * a ** (n.saved - 1)),
    ("EXPINPUT", "The slope of exp is its output, not its input.", "exp", lambda g, n, a: g * a),
    ("NOUPSTREAM", "exp pushes its slope alone. A VJP is upstream *times* slope.", "exp", _no_upstream),
    ("LOGX", "The slope of log is 1/x.", "log", lambda g, n, a: g * a),
    ("TANHIN", "tanh's slope is 1 − t² with the *output* t. You used the input.",
     "tanh", lambda g, n, a: g * (1 - a * a)),
    ("SIGMOIDIN", "The sigmoid's slope is s·(1 − s) with the *output* s. You used the input.",
     "sigmoid", lambda g, n, a: g * a * (1 - a)),
    ("RELUMASK", "relu passes nothing where its input is negative: G times (x > 0).", "relu", lambda g, n, a: g + 0 * a),
    ("RELUMASK", "relu: you let the *gradient* decide, (G > 0). What passed on the way forward is decided by x.",
     "relu", lambda g, n, a: g * (g > 0)),
    ("TRANSPOSE", "The second VJP of `@` has its factors in the wrong order: dB = Aᵀ·G. At square shapes only the "
     "numbers can tell.",
     "@", lambda g, n, a, b: g @ b.swapaxes(-1, -2), lambda g, n, a, b: g.swapaxes(-1, -2) @ a),
    ("NOTSPREAD", "The gradient of a sum comes as it arrived, in the shape of the *result*. Each entry that was summed "
     "gets it: spread it over the operand's shape.",
     "sum", lambda g, n, a: g),
    ("KEEPDIM", "The reduced axis is gone from G, so (2,) does not fit (2, 3), and in a square it fits along the wrong "
     "axis. Put it back first: np.expand_dims(G, axis).",
     "sum", _without_axis),
    ("MEANSUM", "The gradient of `mean` is that of a sum: the division by the number of entries is missing.",
     "mean", _spread),
    ("TIES", "In `max` entries that tie get *all* of G each. Together they move the maximum as one does: share it.",
     "max", _all_that_tie),
    ("SCATTER", "`x[index]`: an entry that was taken twice has only the last of its two gradients. `dx[index] += G` "
     "writes each entry once; np.add.at(dx, index, G) adds them all.",
     "getitem", _scattered),
    ("PERM", "The VJP of transpose goes forward once more. The way back is the *inverse* permutation, np.argsort(axes).",
     "transpose", lambda g, n, a: np.transpose(g, n.saved)),
    ("SUMOFG", "log_softmax: the sum of G along the row is missing. dZ = G − P·Σ G.",
     "log_softmax", lambda g, n, z: g - np.exp(n.data)),
    ("NO-1", "cross_entropy: the −1 at each sample's own class is missing: (P − Y)/N.",
     "cross_entropy", _no_minus_one),
    ("MEANSUM", "cross_entropy is a mean over the samples: 1/N goes into its gradient.",
     "cross_entropy", _sum_for_mean),
]:  # fmt: skip
    Tensor.mistake(_code, _why)(engine_with(vjp={_op: tuple(_rules)}))


def _assigned(node, g, *_):
    node.grad = np.array(tensor.unbroadcast(g, node.data.shape))


def _kept_as_it_came(node, g, *_):
    g = g if g.shape == node.data.shape else tensor.unbroadcast(g, node.data.shape)
    if node.grad is None:
        node.grad = g
    else:
        node.grad += g


def _stretched(node, g, *_):
    node.grad = np.array(g) if node.grad is None else node.grad + g


def _axis_lost(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1))


def _averaged(g, shape):
    return tensor.unbroadcast(g, shape) * (np.prod(shape) / g.size)


def _in_float64(x, like):
    return x if hasattr(x, "parents") else type(like)(np.asarray(x, float), requires_grad=False)


def _visited_by_recursion(root):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


def _as_met(root):
    order, stack = {}, [root]
    while stack:
        node = stack.pop()
        if node not in order:
            order[node] = True
            stack += node.parents[::-1]
    return [*order][::-1]


def _backward(reset: Callable = lambda node: node.parents, seed: Callable = np.array) -> Callable:
    """A backward pass that clears some nodes and starts from `seed` of the upstream gradient."""

    def backward(self, gradient=None):
        order = tensor.topological_order(self)
        for node in order:
            if reset(node):
                node.grad = None
        start = np.ones(self.shape, self.data.dtype) if gradient is None else np.asarray(gradient)
        tensor.accumulate(self, seed(start, self.data.dtype))
        for node in reversed(order):
            if node.parents and node.requires_grad:
                node.push()

    return backward


def _each_parent_once(self):
    pairs = dict(zip(self.parents, tensor.VJP[self.op]))
    operands = [parent.data for parent in self.parents]
    for parent, vjp in pairs.items():
        if parent.requires_grad:
            tensor.accumulate(parent, vjp(self.grad, self, *operands), self.grad)


def _kept_integers(self, data, parents=(), op="", saved=None, *, name="", requires_grad=True):
    self.data = np.asarray(data)
    self.grad, self.parents, self.op, self.saved, self.name = None, parents, op, saved, name
    self.requires_grad = requires_grad


for _code, _why, _changes in [
    ("ASSIGN", FINGERPRINTS["ASSIGN"], dict(accumulate=_assigned)),
    ("ALIAS", ALIAS, dict(accumulate=_kept_as_it_came)),
    ("UNBROADCAST", "A gradient is kept in the shape of the *result*. It has the shape of its own node: sum over the "
     "axes along which broadcasting has copied.", dict(accumulate=_stretched)),
    ("KEEPDIM", "Where an operand has an axis of length 1, its gradient has it, too: sum along it with keepdims=True.",
     dict(unbroadcast=_axis_lost)),
    ("MEANSUM", "You average over the copies that broadcasting made. Each copy moves the result: their gradients "
     "*add up*.", dict(unbroadcast=_averaged)),
    ("UPCAST", UPCAST, dict(_lift=_in_float64)),
    ("ORDER", FINGERPRINTS["ORDER"], dict(topological_order=_as_met)),
    ("FORWARDS", FORWARDS, dict(topological_order=lambda root: tensor.topological_order(root)[::-1])),
    ("RECURSIONLIMIT", RECURSION.format(n=DEEP), dict(topological_order=_visited_by_recursion)),
    ("EDGEDICT", FINGERPRINTS["EDGEDICT"], dict(methods=dict(push=_each_parent_once))),
    ("INTERMEDIATE", INTERMEDIATE, dict(methods=dict(backward=_backward(lambda node: False)))),
    ("NOACCUMULATE", NOACCUMULATE, dict(methods=dict(backward=_backward(lambda node: True)))),
    ("ONES", "backward(G) starts from ones, whatever G is. It is the upstream gradient of the root: start there.",
     dict(methods=dict(backward=_backward(seed=np.ones_like)))),
    ("NOSEED", FINGERPRINTS["NOSEED"], dict(methods=dict(backward=_backward(seed=np.zeros_like)))),
    ("INTDTYPE", INTDTYPE, dict(methods=dict(__init__=_kept_integers))),
    ("ARRAYLEFT", LEFT, dict(methods=dict(__array_ufunc__=None))),
    ("REFLECTED", "`A - x` comes out as x − A. `__rsub__` is called on the *right* operand: self is what is subtracted.",
     dict(methods=dict(__rsub__=lambda self, other: self - other))),
]:  # fmt: skip
    Tensor.mistake(_code, _why)(engine_with(**_changes))
