"""Week 5: exercises in all their states and styles, engines against PyTorch, measured claims."""

import gc
import math
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import week05_answers as answers
import week05_slips as slips
from cells import written
from micrograd.engine import Value as Micrograd
from week01_answers import changed

from helpers import Stepper, find_fault
from helpers.attempt import stub_of
from helpers.engine import fifty, scalar
from helpers.engine.scalar import topological_order
from helpers.exercise import Exercise
from helpers.fuzz import random_program
from helpers.weeks import week05 as ex
from helpers.weeks import week05_order
from helpers.weeks.battery import diamond
from helpers.weeks.week05_engines import order_of
from helpers.weeks.week05_fuzzed import WRONG_ENGINES

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week05_scalar_engine.ipynb"
TASKS = {task.name: task for task in ex.all}
TYPED = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}
CELL = {
    "math": math,
    "np": np,
    "torch": torch,
    "gc": gc,
    "random_program": random_program,
    "topological_order": topological_order,
}
RIGHT = {
    "reflected": answers.REFLECTED,
    "topological_order": answers.ORDER,
    "draw_graph": answers.DRAWINGS,
    "zero_grad": answers.ZERO,
    "Value": answers.ENGINES,
    "fuzz": answers.FUZZES,
    "engine_size": answers.SIZES,
}
WRONG = {
    "reflected": {k: (source, None, said) for k, (source, said) in answers.REFLECTED_WRONG.items()},
    "topological_order": answers.ORDER_WRONG,
    "draw_graph": answers.DRAWINGS_WRONG,
    "zero_grad": {k: (source, code, "") for k, (source, code) in answers.ZERO_WRONG.items()},
    "Value": answers.ENGINES_WRONG,
    "fuzz": {k: (source, None, said) for k, (source, said) in answers.FUZZ_WRONG.items()},
    "engine_size": {
        k: (source, None, said or "") for k, (source, said) in answers.SIZES_WRONG.items()
    },
}
SLIPS = {
    "reflected": slips.REFLECTED_WRONG,
    "topological_order": slips.ORDER,
    "draw_graph": slips.DRAWINGS_WRONG,
    "zero_grad": slips.ZERO,
    "Value": slips.ENGINES_WRONG,
    "fuzz": slips.FUZZ_WRONG,
    "engine_size": slips.SIZES_WRONG,
}


@pytest.fixture(scope="module", autouse=True)
def imports_are_left_alone():
    """The collector would visit PyTorch's hundred thousands of objects at every large graph."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


FULL = week05_order.DEPTH


@pytest.fixture(autouse=True)
def shorter_chains(monkeypatch):
    """Deep enough for Python's recursion limit; the full depth has a test of its own."""
    monkeypatch.setattr(week05_order, "DEPTH", 12_000)


def answer(name, source):
    return written(source, name, **CELL)


def each(*tables):
    return [
        pytest.param(name, *([entry] if isinstance(entry, str) else entry), id=f"{name}: {label}")
        for table in tables
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


# ------------------------------------------------------------------ states


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "rules", "reflected", "topological_order", "draw_graph", "zero_grad", "Value", "fuzz",
        "engine_size", "clinic",
    ]  # fmt: skip


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_stub_reference_and_known_mistakes_are_told_apart(task):
    assert task.self_check() == []


@pytest.mark.parametrize("name", TYPED)
def test_the_stub_of_the_reference_is_not_attempted(name):
    assert TYPED[name].check(stub_of(TYPED[name].reference)).status == "not attempted"


@pytest.mark.parametrize("name", TYPED)
def test_the_solution_passes_in_a_cell(name, capsys):
    written(TYPED[name].solution_cell(), name, ex=ex, **CELL)
    assert capsys.readouterr().out.startswith(f"✓ {name}")


