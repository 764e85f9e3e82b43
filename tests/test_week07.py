"""Week 7: exercises in all their states, facts about PyTorch, the engine beside it, claims."""

import contextlib
import math
import re
import warnings
from collections import deque
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import run_cell, written
from week07_slips import ENGINES, SLIPS

from helpers import MemoryMeter, memory
from helpers.engine import fifty, scalar
from helpers.fuzz import random_program
from helpers.weeks import week07 as ex
from helpers.weeks import week07_driving as driving
from helpers.weeks import week07_engine as engine
from helpers.weeks import week07_scripts as scripts
from helpers.weeks.week05_parents import add_parents
from helpers.weeks.week07_graph import walk

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week07_pytorch_graph.ipynb"
each_exercise = pytest.mark.parametrize("exercise", ex.all, ids=lambda exercise: exercise.name)


def named(*pairs):
    """Parameters (exercise, attempt), with the names of both for ids."""
    ids = [f"{exercise.name}-{attempt.__name__}" for exercise, attempt in pairs]
    return pytest.mark.parametrize("exercise, attempt", pairs, ids=ids)


# ------------------------------------------------------------------ states


@each_exercise
def test_stub_reference_and_known_mistakes_are_told_apart(exercise):
    assert exercise.self_check() == []


def test_a_mistake_is_named_as_often_as_it_is_made():
    for mistake in ex.Value.mistakes:
        assert [ex.Value.check(mistake.attempt).mistake for _ in range(2)] == [mistake.code] * 2


# ------------------------------------------------------------------ other right styles


def counting_consumers(fn):
    waiting, todo = {fn: 0}, [fn]
    for node in todo:
        for parent, _ in node.next_functions:
            if parent is None:
                continue
            if parent not in waiting:
                waiting[parent] = 0
                todo.append(parent)
            waiting[parent] += 1
    order, ready = [], deque([fn])
    while ready:
        node = ready.popleft()
        order.append(node)
        for parent, _ in node.next_functions:
            if parent is not None:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)
    return tuple(order)


def by_time_of_making(fn):
    found, todo = [fn], [fn]
    seen = {fn}
    while todo:
        for parent, _ in todo.pop().next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
                todo.append(parent)
    ops = [node for node in found if not hasattr(node, "variable")]
    leaves = [node for node in found if hasattr(node, "variable")]
    return sorted(ops, key=lambda node: -node._sequence_nr()) + leaves


def by_asking_pytorch():
    found = {}
    for expression in ex.LEAVES:
        x, w = torch.ones(2), torch.ones(2, requires_grad=True)
        found[expression] = eval(expression, {"x": x, "w": w, "torch": torch}).is_leaf
    return found


def as_numpy_bools():
    return {key: np.bool_(right) for key, (right, _) in ex.LEAVES.items()}


def keyed_by_nodes(loss):
    arrived = {loss.grad_fn: torch.ones((), dtype=torch.float64)}
    for node in counting_consumers(loss.grad_fn):
        if hasattr(node, "variable"):
            continue
        with torch.no_grad():
            pushed = node(arrived.pop(node))
        pushed = pushed if isinstance(pushed, tuple) else [pushed]
        for edge, amount in zip(node.next_functions, pushed):
            if edge[0] is not None:
                amount = amount.sum_to_size(edge[0]._input_metadata[edge[1]].shape)
                before = arrived.get(edge[0])
                arrived[edge[0]] = amount if before is None else before + amount
    return arrived


def pulling_from_consumers(loss):
    order = walk(loss.grad_fn)
    pushes = {node: [] for node in order}
    pushes[loss.grad_fn] = [loss.detach() * 0 + 1]
    grads = {}
    for node in order:
        shape = node._input_metadata[0].shape
        total = sum(amount.sum_to_size(shape) for amount in pushes[node])
        if type(node).__name__ == "AccumulateGrad":
            grads[node.variable] = total
        else:
            amounts = node(total)
            amounts = [amounts] if torch.is_tensor(amounts) else amounts
            for (parent, _), amount in zip(node.next_functions, amounts):
                if parent is not None:
                    pushes[parent].append(amount)
    return grads


def by_storage(f, x):
    found = set()

    def pack(t):
        storage = t.untyped_storage()
        found.add((storage.data_ptr(), storage.nbytes()))
        return t.detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        result = f(x)
    assert result is not None
    return sum(count for _, count in found)


