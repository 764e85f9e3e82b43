"""Gradient checks: right and wrong gradients, awkward points and inputs, what is reported."""

import math
import operator

import micrograd.engine
import numpy as np
import pytest
import torch
from broken_engines import BROKEN
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.engine import fifty
from helpers.engine.scalar import Value
from helpers.fuzz import BASIC, random_program
from helpers.gradcheck import (
    compare_with_torch,
    complex_step,
    gradcheck,
    gradcheck_directional,
    numerical_gradient,
)


def cubes(x):
    return (x**3).sum()


def slope_of_cubes(x):
    return 3 * x**2


# ------------------------------------------------------------------ numerical_gradient


@pytest.mark.parametrize("x", [-1.3, 0.0, 0.7, 40.0])
def test_a_numerical_gradient_is_the_derivative(x):
    right = math.cos(x) * math.exp(math.sin(x))
    assert numerical_gradient(lambda x: math.exp(math.sin(x)), x) == pytest.approx(right, rel=1e-9)


def test_each_input_gets_a_gradient_of_its_shape():
    W, b = np.arange(6.0).reshape(2, 3), 0.5
    dW, db = numerical_gradient(lambda W, b: (W * W).sum() * b, W, b)
    assert (dW.shape, type(db)) == ((2, 3), float)
    assert np.allclose(dW, W) and db == pytest.approx(55.0)


def test_a_large_number_is_nudged_by_a_step_that_it_can_feel():
    assert numerical_gradient(lambda x: x * x, 1e9) == pytest.approx(2e9, rel=1e-7)


def test_integers_are_differentiated_as_floats():
    assert np.allclose(numerical_gradient(cubes, np.array([1, 2, 3])), [3, 12, 27])


def test_inputs_are_never_changed():
    def greedy(x):
        x *= 0.0
        return x.sum()

    x = np.array([1.0, 2.0])
    numerical_gradient(greedy, x)
    gradcheck(greedy, greedy_gradient, x)
    assert x.tolist() == [1.0, 2.0]


def greedy_gradient(x):
    x *= 0.0
    return x


@pytest.mark.parametrize("view", [lambda x: x[::2], lambda x: x.T, lambda x: x[:, ::-1]])
def test_an_input_need_not_lie_in_one_piece(view):
    x = view(np.arange(1.0, 13.0).reshape(4, 3))
    assert np.allclose(numerical_gradient(cubes, x), slope_of_cubes(x))


def test_a_function_that_answers_in_float32_is_warned_about():
    with pytest.warns(UserWarning, match=r"answers in float32.*h=0.005"):
        numerical_gradient(lambda x: np.tanh(np.float32(x)), 0.3)


def test_the_step_for_float32_is_accepted_in_silence():
    right = 1 - math.tanh(0.3) ** 2
    slope = numerical_gradient(lambda x: np.tanh(np.float32(x)), 0.3, h=5e-3)
    assert slope == pytest.approx(right, rel=1e-3)


# ------------------------------------------------------------------ gradcheck: verdicts

RIGHT = {
    "one number": (lambda x: x**3, lambda x: 3 * x**2, 2.0),
    "a 0-d array": (lambda x: x**3, lambda x: 3 * x**2, np.array(2.0)),
    "an array": (cubes, slope_of_cubes, np.linspace(-2, 2, 7)),
    "a matrix": (cubes, slope_of_cubes, np.linspace(-2, 2, 6).reshape(2, 3)),
    "a list": (cubes, slope_of_cubes, [1.0, 2.0]),
    "a gradient as a list": (cubes, lambda x: [3 * v * v for v in x], [1.0, 2.0]),
    "a gradient in a tuple": (lambda x: x * x, lambda x: (2 * x,), 3.0),
    "integers": (cubes, slope_of_cubes, np.array([1, 2, 3])),
    "float32": (cubes, slope_of_cubes, np.array([0.1, 0.7], dtype=np.float32)),
    "a small part of a large value": (lambda x: 1e3 + 1e-5 * x * x, lambda x: 2e-5 * x, 0.7),
    "a strong curvature": (lambda x: math.sin(1e3 * x), lambda x: 1e3 * math.cos(1e3 * x), 0.3),
    "a large number": (lambda x: x * x, lambda x: 2 * x, 1e9),
    "close to a kink": (lambda x: max(x, 0.0), lambda x: 1.0, 3e-6),
    "float32 inside": (
        lambda x: torch.tanh(torch.tensor(x)).item(),
        lambda x: 1 - math.tanh(x) ** 2,
        0.3,
    ),
    "a tensor": (lambda x: torch.tensor(x).exp().sum(), np.exp, np.array([0.2, -1.0])),
}


