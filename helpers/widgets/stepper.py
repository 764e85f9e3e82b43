"""`Stepper(root)`: a computation to step through, forward and then backward.

The steps are what the engine really does: its own backward pass is watched (`helpers.graph`), so a
wrong engine is shown being wrong. All steps travel to the browser at once; a step needs no kernel.
In drive mode the learner is the engine and chooses which node pushes next.
"""

from __future__ import annotations

from dataclasses import dataclass

from helpers import render
from helpers.graph import Graph, Node, Push, expression, number
from helpers.widgets.front import FrontWidget

LONGEST_TEXT = 60  # steps written out in the text form


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `phase` is "start", "forward" or "backward"; `text` says what happens in words."""

    phase: str
    text: str

    def __str__(self) -> str:
        return self.text


class Stepper(FrontWidget):
    """Step through the forward and the backward pass of a computation.

    Parameters
    ----------
    root : Value, Tensor, torch.Tensor, an object of any similar engine, or a dict of them
        The result. A dict, such as `{"+=": f, "=": g}`, gives a switch between several graphs; in
        place of a root it may hold a pair (root, names).
    names : dict, optional
        Variable names and their objects; by default the caller's variables.
    drive : bool
        The learner chooses the order of the backward pass. For scalar graphs.
    waiting : bool
        On the way back each node says for how many consumers it still waits, and whether it pushed
        too early.
    depth, collapse : optional
        Which part of a large graph is drawn, as for `helpers.render.draw`; only steps of nodes that
        are drawn are shown.

    Attributes
    ----------
    steps : list of Step
        All steps of the graph that is shown.
    step : int
        Where the stepper stands; assign to it to move the one on the screen.

    Raises
    ------
    TypeError, ValueError
        As `Graph.record`; ValueError in drive mode for arrays.

    Examples
    --------
    >>> from helpers.engine.scalar import Value
    >>> x = Value(3.0)
    >>> y = x * x
    >>> print(Stepper(y, names={"x": x, "y": y}).steps[-1])
    ∂y/∂x += ∂y/∂y · ∂y/∂x = 1.0 × 3.0 = 3.0; with the 3.0 that was there: 6.0
    """

    scripts = ("page.js", "picture.js", "formula.js", "driver.js", "stepper.js")
    styles = ("widget.css", "stepper.css")

    def __init__(
        self,
        root: object,
        *,
        names: dict[str, object] | None = None,
        drive: bool = False,
        waiting: bool = False,
        depth: int | None = None,
        collapse: object = None,
    ):
        roots = root if isinstance(root, dict) else {"": root}
        pairs = {k: r if isinstance(r, tuple) else (r, names) for k, r in roots.items()}
        runs = [_Run(k, Graph.record(*pair), depth, collapse) for k, pair in pairs.items()]
        self._runs = runs
        if waiting:
            for run in runs:
                run.data["consumers"] = run.consumers
        data = {"variants": [run.data for run in runs], "drive": None}
        state = {"variant": 0, "step": 0}
        if drive and (depth is not None or collapse is not None):
            raise ValueError("Drive mode needs the whole graph: leave out depth and collapse.")
        if drive:
            data["drive"], state = _drive_data(runs[0].graph), {"pushed": []}
        super().__init__(data=data, state=state)

    @property
    def steps(self) -> list[Step]:
        return self._runs[self.state.get("variant", 0)].steps

    @property
    def step(self) -> int:
        return self.state.get("step", 0)

    @step.setter
    def step(self, k: int) -> None:
        if "pushed" in self.state:
            raise ValueError("In drive mode the learner chooses the pushes; there are no steps.")
        last = len(self.steps) - 1
        if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= last:
            raise ValueError(f"This stepper has the steps 0 to {last}, got {k!r}.")
        self.state = {**self.state, "step": k}

    @property
    def svg(self) -> str:
        return self._runs[0].picture.svg

    @property
    def text(self) -> str:
        return "\n\n".join(run.text for run in self._runs)


class _Run:
    """One graph with its steps: as data for the browser, and as words."""

    def __init__(self, label: str, graph: Graph, depth: int | None, collapse: object):
        self.label = label
        self.graph = graph
        trace = graph.trace()
        reached = {graph.root, *(push.parent for push in trace.pushes)}
        for node, grad in zip(graph.nodes, trace.final):
            if node in reached or node.grad is not None:  # a constant has no gradient
                node.grad = grad  # the picture at the end, and boxes wide enough for it
        self.picture = render.draw(graph, depth=depth, collapse=collapse)
        drawn = [n for n in graph.nodes if f"n{n.index}" in self.picture.layout.centers]
        shown = {node.index for node in drawn}
        root = graph.root
        self._shown = shown
        self._made = [
            _start(root),
            *(_forward(node) for node in drawn if node.parents),
            _seed(root, trace.seed or 0.0),
            *(_push(p) for p in trace.pushes if {p.source.index, p.parent.index} <= shown),
        ]
        known = {n.index: number(n.value) for n in drawn if not n.parents}
        self.data = {
            "label": label,
            "svg": self.picture.svg,
            "start": {"values": known, "nodes": [n.index for n in drawn if n.grad is not None]},
            "steps": self._made,
        }

    @property
    def consumers(self) -> dict[int, list[int]]:
        """For each node that is drawn those that must push to it, by their indices."""
        shown = sorted(self._shown)
        users = {i: self.graph.consumers(self.graph.nodes[i]) for i in shown}
        return {i: sorted({u.index for u in nodes} & self._shown) for i, nodes in users.items()}

    @property
    def steps(self) -> list[Step]:
        return [Step(made["phase"], made["text"]) for made in self._made]

    @property
    def text(self) -> str:
        name = f"{self.label}  " if self.label else ""
        count = len(self._made)
        lines = [f"{name}Stepper: {self.graph.root.label}, {count - 1} steps"]
        lines += [f"{k:3} {made['text']}" for k, made in enumerate(self._made[:LONGEST_TEXT])]
        return "\n".join(lines + (["    …"] if count > LONGEST_TEXT else []))


def _start(root: Node) -> dict:
    words = f"The leaves have their values. Step on to compute {root.label}."
    return {"kind": "start", "phase": "start", "words": words, "text": "The leaves have values."}


def _forward(node: Node) -> dict:
    name, value = node.label, number(node.value)
    made = expression(node)
    numbers = expression(node, [_as_operand(p) for p in node.parents])
    if any(p.value is None for p in node.parents):
        numbers = ""
    words = "is computed." if node.value is not None else "is computed; its value is not kept."
    return {
        "kind": "value",
        "phase": "forward",
        "node": node.index,
        "name": name,
        "expression": made,
        "numbers": numbers,
        "value": value,
        "edges": [f"{p.index} {node.index} {slot}" for slot, p in enumerate(node.parents)],
        "words": f"{name} {words}",
        "text": f"{name} = {made} = {value}",
    }


def _as_operand(node: Node) -> str:
    text = number(node.value)
    return f"({text})" if text.startswith("−") else text


def _seed(root: Node, seed) -> dict:
    top, value = root.label, number(seed)
    words = f"The backward pass starts at the result: ∂{top}/∂{top} = {value}."
    if value != "1.0" and not hasattr(seed, "shape"):
        words = f"This engine starts with ∂{top}/∂{top} = {value}. It must be 1.0."
    return {
        "kind": "seed",
        "phase": "backward",
        "node": root.index,
        "root": top,
        "value": value,
        "words": words,
        "text": f"∂{top}/∂{top} = {value}",
    }


def _push(push: Push) -> dict:
    source, parent = push.source.label, push.parent.label
    before = number(push.before)
    adds = not push.overwrote and before != "0.0" and not before.endswith("‖0‖")
    words = f"{source} pushes to {parent}."
    text = push.text
    if push.overwrote:
        words += f" It overwrites the {before} that was there!"
        text += f"; the {before} that was there is lost"
    elif adds:
        words += f" {parent} was reached before: the contributions add up."
        text += f"; with the {before} that was there: {number(push.after)}"
    return {
        "kind": "push",
        "phase": "backward",
        "node": push.source.index,
        "target": push.parent.index,
        "edge": f"{push.parent.index} {push.source.index} {push.slot}",
        "root": push.root,
        "source": source,
        "parent": parent,
        "upstream": number(push.upstream),
        "local": None if push.local is None else number(push.local),
        "amount": number(push.amount),
        "before": before,
        "after": number(push.after),
        "overwrote": push.overwrote,
        "adds": adds,
        "words": words,
        "text": text,
    }


def _drive_data(graph: Graph) -> dict:
    """What the browser needs to be an engine: parents, local derivatives, the right gradients."""
    if not graph.scalar:
        raise ValueError(
            "Drive mode shows single numbers; this graph holds arrays. Use Stepper(root)."
        )
    local = graph.local_derivatives()
    nodes, right = [], [0.0] * len(graph.nodes)
    right[-1] = 1.0
    consumers: list[list[int]] = [[] for _ in graph.nodes]
    for node in reversed(graph.nodes):
        slopes = [local.get((node.index, slot), 0.0) for slot in range(len(node.parents))]
        for parent, slope in zip(node.parents, slopes):
            right[parent.index] += slope * right[node.index]
            consumers[parent.index].append(node.index)
        nodes.append({"parents": [p.index for p in node.parents], "locals": slopes})
    return {
        "nodes": nodes[::-1],
        "names": [node.label for node in graph.nodes],
        "values": [number(node.value) for node in graph.nodes],
        "consumers": consumers,
        "right": right,
        "root": graph.root.index,
        "leaves": [n.index for n in graph.leaves if n.name] or [n.index for n in graph.leaves],
    }