def with_a_list(f, x):
    kept = []

    def pack(t):
        kept.append(t.detach())
        return len(kept) - 1

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda k: kept[k]):
        f(x)
    total, seen = 0, []
    for t in kept:
        if t.data_ptr() not in seen:
            seen.append(t.data_ptr())
            total += t.element_size() * t.nelement()
    return np.int64(total)


def by_trying_twice():
    found = {}
    for expression in ex.FREED:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        w = torch.tensor([3.0, 4.0], requires_grad=True)
        loss = eval(expression, {"x": x, "w": w, "torch": torch}).sum()
        loss.backward()
        try:
            loss.backward()
            found[expression] = False
        except RuntimeError:
            found[expression] = True
    return found


def by_what_is_saved():
    found = {}
    for expression in ex.FREED:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        w = torch.tensor([3.0, 4.0], requires_grad=True)
        node = eval(expression, {"x": x, "w": w, "torch": torch}).grad_fn
        found[expression] = any(name.startswith("_raw_saved") for name in dir(node))
    return found


def with_an_optimizer(params, train_loss, test_loss, lr, steps):
    optimizer = torch.optim.SGD(params, lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = train_loss()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        with torch.inference_mode():
            test = float(test_loss())
    return [np.mean(losses), test]


def with_autograd_grad(params, train_loss, test_loss, lr, steps):
    total = torch.zeros(())
    for _ in range(steps):
        loss = train_loss()
        for p, grad in zip(params, torch.autograd.grad(loss, params)):
            p.data -= lr * grad
        total = total + loss.detach()
    with torch.no_grad():
        return (total / steps).item(), test_loss().item()


def cleared_at_the_end(params, train_loss, test_loss, lr, steps):
    mean = 0.0
    for _ in range(steps):
        loss = train_loss()
        loss.backward()
        mean += loss.detach().numpy() / steps
        with torch.no_grad():
            for p in params:
                p.sub_(lr * p.grad)
                p.grad = None
    with torch.no_grad():
        test = test_loss().item()
    return mean, test


def lower_case():
    return dict(A="nonleaf", B="cleared ", C="cut", D="unused", E="returned", F="notasked",
                G="leftout", H="notcalled")  # fmt: skip


def by_experiment():
    codes = {}
    for letter, program in ex.SNIPPETS.items():
        space = {"torch": torch}
        exec(ex.SETUP + program, space)
        w, b = space["w"], space["b"]
        nodes = walk(space["loss"].grad_fn)
        reached = any(getattr(node, "variable", None) is w for node in nodes)
        if not w.requires_grad:
            codes[letter] = "NOTASKED"
        elif not w.is_leaf:
            codes[letter] = "NONLEAF"
        elif not reached:
            codes[letter] = "CUT" if "tolist" in program else "UNUSED"
        elif b.grad is not None:
            codes[letter] = "LEFTOUT"
        elif "zero_grad" in program:
            codes[letter] = "CLEARED"
        else:
            codes[letter] = "RETURNED" if "autograd.grad" in program else "NOTCALLED"
    return codes


@named(
    (ex.walk, counting_consumers),
    (ex.walk, by_time_of_making),
    (ex.predict_leaf, by_asking_pytorch),
    (ex.predict_leaf, as_numpy_bools),
    (ex.my_backward, keyed_by_nodes),
    (ex.my_backward, pulling_from_consumers),
    (ex.saved_bytes, by_storage),
    (ex.saved_bytes, with_a_list),
    (ex.freed_after_backward, by_trying_twice),
    (ex.freed_after_backward, by_what_is_saved),
    (ex.fix_loop, with_an_optimizer),
    (ex.fix_loop, with_autograd_grad),
    (ex.fix_loop, cleared_at_the_end),
    (ex.why_none, lower_case),
    (ex.why_none, by_experiment),
)
def test_another_right_style_passes(exercise, attempt):
    verdict = exercise.check(attempt)
    assert verdict.status == "passed", verdict


# Complete classes, on several bases and on none.
DERIVED = ex.Value.solution_source()
SIMPLE = '''
class Value:
    """On nothing: pairs of parent and local derivative, and a switch for the whole class."""

    recording = [True]

    def __init__(self, data, edges=(), requires_grad=False):
        self.data, self.grad, self.edges = data, None, []
        self.requires_grad = requires_grad
        if self.recording[-1]:
            self.edges = [(p, d) for p, d in edges if p.requires_grad]
            self.requires_grad = requires_grad or bool(self.edges)

    @property
    def parents(self):
        return [p for p, _ in self.edges]

    def detach(self):
        return Value(self.data)

    @classmethod
    def no_grad(cls):
        class Off:
            def __enter__(self):
                cls.recording.append(False)

            def __exit__(self, *_):
                cls.recording.pop()

        return Off()

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __sub__(self, other):
        return self + other * -1.0 if isinstance(other, Value) else self + -other

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def __truediv__(self, other):
        return self * other**-1

    def __pow__(self, n):
        return Value(self.data**n, [(self, n * self.data ** (n - 1))])

    def exp(self):
        e = math.exp(self.data)
        return Value(e, [(self, e)])

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, [(self, 1 - t * t)])

    def relu(self):
        return Value(max(self.data, 0.0), [(self, float(self.data > 0))])

    def backward(self):
        if not self.requires_grad:
            raise RuntimeError("nothing to go back through")
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for p in node.parents:
                    visit(p)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for p, d in node.edges:
                p.grad = (p.grad or 0.0) + d * node.grad
'''
CLOSURES = '''
class Closures:
    """micrograd's design, for a class to be derived from."""

    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0, set(_children), _op
        self._backward = lambda: None

    def result(self, data, others, push):
        out = Closures(data, (self, *others))
        out._backward = lambda: push(out.grad)
        return out

    def __add__(self, other):
        other = other if isinstance(other, Closures) else Closures(other)

        def push(g):
            self.grad += g
            other.grad += g

        return self.result(self.data + other.data, [other], push)

    def __sub__(self, other):
        return self + (other * -1.0 if isinstance(other, Closures) else -other)

    def __mul__(self, other):
        other = other if isinstance(other, Closures) else Closures(other)

        def push(g):
            self.grad += other.data * g
            other.grad += self.data * g

        return self.result(self.data * other.data, [other], push)

    def __truediv__(self, other):
        return self * (other**-1 if isinstance(other, Closures) else 1.0 / other)

    def __pow__(self, n):
        def push(g):
            self.grad += n * self.data ** (n - 1) * g

        return self.result(self.data**n, [], push)

    def exp(self):
        e = math.exp(self.data)

        def push(g):
            self.grad += e * g

        return self.result(e, [], push)

    def tanh(self):
        t = math.tanh(self.data)

        def push(g):
            self.grad += (1 - t * t) * g

        return self.result(t, [], push)

    def relu(self):
        def push(g):
            self.grad += (self.data > 0) * g

        return self.result(max(self.data, 0.0), [], push)

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for p in node._prev:
                    visit(p)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
'''
ON_CLOSURES = DERIVED.replace("self.parents", "self._prev").replace(
    "        super().backward()\n",
    "        for node in reachable(self):\n"
    "            if not node.requires_grad:\n"
    "                node._backward = lambda: None\n"
    "        super().backward()\n",
)


def on(base: type, source: str = DERIVED) -> type:
    """A class written in a cell over this base."""
    names = dict(opened=ex.opened, reachable=ex.reachable, contextlib=contextlib, Engine=base)
    return run_cell(source, **names)["Value"]


def in_a_cell(source: str, name: str) -> type:
    return run_cell(source, math=math)[name]


@pytest.mark.parametrize(
    "attempt",
    [
        on(scalar.Value),
        on(fifty.Value),
        on(in_a_cell(CLOSURES, "Closures"), ON_CLOSURES),
        in_a_cell(SIMPLE, "Value"),
    ],
    ids=["on week 5's", "on week 1's", "on micrograd's design", "on nothing"],
)
def test_another_engine_passes(attempt):
    verdict = ex.Value.check(attempt)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize("container", ["set(_children)", "tuple(_children)", "list(_children)"])
@pytest.mark.parametrize("name", ["_prev", "children", "inputs", "below"])
def test_an_engine_passes_whatever_it_calls_its_parents(name, container):
    source = CLOSURES.replace("set(_children)", container).replace("_prev", name)
    assert ex.Value.check(on(in_a_cell(source, "Closures"))).status == "passed"


def test_an_engine_to_which_week_5_gave_parents_passes():
    base = in_a_cell(CLOSURES.replace("_prev", "below"), "Closures")
    assert add_parents(base)
    assert ex.Value.check(on(base)).status == "passed"


@pytest.mark.parametrize("base", [scalar.Value, in_a_cell(CLOSURES, "Closures")])
def test_parents_may_be_dropped_by_hand(base):
    by_hand = DERIVED.replace("super().__init__(data)  # nobody", "self.parents = ()  # nobody")
    assert ex.Value.check(on(base, by_hand)).status == "passed"


def test_parents_are_dropped_and_not_exchanged():
    class Derived(ex.opened(scalar.Value)):
        pass

    x = Derived(2.0)
    y = x * x
    with pytest.raises(AttributeError, match="not exchanged"):
        y.parents = (y,)
    y.parents = ()
    assert (y.parents, y.data, x.parents) == ((), 4.0, ())


def test_an_engine_on_the_learners_own_is_kept_and_revived(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path))
    base = in_a_cell(CLOSURES, "Closures")
    source = f"@ex.Value\n{ON_CLOSURES}"
    names = dict(opened=ex.opened, reachable=ex.reachable, contextlib=contextlib, Engine=base)
    run_cell(source, ex=ex, **names)
    monkeypatch.setattr(ex.Value, "_own", None)  # as in a new session
    own = ex.Value.yours()
    assert own is not ex.Value.reference
    kept = memory.load_passed("week07", "Value").source
    assert "class Closures" in kept and "class Value(opened(Engine))" in kept
    x = own(2.0, requires_grad=True)
    (x * own(3.0)).backward()
    assert x.grad == 3.0


