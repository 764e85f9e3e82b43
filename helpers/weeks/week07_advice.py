"""Week 7, section 9: what a fact that differs from PyTorch's says about the learner's engine."""

from __future__ import annotations

import ast
import inspect
import re

from helpers.agreement import agree
from helpers.exercise import Wrong
from helpers.weeks.week07_scripts import SCRIPTS

FACTS = {  # the first fact that differs: what it says
    "x requires grad": "A leaf requires grad if it was asked to: keep what `requires_grad=` says.",
    "c requires grad": "Nobody asked c for a gradient. (A leaf has no parents, and `all(…)` of nothing is "
    "True; a result requires grad when *any* parent does.)",
    "x + x requires grad": "A result requires grad as soon as *one* of its parents does, and recording is on. "
    "Every node passes through `__init__`: ask `self.parents` there.",
    "x + c requires grad": "A result requires grad as soon as *one* of its parents does: `any`, not `all`.",
    "c + c has a history": "What requires no grad still keeps its parents. They keep the whole graph below "
    "alive: leave it without parents, as a leaf.",
    "grad of c": "c wants no gradient and collects one all the same. After the pass, set grad back to 0.0 "
    "where none is required.",
    "d is y": "detach() gives the very same node. Return a new leaf with the same number, and leave self as it is.",
    "d requires grad": "What detach() gives is a constant: it requires no grad and has no history. "
    "`Value(self.data)` is such a leaf.",
    "d has a history": "What detach() gives has no history: gradients end there.",
    "a requires grad": "a was made under no_grad(): it requires no grad. Ask `Value.recording` where a result "
    "decides.",
    "w requires grad": "no_grad() stops the recording of *operations*. A leaf that is made inside, and asked to "
    "require grad, does so.",
    "inside requires grad": "Under two no_grad() nothing is recorded.",
    "between requires grad": "At the end of the inner no_grad() your engine records again, although the outer one "
    "is not over. Put back what was there before, not True.",
    "after requires grad": "After the block recording stays off. Put back what was there before, in a `finally:`, "
    "so that it happens after an error, too.",
    "backward() of a leaf x": "A leaf that requires grad has a gradient by itself, ∂x/∂x = 1. Raise where self "
    "requires no grad, not where it has no parents.",
}  # fmt: skip
KINDS = {
    "RuntimeError": "PyTorch raises a RuntimeError where no graph leads to the value, and says so. Do the same: "
    "`raise RuntimeError(…)`.",
    "no error": "Nothing is wrong with this one: raise only where self requires no grad.",
}


def what_the_script_tests(case, expected, got) -> str:
    """What the first wrong fact of a script says, and the script as one would type it."""
    if isinstance(got, Wrong):
        return ""
    key = next(key for key in expected if key not in got or not agree(expected[key], got[key]))
    if case.label.startswith("constants") and key.startswith("grad"):
        said = (
            "k was computed from c, and neither wants a gradient. k has no parents any more; if your nodes "
            "also keep a function that pushes, k's still pushes to c. Take it away."
        )
    else:
        said = FACTS.get(key) or KINDS.get(expected[key], "")
    return f"{said}{_typed(SCRIPTS[case.label])}"


def _typed(script) -> str:
    """The lines of a script as they are typed in a cell; nothing for a graph that was drawn by lot."""
    if script.__closure__:
        return ""
    text = inspect.getsource(script)
    text = re.sub(r"side\.leaf\(([^,()]+), True\)", r"Value(\1, requires_grad=True)", text)
    text = text.replace("side.leaf(", "Value(").replace("side.no_grad()", "Value.no_grad()")
    body = [line for line in ast.parse(text).body[0].body if not _compares(line)]
    lines = "\n".join(map(ast.unparse, body)).splitlines()
    return "\nIn a cell of your own:" + "".join(f"\n`{line}`" for line in lines)


def _compares(line: ast.stmt) -> bool:
    """True for a line that only collects what is compared."""
    collected = [getattr(target, "id", "") for target in getattr(line, "targets", [])]
    return isinstance(line, ast.Return) or collected in (["facts"], ["roots"])
