"""Week 2: exercises in all their states, formulas against PyTorch, measured claims, the widget."""

import cmath
import dataclasses
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import run_cell, written
from week02_answers import DUALS, LINES, RIGHT_DUAL, WRONG

from helpers.formula import read as formula_of
from helpers.weeks import week01
from helpers.weeks import week02 as ex
from helpers.weeks.week02_modes import Dual
from helpers.widgets.step_size import STEPS, StepSize

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week02_numerical_gradients.ipynb"
central_difference = ex.central_difference.reference
forward_difference = ex.forward_difference.reference
numerical_gradient = ex.numerical_gradient.reference
each_exercise = pytest.mark.parametrize("exercise", ex.all, ids=lambda exercise: exercise.name)


def named(*pairs):
    """Parameters (exercise, attempt), with the names of both for ids."""
    ids = [f"{exercise.name}-{attempt.__name__}" for exercise, attempt in pairs]
    return pytest.mark.parametrize("exercise, attempt", pairs, ids=ids)


# ------------------------------------------------------------------ states


@each_exercise
def test_stub_reference_and_known_mistakes_are_told_apart(exercise):
    assert exercise.self_check() == []


# ------------------------------------------------------------------ other right styles


def two_steps(f, x, h):
    before = f(x)
    return (f(x + h) - before) * (1 / h)


def negative_first(f, x, h):
    return -f(x) / h + f(x + h) / h


def halved_last(f, x, h):
    return 0.5 * (f(x + h) - f(x - h)) / h


def mean_of_both_sides(f, x, h):
    return ((f(x + h) - f(x)) / h + (f(x) - f(x - h)) / h) / 2


def loop_with_a_record(f, df, x, dtype):
    best = None
    for k in range(17):
        h = dtype(10.0**-k)
        error = abs((f(dtype(x) + h) - f(dtype(x) - h)) / dtype(2 * h) - dtype(df(x)))
        if best is None or error < best[0]:
            best = (error, h)
    return best[1]


def all_steps_at_once(f, df, x, dtype):
    h, x = np.array([10.0**-k for k in range(1, 16)]).astype(dtype), dtype(x)
    return 10.0 ** -(1 + int(np.argmin(np.abs((f(x + h) - f(x - h)) / (2 * h) - df(x)))))


def by_theory(f, df, x, dtype):
    return float(np.finfo(dtype).eps ** (1 / 3))


def unit_vectors(f, x, h=1e-5):
    x = np.asarray(x, dtype=np.float64)
    out = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = h
        out[place] = (f(x + nudge) - f(x - nudge)) / (2 * h)
    return out


def flat_in_c_order(f, x, h=1e-5):
    x = np.array(x, dtype=float, order="C")
    flat, slopes = x.reshape(-1), []
    for i in range(flat.size):
        old = flat[i]
        flat[i] = old + h
        up = f(x)
        flat[i] = old - h
        slopes.append((up - f(x)) / h / 2)
        flat[i] = old
    return np.array(slopes).reshape(x.shape)


def nested_list(f, x, h=1e-5):
    return unit_vectors(f, x, h).tolist()


def tiny_floor(a, b):
    return np.abs(np.subtract(a, b)) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-300)


def entry_by_entry(a, b):
    a, b = np.atleast_1d(a).astype(float), np.atleast_1d(b).astype(float)
    out = np.zeros(a.shape)
    for place in np.ndindex(a.shape):
        size = max(abs(a[place]), abs(b[place]))
        out[place] = abs(a[place] - b[place]) / size if size else 0
    return out


def divide_where(a, b):
    size = np.maximum(np.abs(a), np.abs(b))
    return np.divide(np.abs(np.subtract(a, b)), size, out=np.zeros(np.shape(a)), where=size > 0)


def numpys_imag(f, x):
    return np.imag(f(complex(x, 1e-20))) / 1e-20


def modest_step(f, x):
    return f(x + 1e-8j).imag * 1e8