# ------------------------------------------------------------------ wrong answers not on the list


def in_levels(fn):
    order, todo = [], [fn]
    while todo:
        node = todo.pop(0)
        if node not in order:
            order.append(node)
            todo += [parent for parent, _ in node.next_functions if parent is not None]
    return order


def one_after_another(fn):
    yield fn
    for parent, _ in fn.next_functions:
        if parent is not None:
            yield from one_after_another(parent)


def edges(fn):
    return list(fn.next_functions)


def operations_only(fn):
    return [node for node in walk(fn) if type(node).__name__ != "AccumulateGrad"]


def all_true():
    return dict.fromkeys(ex.LEAVES, True)


def as_text():
    return dict.fromkeys(ex.LEAVES, "yes")


def one_missing():
    return {key: right for key, (right, _) in ex.LEAVES.items() if key != "w"}


def requires_grad_instead():
    return {key: right and "w" in key for key, (right, _) in ex.LEAVES.items()}


def borrowed(loss):
    leaves = [node.variable for node in walk(loss.grad_fn) if hasattr(node, "variable")]
    return dict(zip(leaves, torch.autograd.grad(loss, leaves)))


def summed_at_the_leaves_only(loss):
    arrived = {loss.grad_fn: torch.ones_like(loss)}
    for node in walk(loss.grad_fn):
        if hasattr(node, "variable"):
            continue
        pushed = node(arrived[node])
        pushed = pushed if isinstance(pushed, tuple) else (pushed,)
        for (parent, _), amount in zip(node.next_functions, pushed):
            if parent is not None:
                if hasattr(parent, "variable"):
                    amount = amount.sum_to_size(parent.variable.shape)
                arrived[parent] = arrived.get(parent, 0.0) + amount
    return {n.variable: g for n, g in arrived.items() if hasattr(n, "variable")}


