"""Week 8's engine, which stands on week 7's and week 5's: PyTorch's rules, operation by operation,
its second derivatives, and the learner's own engine as it goes from week to week.
"""

import contextlib
import math
import random
from types import SimpleNamespace

import pytest
import torch
from cells import run_cell, written
from week01_answers import changed
from week05_answers import ENGINES

from helpers import memory
from helpers.agreement import agree
from helpers.engine import scalar
from helpers.engine.scalar import topological_order
from helpers.fuzz import random_program
from helpers.weeks import (
    week05,
    week06,
    week06_network,
    week07,
    week07_engine,
    week08,
    week08_scripts,
)
from helpers.weeks.week08_engine import Value
from helpers.weeks.week08_scripts import PYTORCH, Side, facts_of, reason
from helpers.weeks.week08_twice import gradient, noting

ENGINE = Side(Value)

# ------------------------------------------------------------------ PyTorch's rules


@pytest.mark.parametrize("case", week08.Value.cases, ids=lambda case: case.label)
def test_the_engine_refuses_where_pytorch_does_and_for_the_same_reason(case):
    theirs = facts_of(week08_scripts.SCRIPTS[case.label], PYTORCH)
    assert agree(theirs, case.run(Value), 1e-12)


OPERATIONS = week08_scripts.OPERATIONS | {
    "u − v": lambda u, v: u - v,
    "u − 3": lambda u, v: u - 3.0,
    "3 − u": lambda u, v: 3.0 - u,
    "3 + u": lambda u, v: 3.0 + u,
    "−u": lambda u, v: -u,
    "u·u": lambda u, v: u * u,
    "u/u": lambda u, v: u / u,
    "1/u by a power": lambda u, v: u**-1,
}


@pytest.mark.parametrize("changed", ["u", "v", "y", ""])
@pytest.mark.parametrize("wanted", ["both", "u", "v"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_saves_what_pytorch_saves(name, wanted, changed):
    def script(side, a, b):
        u, v = side.leaf(1.4), side.leaf(2.5)
        u = u + u if wanted != "v" else side.constant(1.4)
        v = v + v if wanted != "u" else side.constant(2.5)
        node = OPERATIONS[name](u, v)
        y = node + a
        if changed:
            dict(u=u, v=v, y=node)[changed].add_(0.5)
        return {f"pass {k}": week08_scripts.tried(y.backward) for k in range(2)}

    assert facts_of(script, ENGINE) == facts_of(script, PYTORCH)


def test_a_number_over_u_is_where_the_two_differ():
    """PyTorch takes 1/u, which saves its result, times 3; the engine divides, and saves u."""

    def script(side, a, b):
        u = a + a
        y = 3.0 / u
        u.add_(0.5)
        return {"backward": week08_scripts.tried(y.backward)}

    found = [facts_of(script, side)["backward"] for side in (PYTORCH, ENGINE)]
    assert found == ["no error", "INPLACE"]


def random_script(seed):
    """A random program with in-place changes and up to two passes, for either engine."""

    def script(side, a, b):
        rng = random.Random(seed)
        nodes, facts = [a, b, side.constant(1.5)], {}
        for k in range(8):
            kind = rng.choice(["+", "*", "exp", "tanh", "add_", "no_grad"])
            x, y = rng.choice(nodes), rng.choice(nodes)
            if kind == "+":
                nodes.append(x + y)
            elif kind == "*":
                nodes.append(x * y)
            elif kind == "add_":
                facts[f"step {k}"] = week08_scripts.tried(lambda x=x: x.add_(0.25))
            elif kind == "no_grad":
                with side.no_grad():
                    facts[f"step {k}"] = week08_scripts.tried(lambda x=x: x.add_(-0.25))
                    nodes.append(x * y)
            else:
                nodes.append((x * a).tanh() if kind == "tanh" else x.tanh().exp())
        for number in range(2):
            try:
                (nodes[-1] + a).backward(retain_graph=rng.random() < 0.5)
                facts[f"pass {number}"] = "no error"
            except RuntimeError as error:
                facts[f"pass {number}"] = reason(error)
                break
        return facts

    return script


def test_the_engine_agrees_with_pytorch_on_500_random_programs():
    seen = set()
    for seed in range(500):
        theirs, ours = (facts_of(random_script(seed), side) for side in (PYTORCH, ENGINE))
        assert agree(theirs, ours, 1e-10), seed
        seen |= {said for said in theirs.values() if isinstance(said, str)}
    assert seen == {"no error", "INPLACE", "LEAFINPLACE", "BACKWARD2"}


# ------------------------------------------------------------------ backward through backward


@pytest.mark.parametrize("engine", [scalar.Value, week07_engine.Value, Value])
def test_second_derivatives_are_pytorchs_on_1000_random_graphs(engine):
    V, bent = noting(engine), 0
    side = Side(V)
    for seed in range(1000):
        program = random_program(seed, size=2 + seed % 19, leaves=2)
        xs = [side.leaf(x) for x in program.leaves]
        first = gradient(program.run(xs), xs[seed % 2])
        for x in xs:
            x.grad = 0.0
        if getattr(first, "requires_grad", True):
            first.backward()
        ts = [PYTORCH.leaf(x) for x in program.leaves]
        right = torch.autograd.grad(
            program.run(ts), ts[seed % 2], create_graph=True, materialize_grads=True
        )[0]
        rows = [torch.zeros(())] * 2
        if right.requires_grad:
            rows = torch.autograd.grad(right, ts, materialize_grads=True)
        assert math.isclose(first.data, right.item(), rel_tol=1e-11, abs_tol=1e-11), seed
        for x, row in zip(xs, rows):
            assert math.isclose(x.grad, row.item(), rel_tol=1e-10, abs_tol=1e-10), seed
        bent += any(row.item() for row in rows)
    assert bent > 600  # the others are linear in their leaves


def test_the_third_derivative_of_x_cubed_is_6():
    x = noting(Value)(2.0, requires_grad=True)
    result = x**3
    for right in (12.0, 12.0, 6.0):
        result = gradient(result, x)
        assert result.data == right


def test_a_leaf_without_a_part_in_the_result_has_the_gradient_0():
    V = noting(scalar.Value)
    assert gradient(V(2.0) * 3.0, V(1.0)).data == 0.0


# ------------------------------------------------------------------ the engine goes on
ON_PREV = [("self.parents", "self._prev")]
SILENT = (
    "        super().backward()\n",
    "        for node in reachable(self):\n"
    "            if not node.requires_grad:\n"
    "                node._backward = lambda: None\n"
    "        super().backward()\n",
)
OWN = {  # week 5's engine as a learner wrote it, and what has another name in weeks 7 and 8
    "closures": ([*ON_PREV, SILENT], ON_PREV),
    "slots": ([], []),
    "a dataclass": ([], []),
    "Kahn": ([], []),
}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path))