@pytest.mark.parametrize("name, source", each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = TYPED[name].check(answer(name, source))
    assert verdict.status == "passed", verdict.text


@pytest.mark.parametrize("name, source, code, said", each(WRONG, SLIPS))
def test_a_wrong_answer_fails_and_is_told_why(name, source, code, said):
    verdict = TYPED[name].check(answer(name, source))
    assert verdict.status == "failed"
    assert said in verdict.message + str(verdict.got), verdict.text
    assert code is None or verdict.mistake == code, verdict.text
    assert len(verdict.message) > 20 and " at 0x" not in verdict.text


@pytest.mark.parametrize("name", TYPED)
def test_the_verdict_at_the_full_depth_of_100000_nodes_comes_soon(name, monkeypatch):
    monkeypatch.setattr(week05_order, "DEPTH", FULL)
    begin = time.perf_counter()
    assert TYPED[name].check(TYPED[name].reference).status == "passed"
    assert time.perf_counter() - begin < 3  # a second on a machine with nothing else to do
    assert FULL == 100_000


# ------------------------------------------------------------------ pencil work


@pytest.mark.parametrize(
    "lines",
    [
        dict(dneg="-1", dlog="x**-1", dsigmoid="s - s**2", dc_minus_x="-1", dc_over_x="-c/x/x"),
        dict(dneg=-1, dlog=1.25, dsigmoid=0.2139, dc_minus_x=-1, dc_over_x=-7.81),
    ],
    ids=["rearranged", "numbers"],
)
def test_other_forms_of_the_rules_pass(lines):
    assert ex.rules.check(**lines).status == "passed"


@pytest.mark.parametrize(
    "line, wrong", [("dlog", "x"), ("dsigmoid", "s"), ("dc_over_x", "-1 / x**2"), ("dneg", "-x")]
)
def test_a_wrong_rule_is_found_on_its_line(line, wrong):
    right = dict(dneg="-1", dlog="1/x", dsigmoid="s*(1-s)", dc_minus_x="-1", dc_over_x="-c/x**2")
    verdict = ex.rules.check(**{**right, line: wrong})
    assert verdict.status == "failed"
    assert verdict.case.startswith(line)


@pytest.mark.parametrize("line, wrong, said", slips.RULES)
def test_a_wrong_rule_is_answered_in_its_own_words(line, wrong, said):
    verdict = ex.rules.check(**{line: wrong})
    assert verdict.status == "failed" and said in verdict.message


RULES = {
    "dneg": lambda x, c: -x,
    "dlog": lambda x, c: x.log(),
    "dsigmoid": lambda x, c: x.sigmoid(),
    "dc_minus_x": lambda x, c: c - x,
    "dc_over_x": lambda x, c: c / x,
}


@pytest.mark.parametrize("line", RULES)
def test_the_rules_are_those_of_pytorch(line):
    for value in (0.3, 0.8, 2.5):
        x = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        RULES[line](x, 5.0).backward()
        point = {"x": value, "c": 5.0, "s": 1 / (1 + math.exp(-value))}
        assert math.isclose(ex.rules.answers[line].at(point), x.grad.item(), rel_tol=1e-12)


# ------------------------------------------------------------------ the engine


@pytest.mark.parametrize("source", answers.ENGINES.values(), ids=answers.ENGINES)
def test_right_engines_agree_with_pytorch_on_random_expressions(source):
    assert ex.fuzz.reference(answer("Value", source), 60) == 0


def test_the_reference_agrees_with_pytorch_on_300_random_expressions():
    assert ex.fuzz.reference(scalar.Value, 300) == 0


def test_a_right_engine_with_closures_is_told_about_its_reference_cycles():
    verdict = ex.Value.check(answer("Value", answers.CLOSURES))
    assert verdict.status == "passed"
    assert re.search(r"leaves \d+ objects in reference cycles", verdict.message)
    assert "cycles" not in ex.Value.check(scalar.Value).message


def test_a_right_engine_whose_product_looks_up_late_is_told_so():
    verdict = ex.Value.check(answer("Value", slips.LATE))
    assert verdict.status == "passed"
    assert "slope of a·a at 2 is 200 instead of 4" in verdict.message
    assert "instead of 4" not in ex.Value.check(answer("Value", answers.LOCALS)).message


def test_an_engine_with_operands_under_its_own_name_gets_parents():
    engine = answer("Value", slips.PAIRS)
    verdict = ex.Value.check(engine)
    assert verdict.status == "passed" and "Yours are in `feeds`" in verdict.message
    x, y = engine(2.0), engine(3.0)
    assert (x * y).parents == (x, y) and (x * x).parents == (x, x) and x.parents == ()
    assert find_fault(x * y + x) is None


def test_an_engine_of_week_1_with_operands_under_its_own_name_gets_parents(capsys):
    engine = answer("Value", slips.PAIRS)
    assert ex.with_parents(engine) is engine
    assert "in `feeds`" in capsys.readouterr().out
    x = engine(2.0)
    y = x * x + x
    assert topological_order(y)[-1] is y and len(topological_order(y)) == 3


def test_closures_with_prev_get_parents_for_the_cells_of_this_week(capsys):
    engine = answer("Value", answers.CLOSURES)
    assert ex.with_parents(engine) is engine
    x = engine(2.0)
    assert (x * x).parents == (x, x) and (x * x).op == "*"


def test_an_engine_that_hides_its_operands_is_replaced_by_the_course_s(capsys):
    class Hidden:
        def __init__(self, data):
            self.data, self.grad = data, 0.0

        def __add__(self, other):
            return Hidden(self.data + other.data)

    assert ex.with_parents(Hidden) is fifty.Value
    assert "the course's engine" in capsys.readouterr().out


def test_methods_that_are_still_missing_are_listed():
    source = answers.LOCALS.replace("    def sigmoid(self):", "    def squash(self):")
    verdict = ex.Value.check(answer("Value", source))
    assert verdict.status != "passed"
    assert "`sigmoid`" in verdict.message


def test_the_recursion_limit_is_as_before_after_a_check():
    import sys

    before = sys.getrecursionlimit()
    ex.Value.check(answer("Value", answers.ENGINES_WRONG["raises the limit"][0]))
    ex.topological_order.check(
        answer("topological_order", answers.ORDER_WRONG["raises the limit"][0])
    )
    assert sys.getrecursionlimit() == before


def test_closures_that_keep_old_gradients_in_the_middle_are_named():
    reset = "            if node._prev:\n                node.grad = 0\n"
    source = changed(answers.CLOSURES, (reset, "            pass\n"))
    assert ex.Value.check(answer("Value", source)).mistake == "INTERMEDIATE"


# ------------------------------------------------------------------ walks


@pytest.mark.parametrize(
    "name, number",
    [("right", 20), ("= for +=", 8), ("= in * only", 18), ("as met", 12), ("no visited set", 42),
     ("plain recursion", 52)],
)  # fmt: skip
def test_a_wrong_walk_has_its_fingerprint(name, number):
    root, named = diamond(ex.traversals[name])
    root.backward()
    assert named["x"].grad == number


def test_the_drawing_of_the_reference_names_every_operand():
    x = fifty.Value(3.0)
    assert ex.draw_graph.reference(x * x).splitlines() == ["n0 = 3", "n1 = 9       * of n0, n0"]


# ------------------------------------------------------------------ the waiting counters


def consumers(engine):
    root, named = diamond(engine)
    stepper = Stepper(root, names=named, waiting=True)
    variant = stepper.data["variants"][0]
    labels = [node.label for node in stepper._runs[0].graph.nodes]
    return {labels[i]: [labels[j] for j in users] for i, users in variant["consumers"].items()}


def test_a_waiting_stepper_knows_the_consumers_of_each_node():
    known = consumers(scalar.Value)
    assert known["a"] == ["b", "c", "d"]
    assert known["x"] == ["a"] and known["d"] == []


def test_a_plain_stepper_has_no_counters():
    root, _ = diamond(scalar.Value)
    assert "consumers" not in Stepper(root).data["variants"][0]


# ------------------------------------------------------------------ the clinic


def gradients(engine, f, *numbers):
    leaves = [engine(number) for number in numbers]
    f(*leaves).backward()
    return [float(np.sum(leaf.grad)) for leaf in leaves]


def truth(f, *numbers):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    f(*leaves).backward()
    return [leaf.grad.item() for leaf in leaves]


def diamond_of(x, k, one):
    a = x * k
    return a * (a + one) + a


GRAPHS = {
    "x + y": (lambda x, y: x + y, 2.0, 3.0),
    "x·x": (lambda x: x * x, 3.0),
    "(x + y)·y": (lambda x, y: (x + y) * y, 2.0, 3.0),
    "(x + y) + x": (lambda x, y: (x + y) + x, 2.0, 3.0),
    "tanh(x)": (lambda x: x.tanh(), 0.5),
    "tanh(x)·y": (lambda x, y: x.tanh() * y, 0.5, 3.0),
    "diamond": (diamond_of, 2.0, 2.0, 1.0),
}


def twice(engine):
    a = engine(2.0)
    b = a * engine(3.0)
    c = b * b
    c.backward()
    once = float(np.sum(a.grad))
    c.backward()
    return [once, float(np.sum(a.grad))]


def changed_between(engine):
    a = engine(2.0)
    c = a * a
    a.data = 100.0
    c.backward()
    return float(np.sum(a.grad))


def wrong_rows(engine):
    rows = [
        n for n, case in GRAPHS.items() if not np.allclose(gradients(engine, *case), truth(*case))
    ]
    rows += ["twice"] if twice(engine) != [36.0, 72.0] else []
    return rows + (["changed"] if changed_between(engine) != 4.0 else [])


@pytest.mark.parametrize(
    "letter, rows",
    [
        ("A", ["twice"]),
        ("B", ["tanh(x)·y"]),
        ("C", ["diamond"]),
        ("D", ["changed"]),
        ("E", ["x + y", "(x + y)·y", "(x + y) + x", "tanh(x)·y", "diamond", "twice"]),
        ("F", ["(x + y) + x"]),
    ],
)
def test_each_patient_has_its_own_symptoms(letter, rows):
    assert wrong_rows(ex.engines[letter]) == rows


def test_the_healthy_engine_has_no_symptoms():
    assert wrong_rows(scalar.Value) == []


def test_the_second_backward_of_a_gives_108():
    assert twice(ex.engines["A"]) == [36.0, 108.0]


def test_a_changed_operand_of_d_gives_200():
    assert changed_between(ex.engines["D"]) == 200.0


CURES = {
    "A": ("        self.grad = 1.0\n", "        for node in order_of(self):\n"
          "            node.grad = 0.0 if node.parents else node.grad\n        self.grad = 1.0\n"),
    "B": ("self.grad += 1.0 - t**2", "self.grad += (1.0 - t**2) * out.grad"),
    "C": ("        for node in nodes:\n            for parent, local",
          "        for node in reversed(order_of(self)):\n            for parent, local"),
    "D": ("        def push():\n            self.grad += other.data * out.grad\n"
          "            other.grad += self.data * out.grad",
          "        a, b = self.data, other.data\n\n        def push():\n"
          "            self.grad += b * out.grad\n            other.grad += a * out.grad"),
    "E": ("lambda: parent", "lambda parent=parent, local=local: parent"),
    "F": ("self.grad = amount", "self.grad = amount.copy()"),
}  # fmt: skip


@pytest.mark.parametrize("letter", CURES)
def test_one_change_cures_a_patient(letter):
    import inspect

    source = changed(inspect.getsource(ex.engines[letter]), CURES[letter])
    cured = written(source, letter, math=math, np=np, order_of=order_of)
    assert wrong_rows(cured) == []


@pytest.mark.parametrize("letter, bug", ex.clinic.bugs.items())
def test_a_diagnosis_may_be_a_line_of_the_source(letter, bug):
    for line in bug.lines:
        assert ex.clinic.check(**{letter: f"   {line}  # here"}).message.endswith(f"far: {letter}.")


@pytest.mark.parametrize(
    "given, said",
    [
        (dict(B="tanh"), "Which bug is it"),
        (dict(B=("tanh", "self.grad += 1.0 - t**2")), "Right so far: B"),
        (dict(A="intermediate", C=" order "), "Right so far: A, C"),
        (dict(C="NOVISIT"), "too *small*"),
        (dict(A="order_of(self)"), "no CODE"),
        (dict(D="t = math.tanh(self.data)"), "Look at 'a changed between'"),
        (dict(A="self.data, self.grad = data, 0.0"), "Look at 'backward twice'"),
        (dict(B="self.grad += out.grad"), "What does the gradient check show?"),
        (dict(F="self.grad += amount"), "Right so far: F"),
        (dict(F=7), "you give 7"),
        (dict(F=""), "give a CODE"),
        (dict(G="ALIAS"), "no engine `G`"),
        (dict(A="ALIAS", B="ALIAS"), "B: not right either"),
        (dict(), "Still open: A, B, C, D, E, F."),
    ],
)
def test_the_clinic_answers(given, said):
    verdict = ex.clinic.check(**given)
    assert verdict.status != "passed"
    assert said in verdict.message


def test_the_clinic_passes_when_all_six_are_found():
    found = {letter: bug.code for letter, bug in ex.clinic.bugs.items()}
    assert ex.clinic.check(**found).status == "passed"


def test_every_bug_of_the_clinic_stands_in_its_table():
    assert {bug.code for bug in ex.clinic.bugs.values()} < set(ex.BUGS)


# ------------------------------------------------------------------ what the notebook claims


def test_the_fuzz_knows_at_least_seven_wrong_engines_and_catches_them():
    assert len(WRONG_ENGINES) >= 7
    assert all(ex.fuzz.reference(engine, 60) for engine in WRONG_ENGINES.values())


@pytest.mark.parametrize("engine, left", [(Micrograd, 7), (fifty.Value, 0), (scalar.Value, 0)])
def test_objects_that_only_the_garbage_collector_can_free(engine, left):
    assert round(ex.left_behind(engine, 1000) / 1000) == left


def test_a_node_of_the_course_costs_less_than_a_third_of_micrograds():
    size = ex.engine_size.reference
    assert 3 * size(scalar.Value) < size(Micrograd)


def test_pytorch_accumulates_36_and_72():
    a = torch.tensor(2.0, requires_grad=True)
    c = (3 * a) ** 2
    c.backward(retain_graph=True)
    once = a.grad.item()
    c.backward()
    assert (once, a.grad.item()) == (36.0, 72.0)


def outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return "\n".join(
        output.get("text", "") or str(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


@pytest.mark.parametrize(
    "line",
    [
        "1,500 terms: RecursionError",
        "0 of 300 random expressions go wrong",
        "micrograd: (36.0, 108.0)",
        "PyTorch:   (36.0, 72.0)",
        "100,000 additions: ∂/∂x = 100,000",
    ],
)
def test_a_claim_of_the_text_stands_in_an_output(line):
    assert line in outputs()