@dataclasses.dataclass
class Record:
    data: float
    tangent: float = 0.0

    def __add__(self, other):
        other = other if hasattr(other, "tangent") else Record(other)
        return Record(self.data + other.data, self.tangent + other.tangent)

    def __neg__(self):
        return Record(-self.data, -self.tangent)

    def __sub__(self, other):
        return self + -(other if hasattr(other, "tangent") else Record(other))

    def __mul__(self, other):
        other = other if hasattr(other, "tangent") else Record(other)
        return Record(self.data * other.data, self.data * other.tangent + self.tangent * other.data)

    def __truediv__(self, other):
        other = other if hasattr(other, "tangent") else Record(other)
        top = self.tangent * other.data - self.data * other.tangent
        return Record(self.data / other.data, top / other.data**2)

    def tanh(self):
        return Record(np.tanh(self.data), self.tangent / math.cosh(self.data) ** 2)

    def exp(self):
        return Record(math.e**self.data, math.e**self.data * self.tangent)


class Pair:
    """A dual number that keeps both parts in one complex number."""

    def __init__(self, data, tangent=0.0):
        self.both = complex(data, 1e-30 * tangent)

    data = property(lambda self: self.both.real)
    tangent = property(lambda self: self.both.imag / 1e-30)

    @staticmethod
    def of(both):
        return Pair(both.real, both.imag / 1e-30)

    def __add__(self, other):
        return Pair.of(self.both + getattr(other, "both", other))

    def __sub__(self, other):
        return Pair.of(self.both - getattr(other, "both", other))

    def __mul__(self, other):
        return Pair.of(self.both * getattr(other, "both", other))

    def __truediv__(self, other):
        return Pair.of(self.both / getattr(other, "both", other))

    def tanh(self):
        return Pair.of(cmath.tanh(self.both))

    def exp(self):
        return Pair.of(cmath.exp(self.both))


def appended_one_by_one(f, x, v):
    inputs = []
    for i in range(len(x)):
        inputs.append(Dual(x[i], v[i]))
    return f(*inputs).tangent


def mapped(f, x, v):
    return np.float64(f(*map(Dual, x, v)).tangent)


def lower_case():
    return {"D": "noupstream", "C": " chainsum", "B": "ownforward", "A": "tanhin"}


def by_measuring():
    found = {}
    p, q = np.array([0.7, -0.4, 0.9, 0.5]), np.array([0.5, 1.2, -0.3, 0.8])
    for letter, mutant in ex.mutants.items():
        at_p, at_q = (mutant.gradient(x) / numerical_gradient(mutant.value, x) for x in (p, q))
        off = [bool(x) for x in abs(at_p - 1) > 1e-6]
        if not any(off):
            found[letter] = "RIGHT" if math.isclose(mutant.value(p), ex.value(p)) else "OWNFORWARD"
        elif all(off):
            found[letter] = "FACTOR" if np.allclose(at_p, at_q) else "NOUPSTREAM"
        else:
            found[letter] = "CHAINSUM" if sum(off) == 1 else "TANHIN"
    return found


@named(
    (ex.forward_difference, two_steps),
    (ex.forward_difference, negative_first),
    (ex.central_difference, halved_last),
    (ex.central_difference, mean_of_both_sides),
    (ex.best_step, loop_with_a_record),
    (ex.best_step, all_steps_at_once),
    (ex.numerical_gradient, unit_vectors),
    (ex.numerical_gradient, flat_in_c_order),
    (ex.numerical_gradient, nested_list),
    (ex.relative_error, tiny_floor),
    (ex.relative_error, entry_by_entry),
    (ex.relative_error, divide_where),
    (ex.complex_step, numpys_imag),
    (ex.complex_step, modest_step),
    (ex.Dual, Record),
    (ex.Dual, Pair),
    (ex.jvp, appended_one_by_one),
    (ex.jvp, mapped),
    (ex.find_the_bug, lower_case),
    (ex.find_the_bug, by_measuring),
)
def test_another_right_style_passes(exercise, attempt):
    verdict = exercise.check(attempt)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(
    "lines",
    [
        dict(
            trunc_forward="0.5*h*M2",
            round_forward="noise/h + noise/h",
            best_forward="sqrt(4 * noise / M2)",
            trunc_central="M3 / 3 * h^2 / 2",
            round_central="2*noise/(2*h)",
            best_central="(3*noise)**(1/3) / M3**(1/3)",
        ),
        dict(
            trunc_forward=0.05,
            round_forward=0.2,
            best_forward=0.2,
            trunc_central=0.005,
            round_central=0.1,
            best_central=0.215,
        ),
    ],
    ids=["rearranged", "numbers"],
)
def test_other_forms_of_the_step_theory_pass(lines):
    assert ex.step_theory.check(**lines).status == "passed"


