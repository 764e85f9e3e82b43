"""Where an engine's objects keep what they hold, and how to put it back as it was.

An attribute may stand in an object's dictionary, in a slot, or behind a property. `helpers.watch`
puts a property in the place of a class's gradient for the time of one backward pass; these are its
tools.
"""

from __future__ import annotations

import functools
import inspect

import numpy as np

GRAD_NAMES = ("grad", "_grad", "gradient", "_gradient", "adjoint")
ABSENT = object()


class Attribute:
    """Where a class keeps an attribute: in a slot, behind a property, or in each object."""

    def __init__(self, cls: type, name: str):
        self.cls, self.name = cls, name
        self.kept = inspect.getattr_static(cls, name, ABSENT)
        self.own = vars(cls).get(name, ABSENT)
        if hasattr(self.kept, "__set__"):
            self.set = self.kept.__set__

    def get(self, obj, *default):
        try:
            if hasattr(self.kept, "__set__"):
                return self.kept.__get__(obj, self.cls)
            if self.name in obj.__dict__:
                return obj.__dict__[self.name]
        except AttributeError:
            if default:
                return default[0]
            raise
        if self.kept is not ABSENT:
            return self.kept.__get__(obj, self.cls) if hasattr(self.kept, "__get__") else self.kept
        if default:
            return default[0]
        raise AttributeError(f"{self.cls.__name__!r} object has no attribute {self.name!r}")

    def set(self, obj, value) -> None:
        obj.__dict__[self.name] = value

    def put_back(self) -> None:
        """Make the class as it was before a property took the attribute's place."""
        if self.own is ABSENT:
            delattr(self.cls, self.name)
        else:
            setattr(self.cls, self.name, self.own)


class State:
    """All attributes of an object, to be put back: a pass may free its graph, or mark visits."""

    __slots__ = ("grad", "inside", "obj", "slots")

    def __init__(self, obj):
        self.obj = obj
        self.grad = ABSENT
        self.inside = dict(obj.__dict__) if hasattr(obj, "__dict__") else None
        self.slots = [_slot(slot, obj) for slot in _slots(obj.__class__)]

    def put_back(self, grad: Attribute) -> None:
        obj = self.obj
        if isinstance(grad.kept, property) and self.grad is not ABSENT:
            grad.set(obj, self.grad)
        if self.inside is not None:
            obj.__dict__.clear()
            obj.__dict__.update(self.inside)
        for slot, value in zip(_slots(obj.__class__), self.slots):
            if value is not ABSENT:
                slot.__set__(obj, value)
            elif _slot(slot, obj) is not ABSENT:
                slot.__delete__(obj)


@functools.lru_cache(maxsize=64)
def _slots(cls: type) -> tuple:
    return tuple(
        member
        for c in cls.__mro__
        for member in vars(c).values()
        if inspect.ismemberdescriptor(member)
    )


def _slot(slot, obj):
    try:
        return slot.__get__(obj, type(obj))
    except AttributeError:
        return ABSENT


def grad_of(cls: type, obj) -> Attribute | None:
    """Where objects of this class store their gradient; None if they store none."""
    private = [f"_{c.__name__.lstrip('_')}__grad" for c in cls.__mro__]
    attributes = [Attribute(cls, name) for name in (*GRAD_NAMES, *private)]
    inside = getattr(obj, "__dict__", {})
    stored = [a for a in attributes if a.name in inside or inspect.ismemberdescriptor(a.kept)]
    settable = [a for a in attributes if isinstance(a.kept, property) and a.kept.fset]
    plain = [a for a in attributes if isinstance(a.kept, (int, float, type(None)))]
    return next(iter((*stored, *settable, *plain)), None)


def closures_of(objs: list) -> set[str]:
    """Attributes in which these objects keep a backward function of their own."""
    names = {
        name
        for obj in objs
        for name in (*getattr(obj, "__dict__", ()), *(s.__name__ for s in _slots(type(obj))))
    }
    names -= {"backward"}
    return {n for n in names if any(remembers(getattr(obj, n, None)) for obj in objs)}


def remembers(function) -> bool:
    """Is this a function that holds nodes: a closure, one with defaults, a bound one?"""
    if isinstance(function, functools.partial) or inspect.ismethod(function):
        return True
    return inspect.isfunction(function) and bool(function.__closure__ or function.__defaults__)


# ---------------------------------------------------------------------------- numbers and arrays


def zero_like(grad):
    """A fresh zero of the same kind; an array's zero does not share memory with it."""
    if grad is None or isinstance(grad, (int, float)):
        return None if grad is None else 0.0
    if isinstance(grad, np.generic):
        return type(grad)(0)
    if hasattr(grad, "zero_"):  # a torch tensor
        return grad.detach().clone().zero_()
    return np.zeros_like(grad) if hasattr(grad, "shape") else grad * 0.0


def copy_of(grad):
    """A gradient as it is now: a float, or a copy of the array."""
    if grad.__class__ is float:
        return grad
    if grad is None:
        return 0.0
    if hasattr(grad, "backward"):  # a gradient that is a node itself, or a torch tensor
        grad = grad.data
    return grad + 0.0 if getattr(grad, "shape", ()) else float(grad)


def not_zero(x) -> bool:
    return bool(x.any()) if hasattr(x, "any") else x != 0.0


def difference(after, before):
    """after − before; an array that came with another shape counts as a whole."""
    fits = getattr(after, "shape", ()) == getattr(before, "shape", ())
    return after - before if fits or not getattr(before, "shape", ()) else after
