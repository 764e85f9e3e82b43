"""Week 7, sections 1 to 4: PyTorch's nodes are found, told from leaves, and driven by hand."""

from __future__ import annotations

import torch

from helpers.agreement import agree
from helpers.exercise import exercise
from helpers.weeks import week07_cases as cases
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_driving import UNBROADCAST, WRITESGRAD, drive_cases
from helpers.weeks.week07_table import plainly, table_case, true_or_false

# ------------------------------------------------------------------ walking


def walk(fn):
    """All nodes of PyTorch's graph below fn, each once: fn first, and each before its operands."""
    order, seen, stack = [], set(), [(fn, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node is not None and node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent, _ in node.next_functions]
    return order[::-1]


walking = exercise(
    minutes=15,
    difficulty=2,
    cases=cases.walk_cases,
    version=2,
    judge=cases.consumers_first,
    hints=[
        "It is the topological order of weeks 1 and 5, with other names: where the engine has `parents`, a "
        "node of PyTorch has `next_functions`, a tuple of pairs (node, number of its output). An edge may lead "
        "to None.",
        "List the nodes as in week 5, operands before their users, and turn the list around at the end. The "
        "chain has 3000 nodes: a loop with a stack of its own, no recursion.",
        "Start with `stack = [fn]`. Pop a node; if it is new, push it again with a mark, then push its parents. "
        "When the mark comes up, its parents are done: append it.",
    ],
)(walk)

_TURN = "return order[::-1]"

for _code, _why, *_changes in [
    ("NONEEDGE", "Your list holds None. An edge that leads to None belongs to an operand that wants no "
     "gradient, a constant: there is no node to visit.",
     ("elif node is not None and node not in seen:\n            seen.add(node)",
      "elif node is None:\n            order.append(node)\n        elif node not in seen:\n"
      "            seen.add(node)")),
    ("NOVISIT", "A node that several edges lead to stands in your list several times. It is one node, so "
     "remember which ones you have visited.",
     (" and node not in seen:", " and (node not in seen or hasattr(node, 'variable')):")),
    ("REVERSED", "Your list begins at the leaves: that is the order of the forward pass. Turn it around, so "
     "that fn comes first.",
     (_TURN, "return order")),
    ("NONEEDGE", "Your code goes along an edge that leads to None. It belongs to an operand that wants no "
     "gradient, a constant: skip it.",
     ("elif node is not None and node not in seen", "elif node not in seen")),
    ("ORDER", "You list a node when you first meet it. In (x + y)·y the node of y then stands before that of +, "
     "which has yet to push to it. Append a node when all its operands are listed, and turn the list around at "
     "the end.",
     ("if done:\n            order.append(node)\n        elif", "if not done and"),
     ("seen.add(node)\n            stack.append((node, True))", "seen.add(node)\n            order.append(node)"),
     (_TURN, "return order")),
    ("MARKEDEARLY", "You mark a node when you *push* it to the stack, so it keeps the place of whoever met it first: "
     "in y·(x + y) the node of y stands before that of +, which has yet to push to it. Mark it when it comes off "
     "the stack.",
     ("set(), [(fn, False)]", "{fn}, [(fn, False)]"),
     ("elif node is not None and node not in seen:\n            seen.add(node)\n", "else:\n"),
     ("            stack += [(parent, False) for parent, _ in node.next_functions]",
      "            new = dict.fromkeys(p for p, _ in node.next_functions if p is not None and p not in seen)\n"
      "            seen.update(new)\n            stack += [(p, False) for p in new]")),
    ("MISSING", "The AccumulateGrad nodes are missing. They have no next_functions, and still they are nodes: "
     "there the gradients of the leaves arrive.",
     (_TURN, "return [node for node in order[::-1] if not hasattr(node, 'variable')]")),
    ("NAMES", "Your list holds names. Later you want to call the nodes, so list the nodes themselves.",
     (_TURN, "return [node.name() for node in order[::-1]]")),
]:  # fmt: skip
    walking.mistake(_code, _why)(rewritten(walk, *_changes))


@walking.mistake(
    "RECURSIONLIMIT",
    "Right on small graphs; on the chain Python's own stack ends at about 1000 nested calls. PyTorch has "
    "built that graph without any trouble. Keep a stack of your own, as in week 5.",
)
def _recursive(fn):
    order, seen = [], set()

    def visit(node):
        if node is not None and node not in seen:
            seen.add(node)
            for parent, _ in node.next_functions:
                visit(parent)
            order.append(node)

    visit(fn)
    return order[::-1]


# ------------------------------------------------------------------ leaves

LEAVES = {  # x = torch.ones(2), w = torch.ones(2, requires_grad=True)
    "x": (True, "It was not computed from a tensor that requires grad."),
    "x * 2": (True, "Nothing in it requires grad, so PyTorch records nothing, and what has no grad_fn is a leaf."),
    "w": (True, "You made it, and nothing was computed."),
    "w * 0.01": (False, "It was computed from w: its grad_fn is MulBackward0."),
    "w.clone()": (False, "A copy is an operation, too: its grad_fn is CloneBackward0."),
    "w.double()": (False, "Another type of number is another tensor, computed from w: ToCopyBackward0."),
    "w.float()": (True, "w is float32 already, so this gives w itself, no new tensor."),
    "w.detach()": (True, "detach() gives a tensor without history, and what has no history is a leaf."),
    "(w * 0.01).detach()": (True, "The history is cut off: no grad_fn, so a leaf."),
    "(x * 0.01).requires_grad_()": (True, "x * 0.01 has no history, and then it is told to collect gradients."),
    "torch.nn.Parameter(w * 0.01)": (True, "Parameter takes the numbers without their history."),
    "w > 0": (True, "A comparison has no derivative, so nothing is recorded."),
}  # fmt: skip
# leaves that want no gradient
_PLAIN = ["x", "x * 2", "w.detach()", "(w * 0.01).detach()", "w > 0"]


@exercise(
    minutes=6,
    difficulty=1,
    cases=[
        table_case(
            "the twelve expressions",
            {key: right for key, (right, _) in LEAVES.items()},
            true_or_false(LEAVES),
        )
    ],
    judge=plainly,
    hints=[
        "One question decides: does the tensor have a grad_fn? A leaf has none.",
        "A grad_fn is made by an operation when at least one of its operands requires grad, and grad mode is on. "
        "An operation on x alone makes none.",
        "detach() and Parameter() give tensors without history. clone(), double() and * are operations; float() "
        "on a float32 tensor does nothing at all.",
    ],
)
def predict_leaf():
    """{expression: True where its result is a leaf}; x is a plain tensor, w requires grad."""
    return {
        "x": True,
        "x * 2": True,
        "w": True,
        "w * 0.01": False,
        "w.clone()": False,
        "w.double()": False,
        "w.float()": True,
        "w.detach()": True,
        "(w * 0.01).detach()": True,
        "(x * 0.01).requires_grad_()": True,
        "torch.nn.Parameter(w * 0.01)": True,
        "w > 0": True,
    }


def _answering(*wrong: str):
    """A learner who answers these expressions wrongly, and all others right."""
    table = {key: right != (key in wrong) for key, (right, _) in LEAVES.items()}
    return lambda: table


for _code, _why, _wrong in [
    ("NONLEAF", "You take every new tensor for a leaf. `w * 0.01`, `w.clone()` and `w.double()` are results of an "
     "operation on w: they have a grad_fn, and `.grad` stays None on them.",
     ["w * 0.01", "w.clone()", "w.double()"]),
    ("LEAFWANTSGRAD", "You take only those for leaves that require grad. A leaf is a tensor without grad_fn, "
     "whether it wants a gradient or not.",
     _PLAIN),
    ("COMPUTED", "You take every result of a computation for a non-leaf. PyTorch records an operation only where "
     "something requires grad; everything else has no grad_fn, and is a leaf.",
     ["x * 2", "(x * 0.01).requires_grad_()", "w > 0"]),
    ("DETACHDATA", "detach() cuts the history off. What it gives has no grad_fn, so it is a leaf, one that wants "
     "no gradient.",
     ["w.detach()", "(w * 0.01).detach()"]),
    ("SAMETENSOR", "All right but one: w is float32 already, so `w.float()` has nothing to do and gives back w "
     "itself.",
     ["w.float()"]),
]:  # fmt: skip
    predict_leaf.mistake(_code, _why)(_answering(*_wrong))


# ------------------------------------------------------------------ driving


def _as_a_mistake_here(case, expected, got) -> str | None:
    """The explanation of a known mistake that gives the same in the first case that is wrong."""
    for mistake in my_backward.mistakes:
        other = case.outcome(mistake.attempt, 1.0)
        if not other.problem and agree(other.value, got):
            return mistake.explanation
    return None


@exercise(
    minutes=40,
    difficulty=3,
    cases=drive_cases,
    version=2,
    advice=_as_a_mistake_here,
    hints=[
        "Keep a dict from each node to what has arrived at it. It begins with loss.grad_fn and "
        "`torch.ones_like(loss)`. `walk` gives an order in which every node has everything before its turn comes.",
        "node(upstream) gives one amount for each entry of next_functions: a tuple, or the bare tensor where "
        "there is one. At AccumulateGrad nothing is called: its `variable` is the leaf, and what has "
        "arrived is the answer.",
        "for (parent, index), amount in zip(node.next_functions, pushed): skip parent None; sum the amount to "
        "`parent._input_metadata[index].shape` with `amount.sum_to_size(shape)`; then *add* it to what the "
        "parent has.",
    ],
)
def my_backward(loss):
    """{leaf: ∂loss/∂leaf}, by calling PyTorch's own nodes one by one; leaves `.grad` alone."""
    arrived, grads = {loss.grad_fn: torch.ones_like(loss)}, {}
    for node in walk(loss.grad_fn):
        upstream = arrived[node]
        if hasattr(node, "variable"):
            grads[node.variable] = upstream
            continue
        pushed = node(upstream)
        pushed = pushed if isinstance(pushed, tuple) else (pushed,)
        for (parent, index), amount in zip(node.next_functions, pushed):
            if parent is not None:
                amount = amount.sum_to_size(parent._input_metadata[index].shape)
                arrived[parent] = arrived.get(parent, 0.0) + amount
    return grads


_SEED = "torch.ones_like(loss)"
_LOOP = "for node in walk(loss.grad_fn):"
_SUM = "amount = amount.sum_to_size(parent._input_metadata[index].shape)"

for _code, _why, *_changes in [
    ("ASSIGN", "You assign what a node pushes, so a second contribution erases the first: x·x gets one half of "
     "its gradient. Add to what has arrived: that is what the name AccumulateGrad says.",
     ("arrived.get(parent, 0.0) + amount", "amount")),
    ("INPLACESUM", "`+=` changes a tensor in place, and another node may hold the same one: + hands one tensor to both of "
     "its operands. Make a new tensor: `arrived[parent] = arrived[parent] + amount`.",
     ("arrived[parent] = arrived.get(parent, 0.0) + amount",
      "if parent in arrived:\n                    arrived[parent] += amount\n"
      "                else:\n                    arrived[parent] = amount")),
    ("NONEEDGE", "Your code goes along an edge that leads to None. It belongs to an operand that wants no gradient, a "
     "constant: skip it.",
     ("if parent is not None:", "if True:")),
    ("FLOAT32", "Your one is float32, and the graph computes in float64. Start with `torch.ones_like(loss)`: a one of "
     "the loss's own type.",
     (_SEED, "torch.tensor(1.0)")),
    ("UNBROADCAST", UNBROADCAST,
     (_SUM, "pass")),
    ("NOSEED", "Everything is zero: the first node is called with zeros. Start with ∂loss/∂loss = 1.",
     (_SEED, "torch.zeros_like(loss)")),
    ("SEEDVALUE", "Everything is too large or too small by the same factor, the loss: you start with its value. "
     "Start with ∂loss/∂loss = 1.",
     (_SEED, "loss.detach()")),
    ("KEYS", "Your dict has an entry for every node. Keep the leaves only: their tensor is `node.variable`, at "
     "the AccumulateGrad nodes.",
     ("return grads", "return arrived")),
    ("ENGINE", "PyTorch's engine did the work: your code calls backward() or autograd.grad(). Call the nodes "
     "yourself, one after another: node(upstream).",
     (_LOOP, "loss.backward()\n    " + _LOOP)),
    ("WRITESGRAD", WRITESGRAD,
     ("grads[node.variable] = upstream", "node(upstream)\n            grads[node.variable] = upstream")),
]:  # fmt: skip
    my_backward.mistake(_code, _why)(rewritten(my_backward.reference, *_changes))


@my_backward.mistake(
    "ORDER",
    "You push on as soon as something arrives. A node that is used twice then pushes too early, and again later with "
    "all it has: 52 instead of 20 on the diamond. Let each node be called once, in the order of `walk`.",
)
def _at_once(loss):
    arrived, grads = {}, {}

    def push(node, amount):
        arrived[node] = arrived.get(node, 0.0) + amount
        if hasattr(node, "variable"):
            grads[node.variable] = arrived[node]
            return
        pushed = node(arrived[node])
        pushed = pushed if isinstance(pushed, tuple) else (pushed,)
        for (parent, index), amount in zip(node.next_functions, pushed):
            if parent is not None:
                push(parent, amount.sum_to_size(parent._input_metadata[index].shape))

    push(loss.grad_fn, torch.ones_like(loss))
    return grads


@my_backward.mistake(
    "BREADTHFIRST",
    "You call the nodes in the order in which you meet them, breadth first. A node that is near the root and is also "
    "used further down is then called before everything has arrived there: `a` of a + exp(a) before exp has pushed to it. "
    "Take the order of `walk`.",
)
def _in_levels(loss):
    arrived, queue = {loss.grad_fn: torch.ones_like(loss)}, [loss.grad_fn]
    for node in queue:
        if hasattr(node, "variable"):
            continue
        pushed = node(arrived[node])
        pushed = pushed if isinstance(pushed, tuple) else (pushed,)
        for (parent, index), amount in zip(node.next_functions, pushed):
            if parent is not None:
                amount = amount.sum_to_size(parent._input_metadata[index].shape)
                if parent not in arrived:
                    queue.append(parent)
                arrived[parent] = arrived.get(parent, 0.0) + amount
    return {node.variable: grad for node, grad in arrived.items() if hasattr(node, "variable")}


@my_backward.mistake(
    "EACHPATH",
    "The numbers are right, but your code goes along every path of its own and calls a node once for each; on the "
    "ladder their number doubles with each rung. Collect what arrives, and call each node once, in the order of `walk`.",
)
def _path_by_path(loss):
    grads, stack = {}, [(loss.grad_fn, torch.ones_like(loss))]
    while stack:
        node, upstream = stack.pop()
        if hasattr(node, "variable"):
            grads[node.variable] = grads.get(node.variable, 0.0) + upstream
            continue
        pushed = node(upstream)
        pushed = pushed if isinstance(pushed, tuple) else (pushed,)
        for (parent, index), amount in zip(node.next_functions, pushed):
            if parent is not None:
                stack.append((parent, amount.sum_to_size(parent._input_metadata[index].shape)))
    return grads
