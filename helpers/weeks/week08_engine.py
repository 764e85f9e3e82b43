"""Week 8, section 4: saved values, version counters and freed buffers for an engine of one's own.

The reference is a small engine with +, ·, exp and tanh. Each case is a script that runs on the attempt
and on PyTorch alike, and what is compared is the gradients, the versions and the reason of an error.
All that is asked of an attempt: `Value(number)`, +, *, exp(), tanh(), add_(number),
backward(retain_graph=False), and the attributes data, grad and version.
"""

from __future__ import annotations

import math

import torch

from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten


class Value:
    """A number with a history, saved values and a version counter.

    Has data, grad, version; a + b, a * b, a.exp(), a.tanh(), a.add_(number) in place,
    and a.backward(retain_graph=False). Leaves add up in grad. Errors are RuntimeErrors that
    say "leaf", "version" or "second time".
    """

    def __init__(self, data, parents=(), rule=None):
        self.data, self.grad, self.version = data, 0.0, 0
        self.parents, self.rule, self.saved = parents, rule, ()

    def save(self, *values):
        """Keep references, each with its version of now."""
        self.saved = [(value, value.version) for value in values]
        return self

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other), lambda g, a, b: (g * b, g * a))
        return out.save(self, other)

    def exp(self):
        out = Value(math.exp(self.data), (self,), lambda g, y: (g * y,))
        return out.save(out)

    def tanh(self):
        out = Value(math.tanh(self.data), (self,), lambda g, y: (g * (1 - y * y),))
        return out.save(out)

    def add_(self, number):
        if not self.parents:
            raise RuntimeError("a leaf is being used in an in-place operation.")
        self.data += number
        self.version += 1
        return self

    def unpack(self):
        """The saved numbers, if they are still there and still the same."""
        if self.saved is None:
            raise RuntimeError("Trying to backward through the graph a second time.")
        for value, version in self.saved:
            if value.version != version:
                raise RuntimeError(f"a saved value is at version {value.version}; not {version}.")
        return [value.data for value, _ in self.saved]

    def backward(self, retain_graph=False):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        arrived = dict.fromkeys(order, 0.0)
        arrived[self] = 1.0
        for node in reversed(order):
            if not node.parents:
                node.grad += arrived[node]
                continue
            pushed = node.rule(arrived[node], *node.unpack())
            for parent, amount in zip(node.parents, pushed):
                arrived[parent] += amount
            if node.saved and not retain_graph:
                node.saved = None


# ------------------------------------------------------------------ the same script on both sides


def reason(error: Exception) -> str:
    """Why an engine refuses, in the words of a CODE."""
    text = str(error).lower()
    if isinstance(error, RuntimeError):
        for words, code in [("leaf", "LEAFINPLACE"), ("second time", "BACKWARD2"),
                            ("freed", "BACKWARD2"), ("version", "INPLACE")]:  # fmt: skip
            if words in text:
                return code
    return f"{type(error).__name__}: {error}"


def _tried(action) -> str:
    try:
        action()
    except Exception as error:
        return reason(error)
    return "no error"


def gradients(a, b):
    y = (a * b + a).tanh() * b.exp()
    return {"backward": _tried(y.backward)}


def used_twice(a, b):
    y = a * a
    z = y * y + b * y
    return {"backward": _tried(z.backward)}


def factor_changed(a, b):
    y = a * b
    z = y * y
    y.add_(1.0)
    return {"backward": _tried(z.backward), "version of y": version(y)}


def exp_changed(a, b):
    y = (a * b).exp()
    y.add_(1.0)
    return {"backward": _tried(y.backward)}


def tanh_changed(a, b):
    y = (a + b).tanh()
    y.add_(1.0)
    return {"backward": _tried(y.backward)}


def input_of_exp_changed(a, b):
    u = a * b
    y = u.exp()
    u.add_(1.0)
    return {"backward": _tried(y.backward), "version of u": version(u)}


def product_changed(a, b):
    y = a * b
    y.add_(2.0)
    y.add_(3.0)
    return {"backward": _tried(y.backward), "version of y": version(y)}


def sum_changed(a, b):
    u = a * b
    y = u + a
    u.add_(1.0)
    y.add_(1.0)
    return {"backward": _tried(y.backward)}


def changed_before_use(a, b):
    y = a * b
    y.add_(1.0)
    z = y * y
    return {"backward": _tried(z.backward), "version of y": version(y)}


def leaf_changed(a, b):
    return {"add_": _tried(lambda: a.add_(1.0)), "version of a": version(a)}


def twice(a, b):
    y = (a * b).tanh()
    return {"first": _tried(y.backward), "second": _tried(y.backward)}


def sum_twice(a, b):
    y = a + b
    return {"first": _tried(y.backward), "second": _tried(y.backward)}


def retained(a, b):
    y = (a * b).exp() * a
    facts = {"first": _tried(lambda: y.backward(retain_graph=True))}
    return facts | {"second": _tried(y.backward), "third": _tried(y.backward)}


def shared(a, b):
    h = (a * b).exp()
    first, second = h + a, h + b
    return {"first root": _tried(first.backward), "second root": _tried(second.backward)}


def retained_then_changed(a, b):
    h = a * b
    y = h * a
    facts = {"first": _tried(lambda: y.backward(retain_graph=True))}
    h.add_(1.0)
    return facts | {"second": _tried(y.backward)}