@pytest.mark.parametrize(
    "lines",
    [
        dict(
            dadd="db + da",
            dsub="-db + da",
            dmul="a*db + b*da",
            ddiv="(da*b - a*db)/b²",
            dexp="da·exp(a)",
            dtanh="da - da*tanh(a)^2",
        ),
        dict(dadd=5.5, dsub=-4.5, dmul=16, ddiv=-3.5, dexp=10.04277, dtanh=0.004933),
    ],
    ids=["rearranged", "numbers"],
)
def test_other_forms_of_the_dual_rules_pass(lines):
    assert ex.dual_rules.check(**lines).status == "passed"


@pytest.mark.parametrize("lines", [["1 + n", "n + n", "n", "n", 1, "m"], [6, 10, 5, 5, 1, 3]])
def test_other_forms_of_the_price_pass(lines):
    assert ex.price.check(**dict(zip(ex.price.answers, lines))).status == "passed"


# ------------------------------------------------------------------ wrong answers not on the list


def not_a_change(f, x, h):
    return f(x + h) / h


def over_two_steps(f, x, h):
    return (f(x + h) - f(x)) / (2 * h)


def times_the_step(f, x, h):
    return (f(x + h) - f(x)) * h


def parentheses_forgotten(f, x, h):
    return f(x + h) - f(x - h) / (2 * h)


def turned_around(f, x, h):
    return (f(x - h) - f(x + h)) / (2 * h)


def over_the_square(f, x, h):
    return (f(x + h) - f(x - h)) / h**2


def always_the_same(f, df, x, dtype):
    return 1e-5


def of_the_forward_difference(f, df, x, dtype):
    return 1e-8 if dtype is np.float64 else 1e-4


def as_text(f, df, x, dtype):
    return "1e-6"


def of_squares_only(f, x, h=1e-5):
    return 2 * x


