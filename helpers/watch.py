"""Watching an engine's own backward pass, without changing what it does.

While a `Watch` is active, the gradient of the engine's classes is a property: every read and write
passes through here, and the number itself stays where the engine keeps it. A write tells *what*
changed. On whose behalf it changed is told by, in this order: the node whose own backward function
is running; the node whose gradient was read for it; the function that writes, and its caller. When
the watch ends, classes and nodes are as they were.
"""

from __future__ import annotations

import functools
import sys
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from helpers.storage import (
    ABSENT,
    Attribute,
    State,
    closures_of,
    copy_of,
    difference,
    grad_of,
    not_zero,
    remembers,
    zero_like,
)
from helpers.summary import short


@dataclass(slots=True, eq=False)
class Write:
    """One change of a gradient: who was written, on whose behalf, from what to what.

    `manner` is "edge" for one contribution along one edge; "path" for the part that a recursion
    carries along one path, with `upstream` the part that arrived at the source on that path; "sum"
    for a finished sum over all uses, which may come in any order. `slot` is the operand's position,
    where the engine tells it.
    """

    target: int
    source: int
    upstream: object
    before: object
    after: object
    amount: object
    overwrote: bool = False
    manner: str = "edge"
    slot: int | None = None


class _Begun(NamedTuple):
    """What was known before a node's gradient went from None to zero."""

    node: int
    writes: int
    read: list[int]
    active: int | None
    owing: list[int]
    times: int


