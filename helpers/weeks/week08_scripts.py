"""Week 8, section 4: scripts that run on an engine and on PyTorch alike, and what they compare.

What is compared is the gradients, the versions, and the reason of an error in the words of a CODE.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import torch

from helpers.exercise import Case, Wrong


class Side:
    """One of the two engines that run a script: its leaves, and what a node says."""

    def __init__(self, engine: type):
        self._engine = engine
        taken = inspect.signature(engine).parameters.values()
        self._asks = any(p.name == "requires_grad" or p.kind is p.VAR_KEYWORD for p in taken)

    def has(self, *methods: str) -> bool:
        """Can the engine do all this? "requires_grad" stands for leaves that want no gradient."""
        return all(
            self._asks if m == "requires_grad" else hasattr(self._engine, m) for m in methods
        )

    def leaf(self, number: float):
        return self._engine(number, requires_grad=True) if self._asks else self._engine(number)

    def constant(self, number: float):
        return self._engine(number)

    def no_grad(self):
        return self._engine.no_grad()

    def version(self, node) -> int:
        return node.version

    def grad(self, node) -> float:
        return node.grad or 0.0


class _PyTorch(Side):
    def __init__(self):
        self.constant = functools.partial(torch.tensor, dtype=torch.float64)
        self.leaf = functools.partial(self.constant, requires_grad=True)
        self.no_grad = torch.no_grad

    def has(self, *methods):
        return True

    def version(self, node):
        return node._version

    def grad(self, node):
        return 0.0 if node.grad is None else node.grad.item()


PYTORCH = _PyTorch()


def reason(error: Exception) -> str:
    """Why an engine refuses, in the words of a CODE; another kind of error by its name."""
    text = str(error).lower() if isinstance(error, RuntimeError) else ""
    for words, code in [("leaf", "LEAFINPLACE"), ("second time", "BACKWARD2"),
                        ("freed", "BACKWARD2"), ("version", "INPLACE")]:  # fmt: skip
        if words in text:
            return code
    return f"{type(error).__name__}: {error}"


def tried(action: Callable) -> str:
    """The reason why an action fails, or "no error"."""
    try:
        action()
    except (RuntimeError, ValueError) as error:
        return reason(error)
    return "no error"


# ------------------------------------------------------------------ scripts; all leaves require grad


def gradients(side, a, b):
    y = (a * b + a).tanh() * b.exp()
    return {"backward": tried(y.backward)}


def used_twice(side, a, b):
    y = a * a
    z = y * y + b * y
    return {"backward": tried(z.backward)}


def factor_changed(side, a, b):
    y = a * b
    z = y * y
    y.add_(1.0)
    return {"backward": tried(z.backward), "version of y": side.version(y)}


def second_factor_changed(side, a, b):
    y = a * b
    z = a * y
    y.add_(1.0)
    return {"backward": tried(z.backward)}


def factor_below_changed(side, a, b):
    y = a * b
    z = y * y
    w = z.exp()
    y.add_(1.0)
    return {"backward": tried(w.backward)}


def exp_changed(side, a, b):
    y = (a * b).exp()
    y.add_(1.0)
    return {"backward": tried(y.backward)}


def tanh_changed(side, a, b):
    y = (a + b).tanh()
    y.add_(1.0)
    return {"backward": tried(y.backward)}


def input_of_exp_changed(side, a, b):
    u = a * b
    y = u.exp()
    u.add_(1.0)
    return {"backward": tried(y.backward), "version of u": side.version(u)}


def product_changed(side, a, b):
    y = a * b
    y.add_(2.0)
    y.add_(3.0)
    return {"backward": tried(y.backward), "version of y": side.version(y)}


def sum_changed(side, a, b):
    u = a * b
    y = u + a
    u.add_(1.0)
    y.add_(1.0)
    return {"backward": tried(y.backward)}


def changed_before_use(side, a, b):
    y = a * b
    y.add_(1.0)
    z = y * y
    return {"backward": tried(z.backward), "version of y": side.version(y)}


def leaf_changed(side, a, b):
    return {"add_": tried(lambda: a.add_(1.0)), "version of a": side.version(a)}


def twice(side, a, b):
    y = (a * b).tanh()
    return {"first": tried(y.backward), "second": tried(y.backward)}


def sum_twice(side, a, b):
    y = a + b
    return {"first": tried(y.backward), "second": tried(y.backward)}


def retained(side, a, b):
    y = (a * b).exp() * a
    facts = {"first": tried(lambda: y.backward(retain_graph=True))}
    return facts | {"second": tried(y.backward), "third": tried(y.backward)}


def retained_through_the_middle(side, a, b):
    y = (a * b).tanh()
    return {"first": tried(lambda: y.backward(retain_graph=True)), "second": tried(y.backward)}


def shared(side, a, b):
    h = (a * b).exp()
    first, second = h + a, h + b
    return {"first root": tried(first.backward), "second root": tried(second.backward)}


def retained_then_changed(side, a, b):
    h = a * b
    y = h * a
    facts = {"first": tried(lambda: y.backward(retain_graph=True))}
    h.add_(1.0)
    return facts | {"second": tried(y.backward)}


def constant_factor(side, a, b):
    c = side.constant(3.0)
    u = a * b
    y = u * c
    u.add_(1.0)
    return {"backward": tried(y.backward)}


def constant_changed(side, a, b):
    c = side.constant(3.0)
    y = a * c
    c.add_(1.0)
    return {"backward": tried(y.backward), "version of c": side.version(c)}


def constant_result(side, a, b):
    y = a + side.constant(0.5).exp()
    return {"first": tried(y.backward), "second": tried(y.backward)}


def weight_updated_too_early(side, a, b):
    y = a * b
    with side.no_grad():
        changed = tried(lambda: b.add_(-0.1))
    return {"add_ under no_grad": changed, "backward": tried(y.backward)}


def weight_updated_after(side, a, b):
    y = a * b
    y.backward()
    with side.no_grad():
        changed = tried(lambda: b.add_(-0.1))
    return {"add_ under no_grad": changed, "next backward": tried((a * b).backward)}


SCRIPTS = {
    "gradients: tanh(a·b + a)·exp(b)": gradients,
    "used twice: y = a·a, z = y·y + b·y": used_twice,
    "y = a·b, z = y·y, y.add_(1), z.backward()": factor_changed,
    "y = a·b, z = a·y, y.add_(1), z.backward()": second_factor_changed,
    "y = a·b, z = y·y, w = exp(z), y.add_(1), w.backward()": factor_below_changed,
    "y = exp(a·b), y.add_(1), y.backward()": exp_changed,
    "y = tanh(a + b), y.add_(1), y.backward()": tanh_changed,
    "u = a·b, y = exp(u), u.add_(1), y.backward()": input_of_exp_changed,
    "y = a·b, y.add_(2), y.add_(3), y.backward()": product_changed,
    "u = a·b, y = u + a, u.add_(1), y.add_(1), y.backward()": sum_changed,
    "y = a·b, y.add_(1), z = y·y, z.backward()": changed_before_use,
    "a.add_(1) of a leaf": leaf_changed,
    "backward() twice of tanh(a·b)": twice,
    "backward() twice of a + b": sum_twice,
    "y = tanh(a·b), retain_graph=True, then backward() again": retained_through_the_middle,
    "retain_graph=True, then two more": retained,
    "two roots over h = exp(a·b)": shared,
    "retain_graph=True, then h changes": retained_then_changed,
    "c = 3 without gradient, u = a·b, y = u·c, u.add_(1), y.backward()": constant_factor,
    "c = 3 without gradient, y = a·c, c.add_(1), y.backward()": constant_changed,
    "c = 0.5 without gradient, y = a + exp(c), backward() twice": constant_result,
    "y = a·b, b.add_(−0.1) under no_grad(), y.backward()": weight_updated_too_early,
    "b.add_(−0.1) under no_grad() after backward(), then the next step": weight_updated_after,
}
NEEDS = {
    constant_factor: ["requires_grad"],
    constant_changed: ["requires_grad"],
    constant_result: ["requires_grad"],
    weight_updated_too_early: ["no_grad"],
    weight_updated_after: ["no_grad"],
}

# ------------------------------------------------------------------ one operation at a time

OPERATIONS = {  # of u = a + a and v = b + b, or of u alone
    "u + v": lambda u, v: u + v,
    "u·v": lambda u, v: u * v,
    "u·3": lambda u, v: u * 3.0,
    "3·u": lambda u, v: 3.0 * u,
    "u/v": lambda u, v: u / v,
    "u/3": lambda u, v: u / 3.0,
    "u³": lambda u, v: u**3,
    "exp(u)": lambda u, v: u.exp(),
    "log(u)": lambda u, v: u.log(),
    "tanh(u)": lambda u, v: u.tanh(),
    "sigmoid(u)": lambda u, v: u.sigmoid(),
    "relu(u)": lambda u, v: u.relu(),
}
METHODS = {
    "u·3": "requires_grad", "3·u": "__rmul__", "u/v": "__truediv__", "u/3": "__truediv__",
    "u³": "__pow__", "log(u)": "log", "sigmoid(u)": "sigmoid",
    "relu(u)": "relu",
}  # fmt: skip


def one_operation(make: Callable, changed: str) -> Callable:
    """y = make(u, v); then "u", "v" or "y" changes in place, or nothing; then backward, twice."""

    def script(side, a, b):
        u, v = a + a, b + b
        y = make(u, v)
        if changed:
            {"u": u, "v": v, "y": y}[changed].add_(0.5)
        facts = {"backward": tried(y.backward)}
        return facts if facts["backward"] == "INPLACE" else facts | {"again": tried(y.backward)}

    return script


for _name, _make in OPERATIONS.items():
    for _changed in ("u", "v", "y", "") if "v" in _name else ("u", "y", ""):
        _then = f"{_changed}.add_(0.5), " if _changed else ""
        _script = one_operation(_make, _changed)
        SCRIPTS[f"u = a + a, v = b + b, y = {_name}, {_then}backward() twice"] = _script
        if _name in METHODS:
            NEEDS[_script] = [METHODS[_name]]


# ------------------------------------------------------------------ running them


def facts_of(script: Callable, side: Side) -> dict:
    """What a script finds on one side; after a pass that broke off gradients are not compared."""
    a, b = side.leaf(0.7), side.leaf(-1.2)
    facts = script(side, a, b)
    if any(said in ("INPLACE", "BACKWARD2") for said in facts.values()):
        return facts | dict.fromkeys(("grad of a", "grad of b"))
    return facts | {"grad of a": side.grad(a), "grad of b": side.grad(b)}


def case_of(label: str, script: Callable) -> Case:
    def run(engine):
        side = Side(engine)
        if not hasattr(side.leaf(0.7), "version"):
            return Wrong("A Value has no attribute `version`; it starts at 0.")
        able = side.has(*NEEDS.get(script, ()))
        return facts_of(script, side if able else PYTORCH)

    return Case(label, run)