def rows_as_views(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros(x.shape)
    for i in range(len(x)):
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        grad[i] = (up - f(x)) / (2 * h)
        x[i] = old
    return grad


def in_the_callers_array(f, x, h=1e-5):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        down = f(x)
        x[i] = old
        grad[i] = (up - down) / (2 * h)
    return grad


def of_norms(a, b):
    return np.linalg.norm(np.subtract(a, b)) / (np.linalg.norm(a) + np.linalg.norm(b))


def over_the_first(a, b):
    return np.abs(a - b) / np.abs(a)


def squared(a, b):
    return (a - b) ** 2


def central_again(f, x):
    return (f(x + 1e-6) - f(x - 1e-6)) / 2e-6


def whole_unit(f, x):
    return f(x + 1j).imag


def value_itself(f, x):
    return f(x)


class TangentsDivided(Record):
    def __truediv__(self, other):
        other = other if hasattr(other, "tangent") else Record(other, 1.0)
        return Record(self.data / other.data, self.tangent / (other.tangent or 1.0))


class PowerRuleForExp(Record):
    def exp(self):
        return Record(math.exp(self.data), self.data * math.exp(self.data - 1) * self.tangent)


class TanWithPlus(Record):
    def tanh(self):
        t = math.tanh(self.data)
        return Record(t, (1 + t**2) * self.tangent)


def differences_of_duals(f, x, v):
    up, down = ([Dual(a + s * b) for a, b in zip(x, v)] for s in (1e-6, -1e-6))
    return (f(*up).data - f(*down).data) / 2e-6


def in_a_list(f, x, v):
    return [f(*map(Dual, x, v)).tangent]


def whole_dual(f, x, v):
    return f(*map(Dual, x, v))


def one_letter_missing():
    return {"A": "TANHIN", "B": "OWNFORWARD", "C": "CHAINSUM"}


def not_in_the_table():
    return {"A": "TANH", "B": "OWNFORWARD", "C": "CHAINSUM", "D": "NOUPSTREAM"}


def all_sign():
    return dict.fromkeys("ABCD", "SIGN")


@named(
    (ex.forward_difference, not_a_change),
    (ex.forward_difference, over_two_steps),
    (ex.forward_difference, times_the_step),
    (ex.central_difference, parentheses_forgotten),
    (ex.central_difference, turned_around),
    (ex.central_difference, over_the_square),
    (ex.best_step, always_the_same),
    (ex.best_step, of_the_forward_difference),
    (ex.best_step, as_text),
    (ex.best_step, by_theory),
    (ex.numerical_gradient, of_squares_only),
    (ex.numerical_gradient, rows_as_views),
    (ex.numerical_gradient, in_the_callers_array),
    (ex.relative_error, of_norms),
    (ex.relative_error, over_the_first),
    (ex.relative_error, squared),
    (ex.complex_step, central_again),
    (ex.complex_step, whole_unit),
    (ex.complex_step, value_itself),
    (ex.Dual, TangentsDivided),
    (ex.Dual, PowerRuleForExp),
    (ex.Dual, TanWithPlus),
    (ex.jvp, differences_of_duals),
    (ex.jvp, in_a_list),
    (ex.jvp, whole_dual),
    (ex.find_the_bug, one_letter_missing),
    (ex.find_the_bug, not_in_the_table),
    (ex.find_the_bug, all_sign),
)
def test_a_wrong_answer_off_the_list_fails_with_a_sentence(exercise, attempt):
    verdict = exercise.check(attempt)
    assert verdict.status == "failed"
    assert len(verdict.message) > 10


@pytest.mark.parametrize("name, code, words, cell", WRONG.values(), ids=WRONG)
def test_a_tired_answer_is_told_what_is_wrong(name, code, words, cell):
    verdict = getattr(ex, name).check(written(cell, name, np=np, Dual=Dual))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


@pytest.mark.parametrize("name, line, formula, code", LINES)
def test_a_tired_line_is_named(name, line, formula, code):
    exercise = getattr(ex, name)
    right = {line: answer.text for line, answer in exercise.answers.items()}
    assert exercise.check(**(right | {line: formula})).mistake == code


def test_the_dual_that_the_wrong_ones_are_made_of_is_right():
    assert ex.Dual.check(written(RIGHT_DUAL, "Dual", math=math)).status == "passed"


@pytest.mark.parametrize("changes, code, words", DUALS.values(), ids=DUALS)
def test_a_wrong_dual_is_told_which_operation_and_how(changes, code, words):
    cell = RIGHT_DUAL
    for old, new in changes:
        assert old in cell
        cell = cell.replace(old, new)
    verdict = ex.Dual.check(written(cell, "Dual", math=math))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


def test_a_verdict_on_the_mutants_gives_no_answer_away():
    verdict = ex.find_the_bug.check(all_sign)
    shown = verdict.text.replace(all_sign()["A"], "")
    assert not any(code in shown for code in ex.find_the_bug.reference().values())


@pytest.mark.parametrize(
    "exercise, line, formula",
    [
        (ex.step_theory, "trunc_forward", "M2 * h"),
        (ex.step_theory, "round_central", "noise"),
        (ex.step_theory, "best_central", "(3 * noise / M3) ** (1/2)"),
        (ex.dual_rules, "dmul", "a * b"),
        (ex.dual_rules, "ddiv", "da / b - a * db / b"),
        (ex.dual_rules, "dexp", "da * exp(da)"),
        (ex.price, "forward_differences", "n - 1"),
        (ex.price, "dual_passes", "2 * n"),
        (ex.price, "reverse_passes_m_outputs", "n"),
    ],
)
def test_a_wrong_line_of_a_derivation_is_found_on_its_line(exercise, line, formula):
    right = {name: answer.text for name, answer in exercise.answers.items()}
    verdict = exercise.check(**(right | {line: formula}))
    assert verdict.status == "failed"
    assert verdict.case.startswith(f"{line} ")


# ------------------------------------------------------------------ formulas against PyTorch


def leaf(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def grad(f, *inputs):
    leaves = [leaf(x) for x in inputs]
    f(*leaves).backward()
    return [x.grad.numpy() for x in leaves]


def close(a, b):
    return np.max(np.abs(np.subtract(a, b)) / np.maximum(1.0, np.abs(b))) < 1e-12


def answer(exercise, line, **values):
    """A line of a derivation, read as code, with the right values of the lines above it."""
    for name, formula in exercise.answers.items():
        values[name] = formula.at(values)
    return values[line]


@pytest.mark.parametrize(
    "line, operation",
    [
        ("dadd", lambda a, b: a + b),
        ("dsub", lambda a, b: a - b),
        ("dmul", lambda a, b: a * b),
        ("ddiv", lambda a, b: a / b),
        ("dexp", lambda a, b: torch.exp(a) + 0 * b),
        ("dtanh", lambda a, b: torch.tanh(a) + 0 * b),
    ],
)
def test_dual_rule_is_pytorchs_jacobian_vector_product(line, operation):
    rng = np.random.default_rng(2)
    for a, da, b, db in rng.uniform(-2, 2, (20, 4)):
        by_a, by_b = grad(operation, a, b)
        assert close(answer(ex.dual_rules, line, a=a, da=da, b=b, db=db), by_a * da + by_b * db)


@pytest.mark.parametrize("h", [0.3, 0.01])
def test_truncation_of_a_forward_difference_is_exact_for_a_parabola(h):
    def parabola(x):
        return 0.7 * x * x / 2 - 3 * x

    (slope,) = grad(parabola, 0.4)
    error = forward_difference(parabola, 0.4, h) - slope
    assert close(error, answer(ex.step_theory, "trunc_forward", noise=1, M2=0.7, M3=1, h=h))


@pytest.mark.parametrize("h", [0.3, 0.01])
def test_truncation_of_a_central_difference_is_exact_for_a_cubic(h):
    def cubic(x):
        return 0.9 * x * x * x / 6 + x * x - 3 * x

    (slope,) = grad(cubic, 0.4)
    error = central_difference(cubic, 0.4, h) - slope
    assert close(error, answer(ex.step_theory, "trunc_central", noise=1, M2=1, M3=0.9, h=h))


@pytest.mark.parametrize(
    "kind, difference", [("forward", forward_difference), ("central", central_difference)]
)
def test_rounding_term_is_the_error_of_the_worst_directions(kind, difference):
    noise, h = 0.01, 0.1
    off = difference(lambda x: noise if x > 1.0 else -noise, 1.0, h)
    assert close(off, answer(ex.step_theory, f"round_{kind}", noise=noise, M2=1, M3=1, h=h))


@pytest.mark.parametrize("kind", ["forward", "central"])
def test_best_step_is_where_the_sum_of_both_errors_has_slope_zero(kind):
    given = dict(noise=0.013, M2=0.7, M3=1.9)
    best = answer(ex.step_theory, f"best_{kind}", h=1.0, **given)
    parts = [ex.step_theory.answers[f"{part}_{kind}"].text for part in ("trunc", "round")]
    (slope,) = grad(lambda h: eval(" + ".join(parts), {"h": h, **given}), best)
    assert abs(slope) < 1e-12


def test_price_of_differences_and_dual_numbers_is_what_is_called():
    calls = []

    def f(*inputs):
        calls.append(inputs)
        total = inputs[0]
        for x in inputs[1:]:
            total = total * x
        return total

    n, x = 5, np.arange(1.0, 6.0)
    price = {line: answer(ex.price, line, n=n, m=3) for line in ex.price.answers}
    numerical_gradient(lambda p: f(*p), x)
    assert len(calls) == price["central_differences"]
    calls.clear()
    for i in range(n):
        ex.jvp.reference(f, x, np.eye(n)[i])
    assert len(calls) == price["dual_passes"]


def test_reverse_mode_takes_one_pass_for_each_output():
    x = leaf([1.0, 2.0, 3.0, 4.0, 5.0])
    outputs = torch.stack([x.prod(), x.sum(), x[0] * x[4]])
    passes = [torch.autograd.grad(out, x, retain_graph=True)[0] for out in outputs]
    assert len(passes) == answer(ex.price, "reverse_passes_m_outputs", n=5, m=3)
    assert answer(ex.price, "reverse_passes", n=5, m=1) == 1


def test_dual_and_complex_step_agree_with_pytorch():
    def mixed(x, y):
        return (x * y).tanh() + x.exp() / (y + 2.0)

    for a, b in [(0.7, -0.4), (-1.2, 0.3), (0.1, 2.0)]:
        by_a, by_b = grad(mixed, a, b)
        assert close(ex.jvp.reference(mixed, [a, b], [0.3, -1.7]), 0.3 * by_a - 1.7 * by_b)
        slope = ex.complex_step.reference(lambda x: np.tanh(x * b) + np.exp(x) / (b + 2.0), a)  # noqa: B023
        assert close(slope, by_a)


@pytest.mark.parametrize("shape", [(3,), (4, 4), (2, 3)])
def test_numerical_gradient_agrees_with_pytorch(shape):
    rng = np.random.default_rng(5)
    x, weights = rng.normal(size=shape), rng.normal(size=shape)
    (right,) = grad(lambda x: (torch.tanh(x) * torch.tensor(weights)).sum(), x)
    measured = numerical_gradient(lambda x: (np.tanh(x) * weights).sum(), x)
    assert np.max(np.abs(measured - right)) < 1e-9


def torch_value(p):
    a, b, c, d = p
    t = torch.tanh(a * b + c)
    s = t * b + c * d
    return s * s


def test_gradient_of_the_detectives_function_is_pytorchs():
    for p in np.random.default_rng(1).normal(size=(10, 4)):
        assert close(ex.gradient(p), grad(torch_value, p)[0])
        assert close(ex.value(p), torch_value(torch.tensor(p)).item())


@pytest.mark.parametrize("letter", "ABCD")
def test_every_mutant_differs_from_pytorch(letter):
    p = np.array([0.7, -0.4, 0.9, 0.5])
    assert not close(ex.mutants[letter].gradient(p), grad(torch_value, p)[0])


# ------------------------------------------------------------------ what the notebook says


@pytest.fixture(scope="module")
def cells():
    return nbformat.read(NOTEBOOK, as_version=4).cells


@pytest.fixture(scope="module")
def text(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code(cells, piece):
    return next(c.source for c in cells if c.cell_type == "code" and piece in c.source)


def output(cells, piece):
    cell = next(c for c in cells if c.cell_type == "code" and piece in c.source)
    return "".join(o.get("text", "") for o in cell.outputs)


def space_of(cells, *pieces):
    """The names that these cells of the notebook define, with the references for the exercises."""
    space = {
        exercise.name: exercise.reference for exercise in ex.all if hasattr(exercise, "reference")
    }
    space |= {"np": np, "math": math, "ex": ex}
    for piece in pieces:
        exec(code(cells, piece), space)
    return space


def table(text, title):
    """The rows of the notebook's table below a heading, as lists of cells."""
    block = text.partition(title)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in block.splitlines()]


def read(stated):
    """A formula as the notebook states it, as code."""
    return formula_of(stated.replace("√", "sqrt").strip("*"))


def test_rules_of_dual_numbers_in_the_notebook_are_pytorchs_jacobian_vector_products(text):
    """D22."""
    rows = {
        row[0]: row[-1] for row in table(text, "| operation | why | tangent |\n|---|---|---|\n")
    }
    dadd, dsub = rows["a + b, a − b"].split(", ")
    stated = {
        dadd: lambda a, b: a + b,
        dsub: lambda a, b: a - b,
        rows["a / b"]: lambda a, b: a / b,
        rows["exp"]: lambda a, b: torch.exp(a) + 0 * b,
        rows["tanh"]: lambda a, b: torch.tanh(a) + 0 * b,
        re.search(r"ab \+ \((da.*?)\)", text)[1].replace("\\,", "·"): lambda a, b: a * b,
    }
    for rule, operation in stated.items():
        for a, da, b, db in np.random.default_rng(3).uniform(0.5, 2, (20, 4)):
            by_a, by_b = grad(operation, a, b)
            tangent = read(rule).at(dict(a=a, da=da, b=b, db=db))
            assert close(tangent, by_a * da + by_b * db), rule


def test_errors_and_best_steps_in_the_notebook_are_those_of_the_exercise(text):
    rows = {row[0]: row[1:] for row in table(text, "| | forward | central |\n|---|---|---|\n")}
    given = dict(noise=0.013, M2=0.7, M3=1.9, h=0.21)
    for name, line in [("truncation", "trunc"), ("rounding", "round"), ("best step", "best")]:
        for stated, kind in zip(rows[name], ("forward", "central")):
            right = answer(ex.step_theory, f"{line}_{kind}", **given)
            assert close(read(re.search(r"\*\*(.*)\*\*", stated)[1]).at(given), right)


@pytest.mark.parametrize("place, kind", [(0, "forward"), (1, "central")])
def test_derivative_of_both_errors_in_the_notebook_is_pytorchs(text, place, kind):
    rows = {row[0]: row[1:] for row in table(text, "| | forward | central |\n|---|---|---|\n")}
    stated = rows["derivative of the sum is 0"][place].removesuffix(" = 0")
    given = dict(noise=0.013, M2=0.7, M3=1.9)
    parts = [ex.step_theory.answers[f"{part}_{kind}"].text for part in ("trunc", "round")]
    (slope,) = grad(lambda h: eval(" + ".join(parts), {"h": h, **given}), 0.21)
    assert close(read(stated).at({**given, "h": 0.21}), slope)


def test_slope_of_the_guinea_pig_is_pytorchs(cells):
    space = space_of(cells, "def df(x)")
    for x in (0.5, -1.3, 2.0):
        assert close(space["df"](x), grad(space["f"], x)[0])
    assert space["df"](0.5) == -0.64


def test_second_and_third_derivative_in_the_text_are_pytorchs(text):
    x = leaf(0.5)
    y = 1 / (1 + x * x)
    derivatives = [y]
    for _ in range(3):
        derivatives += torch.autograd.grad(derivatives[-1], x, create_graph=True)
    given = re.search(r"\|f\| = ([\d.]+), \|f″\| = ([\d.]+) and \|f‴\| = (\d\.\d+)", text)
    for known, i in zip(given.groups(), (0, 2, 3)):
        assert float(known) == round(abs(derivatives[i].item()), 3)


def test_formula_of_the_five_ways_is_pytorchs(cells):
    formula = re.search(r"(?m)^formula = (.*)$", code(cells, "formula = ["))[1]
    for a, b in [(0.7, -0.4), (1.1, 0.2)]:
        names = dict(a=a, b=b, t=np.tanh(a * b), e=np.exp(a))
        right = grad(lambda x, y: torch.tanh(x * y) + torch.exp(x) / (y + 2.0), a, b)
        assert close(eval(formula, names), right)


def test_dropout_loss_and_typed_gradients_are_pytorchs(cells):
    space = space_of(cells, "def fixed(w)", "def loss(w)", "typed_gradient")
    w, kept = np.array([0.5, -1.0, 2.0, 1.5]), torch.tensor(space["kept"])
    assert close(8 * w * space["kept"], grad(lambda w: ((2 * w * kept) ** 2).sum(), w)[0])
    features, target, w = torch.tensor(space["features"]), space["target"], space["w"]
    by_formula = eval("2 * (output(w) - target) * features", space)
    assert close(by_formula, grad(lambda w: ((w * features).sum() - target) ** 2, w)[0])
    assert close(space["typed_gradient"](space["p"]), grad(space["typed"], space["p"])[0])


def test_table_of_the_v_has_the_minima_that_the_text_names(cells, text):
    rows = [line.split() for line in output(cells, "def error(difference").splitlines()[2:]]
    errors = {row[0]: [float(x) for x in row[1:]] for row in rows}
    central64, central32 = ({h: e[k] for h, e in errors.items()} for k in (1, 3))
    assert min(central64, key=central64.get) == "1e-06"
    assert min(central32, key=central32.get) == "1e-03"
    assert min(central32.values()) == 8e-6 and "8·10⁻⁶" in text
    better = [h for h, e in central64.items() if e < 8e-6]
    assert (better[0], better[-1]) == ("1e-03", "1e-11") and "10⁻³ down to 10⁻¹¹" in text


def test_theory_and_measurement_of_the_best_step_agree_within_a_factor_of_ten(cells, text):
    theory = [float(x) for x in re.findall(r"central ([\d.e-]+)", output(cells, "(3 * noise"))]
    measured = [
        float(x) for x in re.findall(r"step ([\d.e-]+)", output(cells, "best_step(f, df, 0.5"))
    ]
    assert theory == [4.2e-6, 3.4e-3] and "4.2·10⁻⁶ and 3.4·10⁻³" in text
    assert all(1 / 10 < t / m < 10 for t, m in zip(theory, measured))


def test_relu_has_the_slopes_0_one_half_and_1_at_the_kink(cells):
    shown = output(cells, "central at −1e-6").splitlines()
    slopes = dict(line.rsplit(maxsplit=1) for line in shown)
    assert {slopes[name.strip()] for name in slopes} == {"0", "0.5", "1", "0.45"}
    assert slopes["torch.relu(x)".strip()] == "0"


def test_reverse_mode_costs_five_runs_whatever_n_and_central_differences_2n(cells, text):
    rows = [line.split() for line in output(cells, "ns = [2, 4").splitlines()[1:]]
    table = {int(n): [int(run), int(rev), int(cen)] for n, run, rev, cen, *_ in rows}
    ratios = {n: reverse / run for n, (run, reverse, _) in table.items()}
    assert [round(ratios[n], 1) for n in (64, 128)] == [5.0, 5.0]
    assert all(central > 2 * n * run for n, (run, _, central) in table.items())
    assert 2 * 25_856 == 51_712 and "25,856 parameters needs 51,712" in text


class OwnEngine:
    """An engine that keeps plain floats: `Counted` could count nothing in it."""

    def __init__(self, data):
        self.data = float(data)


def test_the_table_of_costs_does_not_depend_on_the_learners_own_versions(cells):
    space = space_of(cells, "class Counted", "def chain(xs)", "def by_central(xs)")
    space |= {"week01": week01, "Value": OwnEngine, "central_difference": None, "jvp": None}
    exec(code(cells, "def by_reverse(xs)").partition("ratio =")[0], space)
    shown = run_cell(code(cells, "ns = [2, 4"), **space, print=lambda *_, **__: None)
    rows = [line.split() for line in output(cells, "ns = [2, 4").splitlines()[1:]]
    ways = ("chain", "by_reverse", "by_central", "by_dual")
    for k, (n, *counts, _, _) in enumerate(rows):
        assert [shown["count"][space[way]][k] for way in ways] == [int(c) for c in counts], n


def test_widget_and_table_tell_the_same_errors(cells):
    rows = [line.split() for line in output(cells, "def error(difference").splitlines()[2:]]
    widget = explorer()
    for h, *errors in rows:
        i = [float(step) for step in STEPS].index(float(h))
        keys = [(m, t) for t in ("float64", "float32") for m in ("forward", "central")]
        for (method, dtype), error in zip(keys, errors):
            widget.state = {"i": i, "method": method, "dtype": dtype}
            assert f"{widget.error:.0e}" == error


# ------------------------------------------------------------------ the widget's data


def explorer():
    f, df = (lambda x: 1.0 / (1.0 + x * x)), (lambda x: -2.0 * x / (1.0 + x * x) ** 2)
    return StepSize(f, df, 0.5, label="f(x) = 1/(1 + x²)")


def test_explorer_starts_at_the_secant_of_step_one():
    widget = explorer()
    assert (widget.h, widget.method, widget.dtype) == (1.0, "forward", "float64")
    assert widget.slope == pytest.approx((1 / 3.25 - 0.8) / 1.0, rel=1e-15)


def test_explorers_slopes_are_those_of_the_exercises():
    widget = explorer()
    for i in range(0, len(STEPS), 7):
        for method, difference in [
            ("forward", forward_difference),
            ("central", central_difference),
        ]:
            for name, dtype in [("float64", np.float64), ("float32", np.float32)]:
                widget.state = {"i": i, "method": method, "dtype": name}
                h = dtype(float(STEPS[i]))
                expected = difference(lambda x: 1 / (1 + x * x), dtype(0.5), h)
                assert widget.slope == float(expected)


def test_explorers_best_steps_are_near_the_theory():
    best = {key: float(STEPS[curve["best"]]) for key, curve in explorer().data["curves"].items()}
    theory = {
        "forward float64": 3.7e-8,
        "central float64": 4.2e-6,
        "forward float32": 8.6e-4,
        "central float32": 3.4e-3,
    }
    assert all(1 / 4 < best[key] / theory[key] < 4 for key in theory)


def test_curve_of_f_is_straight_in_the_middle_and_a_staircase_at_the_end():
    views = explorer().data["views"]["float64"]
    assert len(views[STEPS.index("1e-5")]["curve"]) == 2
    stairs = views[STEPS.index("1e-15")]["curve"]
    assert len(set(stairs)) < len(stairs) / 4


def test_a_larger_error_stands_higher_in_the_picture():
    for curve in explorer().data["curves"].values():
        pairs = sorted(zip(curve["errors"], curve["y"]))
        assert all(a[1] >= b[1] for a, b in zip(pairs, pairs[1:]))


def test_explorer_says_in_words_what_it_shows():
    text = repr(explorer())
    assert "true slope -0.64" in text
    assert "h = 1e-06" in text and "6e-12" in text


@pytest.mark.parametrize(
    "f, df, x",
    [
        (lambda x: 1 / x, lambda x: -1 / x**2, 0.0),
        (lambda x: None, lambda x: 1.0, 1.0),
        (lambda x: x, lambda x: math.inf, 1.0),
    ],
)
def test_explorer_needs_finite_numbers_at_its_point(f, df, x):
    with pytest.raises(ValueError, match="must be a"):
        StepSize(f, df, x)