SCRIPTS = {
    "gradients: tanh(a·b + a)·exp(b)": gradients,
    "used twice: y = a·a, z = y·y + b·y": used_twice,
    "y = a·b, z = y·y, y.add_(1), z.backward()": factor_changed,
    "y = exp(a·b), y.add_(1), y.backward()": exp_changed,
    "y = tanh(a + b), y.add_(1), y.backward()": tanh_changed,
    "u = a·b, y = exp(u), u.add_(1), y.backward()": input_of_exp_changed,
    "y = a·b, y.add_(2), y.add_(3), y.backward()": product_changed,
    "u = a·b, y = u + a, u.add_(1), y.add_(1), y.backward()": sum_changed,
    "y = a·b, y.add_(1), z = y·y, z.backward()": changed_before_use,
    "a.add_(1) of a leaf": leaf_changed,
    "backward() twice of tanh(a·b)": twice,
    "backward() twice of a + b": sum_twice,
    "retain_graph=True, then two more": retained,
    "two roots over h = exp(a·b)": shared,
    "retain_graph=True, then h changes": retained_then_changed,
}


def version(node) -> int:
    return node._version if isinstance(node, torch.Tensor) else node.version


def on_pytorch(script) -> dict:
    """The facts of a script on PyTorch."""
    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.7, -1.2))
    facts = script(a, b)
    if _failed_first(facts):
        return facts
    return facts | {f"grad of {n}": 0.0 if t.grad is None else t.grad.item()
                    for n, t in (("a", a), ("b", b))}  # fmt: skip


def _failed_first(facts: dict) -> bool:
    """True where a pass broke off: what arrived until then depends on the order of the engine."""
    return any(said in ("INPLACE", "BACKWARD2") for said in facts.values())


def _case(label, script) -> Case:
    def run(engine):
        a, b = engine(0.7), engine(-1.2)
        if not hasattr(a, "version"):
            return Wrong("A Value has no attribute `version`; it starts at 0.")
        facts = script(a, b)
        if _failed_first(facts):
            return facts
        return facts | {"grad of a": a.grad or 0.0, "grad of b": b.grad or 0.0}

    return Case(label, run)


value = exercise(
    minutes=40,
    difficulty=3,
    cases=[_case(*item) for item in SCRIPTS.items()],
    required=("backward", "add_", "exp", "tanh", "__add__", "__mul__"),
    hints=[
        "Each node keeps what its rule needs as pairs (value, version at that time): `*` both factors, exp and "
        "tanh their own result, + nothing.",
        "add_ refuses a leaf, changes data and counts the version up. Where backward takes a saved value, it "
        "compares the versions first, and raises a RuntimeError.",
        "When a node has pushed, and retain_graph is False, set its saved values to None, but only if it had "
        "any. None means: freed by an earlier backward. Keep what arrives at nodes in a dict of this pass, and "
        "write grad at the leaves only.",
    ],
)(Value)

for _code, _why, *_changes in [
    ("NOVERSIONCHECK", "A saved value was changed, and your backward goes on with the new number: a wrong gradient, "
     "without a word. Compare the version now with the version that was saved.",
     ("value.version != version", "False")),
    ("INPLACE", "Your engine refuses every graph in which something was changed in place. Only *saved* values matter: + "
     "saves nothing, and exp does not need its input.",
     ("pushed = node.rule",
      "if any(p.version for p in (node, *node.parents)):\n"
      '                raise RuntimeError("version")\n            pushed = node.rule')),
    ("VERSIONNOTCOUNTED", "add_ changes the number, but the version stays: nobody can notice. This is what PyTorch's "
     "`.data` does. Count up.",
     ("        self.version += 1\n", "")),
    ("LEAFINPLACE", "Your engine lets a leaf be changed in place. PyTorch refuses: a leaf is where the gradient belongs, "
     "and after the change the recorded history would speak of another number.",
     ("if not self.parents:\n            raise", "if False:\n            raise")),
    ("NEVERFREED", "The second backward goes through. Unless retain_graph is True, a node lets go of its saved values when "
     "it has pushed, and a second pass finds nothing.",
     ("if node.saved and not retain_graph:", "if False:")),
    ("RETAINIGNORED", "With retain_graph=True the saved values must stay for the second pass.",
     ("if node.saved and not retain_graph:", "if node.saved:")),
    ("FREEDNOTHING", "`a + b` fails at its second backward in your engine. It saved nothing, so nothing is missing; in "
     "PyTorch it may go back as often as it likes.",
     ("if node.saved and not retain_graph:", "if not retain_graph:")),
    ("SAVEDCOPY", "Your engine keeps copies of the numbers, so no change can hurt, and no error comes. It is a defensible "
     "design that costs memory; PyTorch keeps *references* and a version, and that is asked for here.",
     ("[(value, value.version) for value in values]",
      "[(Value(value.data), 0) for value in values]")),
    ("INPUTSAVED", "Your exp saves its input. Its slope is its *output*, and that it keeps: a changed input does no harm, a "
     "changed output does.",
     ("lambda g, y: (g * y,))\n        return out.save(out)",
      "lambda g, x: (g * math.exp(x),))\n        return out.save(self)")),
    ("ASSIGN", "A leaf's grad is overwritten. It adds up, over paths and over passes.",
     ("node.grad += arrived[node]", "node.grad = arrived[node]")),
]:  # fmt: skip
    value.mistake(_code, _why)(rewritten(Value, *_changes))