def names_as_keys(loss):
    return {"x": torch.ones(())}


def a_list(loss):
    return list(keyed_by_nodes(loss).values())


def twice_as_much(loss):
    return {key: 2 * g for key, g in pulling_from_consumers(loss).items()}


def size_of_x(f, x):
    return x.nbytes


def of_the_last_node_only(f, x):
    node = f(x).grad_fn
    kept = [getattr(node, name) for name in dir(node) if name.startswith("_saved")]
    return sum(t.nbytes for t in kept if torch.is_tensor(t))


def as_a_tensor_list(f, x):
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t), lambda t: t):
        f(x)
    return kept


def nothing_freed():
    return dict.fromkeys(ex.FREED, False)


def everything_freed():
    return dict.fromkeys(ex.FREED, True)


def views_and_means_too():
    return by_trying_twice() | {"x.mean()": True, "x * w": False}


def last_loss(params, train_loss, test_loss, lr, steps):
    mean, test = with_an_optimizer(params, train_loss, test_loss, lr, steps - 1)
    loss = train_loss()
    loss.backward()
    return loss.item(), test


def sum_of_losses(params, train_loss, test_loss, lr, steps):
    mean, test = cleared_at_the_end(params, train_loss, test_loss, lr, steps)
    return mean * steps, test


def measured_too_early(params, train_loss, test_loss, lr, steps):
    for _ in range(steps):
        with torch.no_grad():
            test = test_loss().item()
        mean, _ = cleared_at_the_end(params, train_loss, test_loss, lr, 1)
    return mean, test


def one_number(params, train_loss, test_loss, lr, steps):
    return with_an_optimizer(params, train_loss, test_loss, lr, steps)[0]