@pytest.mark.parametrize(("f", "grad", "x"), RIGHT.values(), ids=RIGHT.keys())
def test_a_right_gradient_passes_at(f, grad, x):
    assert gradcheck(f, grad, x).ok


@pytest.mark.parametrize("slip", [1.1, -1.0, 0.0])
@pytest.mark.parametrize(("f", "grad", "x"), RIGHT.values(), ids=RIGHT.keys())
def test_a_wrong_gradient_fails_at(f, grad, x, slip):
    def wrong(x):
        g = grad(x)
        return slip * np.asarray(g[0] if isinstance(g, tuple) else g)

    assert gradcheck(f, wrong, x).verdict == "differ"


def test_a_gradient_of_zero_passes_where_f_is_constant():
    assert gradcheck(lambda x: 0.75, lambda x: 0.0, 2.0)


def test_another_gradient_fails_where_f_is_constant():
    assert gradcheck(lambda x: 0.75, lambda x: 1e-3, 2.0).verdict == "differ"


def test_several_inputs_are_checked_at_once():
    report = gradcheck(lambda x, y: (x + y) * y, lambda x, y: (y, x + 2 * y), 2.0, 3.0)
    assert report and [entry.where for entry in report.entries] == ["input 0", "input 1"]


def test_one_wrong_entry_is_pointed_at():
    def wrong(x):
        g = slope_of_cubes(x)
        g[1, 2] *= -1
        return g

    report = gradcheck(cubes, wrong, np.arange(1.0, 7.0).reshape(2, 3))
    assert report.worst.where == "input 0[1, 2]"


def test_it_works_on_another_engine_through_a_lambda():
    Micro = micrograd.engine.Value

    def gradient(x, y):
        a, b = Micro(x), Micro(y)
        (a * b + a**3).backward()
        return a.grad, b.grad

    def value(x, y):
        a, b = Micro(x), Micro(y)
        return (a * b + a**3).data

    assert gradcheck(value, gradient, 1.5, -2.0)


@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 15),
    slip=st.sampled_from([0.0, 1e-4, -1e-4, 0.5]),
)
@settings(deadline=None, max_examples=100)
def test_the_verdict_on_random_programs_is_that_of_pytorch(seed, size, slip):
    program = random_program(seed, size=size, leaves=2)

    def value(*xs):
        return program.run([Value(x) for x in xs]).data

    def gradient(*xs):
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
        program.run(xs).backward()
        grads = [0.0 if x.grad is None else x.grad.item() for x in xs]
        scale = max(map(abs, grads), default=0.0)
        return tuple(g + slip * (scale + 1.0) for g in grads)

    assert gradcheck(value, gradient, *program.leaves).ok == (slip == 0.0)


# ------------------------------------------------------------------ gradcheck: awkward points


@pytest.mark.parametrize("claim", [0.0, 0.5, 1.0])
def test_at_a_kink_any_slope_between_is_accepted(claim):
    assert gradcheck(lambda x: max(x, 0.0), lambda x: claim, 0.0)


@pytest.mark.parametrize("claim", [0.0, 0.5])
def test_a_kink_is_always_mentioned(claim):
    notes = gradcheck(lambda x: max(x, 0.0), lambda x: claim, 0.0).notes
    assert notes == (
        "input 0: a kink, slope 0.0 from the left and 1.0 from the right. Any slope between is "
        "defensible there; check at another point to learn more.",
    )


@pytest.mark.parametrize("claim", [-0.2, 1.2])
def test_at_a_kink_a_slope_outside_is_not_accepted(claim):
    assert gradcheck(lambda x: max(x, 0.0), lambda x: claim, 0.0).verdict == "differ"


def test_near_a_kink_the_mean_of_both_sides_is_not_accepted():
    smeared = numerical_gradient(lambda x: max(x, 0.0), 3e-6)  # 0.65
    assert not gradcheck(lambda x: max(x, 0.0), lambda x: smeared, 3e-6)


def test_a_strong_curvature_is_no_kink():
    assert gradcheck(lambda x: 1e6 * x * x, lambda x: 5.0, 0.0).verdict == "differ"


