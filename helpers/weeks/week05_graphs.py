"""Week 5, sections 3 and 5: a first drawing of a graph, and its gradients set to zero."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from helpers.agreement import agree, show
from helpers.engine import fifty
from helpers.engine.scalar import topological_order
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks import week05_order as order
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week05_drawing import not_told_apart, what_is_missing

# ------------------------------------------------------------------ a first drawing


def single():
    return fifty.Value(1.25)


def square():
    x = fifty.Value(1.5)
    return x * x


def plus_times():
    x, y = fifty.Value(1.25), fifty.Value(2.5)
    return (x + y) * y


def diamond():
    a = fifty.Value(1.25) * 1.5
    return a * (a + 0.75) + a


def squashed():
    x, w = fifty.Value(0.7), fifty.Value(1.45)
    return (x * w).tanh().exp() + w


COMPLETE = "every node and every edge"
DRAWN = {
    "a leaf, 1.25": single,
    "x·x at 1.5": square,
    "(x + y)·y at 1.25, 2.5": plus_times,
    "diamond: a = 1.25·1.5, a·(a + 0.75) + a": diamond,
    "exp(tanh(x·w)) + w at 0.7, 1.45": squashed,
}


def drawing_cases() -> list[Case]:
    return [*(_drawing_case(label, build) for label, build in DRAWN.items()), _same_number()]


def _drawing_case(label: str, build: Callable) -> Case:
    def run(draw_graph):
        root = build()
        drawing = draw_graph(root)
        return _no_drawing(drawing) or what_is_missing(drawing, topological_order(root)) or COMPLETE

    return Case(label, run)


def _same_number() -> Case:
    def run(draw_graph):
        x, y = fifty.Value(1.3), fifty.Value(1.3)
        drawing = draw_graph((x + y) * y)
        return _no_drawing(drawing) or not_told_apart(drawing, 1.3, 2) or COMPLETE

    return Case("(x + y)·y at x = y = 1.3", run)


def _no_drawing(drawing: object) -> Wrong | None:
    if isinstance(drawing, str) or isinstance(getattr(drawing, "source", None), str):
        return None
    missing = " Is a `return` missing?" if drawing is None else ""
    return Wrong(
        f"Return the drawing as a text or as a graphviz.Digraph; you return {show(drawing)}.{missing}"
    )


@exercise(
    minutes=20,
    difficulty=2,
    cases=drawing_cases,
    judge=lambda case, expected, got: None,
    hints=[
        "What belongs to the picture? One entry for each node, and for each node one arrow from every "
        "operand: from x twice, if it is x·x. You know a list of all nodes.",
        "Go through topological_order(root) and give each node a name: n0, n1, … in a dict. When a node "
        "comes up, its operands have theirs already.",
        'For text: one line for each node, f"{name} = {node.data:g}", with the operation and the names '
        "of node.parents behind it. For a graphviz.Digraph: dot.node(name, label) and dot.edge(from, to).",
    ],
)
def draw_graph(root):
    """Every node and every edge of a graph: as text, or as a graphviz.Digraph."""
    names, lines = {}, []
    for node in topological_order(root):
        names[node] = f"n{len(names)}"
        line = f"{names[node]} = {node.data:<8.4g}"
        if node.parents:
            line += f"{node.op} of " + ", ".join(names[parent] for parent in node.parents)
        lines.append(line.rstrip())
    return "\n".join(lines)


for _code, _why, *_changes in [
    ("EDGEDICT", "In x·x two edges lead from x to the product, and you draw one: a set (or a dict) of "
     "operands keeps each of them once. An engine that keeps its parents so gets 3 instead of 6 for the "
     "slope of x·x at 3. Keep a tuple or a list.",
     ("for parent in node.parents", "for parent in set(node.parents)")),
    ("NOEDGES", "Every node is there, and nothing says which of them it was made from. Show the operands: "
     "`node.parents`.",
     ("        if node.parents:", "        if False:")),
    ("NONUMBERS", "The shape is there, the numbers are not. Show `node.data` of every node.",
     (" = {node.data:<8.4g}", " ")),
    ("ONELEVEL", "You show the result and its operands, and stop there. The operands have operands, too: "
     "go through all nodes.",
     ("in topological_order(root):", "in dict.fromkeys([*root.parents, root]):"),
     ("names[parent] for", "names.get(parent, '?') for")),
]:  # fmt: skip
    draw_graph.mistake(_code, _why)(rewritten(draw_graph.reference, *_changes))


# ------------------------------------------------------------------ all gradients to zero


def zeroing_cases() -> list[Case]:
    return [_zeroing_case(label) for label in order.GRAPHS]


def _zeroing_case(label: str) -> Case:
    def run(zero_grad):
        nodes, draw = order.nodes_of(label), random.Random(5)
        for node in nodes:
            node.grad = draw.uniform(1, 9)
        if label.startswith("ladder"):
            nodes[4].grad = math.nan  # as after an overflow
        before = [node.grad for node in nodes]
        result = order.tried(zero_grad, nodes[-1])
        if isinstance(result, Wrong):
            return result
        return _what_is_left(nodes, before) or "all zero"

    return Case(label, run)


def _what_is_left(nodes: list[order.Node], before: list[float]) -> Wrong | None:
    root = nodes[-1]
    left = next((node for node in nodes if not _is_zero(node.grad)), None)
    changed = next((node for node in nodes if node.data != 1.0), None)
    if changed is not None:
        return Wrong(f"Your function changes `data` of `{changed.name}`. Only `grad` becomes zero.")
    if left is None:
        return None
    if left.grad is None:
        return Wrong(
            "You set gradients to None. The next backward pass *adds* to them, and None + 1.0 is an "
            "error. Set them to 0.0.",
            "SETNONE",
        )
    if all(node.grad is old for node, old in zip(nodes, before)):
        return Wrong(
            "Nothing has changed, every node keeps its gradient. `==` compares and `=` assigns; and "
            "`grad = 0.0` sets a name of yours, `node.grad = 0.0` that of the node."
        )
    if left.grad != left.grad:
        return Wrong(
            f"`{left.name}` still has the gradient NaN, as after an overflow: 0 times NaN is NaN. "
            "Assign 0.0."
        )
    what = "the result itself" if left is root else "a node in the middle"
    what = what if left._parents else "a leaf"
    return Wrong(
        f"`{left.name}`, {what}, still has the gradient {show(left.grad)}. Every node of the graph must "
        "get 0.0: the leaves, what lies between, and root."
    )


def _is_zero(grad: object) -> bool:
    return grad == 0.0 if type(grad) is float else bool(agree(0.0, grad))


@exercise(
    minutes=8,
    difficulty=1,
    cases=zeroing_cases,
    hints=[
        "Which nodes? All that root depends on, and root itself. You have a function that lists them.",
        "For each node of topological_order(root): one assignment.",
        "for node in topological_order(root): node.grad = 0.0",
    ],
)
def zero_grad(root):
    """Set the gradient of every node that root depends on, and of root, to 0.0."""
    for node in topological_order(root):
        node.grad = 0.0


for _code, _why, *_changes in [
    ("ROOTONLY", "Only root gets its zero. The others keep what they have: go through all nodes.",
     ("for node in topological_order(root)", "for node in [root]")),
    ("LEAVESONLY", "The leaves are zero, the nodes in the middle are not. An engine that keeps old "
     "gradients there would push them again.",
     ("        node.grad = 0.0", "        if not node.parents:\n            node.grad = 0.0")),
    ("LEAVESKEPT", "The leaves keep their gradients, and those are the ones that pile up from step to "
     "step.",
     ("        node.grad = 0.0", "        if node.parents:\n            node.grad = 0.0")),
    ("ONELEVEL", "You set root and its operands, and stop there. The operands have operands, too.",
     ("for node in topological_order(root)", "for node in [root, *root.parents]")),
    ("ROOTKEPT", "root itself keeps its gradient. It belongs to the graph, too.",
     ("for node in topological_order(root)", "for node in topological_order(root)[:-1]")),
    ("SETNONE", "You set gradients to None. The next backward pass *adds* to them, and None + 1.0 is an "
     "error. Set them to 0.0.",
     ("node.grad = 0.0", "node.grad = None")),
    ("RECURSIONLIMIT", "Right on small graphs, too deep on long ones: each node is a call inside a call. "
     "Take the list of topological_order, which goes as deep as it likes.",
     ("    for node in topological_order(root):\n        node.grad = 0.0",
      "    seen = set()\n\n    def visit(node):\n        if node not in seen:\n            seen.add(node)\n"
      "            node.grad = 0.0\n            for parent in node.parents:\n"
      "                visit(parent)\n\n    visit(root)")),
    ("NOVISIT", "Right on small graphs, but a shared node is visited once for each *path* to it, and 40 "
     "doublings have 2⁴⁰ paths. Take the list of topological_order, which holds each node once.",
     ("    for node in topological_order(root):\n        node.grad = 0.0",
      "    root.grad = 0.0\n    for parent in root.parents:\n        zero_grad(parent)")),
]:  # fmt: skip
    zero_grad.mistake(_code, _why)(rewritten(zero_grad.reference, *_changes))