def losses_in_a_list(params, train_loss, test_loss, lr, steps):
    losses = []
    for _ in range(steps):
        for p in params:
            p.grad = None
        losses.append(train_loss())
        losses[-1].backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
            test = test_loss()
    return sum(loss.item() for loss in losses) / steps, test.item()


def all_nonleaf():
    return dict.fromkeys(ex.SNIPPETS, "NONLEAF")


def not_in_the_table():
    return lower_case() | {"C": "DETACHED"}


def a_letter_missing():
    return {key: code for key, code in lower_case().items() if key != "H"}


@named(
    (ex.walk, in_levels),
    (ex.walk, one_after_another),
    (ex.walk, edges),
    (ex.walk, operations_only),
    (ex.predict_leaf, all_true),
    (ex.predict_leaf, as_text),
    (ex.predict_leaf, one_missing),
    (ex.predict_leaf, requires_grad_instead),
    (ex.my_backward, borrowed),
    (ex.my_backward, summed_at_the_leaves_only),
    (ex.my_backward, names_as_keys),
    (ex.my_backward, a_list),
    (ex.my_backward, twice_as_much),
    (ex.saved_bytes, size_of_x),
    (ex.saved_bytes, of_the_last_node_only),
    (ex.saved_bytes, as_a_tensor_list),
    (ex.freed_after_backward, nothing_freed),
    (ex.freed_after_backward, everything_freed),
    (ex.freed_after_backward, views_and_means_too),
    (ex.fix_loop, last_loss),
    (ex.fix_loop, sum_of_losses),
    (ex.fix_loop, measured_too_early),
    (ex.fix_loop, one_number),
    (ex.fix_loop, losses_in_a_list),
    (ex.why_none, all_nonleaf),
    (ex.why_none, not_in_the_table),
    (ex.why_none, a_letter_missing),
)
def test_a_wrong_answer_off_the_list_fails_with_a_sentence(exercise, attempt):
    verdict = exercise.check(attempt)
    assert verdict.status == "failed"
    assert len(verdict.message) > 10
    assert not verdict.message.startswith("The check cannot use")


@pytest.mark.parametrize(
    "exercise, attempt, code",
    [
        (ex.walk, operations_only, "MISSING"),
        (ex.walk, in_levels, "ORDER"),
        (ex.walk, edges, "PAIRS"),
        (ex.predict_leaf, all_true, "NONLEAF"),
        (ex.my_backward, borrowed, "ENGINE"),
        (ex.freed_after_backward, everything_freed, "BACKWARD2"),
        (ex.fix_loop, losses_in_a_list, "HISTORY"),
    ],
    ids=lambda item: getattr(item, "__name__", getattr(item, "name", item)),
)
def test_a_mistake_made_in_another_way_is_named(exercise, attempt, code):
    verdict = exercise.check(attempt)
    assert verdict.mistake == code


@pytest.mark.parametrize(
    "name, slip",
    [
        pytest.param(name, slip, id=f"{name}: {label}")
        for name, slips in SLIPS.items()
        for label, slip in slips.items()
    ],
)
def test_a_slip_is_named_in_its_own_words(name, slip):
    source, code, words = slip
    exercise = next(exercise for exercise in ex.all if exercise.name == name)
    verdict = exercise.check(written(source, name))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


@pytest.mark.parametrize(("changes", "words"), ENGINES.values(), ids=ENGINES)
def test_the_first_of_two_slips_in_an_engine_is_named(changes, words):
    source = DERIVED
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    verdict = ex.Value.check(on(scalar.Value, source))
    assert verdict.status == "failed" and words in verdict.message, verdict


def test_a_verdict_shows_the_script_as_one_types_it():
    verdict = ex.Value.check(on(scalar.Value, DERIVED.replace(*ENGINES["a ValueError"][0][1])))
    assert "`x = Value(2.0, requires_grad=True)`\n`with Value.no_grad():`" in verdict.message


WRONG_ENGINES = {
    "another kind of error": ("raise RuntimeError(", "raise ValueError("),
    "gives False instead of an error": (
        'raise RuntimeError("this value does not require grad: no graph leads to it")',
        "return False",
    ),
    "detach forgets the number": ("return Value(self.data)", "return Value(0.0)"),
    "no context manager": ("    @contextlib.contextmanager\n", ""),
    "no_grad needs a value": (
        "    @staticmethod\n    @contextlib.contextmanager\n    def no_grad():",
        "    @contextlib.contextmanager\n    def no_grad(self):",
    ),
    "a method instead of an attribute": (
        "self.requires_grad = requires_grad or wanted",
        "self.requires_grad = False",
    ),
    "gradients of everything are thrown away": ("if not node.requires_grad:", "if True:"),
}