def test_at_a_jump_there_is_no_verdict():
    report = gradcheck(lambda x: float(x > 0), lambda x: 0.0, 0.0)
    assert report.verdict == "unknown" and "jumps at this point" in report.notes[0]


def test_where_f_is_not_a_number_there_is_no_verdict():
    report = gradcheck(lambda x: math.nan, lambda x: 1.0, 2.0)
    assert report.verdict == "unknown" and "f is not a finite number at this point" in repr(report)


def test_at_the_edge_of_its_domain_f_cannot_be_measured():
    report = gradcheck(lambda x: x**1.5 if x >= 0 else math.nan, lambda x: 0.0, 0.0)
    assert report.verdict == "unknown" and "one step away" in report.notes[0]


@pytest.mark.parametrize("claim", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_wrong(claim):
    report = gradcheck(lambda x: x * x, lambda x: claim, 2.0)
    assert report.verdict == "differ" and "the gradient is not a finite" in report.notes[0]


def test_a_wrong_entry_counts_more_than_one_that_cannot_be_measured():
    def f(x):
        return x[0] ** 2 + (x[1] ** 1.5 if x[1] >= 0 else math.nan)

    assert gradcheck(f, lambda x: np.array([1.0, 0.0]), np.array([3.0, 0.0])).verdict == "differ"


# ------------------------------------------------------------------ gradcheck: what is said


def test_a_report_reads_the_same_on_every_machine():
    assert repr(gradcheck(cubes, slope_of_cubes, np.array([1.0, 2.0, 3.0]))) == (
        "✓ gradients agree: 3 entries, worst relative error below 1e-06\n"
        "  against central differences with step 1e-05, tolerance 1e-06\n"
        "  step: near eps^(1/3) of float64, where truncation (h²) and rounding (eps/h) meet\n"
        "  tolerance: they leave errors near 1e-10; a wrong derivative is off by far more"
    )


def test_the_table_of_a_right_gradient_reads_the_same_on_every_machine():
    table = gradcheck(lambda x: np.sin(x).sum(), np.cos, np.array([0.0, 1.0]))._repr_html_()
    assert "<tr><td>input 0[0]</td><td>1</td><td>1</td><td>&lt; 1e-06</td></tr>" in table
    assert "<tr><td>input 0[1]</td><td>0.540302</td><td>0.540302</td>" in table


def test_what_is_zero_up_to_rounding_is_shown_as_zero():
    table = gradcheck(lambda x: math.cos(x) + 3.0, lambda x: -math.sin(x), 0.0)._repr_html_()
    assert "<td>0</td><td>0</td>" in table


def test_a_wrong_gradient_is_shown_worst_entry_first():
    lines = repr(gradcheck(cubes, lambda x: 3 * x, np.array([1.0, 2.0, 3.0]))).splitlines()
    assert lines[0] == "✗ gradients differ: 2 of 3 entries, worst relative error 0.67"
    assert [line.split() for line in lines[4:]] == [
        ["entry", "analytic", "numerical", "error"],
        ["input", "0[2]", "9", "27", "0.67"],
        ["input", "0[1]", "6", "12", "0.5"],
        ["input", "0[0]", "3", "3", "<", "1e-06"],
    ]


def test_a_long_table_is_cut_and_counted():
    assert "… 92 more" in gradcheck(cubes, lambda x: x, np.arange(1.0, 101.0))._repr_html_()


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([1, 2]), "Integers were turned into float64"),
        (np.array([1, 2], dtype=np.float32), "float32 inputs were turned into float64"),
    ],
)
def test_a_note_tells_what_became_of(x, words):
    assert words in repr(gradcheck(cubes, slope_of_cubes, x))


def test_a_step_of_ones_own_is_told_which_is_best():
    report = gradcheck(cubes, slope_of_cubes, np.ones(2), h=1e-4, tolerance=1e-3)
    assert "with step 0.0001, tolerance 0.001" in repr(report)
    assert "step: 1e-05 is best" in report.why


def test_float32_inside_is_told_and_checked_with_its_own_step():
    report = gradcheck(*RIGHT["float32 inside"])
    assert "step 0.005, tolerance 0.01" in repr(report) and "answers in float32" in report.notes[0]


# ------------------------------------------------------------------ gradcheck: bad input