class Watch:
    """Sees every read and write of a gradient on the given nodes while it is active.

    Parameters
    ----------
    nodes : list of Node
        A whole graph, parents first.
    start : Node
        Where the backward pass will start: its first gradient is the seed.

    Attributes
    ----------
    writes : list of Write
        What was pushed, in the engine's order. Seeds and resets to zero are left out.
    grads : list
        The gradient of each node.
    seed : float, ndarray or None
        What the start was set to before the first push.
    """

    def __init__(self, nodes: list, start):
        self.objs = [node.obj for node in nodes]
        self.parents = [tuple([p.index for p in node.parents]) for node in nodes]
        self.index = {id(obj): k for k, obj in enumerate(self.objs)}
        self.start = start.index
        self.grads: list = [0.0] * len(nodes)
        self.last: list = [None] * len(nodes)  # the amount that each node got last
        self.writes: list[Write] = []
        self.seed = None
        self._running: list[int | None] = []  # nodes whose own backward function is executing
        self._read: list[int] = []  # gradients read since the last write
        self._read_own = [False] * len(nodes)  # read since that node's own last write
        self._active: int | None = None  # the node on whose behalf the engine works
        self._owing: list[int] = []  # the parents that it has not pushed to yet
        self._times = [0] * len(nodes)  # how often each node was pushed to
        self._begun: _Begun | None = None  # a gradient that was set from None to zero

    # ------------------------------------------------------------------ on and off

    def __enter__(self) -> Watch:
        samples: dict[type, list] = {}
        for obj in self.objs:
            samples.setdefault(type(obj), []).append(obj)
        grads = {cls: grad_of(cls, objs[-1]) for cls, objs in samples.items()}
        self._grads_of = {cls: grad for cls, grad in grads.items() if grad}
        root = type(self.objs[self.start])
        if root not in self._grads_of:
            raise ValueError(
                f"The gradients of this {root.__name__} cannot be watched: its objects do not "
                "hold them. Keep each one in its node, as self.grad."
            )
        self._saved = [State(obj) for obj in self.objs if type(obj) in self._grads_of]
        self._installed: list[Attribute] = []
        try:
            for state in self._saved:
                grad = self._grads_of[type(state.obj)]
                state.grad = grad.get(state.obj, ABSENT)
                if state.grad is not ABSENT:
                    grad.set(state.obj, zero_like(state.grad))
            closures = [
                Attribute(cls, name)
                for cls in self._grads_of
                for name in closures_of(samples[cls][-50:])
            ]
            for attribute in self._grads_of.values():
                self._install(attribute, *self._watched(attribute))
            for attribute in closures:
                self._install(attribute, self._announced(attribute), attribute.set)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for attribute in reversed(self._installed):
            attribute.put_back()
        for state in self._saved:
            state.put_back(self._grads_of[type(state.obj)])

    def run(self, backward) -> None:
        """Call the engine's backward pass."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(2 * limit)  # watching takes frames of its own
        try:
            backward()
        finally:
            sys.setrecursionlimit(limit)
        self._finish()

    def _install(self, attribute: Attribute, get, put) -> None:
        setattr(attribute.cls, attribute.name, property(get, put))
        self._installed.append(attribute)

    def _watched(self, attribute: Attribute):
        index, read, read_own = self.index, self._read, self._read_own
        load, store = attribute.get, attribute.set

        def get(obj):
            k = index.get(id(obj))
            if k is not None:
                read.append(k)
                read_own[k] = True
            return load(obj)

        def put(obj, grad):
            k = index.get(id(obj))
            if k is None:
                store(obj, grad)
                return
            first = attribute.get(obj, None) is None
            store(obj, grad)
            self._take_back(k)
            if first and not not_zero(copy_of(grad)):
                self._begun = self._state_of(k)
            self._wrote(k, grad)

        return get, put

    def _announced(self, attribute: Attribute):
        """A node's backward function as it is, but telling whose it is while it runs."""

        def get(obj):
            function = attribute.get(obj)
            if not remembers(function):
                return function

            def run(*args, **kwargs):
                self._running.append(self.index.get(id(obj)))
                try:
                    return function(*args, **kwargs)
                finally:
                    self._running.pop()

            return run

        return get

    # ------------------------------------------------------------------ one write

    def _state_of(self, k: int) -> _Begun:
        return _Begun(
            k, len(self.writes), [*self._read], self._active, [*self._owing], self._times[k]
        )

    def _take_back(self, k: int) -> None:
        """Forget a first zero that was only the beginning: `grad = zeros`, and then `grad += g`."""
        begun, self._begun = self._begun, None
        if begun is None or begun.node != k or any(r != k for r in self._read):
            return
        del self.writes[begun.writes :]
        self._read[:] = [*begun.read, *self._read]
        self._active, self._owing, self._times[k] = begun.active, begun.owing, begun.times

    def _wrote(self, k: int, grad) -> None:
        before, after = self.grads[k], copy_of(grad)
        self.grads[k] = after
        assigned = not self._read_own[k]
        if assigned and self.seed is None and not not_zero(after):
            return  # gradients are set to zero before the pass
        source, manner = self._source(k)
        untouched = k not in self._read
        self._read.clear()
        self._read_own[k] = False
        if manner == "guess" and untouched and not not_zero(after):
            return  # set to zero again, when it has done its work
        if source is None:
            if k == self.start and self.seed is None and not_zero(after):
                self.seed = self.last[k] = after
            return
        overwrote = assigned and not_zero(before)
        amount = after if overwrote else difference(after, before)
        upstream = self.last[source] if manner == "path" else self.grads[source]
        if source == self.start and self.seed is None and manner in ("path", "guess"):
            upstream = 1.0  # seeded by an argument alone
        self.last[k] = amount
        self._times[k] += 1
        numbers = short(upstream), short(before), short(after), short(amount)
        self.writes.append(Write(k, source, *numbers, overwrote, manner))

    def _source(self, k: int) -> tuple[int | None, str]:
        """On whose behalf is node `k` being written, and how do we know?"""
        parents, running = self.parents, self._running
        if running and running[-1] is not None and k in parents[running[-1]]:
            return running[-1], "edge"
        readers = [r for r in self._read if r != k and k in parents[r]]
        if readers:
            if readers[-1] != self._active:
                self._active = readers[-1]
                self._owing = list(parents[self._active])
            if k in self._owing:
                self._owing.remove(k)
            return self._active, "edge" if len(readers) == 1 else "several"
        if running or k == self.start:
            return None, ""
        if k in self._owing:
            self._owing.remove(k)
            return self._active, "edge"
        return self._from_frames(k)

    def _from_frames(self, k: int) -> tuple[int | None, str]:
        """The source, from the variables of the function that writes, and of its caller.

        A function that calls itself and passes its target on has the source under the same name,
        one call further up. Otherwise the writing function itself may hold the source.
        """
        frame = sys._getframe()
        while frame and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        caller = frame.f_back if frame else None
        while caller and caller.f_code is not frame.f_code:
            caller = None if caller.f_code.co_filename == __file__ else caller.f_back
        here = frame.f_locals if frame else {}
        if caller:
            above = caller.f_locals
            for name, value in here.items():
                if value is self.objs[k] and (source := self._consumer(above.get(name), k)):
                    return source, "path"
        held = {source for value in here.values() if (source := self._consumer(value, k))}
        if len(held) > 1:
            held.discard(self.start)  # `self` of the backward method
        if len(held) == 1:
            return held.pop(), "path" if caller else "guess"
        turn = min(self._times[k] + 1, len(self._users[k]))
        return self._users[k][-turn], "guess"

    def _consumer(self, value, k: int) -> int | None:
        """The index of `value`, if it is a node that uses node `k`; never 0, which is a leaf."""
        place = self.index.get(id(value))
        return place if place is not None and k in self.parents[place] else None

    @functools.cached_property
    def _users(self) -> list[list[int]]:
        """The nodes that use each node, once for each use."""
        users: list[list[int]] = [[] for _ in self.objs]
        for k, parents in enumerate(self.parents):
            for p in parents:
                users[p].append(k)
        return users

    # ------------------------------------------------------------------ at the end

    def _finish(self) -> None:
        """Count what was changed inside an array, and tell finished sums from contributions.

        An array that is the gradient of two nodes was changed by a push to one of them.
        """
        self._read.clear()
        self._owing = []
        attributes = [self._grads_of.get(type(obj)) for obj in self.objs]
        grads = [a and a.get(obj, None) for a, obj in zip(attributes, self.objs)]
        held = Counter(map(id, grads))
        for k, grad in enumerate(grads):
            if attributes[k] is None or isinstance(grad, (float, int)):
                continue
            if grad is not None and held[id(grad)] > 1:
                self.grads[k] = copy_of(grad)
                continue
            if not_zero(difference(copy_of(grad), self.grads[k])):
                self._read_own[k] = True
                self._wrote(k, grad)
        for write in [w for w in self.writes if w.manner in ("guess", "several")]:
            uses = len(self._users[write.target])
            late = write.manner == "guess" and not not_zero(write.upstream)
            if self._times[write.target] == 1 and (uses > 1 or late):
                write.manner, write.upstream = "sum", short(self.grads[write.source])
            else:
                write.manner = "edge"