@pytest.mark.parametrize("change", WRONG_ENGINES.values(), ids=WRONG_ENGINES)
def test_another_wrong_engine_fails_with_a_sentence(change):
    assert change[0] in DERIVED
    verdict = ex.Value.check(on(scalar.Value, DERIVED.replace(*change)))
    assert verdict.status == "failed"
    assert len(verdict.message) > 10


def test_an_engine_whose_operations_make_nodes_of_the_class_below_is_told_so():
    source = DERIVED.replace("opened(Engine)", "Engine")
    verdict = ex.Value.check(on(scalar.Value, source))
    assert "opened(Engine)" in verdict.message


@pytest.mark.parametrize(
    "exercise, attempt",
    [(ex.why_none, all_nonleaf), (ex.why_none, not_in_the_table)],
    ids=["all the same", "one wrong"],
)
def test_a_verdict_on_the_programs_gives_no_answer_away(exercise, attempt):
    verdict = exercise.check(attempt)
    shown = verdict.text.partition("Hints")[0]
    known = {code.upper().strip() for code in lower_case().values()} - {"NONLEAF"}
    if "not in the table" not in shown:
        assert not any(code in shown for code in known)


# ------------------------------------------------------------------ facts about PyTorch


@pytest.mark.parametrize("expression", ex.LEAVES)
def test_leaf_is_what_pytorch_says(expression):
    assert by_asking_pytorch()[expression] == ex.LEAVES[expression][0]


@pytest.mark.parametrize(
    "expression, name",
    [(key, found[0]) for key, (_, why) in ex.LEAVES.items()
     if (found := re.findall(r"\w+Backward0", why))],
)  # fmt: skip
def test_node_in_the_explanation_of_a_leaf_is_pytorchs(expression, name):
    w = torch.ones(2, requires_grad=True)
    assert eval(expression, {"w": w}).grad_fn.name() == name


@pytest.mark.parametrize("expression", ex.FREED)
def test_freed_is_what_pytorch_frees(expression):
    assert by_trying_twice()[expression] == ex.FREED[expression][0]


@pytest.mark.parametrize("letter", ex.SNIPPETS)
def test_gradient_is_none_after_each_program(letter):
    space = {"torch": torch}
    exec(ex.SETUP + ex.SNIPPETS[letter], space)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert space["w"].grad is None


def test_every_reason_has_one_program():
    assert sorted(ex.why_none.reference().values()) == sorted(ex.REASONS)


@pytest.mark.parametrize("label", driving.DRIVEN)
def test_driven_nodes_give_pytorchs_gradients(label):
    loss, leaves = driving.DRIVEN[label]()
    mine = ex.my_backward.reference(loss)
    loss.backward()
    for leaf in leaves.values():
        error = (mine[leaf] - leaf.grad).norm() / leaf.grad.norm()
        assert error < 1e-12


def test_saved_bytes_are_those_of_the_formulas():
    x = torch.ones(10, dtype=torch.float64, requires_grad=True)
    count = ex.saved_bytes.reference
    assert count(lambda x: x + x, x) == 0
    assert count(lambda x: x.exp().exp(), x) == 160
    assert count(lambda x: x * x, x) == 80


# ------------------------------------------------------------------ the engine against PyTorch


@pytest.mark.parametrize("label", scripts.SCRIPTS)
def test_reference_engine_says_what_pytorch_says(label):
    script = scripts.SCRIPTS[label]
    right, got = script(scripts.PYTORCH), script(scripts.Side(engine.Value))
    assert list(right) == list(got)
    for key, value in right.items():
        if isinstance(value, bool | str):
            assert got[key] == value, key
        else:
            assert got[key] == pytest.approx(float(value), rel=1e-12, abs=1e-14), key


def mixed(side, seed):
    """A random expression with data, parameters, detached values and blocks without recording."""
    program = random_program(seed, size=12, leaves=5)
    leaves = [side.leaf(x, (seed >> k) % 2 == 0) for k, x in enumerate(program.leaves)]
    with side.no_grad():
        second = leaves[1] * 1.0
    root = program.run([leaves[0], second, *leaves[2:]])
    total = root * leaves[0].detach() + root.detach()
    if side.wants(total):
        total.backward()
    return [side.number(total), side.wants(total), *map(side.grad, leaves)]