def in_a_new_session(task, monkeypatch):
    """What `yours()` gives when nothing but the progress folder is left of the session."""
    monkeypatch.setattr(task, "_own", None)
    own = task.yours()
    assert own is not task.reference
    return own


def passed_in_week_5(style, monkeypatch):
    week05.Value(written(ENGINES[style], "Value", topological_order=topological_order))
    return in_a_new_session(week05.Value, monkeypatch)


def passed_on(task, changes, monkeypatch, **names):
    """The week's own solution in a cell on the learner's engine, kept and read again."""
    source = changed(task.solution_source(), *changes)
    assert run_cell(f"@ex.Value\n{source}", ex=SimpleNamespace(Value=task), **names)
    return in_a_new_session(task, monkeypatch)


@pytest.mark.parametrize("style", OWN)
def test_week_6_trains_the_engine_that_passed_in_week_5(style, folder, monkeypatch):
    own = passed_in_week_5(style, monkeypatch)
    X, y = [[0.3, -1.2], [1.5, 0.4], [-0.7, 0.9]], [1, -1, 1]
    losses = []
    for engine in (own, scalar.Value):
        monkeypatch.setattr(week06_network, "Value", week06.use(engine))
        model = week06_network.MLP(2, [4, 1], seed=3)
        assert type(model(X[0])) is engine
        losses.append([week06_network.training_step(model, X, y) for _ in range(10)])
    assert losses[0][-1] < losses[0][0]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


@pytest.mark.parametrize("style", OWN)
def test_weeks_7_and_8_extend_the_engine_that_passed_in_week_5(style, folder, monkeypatch):
    to_7, to_8 = OWN[style]
    names = dict(opened=week07.opened, reachable=week07.reachable, contextlib=contextlib)
    own_5 = passed_in_week_5(style, monkeypatch)
    own_7 = passed_on(week07.Value, to_7, monkeypatch, Engine=own_5, **names)
    own_8 = passed_on(week08.Value, to_8, monkeypatch, Base=own_7, **names)
    kept = memory.load_passed("week08", "Value").source
    assert ENGINES[style].split("class Value")[1][:120] in kept
    assert "class Value(opened(Engine))" in kept and "class Value(opened(Base))" in kept
    script = random_script(3)
    assert agree(facts_of(script, PYTORCH), facts_of(script, Side(own_8)), 1e-10)
    x = noting(own_8)(2.0, requires_grad=True)
    second = gradient(gradient(x.exp() * x, x), x)
    assert second.data == pytest.approx(4.0 * math.exp(2.0), rel=1e-12)
