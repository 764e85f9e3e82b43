"""Week 8, section 4: saved values, version counters and freed buffers for the learner's own engine.

The reference stands on week 7's; an attempt may stand on any engine, or on none. All that is asked of
it is data, grad, version, +, *, exp(), tanh(), add_(number) and backward(retain_graph=False). What is
right is what PyTorch does: each case is a short script of `week08_scripts` that runs on the attempt and
on PyTorch alike.
"""

from __future__ import annotations

from helpers.exercise import exercise
from helpers.weeks import week07_engine
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_opened import opened, reachable
from helpers.weeks.week08_advice import what_the_script_tests
from helpers.weeks.week08_scripts import SCRIPTS, case_of

Base = week07_engine.Value


class Value(opened(Base)):
    """Your engine with saved values, version counters and freed buffers, as PyTorch has them."""

    def __init__(self, data, *rest, **named):
        super().__init__(data, *rest, **named)
        self.version, self.saved = 0, []

    def save(self, *values):
        """Keep what the way back needs, if there is one: references, each with its version of now."""
        if self.requires_grad:
            self.saved = [(value, value.version) for value in map(Value.lift, values)]
        return self

    def save_itself(self):
        return self.save(self)

    @staticmethod
    def lift(x):
        return x if isinstance(x, Value) else Value(x)

    def __mul__(self, other):
        other = Value.lift(other)
        factors = [other] * self.requires_grad + [self] * other.requires_grad
        return super().__mul__(other).save(*factors)

    def __truediv__(self, other):
        other = Value.lift(other)
        return super().__truediv__(other).save(other, *[self] * other.requires_grad)

    def __pow__(self, n):
        return super().__pow__(n).save(self)

    def log(self):
        return super().log().save(self)

    def exp(self):
        return super().exp().save_itself()

    def tanh(self):
        return super().tanh().save_itself()

    def sigmoid(self):
        return super().sigmoid().save_itself()

    def relu(self):
        return super().relu().save_itself()

    __rmul__ = __mul__

    def add_(self, number):
        if Value.recording and self.requires_grad and not self.parents:
            raise RuntimeError("a leaf that requires grad is being used in an in-place operation.")
        self.data += number
        self.version += 1
        return self

    def backward(self, retain_graph=False):
        nodes = reachable(self)
        for node in nodes:
            if node.saved is None:
                raise RuntimeError("Trying to backward through the graph a second time.")
            for value, version in node.saved:
                if value.version != version:
                    raise RuntimeError(
                        f"a saved value is at version {value.version}; not {version}."
                    )
        super().backward()
        for node in nodes:
            if node.saved and not retain_graph:
                node.saved = None


value = exercise(
    minutes=60,
    difficulty=3,
    cases=[case_of(*item) for item in SCRIPTS.items()],
    version=2,
    required=("backward", "add_", "exp", "tanh", "__add__", "__mul__"),
    advice=what_the_script_tests,
    hints=[
        "Each result keeps what its local derivative needs, as pairs (value, its version at that time): a product its "
        "factors, x**n and log their input, exp, tanh, sigmoid and relu their own output, + and − nothing.",
        "add_ refuses a leaf that requires grad while recording is on, changes data and counts the version up. "
        "backward first goes through reachable(self): it compares the versions, and raises a RuntimeError.",
        "After super().backward(), unless retain_graph is True, set the saved values of each node to None, but only "
        "if it had any. None means: freed by an earlier backward. In u·c with a constant c nobody asks for the slope "
        "towards c, and only that one needs u.",
    ],
)(Value)

_FREE = "if node.saved and not retain_graph:"
_FACTORS = "[other] * self.requires_grad + [self] * other.requires_grad"

for _code, _why, *_changes in [
    ("NOVERSIONCHECK", "A saved value was changed, and your backward goes on as if nothing had happened. Compare the version "
     "now with the version that was saved. (An engine that keeps copies is never hurt, and pays with memory; PyTorch keeps "
     "references, and its rule is asked for.)",
     ("value.version != version", "False")),
    ("INPLACE", "Your engine refuses every graph in which something was changed in place. Only *saved* values matter: + "
     "saves nothing, and exp does not need its input.",
     ("            if node.saved is None:",
      "            if any(p.version for p in (node, *node.parents)):\n"
      '                raise RuntimeError("version")\n            if node.saved is None:')),
    ("ROOTONLY", "Your backward compares the versions of what the *root* saved. Every node on the way has saved values of its "
     "own: go through all of reachable(self).",
     ("in node.saved:", "in node.saved if node is self else []:")),
    ("ONEFACTOR", "Your product saves one of its factors. It needs both, each for the slope towards the other.",
     (_FACTORS, "[self] * other.requires_grad")),
    ("ADDNEW", "Your add_ gives a new value and leaves this one as it is. In place means: this node's data changes, and its "
     "version counts up.",
     ("        self.data += number\n        self.version += 1\n        return self",
      "        return Value(self.data + number)")),
    ("VERSIONNOTCOUNTED", "add_ changes the number, but the version stays: nobody can notice. This is what PyTorch's "
     "`.data` does. Count up.",
     ("        self.version += 1\n", "")),
    ("LEAFINPLACE", "Your engine lets a leaf be changed in place. PyTorch refuses: a leaf is where the gradient belongs, "
     "and after the change the recorded history would speak of another number.",
     ("if Value.recording and self.requires_grad and not self.parents:\n            raise", "if False:\n            raise")),
    ("LEAFUPDATE", "Under no_grad() a leaf *may* change: that is how weights are updated. Refuse while recording is on "
     "only.",
     ("if Value.recording and self.requires_grad", "if self.requires_grad")),
    ("NEVERFREED", "The second backward goes through. Unless retain_graph is True, a node lets go of its saved values when "
     "it has pushed, and a second pass finds nothing.",
     (_FREE, "if False:")),
    ("RETAININVERTED", "The other way round: with retain_graph=True the saved values stay, without it they are freed.",
     (_FREE, "if node.saved and retain_graph:")),
    ("RETAINIGNORED", "With retain_graph=True the saved values must stay for the second pass.",
     (_FREE, "if node.saved:")),
    ("FREEDNOTHING", "`a + b` fails at its second backward in your engine. It saved nothing, so nothing is missing; in "
     "PyTorch it may go back as often as it likes.",
     (_FREE, "if node.parents and not retain_graph:")),
    ("INPUTSAVED", "Your exp saves its input. Its slope is its *output*, and that it keeps: a changed input does no harm, a "
     "changed output does.",
     ("super().exp().save_itself()", "super().exp().save(self)")),
    ("OUTPUTSAVED", "Your log saves its output. Its slope is 1 over its *input*, and that it keeps.",
     ("super().log().save(self)", "super().log().save_itself()")),
    ("CONSTSAVED", "In u·c with a constant c your product saves u as well. It would be needed for the slope towards c, and "
     "nobody asks for that one.",
     (_FACTORS, "[other, self]")),
    ("NOWAYBACK", "exp(c) of a constant c saves its output, and a second backward finds it freed. From a result that requires no "
     "grad no way leads back, so it saves nothing.",
     ("if self.requires_grad:\n            self.saved", "if True:\n            self.saved")),
    ("REFLECTEDSAVE", "u·3 saves its factor, 3·u does not: Python takes that one to `__rmul__`, which is still that of the "
     "engine below. Add `__rmul__ = __mul__`.",
     ("    __rmul__ = __mul__\n", "")),
]:  # fmt: skip
    value.mistake(_code, _why)(rewritten(Value, *_changes))