def test_engine_and_pytorch_agree_on_200_random_expressions():
    for seed in range(200):
        right = mixed(scripts.PYTORCH, seed)
        got = mixed(scripts.Side(engine.Value), seed)
        assert right[1] == got[1]
        for a, b in zip(right, got):
            assert float(b) == pytest.approx(float(a), rel=1e-10, abs=1e-12), seed


def test_an_opened_engine_computes_as_before_in_the_derived_class():
    class Derived(ex.opened(scalar.Value)):
        pass

    x = Derived(0.5)
    y = (2.0 / x - 1.0).tanh() * x.sigmoid()
    y.backward()
    t = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    right = (2.0 / t - 1.0).tanh() * t.sigmoid()
    right.backward()
    assert all(type(node) is Derived for node in ex.reachable(y))
    assert (y.data, x.grad) == pytest.approx((right.item(), t.grad.item()), rel=1e-12)
    assert type(scalar.Value(1.0) * 2.0) is scalar.Value


def test_an_engine_that_was_opened_stays_as_it_is_and_can_be_opened_again():
    class First(ex.opened(scalar.Value)):
        def exp(self):
            return super().exp() + 1.0

    class Second(ex.opened(First)):
        def tanh(self):
            return super().tanh() * 2.0

    y = Second(0.5).exp().tanh()
    assert {type(node) for node in ex.reachable(y)} == {Second}
    assert y.data == pytest.approx(2.0 * math.tanh(math.exp(0.5) + 1.0), rel=1e-12)
    assert {type(node) for node in ex.reachable(First(0.5).exp())} == {First}


def test_no_grad_of_an_engine_opened_again_stops_its_own_recording():
    class Second(ex.opened(engine.Value)):
        pass

    with Second.no_grad():
        assert not (Second(2.0, requires_grad=True) * 3.0).requires_grad
        assert (engine.Value(2.0, requires_grad=True) * 3.0).requires_grad
    assert (Second(2.0, requires_grad=True) * 3.0).requires_grad


def test_an_engine_in_two_classes_can_be_opened():
    two = (
        SIMPLE.replace("class Value:", "class Core:") + "\n\nclass Value(Core):\n    name = 'own'\n"
    )

    class Derived(ex.opened(in_a_cell(two, "Value"))):
        pass

    y = Derived(2.0, requires_grad=True) * 3.0 + 1.0
    assert (type(y), y.name, y.data) == (Derived, "own", 7.0)


# ------------------------------------------------------------------ what the notebook says


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4).cells


def output(cells, piece):
    cell = next(c for c in cells if c.cell_type == "code" and piece in c.source)
    return "".join(o.get("text", "") for o in cell.outputs)


def text(cells):
    return " ".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_table_of_saved_tensors_tells_outputs_from_operands(notebook):
    shown = output(notebook, "its own output").splitlines()
    own = [line.partition("  ")[0] for line in shown if "its own output" in line]
    assert own == ["x.exp()", "x.tanh()", "x.relu()"]
    assert [line.partition("  ")[0] for line in shown if "no tensor" in line] == [
        "x + w",
        "x.sum()",
    ]


def test_saved_bytes_grow_by_4000_a_layer(notebook):
    counts = [int(n) for n in re.findall(r"(\d+) bytes", output(notebook, "x.exp().exp().exp()"))]
    assert counts == [4000, 8000, 12000, 0, 0]
    assert "4000 bytes a layer" in text(notebook)


def test_log_counts_twice_what_memory_holds_once(notebook):
    assert "sum: 51200" in output(notebook, "def pack(t)")
    assert 25600 + 12800 == 38400


def test_running_total_gains_two_nodes_a_step_on_both_sides(notebook):
    lines = output(notebook, "sizes(Engine, steps)").splitlines()
    assert [re.findall(r"\d+", line) for line in lines] == [
        ["1", "4", "4"], ["10", "22", "22"], ["100", "202", "202"]
    ]  # fmt: skip
    assert "Two nodes more a step" in text(notebook)


def test_engine_and_pytorch_accumulate_alike(notebook):
    for line in output(notebook, 'print("PyTorch", history[k]').splitlines():
        lists = re.findall(r"\[.*?\]", line)
        assert lists[0] == lists[1]


def test_gradient_of_the_detached_square_is_half_of_the_whole(notebook):
    w = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    (w**4).sum().backward()
    assert w.grad.tolist() == [4.0, 32.0]
    assert "[4, 32]" in text(notebook) and "[2, 16]" in text(notebook)
    assert "[2.0, 16.0]" in output(notebook, "one path of two")


