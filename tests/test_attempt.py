"""Reading an attempt: its source, what is still open, the line at fault, what it takes along."""

import functools
import math

import pytest
from cells import run_cell, written

from helpers.attempt import open_entries, open_line, open_parts, source_of, stub_of
from helpers.engine import fifty
from helpers.exercise import exercise
from helpers.faultline import line_of_fault
from helpers.faults import find_fault
from helpers.portable import portable_source, revive

# ------------------------------------------------------------------ what is still open

OPEN = {
    "a bare ...": "...",
    "after a docstring": '"""Says what to do."""\n    ...',
    "only a docstring": '"""Says what to do."""',
    "pass": "pass",
    "returned": "return ...",
    "in a tuple": "return (..., ...)",
    "in a dict": "return {'q': ..., 'f': x}",
    "as a factor": "return x * ...",
    "assigned": "y = ...\n    return y",
    "one of two lines": "q = x + 1\n    ...",
    "inside a loop": "for i in range(3):\n        ...",
    "inside an inner function": "def inner(n): ...\n    return inner(x)",
    "given to a call": "return max(x, ...)",
}
DONE = {
    "an index": "return x[..., 0]",
    "a slice of everything": "return x[...]",
    "a comparison": "return x is ...",
    "an annotation": "t: tuple[int, ...] = (1,)\n    return t",
    "a default": "def inner(n=...): return n\n    return inner(x)",
    "a text": "return '...'",
    "a comment": "return x  # ...",
    "None": "return None",
}


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
def test_is_open(body):
    assert open_parts(written(f"def f(x):\n    {body}", "f")) == ["f"]


@pytest.mark.parametrize("body", DONE.values(), ids=DONE)
def test_is_not_open(body):
    assert open_parts(written(f"def f(x):\n    {body}", "f")) == []


def test_names_the_open_methods_of_a_class():
    value = written(
        """
        class Value:
            def __init__(self, data): self.data = data
            def exp(self): ...
            def tanh(self):
                return 1
            def relu(self):
                '''Says what to do.'''
                ...
        """,
        "Value",
    )
    assert open_parts(value) == ["exp", "relu"]


@pytest.mark.parametrize("body", ["pass", "...", "'''Only says what it is.'''", "size = ..."])
def test_a_class_without_methods_is_open(body):
    assert open_parts(written(f"class Value:\n    {body}", "Value")) == ["Value"]


def test_a_class_that_inherits_its_methods_is_not_open():
    value = written("class Base:\n    def f(self): return 1\nclass Value(Base): pass", "Value")
    assert open_parts(value) == []


def test_a_lambda_is_open_only_while_it_gives_dots():
    space = run_cell("a = lambda x: ...\nb = lambda x: x")
    assert (open_parts(space["a"]), open_parts(space["b"])) == (["<lambda>"], [])


def test_without_source_an_idle_body_is_open():
    space = {}
    exec("def f(x): ...\ndef g(x): return x", space)
    assert (open_parts(space["f"]), open_parts(space["g"])) == (["f"], [])


def test_names_the_first_open_line():
    f = written("def f(x):\n    q = x + 1\n    return q * ...", "f")
    assert open_line(f) == (3, "return q * ...")


def test_names_the_open_entries_of_a_table_that_is_begun():
    f = written(
        'def f():\n    return {\n        "a": 1,\n        "b": ...,\n        c: ...,\n    }', "f"
    )
    assert open_entries(f) == [("b", 4), ("c", 5)]


def test_a_table_without_any_answer_has_not_begun():
    f = written('def f():\n    return {"a": ..., "b": ...}', "f")
    assert open_entries(f) == []


# ------------------------------------------------------------------ source


def test_source_is_read_from_a_cell():
    assert source_of(written("def f(x):\n    return x", "f")) == "def f(x):\n    return x\n"


def test_source_of_a_class_is_read_from_a_cell():
    text = "class Value:\n    def f(self):\n        return 1\n"
    assert source_of(written(text, "Value")) == text


def test_source_has_no_decorators():
    f = written("@cache\ndef f(x):\n    return x", "f", cache=functools.cache)
    assert source_of(f) == "def f(x):\n    return x\n"