x3 = np.ones(3)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: gradcheck(lambda x: x * x, lambda x: 2 * x, x3), ValueError, r"shape \(3,\)"),
        (lambda: gradcheck(cubes, lambda x: x[:2], x3), ValueError, r"\(2,\), the input \(3,\)"),
        (lambda: gradcheck(operator.mul, lambda x, y: y, 1.0, 2.0), ValueError, "got float"),
        (lambda: gradcheck(operator.mul, lambda x, y: (1, 2, 3), 1, 2), ValueError, "got 3"),
        (lambda: gradcheck(cubes, lambda x: None, x3), ValueError, "None. Does grad_f"),
        (lambda: gradcheck(cubes, lambda x: {}, x3), TypeError, "input 0 is a dict"),
        (lambda: gradcheck(lambda x: None, slope_of_cubes, x3), ValueError, "f returned None"),
        (lambda: gradcheck(Value, lambda x: 1.0, 2.0), TypeError, "a Value.*return its .data"),
        (lambda: gradcheck(cubes, slope_of_cubes, Value(2.0)), TypeError, "Of a Value pass .data"),
        (lambda: gradcheck(abs, abs, "2"), TypeError, "Input 0 is a str"),
        (lambda: gradcheck(abs, abs, 1j), TypeError, "Input 0 is a complex"),
        (lambda: gradcheck(abs, abs, torch.ones(2, requires_grad=True)), TypeError, r"\.numpy"),
        (lambda: gradcheck(cubes, slope_of_cubes, []), ValueError, "Input 0 is empty"),
        (lambda: gradcheck(cubes, slope_of_cubes), ValueError, "Give the point too"),
        (lambda: numerical_gradient(abs, 3.0, h=1e-20), ValueError, "vanishes: 3"),
        (lambda: numerical_gradient(lambda x: 1j * x, 3.0), TypeError, "f returned a complex"),
    ],
)
def test_bad_input_gets_a_sentence(act, error, words):
    with pytest.raises(error, match=words):
        act()


# ------------------------------------------------------------------ compare_with_torch


@pytest.mark.parametrize("engine", [None, fifty.Value, micrograd.engine.Value])
def test_a_right_engine_agrees_with_pytorch(engine):
    report = compare_with_torch(lambda x, y: (x * y + x**3).relu() / y, 1.5, 2.0, engine=engine)
    assert report and len(report.entries) == 3


def test_a_wrong_engine_differs_from_pytorch():
    broken = BROKEN["ASSIGN-mul"][0]
    report = compare_with_torch(lambda x, y: x * x + y, 3.0, 1.0, engine=broken)
    assert (report.worst.where, report.worst.analytic, report.worst.numerical) == (
        "input 0",
        3.0,
        6.0,
    )


def test_a_wrong_value_is_seen_beside_a_right_gradient():
    class Reversed(fifty.Value):
        def __sub__(self, other):
            out = super().__sub__(other)
            out.data = -out.data
            return out

    report = compare_with_torch(lambda x, y: x - y, 3.0, 1.0, engine=Reversed)
    assert [e.where for e in report.entries if e.error > report.tolerance] == ["value of f"]


def test_arrays_are_compared_entry_by_entry():
    class Squares:
        def __init__(self, data):
            self.data, self.grad = data, None

        def pow(self, n):
            self.out = Squares(self.data**n)
            return self

        def sum(self):
            out = Squares(self.out.data.sum())
            out.backward = lambda: setattr(self, "grad", 2 * self.data)
            return out

    report = compare_with_torch(lambda x: x.pow(2).sum(), x3, engine=Squares)
    assert report and len(report.entries) == 4


def test_an_input_that_is_not_used_has_no_gradient_in_either():
    assert compare_with_torch(lambda x, y: x * 2.0, 1.0, 2.0)


def test_at_a_tie_both_choices_are_defensible():
    report = compare_with_torch(lambda x, y: x.maximum(y) * 3.0, 1.0, 1.0)  # (3, 0) and (1.5, 1.5)
    assert report and "a kink" in report.notes[0]


def test_what_cancels_is_compared_at_the_size_of_its_parts():
    assert compare_with_torch(lambda x, y: x * y / y - x + y, 0.1, 0.7)


def test_the_comparison_says_what_with_and_why():
    text = repr(compare_with_torch(lambda x: x.tanh(), 0.3))
    assert "against PyTorch in float64, tolerance 1e-10" in text and "order of operations" in text


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: 3.0, "does not depend on its inputs"),
        (lambda x: Value(3.0) if isinstance(x, Value) else x.detach(), "does not depend"),
    ],
)
def test_a_result_without_a_gradient_gets_a_sentence(f, words):
    with pytest.raises(ValueError, match=words):
        compare_with_torch(f, 1.0)