def test_both_engines_answer_the_script_alike(notebook):
    pytorch, own = output(notebook, "def script(leaf").split("engine\n")
    assert pytorch.removeprefix("PyTorch\n") == own


def test_broken_loop_shows_one_symptom_after_the_other(notebook):
    source = next(c.source for c in notebook if c.source.startswith("def broken_loop"))
    repairs = [
        ("p.grad.zero_()", "p.grad = None", "NoneType"),
        ("    loss = train_loss()\n", "", "modified by an inplace operation"),
        ("loss.backward(", "loss = train_loss()\n        loss.backward(", None),
    ]
    for old, new, symptom in repairs:
        if symptom:
            with pytest.raises((AttributeError, RuntimeError), match=symptom):
                _run_loop(source)
        source = source.replace(old, new)
    mean, test = _run_loop(source)
    assert mean.requires_grad and test.requires_grad


def _run_loop(source):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loop = run_cell(source, torch=torch)["broken_loop"]
    return loop([w], lambda: (w**2).sum(), lambda: (w**2).mean(), lr=0.1, steps=5)


# ------------------------------------------------------------------ the memory meter


def layer(X, W, b):
    return ((X @ W + b).tanh() ** 2).mean()


@pytest.fixture(scope="module")
def meter():
    W = torch.ones(100, 50, requires_grad=True)
    return MemoryMeter(layer, torch.ones(64, 100), W, torch.zeros(50, requires_grad=True))


def test_meter_finds_each_block_once_with_all_its_holders(meter):
    found = [(block.name, block.bytes, block.yours, len(block.holders)) for block in meter.blocks]
    assert found == [("X", 25600, True, 1), ("result of tanh", 12800, False, 2)]


def test_meter_counts_what_saved_bytes_counts():
    x = torch.linspace(0.1, 1, 50, requires_grad=True)
    for f in (lambda x: x.exp().sin().sum(), lambda x: (x * x).tanh().log().mean()):
        peak = max(step["held"] for step in MemoryMeter(f, x).data["variants"][0]["steps"])
        assert peak == ex.saved_bytes.reference(f, x)


def test_meter_frees_node_by_node_in_the_order_of_the_engine(meter):
    steps = meter.data["variants"][0]["steps"]
    back = [step["held"] for step in steps if step["phase"] == "backward"]
    assert back == [38400, 38400, 25600, 25600, 0]


def test_meter_shows_that_retain_graph_keeps_everything_for_the_second_pass(meter):
    steps = meter.data["variants"][1]["steps"]
    assert {step["held"] for step in steps if step["phase"] == "backward"} == {38400}
    assert steps[-1]["phase"] == "second backward" and steps[-1]["held"] == 0


def test_meter_leaves_the_inputs_and_their_gradients_alone():
    x = torch.ones(3, requires_grad=True)
    MemoryMeter(lambda x: (x * x).sum(), x)
    assert x.grad is None and x.is_leaf and x.requires_grad


def test_meter_names_inputs_constants_and_what_ops_save_beside_them():
    X, t = torch.randn(4, 3, requires_grad=True), torch.tensor([0, 1, 2, 0])
    factor = torch.full((4, 3), 2.0)

    def f(X):
        return torch.nn.functional.cross_entropy((X * factor).relu(), t)

    names = [block.name for block in MemoryMeter(f, X).blocks]
    assert names == [
        "constant of mul",
        "result of relu",
        "result of log_softmax",
        "target of nll_loss",
        "total_weight of nll_loss",
    ]


def test_meter_says_in_words_what_it_shows(meter):
    text = repr(meter)
    assert "TanhBackward0 runs and lets go of the result of tanh. 12.8 kB are free." in text
    assert "MmBackward0 runs and keeps X, for a second pass." in text
    assert meter.step == 0 and meter.held == 0


@pytest.mark.parametrize(
    "f, sentence",
    [
        (lambda x: x * 2, "shape"),
        (lambda x: x.detach().sum(), "no grad_fn"),
        (lambda x: sum(x.exp() for _ in range(30)).sum(), "smaller function"),
    ],
)
def test_meter_refuses_with_a_sentence(f, sentence):
    with pytest.raises(ValueError, match=sentence):
        MemoryMeter(f, torch.ones(3, requires_grad=True))


def test_meter_has_no_step_beyond_its_last(meter):
    with pytest.raises(ValueError, match="steps 0 to 10"):
        meter.step = 11