def test_of_two_definitions_in_one_cell_the_right_one_is_read():
    space = run_cell("def f(x):\n    return 1\nold = f\ndef f(x):\n    return 2")
    assert source_of(space["old"]) == "def f(x):\n    return 1\n"


def test_source_of_an_indented_definition_stands_at_the_margin():
    f = written(
        "if True:\n    def f(x):\n        '''\ntext at the margin\n'''\n        return x", "f"
    )
    assert source_of(f).startswith("def f(x):")


def test_source_of_a_built_in_function_is_not_known():
    assert source_of(math.sin) is None


def test_a_stub_is_the_signature_with_dots():
    assert open_parts(stub_of(fifty.Value)) == [
        name for name, member in vars(fifty.Value).items() if callable(member)
    ]


# ------------------------------------------------------------------ what a kept attempt takes along


@exercise(minutes=1, difficulty=1, cases=[(2.0,), (-3.0,)], hints=["Which rule?"])
def doubled(x):
    """Twice x."""
    return 2 * x


def kept_and_revived(source, name="doubled", **names):
    """What a cell defines, kept as text and defined again from the text alone."""
    attempt = written(source, name, **names)
    return revive(portable_source(attempt, "doubled"), "doubled", "<kept>")[0]


CARRIED = {
    "nothing": "def doubled(x): return 2 * x",
    "a module": "import math\ndef doubled(x): return 2 * math.fabs(x) * math.copysign(1, x)",
    "a module by another name": "import numpy as np\ndef doubled(x): return float(np.add(x, x))",
    "a submodule": "import os.path as p\ndef doubled(x): return 2 * x if p.sep else 0",
    "a name from a module": "from math import fsum\ndef doubled(x): return fsum([x, x])",
    "a ufunc": "from numpy import add\ndef doubled(x): return float(add(x, x))",
    "a renamed name": "from math import fsum as s\ndef doubled(x): return s([x, x])",
    "a number": "TWO = 2\ndef doubled(x): return TWO * x",
    "infinity": "from math import inf\ndef doubled(x): return 2 * x if x < inf else 0",
    "a list": "FACTORS = [1, 2]\ndef doubled(x): return FACTORS[1] * x",
    "a dict": "FACTORS = {'two': 2}\ndef doubled(x): return FACTORS['two'] * x",
    "a helper": "def plus(a, b): return a + b\ndef doubled(x): return plus(x, x)",
    "a helper of a helper": """
def two(): return 2
def times(x): return two() * x
def doubled(x): return times(x)""",
    "helpers that call each other": """
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
def doubled(x): return 2 * x if even(4) else 0""",
    "a lambda": "twice = lambda x: 2 * x\ndef doubled(x): return twice(x)",
    "a helper under another name": "def plus(a, b): return a + b\nadd = plus\n"
    "def doubled(x): return add(x, x)",
    "a memoized helper": """
import functools
@functools.cache
def twice(x): return 2 * x
def doubled(x): return twice(x)""",
    "a table of lambdas": """
TWO = 2
RULES = {
    "double": (lambda x: TWO * x, "a text"),
}
def doubled(x): return RULES["double"][0](x)""",
    "a list of functions": """
def twice(x): return 2 * x
RULES = [twice]
def doubled(x): return RULES[0](x)""",
    "a default value": "TWO = 2\ndef doubled(x, n=TWO): return n * x",
    "a class": """
class Pair:
    def __init__(self, x): self.x = x
    def sum(self): return self.x + self.x
def doubled(x): return Pair(x).sum()""",
    "a class of a class": """
class Base:
    def sum(self): return self.x + self.x
class Pair(Base):
    def __init__(self, x): self.x = x
def doubled(x): return Pair(x).sum()""",
    "a dataclass": """
from dataclasses import dataclass
@dataclass
class Pair:
    x: float
    def sum(self): return self.x + self.x
def doubled(x): return Pair(x).sum()""",
    "a built-in that is hidden": "def sum(a): return a[0] + a[1]\n"
    "def doubled(x): return sum([x, x])",
}


@pytest.mark.parametrize("source", CARRIED.values(), ids=CARRIED)
def test_a_kept_attempt_takes_along(source):
    assert [kept_and_revived(source)(x) for x in (3.0, -1.5)] == [6.0, -3.0]