# ------------------------------------------------------------------ gradcheck_directional


def bowl(x):
    return float((x * x).sum())


def counted(f):
    def g(*args):
        g.calls += 1
        return f(*args)

    g.calls = 0
    return g


@pytest.mark.parametrize("size", [10, 10_000])
def test_the_cost_along_directions_does_not_grow_with_the_size(size):
    f, x = counted(bowl), np.linspace(-1, 1, size)
    assert gradcheck_directional(f, [2 * x], x, directions=4)
    assert f.calls == 8  # two for each direction


@given(seed=st.integers(0, 10**6), place=st.integers(0, 9_999), size=st.floats(1e-5, 10.0))
@settings(deadline=None, max_examples=40)
def test_a_single_wrong_entry_of_ten_thousand_is_seen_along_any_direction(seed, place, size):
    x = np.random.default_rng(0).normal(size=10_000)
    grad = 2 * x
    grad[place] += size * np.linalg.norm(grad)
    assert not gradcheck_directional(bowl, [grad], x, directions=1, seed=seed)


def test_of_two_opposite_errors_half_of_the_directions_see_nothing():
    x = np.random.default_rng(0).normal(size=1000)
    grad = 2 * x
    grad[[3, 4]] += np.array([1.0, -1.0]) / np.maximum(1.0, np.abs(x[[3, 4]]))
    passed = [
        gradcheck_directional(bowl, [grad], x, directions=1, seed=seed).ok for seed in range(400)
    ]
    assert 140 < sum(passed) < 260  # 200 ± 6 standard deviations of √(400/4) = 10


def test_several_inputs_are_checked_along_one_direction():
    W, b = np.ones((3, 2)), np.array([0.5, -2.0])
    assert gradcheck_directional(lambda W, b: (W * b).sum(), [W * b, W.sum(0)], W, b)


def test_a_bare_array_is_a_gradient_of_one_input():
    assert gradcheck_directional(bowl, 2 * x3, x3)


def test_the_gradient_of_another_shape_gets_a_sentence():
    with pytest.raises(ValueError, match=r"shape \(2,\), the input \(3,\)"):
        gradcheck_directional(bowl, [2 * x3[:2]], x3)


def test_a_kink_on_the_way_is_told():
    report = gradcheck_directional(lambda x: np.maximum(x, 0).sum(), [np.zeros(3)], np.zeros(3))
    assert report and "a kink" in report.notes[1]


def test_directions_work_on_a_function_in_float32():
    x = np.random.default_rng(0).normal(size=100)
    report = gradcheck_directional(
        lambda x: torch.tensor(x).float().tanh().sum(), [1 - np.tanh(x) ** 2], x
    )
    assert report and report.tolerance == 1e-2


# ------------------------------------------------------------------ complex_step


@pytest.mark.parametrize("x", [-1.3, 0.2, 1.9])
def test_the_complex_step_loses_no_digits(x):
    right = math.cos(x) * math.exp(math.sin(x))
    assert complex_step(lambda z: np.exp(np.sin(z)), x) == pytest.approx(right, rel=1e-15)


def test_the_complex_step_takes_an_array_entry_by_entry():
    x = np.array([0, 1, 2])
    slopes = complex_step(lambda z: (z**3).sum(), x)
    assert np.allclose(slopes, [0.0, 3.0, 12.0], rtol=1e-15, atol=1e-50)


@pytest.mark.parametrize(
    ("f", "x", "error", "words"),
    [
        (abs, 2.0, ValueError, "imaginary part.*got lost"),
        (lambda z: z * z, np.ones(2), ValueError, r"array of shape \(2,\)"),
        (math.sin, 2.0, TypeError, "NumPy's functions, or cmath"),
        (np.exp, Value(2.0), TypeError, "Input 0 is a Value"),
    ],
)
def test_what_the_complex_step_cannot_do_gets_a_sentence(f, x, error, words):
    with pytest.raises(error, match=words):
        complex_step(f, x)


def test_large_gradients_that_cancel_inside_a_graph_are_no_disagreement():
    program = random_program(36, size=12, ops=BASIC)
    report = compare_with_torch(lambda *x: program.run(x), *program.leaves, engine=fifty.Value)
    assert report.ok
