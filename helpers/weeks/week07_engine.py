"""Week 7, section 9: requires_grad, detach and no_grad for the learner's own engine.

The reference stands on `helpers.engine.scalar`; an attempt may stand on any engine, or on none. All
that is asked of it is data, grad, parents under some usual name, and backward. What is right is what
PyTorch does: each case is a short script of `week07_scripts` that runs on the attempt and on PyTorch
alike.
"""

from __future__ import annotations

import contextlib

from helpers.engine import scalar
from helpers.exercise import exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_advice import what_the_script_tests
from helpers.weeks.week07_opened import opened, reachable
from helpers.weeks.week07_scripts import SCRIPTS, case_of

Engine = scalar.Value


class Value(opened(Engine)):
    """Your engine with requires_grad, detach() and no_grad(), as PyTorch has them."""

    recording = True  # False inside of no_grad()

    def __init__(self, data, *rest, requires_grad=False, **named):
        super().__init__(data, *rest, **named)
        wanted = Value.recording and any(p.requires_grad for p in self.parents)
        if not wanted:
            super().__init__(data)  # nobody will ask where it came from: a leaf
        self.requires_grad = requires_grad or wanted

    def backward(self):
        if not self.requires_grad:
            raise RuntimeError("this value does not require grad: no graph leads to it")
        super().backward()
        for node in reachable(self):
            if not node.requires_grad:
                node.grad = 0.0

    def detach(self):
        return Value(self.data)

    @staticmethod
    @contextlib.contextmanager
    def no_grad():
        before, Value.recording = Value.recording, False
        try:
            yield
        finally:
            Value.recording = before


value = exercise(
    minutes=60,
    difficulty=3,
    cases=[case_of(*item) for item in SCRIPTS.items()],
    version=2,
    required=("backward", "detach", "no_grad"),
    advice=what_the_script_tests,
    hints=[
        "Every node passes through `__init__`, so that is where to decide. A leaf requires grad if it was asked to; a "
        "result, if one of its parents does and recording is on. What does not require grad keeps no parents.",
        "detach() is a new leaf with the same number. no_grad() switches `Value.recording` off and puts back *what "
        "was there before*, also after an error: `try: yield` and `finally:`.",
        "In `__init__`: if nobody wants a gradient, `super().__init__(data)` makes a leaf of it. In backward(): raise a "
        "RuntimeError if self requires no grad; after super().backward() go through `reachable(self)`, and set grad "
        "back to 0.0 where none is required.",
    ],
)(Value)

_WANTED = "wanted = Value.recording and any(p.requires_grad for p in self.parents)"
_DETACH = "return Value(self.data)"
_NO_GRAD = (
    "        before, Value.recording = Value.recording, False\n        try:\n            yield\n"
    "        finally:\n            Value.recording = before\n"
)
_OFF = "        Value.recording = False\n"

for _code, _why, *_changes in [
    ("ALLREQUIRED", "A result requires grad as soon as *one* of its parents does: `any`, not `all`. Otherwise w·x stands "
     "still, because the data x wants no gradient.",
     ("any(p.requires_grad for p in self.parents)",
      "bool(self.parents) and all(p.requires_grad for p in self.parents)")),
    ("ALWAYSREQUIRED", "Every leaf requires grad in your engine. As in PyTorch, only those should that were asked to: data "
     "and plain numbers want none.",
     ("requires_grad=False", "requires_grad=True")),
    ("HISTORYKEPT", "What requires no grad still keeps its parents. Nobody will ever go back through them, but they keep "
     "the whole graph below alive: leave it without parents, as a leaf.",
     ("            super().__init__(data)  # nobody will ask where it came from: a leaf\n",
      "            pass\n")),
    ("CONSTANTGRAD", "A value that requires no grad collects one all the same. After the pass, set grad back to 0.0 where "
     "none is required.",
     ("                node.grad = 0.0\n", "                pass\n")),
    ("NOGRAPH", "backward() of a value without a graph does nothing in your engine, and a learner waits for gradients that "
     "never come. PyTorch raises a RuntimeError there.",
     ("if not self.requires_grad:", "if False:")),
    ("LEAFALONE", "backward() of a leaf that requires grad raises in your engine. In PyTorch its gradient is 1, ∂x/∂x. Raise "
     "where self requires no grad, not where it has no parents.",
     ("if not self.requires_grad:\n            raise", "if not self.parents:\n            raise")),
    ("DETACHDATA", "Your detach() changes the value itself, so that everything computed from it later is cut off, too. "
     "Return a new leaf, and leave self as it is.",
     (_DETACH, "self.__init__(self.data)\n        return self")),
    ("NOTDETACHED", "Your detach() gives a value that still has its history. A new leaf with the same number has none: "
     "`Value(self.data)`.",
     (_DETACH, "return self * 1.0")),
    ("DETACHREQUIRES", "What detach() gives requires grad in your engine. It is a constant: gradients end there.",
     (_DETACH, "return Value(self.data, requires_grad=self.requires_grad)")),
    ("LEAFINNOGRAD", "no_grad() stops the recording of *operations*. A leaf that is made inside and asked to require grad "
     "does so: that is how layers are initialized.",
     ("self.requires_grad = requires_grad or wanted",
      "self.requires_grad = Value.recording and (requires_grad or wanted)")),
    ("NOGRADIGNORED", "Operations under no_grad() are recorded as ever. Ask `Value.recording` where a result decides whether "
     "it requires grad.",
     ("Value.recording and any(", "any(")),
    ("NOTRESTORED", "After an error inside of no_grad() recording stays off for good. Put it back in a `finally:`.",
     (_NO_GRAD, _NO_GRAD.replace("        try:\n            yield\n        finally:\n            ",
                                 "        yield\n        "))),
    ("NOTNESTED", "At the end of an inner no_grad() your engine records again, although the outer one is not over. Put "
     "back what was there before, not True.",
     ("finally:\n            Value.recording = before", "finally:\n            Value.recording = True")),
    ("NEVERBACKON", "After the first no_grad() recording is off for good. Put it back when the block ends.",
     (_NO_GRAD, _OFF + "        yield\n")),
]:  # fmt: skip
    value.mistake(_code, _why)(rewritten(Value, *_changes))