def test_a_kept_attempt_finds_its_own_name():
    source = "def doubled(x): return 0 if x == 0 else 2 + doubled(x - 1)"
    assert kept_and_revived(source)(4) == 8


def test_a_kept_class_finds_its_own_name():
    attempt = written(
        """
        class Value:
            def __init__(self, data): self.data = data
            def __add__(self, other): return Value(self.data + other.data)
        """,
        "Value",
    )
    value, _ = revive(portable_source(attempt, "Value"), "Value", "<kept>")
    assert isinstance(value(1) + value(2), value)


def test_a_kept_attempt_of_another_name_is_found_under_that_of_the_exercise():
    assert kept_and_revived("def mine(x): return 2 * x", "mine")(3.0) == 6.0


def test_a_lambda_is_kept():
    assert kept_and_revived("doubled = lambda x: 2 * x")(3.0) == 6.0


def test_a_kept_attempt_loses_the_decorator_of_the_exercise_and_no_other():
    attempt = written(
        "import functools\n@ex\n@functools.cache\ndef doubled(x): return 2 * x",
        "doubled",
        ex=doubled,
    )
    text = portable_source(attempt, "doubled")
    assert "@functools.cache" in text and "@ex" not in text


def test_a_function_that_an_exercise_has_bound_is_taken_along():
    source = "def doubled(x): return earlier(x)"
    assert kept_and_revived(source, earlier=doubled.reference)(3.0) == 6.0


def test_local_names_are_not_taken_along():
    attempt = written("y = 5\ndef doubled(x):\n    y = x\n    return y + y", "doubled")
    assert "y = 5" not in portable_source(attempt, "doubled")


def test_a_source_that_cannot_run_gives_nothing():
    own, outcome = revive("def doubled(x:\n", "doubled", "<kept>")
    assert own is None and outcome.problem.error == "SyntaxError"


# ------------------------------------------------------------------ the line at fault

LOCALS = """
class Value:
    def __init__(self, data, parents=(), local_grads=(), op=""):
        self.data, self.grad = data, 0.0
        self.parents, self.local_grads, self.op = parents, local_grads, op
    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")
    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
    def backward(self):
        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""
CLOSURES = """
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0.0, _children, _op
        self._backward = lambda: None
    def __add__(self, other):
        out = Value(self.data + other.data, (self, other), "+")
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other), "*")
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def backward(self):
        topo, visited = [], set()
        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()
"""
FAULTS = {
    "locals: wrong local derivative": (
        LOCALS, "(other.data, self.data), \"*\"", "(self.data, other.data), \"*\"",
        'return Value(self.data * other.data, (self, other), (self.data, other.data), "*")'),
    "locals: =": (LOCALS, "parent.grad += local", "parent.grad = local",
                  "parent.grad = local * node.grad"),
    "locals: no upstream": (LOCALS, "local * node.grad", "local", "parent.grad += local"),
    "locals: own gradient": (LOCALS, "local * node.grad", "local * parent.grad",
                             "parent.grad += local * parent.grad"),
    "locals: no seed": (LOCALS, "self.grad = 1.0", "pass", "def backward(self):"),
    "locals: not reversed": (LOCALS, "reversed(order)", "order", "def backward(self):"),
    "closures: wrong local derivative": (
        CLOSURES, "other.grad += self.data * out.grad", "other.grad += other.data * out.grad",
        "other.grad += other.data * out.grad"),
    "closures: =": (CLOSURES, "other.grad += out.grad", "other.grad = out.grad",
                    "other.grad = out.grad"),
    "closures: no upstream": (CLOSURES, "self.grad += other.data * out.grad",
                              "self.grad += other.data", "self.grad += other.data"),
    "closures: not reversed": (CLOSURES, "reversed(topo)", "topo", "def backward(self):"),
}  # fmt: skip


@pytest.mark.parametrize("source, right, wrong, line", FAULTS.values(), ids=FAULTS)
def test_points_to_the_line_at_fault(source, right, wrong, line):
    assert right in source
    engine = written(source.replace(right, wrong), "Value")
    x, y = engine(2.0), engine(3.0)
    fault = find_fault((x * y + y) * (x * y))
    assert line_of_fault(engine, fault)[1] == line
