"""Widgets without a browser: what they send to the page, what they say, what they keep."""

import base64
import json
import math
import re

import micrograd.engine
import pytest
import torch
from broken_engines import engine

from helpers import memory
from helpers.engine.scalar import Value
from helpers.graph import number
from helpers.widgets import Stepper, Worksheet, calibration, predict, prediction
from helpers.widgets.worksheet import UNREADABLE

# ------------------------------------------------------------------------------ small graphs


def product(make=Value):
    """f = (x + y)·y at x = −2, y = 5."""
    x, y = make(-2.0), make(5.0)
    q = x + y
    return q * y, {"x": x, "y": y, "q": q}


def square():
    x = Value(3.0)
    return x * x, {"x": x}


def diamond():
    """Three paths from a to d, and one edge before a."""
    x = Value(3.0)
    a = 2.0 * x
    b = a + 1.0
    c = a * b
    return c + a, {"x": x, "a": a, "b": b, "c": c}


def twofold():
    """x feeds both factors of f = (x·a)·(x·b)."""
    x, a, b = Value(2.0), Value(3.0), Value(5.0)
    u, v = x * a, x * b
    return u * v, {"x": x, "a": a, "b": b, "u": u, "v": v}


def neuron():
    x, w, b = Value(0.5), Value(3.0), Value(-1.0)
    z = x * w + b
    return z.sigmoid(), {"x": x, "w": w, "b": b, "z": z}


def tanh():
    x = Value(0.7)
    return x.tanh(), {"x": x}


def exp():
    x, k = Value(0.7), Value(3.0)
    e = x.exp()
    return e * k, {"x": x, "k": k, "e": e}


def quotient():
    a, b = Value(3.0), Value(4.0)
    return a / b, {"a": a, "b": b}


def cube():
    x = Value(2.0)
    return x**3, {"x": x}


def larger():
    a, b, k = Value(1.0), Value(2.0), Value(7.0)
    m = a.maximum(b)
    return m * k, {"a": a, "b": b, "k": k, "m": m}


S = 1 / (1 + math.exp(-0.5))  # the neuron's output
T, E = math.tanh(0.7), math.exp(0.7)
# Right answers, worked out by hand.
RIGHT = {
    product: dict(
        grad_f=1, local_f_q=5, local_f_y=3, grad_q=5, local_q_x=1, local_q_y=1, grad_y=8, grad_x=5
    ),
    square: dict(grad_f=1, local_f_x_1=3, local_f_x_2=3, grad_x=6),
    diamond: dict(
        grad_f=1, local_f_c=1, local_f_a=1, grad_c=1, local_c_a=7, local_c_b=6, grad_b=6,
        local_b_a=1, grad_a=14, local_a_x=2, grad_x=28,
    ),
    twofold: dict(
        grad_f=1, local_f_u=10, local_f_v=6, grad_u=10, grad_v=6, local_u_x=3, local_u_a=2,
        local_v_x=5, local_v_b=2, grad_x=60, grad_a=20, grad_b=12,
    ),
    neuron: dict(
        grad_f=1, local_f_z=S * (1 - S), grad_z=S * (1 - S), local_z_t1=1, local_z_b=1,
        grad_t1=S * (1 - S), grad_b=S * (1 - S), local_t1_x=3, local_t1_w=0.5,
        grad_x=3 * S * (1 - S), grad_w=0.5 * S * (1 - S),
    ),
    tanh: dict(grad_f=1, local_f_x=1 - T * T, grad_x=1 - T * T),
    exp: dict(
        grad_f=1, local_f_e=3, local_f_k=E, grad_k=E, grad_e=3, local_e_x=E, grad_x=3 * E
    ),
    quotient: dict(grad_f=1, local_f_a=1 / 4, local_f_b=-3 / 16, grad_a=1 / 4, grad_b=-3 / 16),
    cube: dict(grad_f=1, local_f_x=12, grad_x=12),
    larger: dict(
        grad_f=1, local_f_m=7, local_f_k=2, grad_m=7, grad_k=2, local_m_a=0, local_m_b=1, grad_a=0,
        grad_b=7,
    ),
}  # fmt: skip


def sheet_of(build, **options):
    f, names = build()
    return Worksheet(f, names={**names, "f": f}, **options)


# ------------------------------------------------------------------------------ right answers


@pytest.mark.parametrize("build", RIGHT)
def test_right_answers_are_right(build):
    sheet = sheet_of(build)
    assert set(sheet.fill(**RIGHT[build]).values()) == {"Right."}


@pytest.mark.parametrize("build", RIGHT)
def test_boxes_are_one_for_each_edge_and_node(build):
    assert {box.key for box in sheet_of(build).boxes} == set(RIGHT[build])


def test_boxes_come_in_backward_order():
    assert [box.key for box in sheet_of(product).boxes] == [
        *("grad_f", "local_f_q", "local_f_y"),
        *("grad_q", "local_q_x", "local_q_y"),
        *("grad_y", "grad_x"),
    ]


@pytest.mark.parametrize(
    "text", ["-3", "−3", "-6/2", "2*3 - 9", "-12/2^2", "-(1 + 2)", "x - 1", "q - 6", "-3.000"]
)
def test_numbers_and_formulas_are_read(text):
    x = Value(-2.0)
    q = x + 5.0
    f = q * -3.0
    sheet = Worksheet(f, names={"x": x, "q": q, "f": f})
    assert sheet.answer("grad_q", text) == "Right."


def test_three_digits_are_enough():
    assert sheet_of(tanh).answer("grad_x", "0.635") == "Right."  # 0.63473…


def test_two_digits_are_called_close():
    assert sheet_of(tanh).answer("grad_x", "0.63").startswith("Close")


@pytest.mark.parametrize("text", ["", "three", "0,5", "1/0", "2*", "__import__('os')", "nan"])
def test_what_is_no_number_is_said_to_be_none(text):
    assert sheet_of(product).answer("grad_x", text) == UNREADABLE


def test_what_is_no_number_costs_no_try():
    sheet = sheet_of(product)
    sheet.fill(grad_x="three")
    assert (sheet.fill(grad_x=5), sheet.score) == ({"grad_x": "Right."}, (1, 1, 8))


def test_unknown_box_is_an_error_that_lists_the_boxes():
    with pytest.raises(ValueError, match="no box 'dx'. It has: grad_f, local_f_q"):
        sheet_of(product).answer("dx", 5)


# ------------------------------------------------------------------------------ slips

SLIPS = [
    # a sign
    (product, "local_f_q", -5, "the sign is not: nudge q up; does f go up or down?"),
    (product, "grad_y", -8, "the sign is not: nudge y up; does f go up or down?"),
    (quotient, "local_f_b", 3 / 16, "the sign is not: nudge b up"),
    # a path
    (product, "grad_y", 3, "The path y → q → f is missing: y reaches f by two paths"),
    (product, "grad_y", 5, "The path y → f is missing: y reaches f by two paths"),
    (square, "grad_x", 3, "One of the two paths x → f is missing"),
    (diamond, "grad_a", 14 - 6, "The path a → b → c → f is missing: a reaches f by three paths"),
    (diamond, "grad_a", 14 - 1, "The path a → f is missing"),
    (diamond, "grad_a", 6, "That is the path a → b → c → f alone"),
    (diamond, "grad_x", 28 - 12, "The path x → a → b → c → f is missing"),
    (product, "grad_y", 8 + 3, "The path y → f is counted twice"),
    (product, "grad_y", 8 + 5, "The path y → q → f is counted twice"),
    (product, "grad_x", 5 + 5, "x → q → f is counted twice: it is the only path"),
    (square, "grad_x", 9, "counted twice"),
    (product, "grad_y", 3 * 5, "contributions of different paths add up"),
    (product, "grad_y", 5 - 3, "What comes back through f has the wrong sign"),
    # a factor
    (product, "grad_x", 1, "the local derivative ∂(x + y)/∂x alone: multiply it by the upstream"),
    (exp, "grad_x", E, "the local derivative ∂exp(x)/∂x alone"),
    (exp, "grad_x", 3, "the upstream gradient ∂f/∂e alone: multiply it by the local derivative"),
    (exp, "grad_x", 3 + E, "the sum of ∂f/∂e and ∂exp(x)/∂x: the chain rule multiplies them"),
    (product, "grad_y", 1 + 3, "Those are the local derivatives alone"),
    (twofold, "grad_x", 3 + 30, "On the way through u the upstream gradient ∂f/∂u is left out"),
    (twofold, "grad_x", 10 + 30, "On the way through u the local derivative ∂(x * a)/∂x is left"),
    (twofold, "grad_x", 10 + 6, "Those are the upstream gradients alone"),
    (exp, "local_e_x", 3 * E, "That holds the upstream gradient ∂f/∂e already"),
    (product, "local_f_y", 8, "That is the whole gradient of y"),
    (square, "local_f_x_1", 6, "all uses of x in f = x * x together"),
    # the wrong variable
    (product, "local_f_q", 3, "used q itself instead of the other operand, y"),
    (product, "local_f_y", 5, "used y itself instead of the other operand, q"),
    (product, "local_q_x", -2, "multiplied by x"),
    (tanh, "local_f_x", 1 - 0.7**2, "used the input x where the output f belongs"),
    (neuron, "grad_z", 0.5 * (1 - 0.5), "used the input z where the output f belongs"),
    (exp, "local_e_x", 0.7, "used the input x: the derivative of exp is its output, e"),
    (larger, "local_m_a", 1, "did not ask which operand is the larger one"),
    (larger, "local_m_b", 0.5, "did not ask which operand is the larger one"),
    # the wrong rule
    (quotient, "local_f_b", -3 / 4, "forgot to square the divisor"),
    (quotient, "local_f_a", 4, "used one over the derivative"),
    (cube, "local_f_x", 24, "did not lower the exponent by one"),
    (cube, "local_f_x", 4, "left out the factor n"),
    (cube, "local_f_x", 1, "used the rule of a sum"),
    # another number of the graph
    (product, "grad_f", 15, "That is the value of f"),
    (product, "grad_f", 0, "nothing would flow back"),
    (product, "local_q_x", 3, "That is the value of q"),
    # no known slip
    (product, "local_f_q", 4.2, "nudge q by h; by how many h does f = q * y move?"),
    (product, "grad_x", 4.2, "take what arrives at q, ∂f/∂q, times the local derivative ∂(x + y)"),
    (product, "grad_y", 4.2, "y is used two times, in f and q"),
    (neuron, "local_f_z", 7, "how does f tell its slope?"),
    (larger, "local_m_a", 7.7, "which of a and b decides m"),
    (cube, "local_f_x", 5.5, "what becomes of the exponent"),
]


@pytest.mark.parametrize("build, key, slip, words", SLIPS)
def test_slip_gets_its_own_sentence(build, key, slip, words):
    assert words in sheet_of(build).answer(key, slip)


def sentences(build, **options):
    """Every sentence for a wrong answer, with the box."""
    for box in sheet_of(build, **options).boxes:
        for sentence in (*(row.sentence for row in box.table.rows[1:]), box.table.nudge):
            yield box, sentence


@pytest.mark.parametrize("build", RIGHT)
def test_no_sentence_tells_the_right_number(build):
    for box, sentence in sentences(build):
        for formula_with_a_number in ("a = x * 2.0", "b = a + 1.0"):
            sentence = sentence.replace(formula_with_a_number, "")
        told = {word.strip(".,;:?") for word in sentence.split()}
        assert not told & {number(box.right), f"{box.right:g}"}


@pytest.mark.parametrize("build", RIGHT)
def test_every_answer_gets_one_sentence(build):
    for _, sentence in sentences(build):
        assert re.fullmatch(r"[A-Z][^\n]*[.?]", sentence)


@pytest.mark.parametrize("build", RIGHT)
def test_no_row_hides_behind_the_right_answer(build):
    for box in sheet_of(build).boxes:
        low, high, _ = box.table.rows[0]
        middles = [(row.low + row.high) / 2 for row in box.table.rows[1:-1]]
        assert not [x for x in middles if low <= x <= high]


def test_formula_that_is_a_slip_gets_the_slips_sentence():
    sheet = sheet_of(tanh)
    assert "the input x where the output f belongs" in sheet.answer("local_f_x", "1 - x^2")


def test_many_paths_are_told_by_the_node_that_they_come_through():
    x = Value(1.1)
    y = x
    for _ in range(5):
        y = y * y
    f = y * x
    sheet = Worksheet(f, names={"x": x, "y": y, "f": f})
    through = "What comes back through f is missing"
    assert sheet.answer("grad_x", 32 * 1.1**32).startswith(through)


# ------------------------------------------------------------------------------ score


def test_score_tells_right_ones_and_first_tries():
    sheet = sheet_of(product)
    sheet.fill(grad_f=1, grad_q=3)
    sheet.fill(grad_q=5)
    assert str(sheet.score) == "2 of 8 right, 1 at the first try"


def test_right_box_does_not_change_any_more():
    sheet = sheet_of(product)
    sheet.fill(grad_x=5)
    sheet.fill(grad_x=7)
    assert sheet.entries == {"grad_x": "5.0"}


def test_shown_answer_is_not_scored():
    sheet = sheet_of(product)
    sheet.state = {"entries": {"grad_x": "7"}, "tries": {"grad_x": 2}, "shown": ["grad_x"]}
    sheet.fill(grad_x=5)
    assert (sheet.score, sheet.entries) == ((0, 0, 8), {"grad_x": "7"})


def test_what_the_page_entered_is_scored_in_python():
    sheet = sheet_of(product)
    sheet.state = {"entries": {"grad_x": "y"}, "tries": {"grad_x": 1}, "shown": []}
    assert sheet.score == (1, 1, 8)


# ------------------------------------------------------------------------------ which graphs


def test_micrograd_has_a_worksheet():
    f, names = product(micrograd.engine.Value)
    sheet = Worksheet(f, names={**names, "f": f})
    assert set(sheet.fill(**RIGHT[product]).values()) == {"Right."}


def test_torch_has_a_worksheet():
    f, names = product(lambda data: torch.tensor(data, requires_grad=True))
    sheet = Worksheet(f, names={**names, "f": f})
    assert set(sheet.fill(**RIGHT[product]).values()) == {"Right."}


def test_torch_slips_are_named_by_their_usual_operation():
    f, names = product(lambda data: torch.tensor(data, requires_grad=True))
    sheet = Worksheet(f, names={**names, "f": f})
    assert "In ∂(q * y)/∂q it looks as if you used q" in sheet.answer("local_f_q", 3)


def test_torch_division_by_a_number_has_a_worksheet():
    x = torch.tensor(3.0, requires_grad=True)
    f = (x / 4.0) ** 2
    sheet = Worksheet(f, names={"x": x, "f": f})
    assert sheet.answer("grad_x", 2 * 3 / 16) == "Right."


def test_wrong_engine_does_not_decide_what_is_right():
    broken = engine(mul=lambda s, o, out: None)
    f, names = product(broken)
    assert Worksheet(f, names={**names, "f": f}).answer("grad_x", 5) == "Right."


def test_engine_without_backward_has_a_worksheet():
    class Number:
        def __init__(self, data, parents=(), op=""):
            self.data, self.grad, self.parents, self.op = data, 0.0, parents, op

        def __add__(self, other):
            return Number(self.data + other.data, (self, other), "+")

        def __mul__(self, other):
            return Number(self.data * other.data, (self, other), "*")

    f, names = product(Number)
    assert Worksheet(f, names={**names, "f": f}).answer("grad_y", 8) == "Right."


def test_constants_are_not_asked_for():
    x = Value(2.0)
    f = (x * 3.0 + Value(1.0) * Value(4.0)) ** 2
    sheet = Worksheet(f, names={"x": x, "f": f})
    assert not [box.key for box in sheet.boxes if "const" in box.key]


def test_graph_without_any_name_is_asked_for_as_a_whole():
    assert len(Worksheet(Value(2.0) * Value(3.0), names={}).boxes) == 5


def test_two_nodes_of_one_name_have_boxes_of_their_own():
    f = Value(2.0, name="x") * Value(3.0, name="x")
    keys = [box.key for box in Worksheet(f, names={"f": f}).boxes]
    assert len(set(keys)) == len(keys) == 5


@pytest.mark.parametrize("slope", [0, 0.5, 1])
def test_at_a_kink_every_defensible_slope_is_right(slope):
    x = Value(0.0)
    f = x.relu()
    sheet = Worksheet(f, names={"x": x, "f": f})
    assert sheet.answer("local_f_x", slope).startswith("Right: at this kink every slope from 0.0")


def test_sum_that_cancels_takes_zero_for_an_answer():
    x = Value(0.1)
    f = x * 3.0 - (x + x + x)
    assert Worksheet(f, names={"x": x, "f": f}).answer("grad_x", 0) == "Right."


def test_arrays_get_a_sentence():
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match="single numbers; this graph holds arrays"):
        Worksheet((x * 2).sum())


def test_infinite_derivative_gets_a_sentence():
    x = Value(math.inf)
    with pytest.raises(ValueError, match="not finite; choose other values"):
        Worksheet(x * x, names={"x": x})


def test_unknown_operation_without_a_push_gets_a_sentence():
    class Odd(Value):
        __slots__ = ()

        def backward(self):
            self.grad = 1.0

    x = Odd(2.0)
    f = Odd(7.3, (x,), (1.0,), "odd")
    with pytest.raises(ValueError, match="derivative of `odd` at f is not known"):
        Worksheet(f, names={"x": x, "f": f})


# ------------------------------------------------------------------------------ values, too


def test_forward_values_can_be_asked_for_first():
    sheet = sheet_of(product, values=False)
    assert [box.key for box in sheet.boxes][:3] == ["value_q", "value_f", "grad_f"]


@pytest.mark.parametrize(
    "slip, words",
    [(-3, "sign is not"), (-10, "That is x * y"), (-7, "x - y"), (9, "the numbers of")],
)
def test_slip_in_a_value_gets_its_own_sentence(slip, words):
    assert words in sheet_of(product, values=False).answer("value_q", slip)


def test_value_that_is_asked_for_cannot_be_entered_as_its_name():
    assert sheet_of(product, values=False).answer("value_q", "q") == UNREADABLE


def test_value_that_is_asked_for_is_not_shown():
    sheet = sheet_of(product, values=False)
    assert "15.0" not in sheet.text + sheet.svg


# ------------------------------------------------------------------------------ its forms


@pytest.mark.parametrize("build", [product, square, exp, twofold])
def test_no_two_boxes_ask_for_the_same_symbol(build):
    labels = [box.label.replace(" (local)", "") for box in sheet_of(build).boxes]
    assert len(set(labels)) == len(labels)


def test_text_form_has_a_blank_for_each_box():
    assert sheet_of(square).text.splitlines() == [
        "Worksheet: f, 4 boxes",
        "  x = 3.0",
        "  f = x * x = 9.0",
        "  grad_f       ∂f/∂f = ____",
        "  local_f_x_1  ∂(x * x)/∂x (local, operand 1) = ____",
        "  local_f_x_2  ∂(x * x)/∂x (local, operand 2) = ____",
        "  grad_x       ∂f/∂x = ____",
    ]


def test_text_form_shows_what_was_entered():
    sheet = sheet_of(square)
    sheet.fill(grad_f=1, grad_x="3")
    assert "grad_x       ∂f/∂x = 3 ✗" in sheet.text
    assert sheet.text.endswith("1 of 4 right, 1 at the first try")


def test_picture_hides_gradients_that_the_engine_has():
    f, names = product()
    f.backward()
    sheet = Worksheet(f, names={**names, "f": f})
    assert re.findall(r'class="ag-grad"[^>]*>([^<]*)', sheet.svg) == ["∂ ?"] * 4
    assert "grad 8" not in sheet.svg and "8.0" not in sheet.svg


def test_picture_shows_values():
    sheet = sheet_of(product)
    assert re.findall(r'class="ag-value"[^>]*>([^<]*)', sheet.svg) == ["−2.0", "5.0", "3.0", "15.0"]


def widgets():
    return {
        "worksheet": sheet_of(product),
        "prediction": predict("Which is larger?", ["a", "b"], "a", "It is two."),
        "stepper": stepper_of(product),
    }


KINDS = ["worksheet", "prediction", "stepper"]


@pytest.mark.parametrize("kind", KINDS)
def test_bundle_has_a_page_and_a_text(kind):
    widget = widgets()[kind]
    made = widget._repr_mimebundle_()
    bundle = made[0] if isinstance(made, tuple) else made
    assert (bundle["text/html"], bundle["text/plain"]) == (widget.page(), widget.text)


@pytest.mark.parametrize("kind", KINDS)
def test_page_needs_no_network(kind):
    page = widgets()[kind].page()
    pictures = re.findall(r"base64,([\w+/=]+)", page)
    text = page + "".join(base64.b64decode(p).decode() for p in pictures)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert set(re.findall(r"https?://[^\s\"'\\<]+", text)) <= namespaces


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_the_same_every_time(kind):
    assert widgets()[kind].page() == widgets()[kind].page()


@pytest.mark.parametrize("kind", KINDS)
def test_data_is_plain_json(kind):
    data = widgets()[kind].data
    assert json.dumps(data, allow_nan=False)


# ------------------------------------------------------------------------------ predict

QUESTION = "Which is larger, `e**2` or 7?"


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """Each test is a session of its own."""
    monkeypatch.setattr(prediction, "_session", {})


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Progress is on, in a folder of its own."""
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path))
    return tmp_path


def ask(name=None, choices=("e²", "7")):
    return predict(QUESTION, list(choices), "e²", "It is `7.389`.", name=name)


def restart(monkeypatch):
    monkeypatch.setattr(prediction, "_session", {})


def test_answer_comes_with_the_commit():
    said = ask().commit("e²", 90)
    assert said == "Right: you said e², 90 % sure. It is `7.389`."


def test_wrong_prediction_is_told_the_answer():
    said = ask().commit("7", 60)
    assert said == "Not this time: you said 7, 60 % sure. The answer is e². It is `7.389`."


def test_text_before_the_commit_is_question_and_choices():
    assert ask().text.splitlines() == [
        QUESTION,
        "  ○ e²",
        "  ○ 7",
        "Run this notebook to commit to an answer.",
    ]


def test_nothing_before_the_commit_tells_the_answer():
    open_question = ask()
    assert "7.389" not in open_question.page() + open_question.text + json.dumps(open_question.data)


def test_commit_is_final():
    question = ask()
    question.commit("7", 60)
    question.commit("e²", 99)
    assert (question.right, question.state["confidence"]) == (False, 60)


def test_commit_from_the_page_is_final_too():
    question = ask()
    question.state = {"choice": 1, "confidence": 75}
    question.state = {}
    assert question.committed


def test_question_that_runs_again_in_a_session_stays_committed():
    ask().commit("7", 60)
    assert ask().committed


@pytest.mark.parametrize(
    "choices, answer, words",
    [
        (["a", "b"], "c", "must be one of the choices"),
        (["a"], "a", "at least two different choices"),
        (["a", "a"], "a", "at least two different choices"),
    ],
)
def test_question_that_cannot_be_asked_is_an_error(choices, answer, words):
    with pytest.raises(ValueError, match=words):
        predict("?", choices, answer)


@pytest.mark.parametrize("choice, confidence", [("8", 60), ("7", 61)])
def test_commit_to_something_else_is_an_error(choice, confidence):
    with pytest.raises(ValueError, match="one of"):
        ask().commit(choice, confidence)


@pytest.mark.parametrize("count, chance", [(2, 50), (3, 33), (4, 25), (5, 20)])
def test_the_lowest_certainty_is_chance(count, chance):
    question = predict("?", list("abcde")[:count], "a")
    assert question.data["confidences"][0] == chance
    question.commit("b", chance)
    assert calibration().levels == {chance: (0, 1)}


def test_certainties_rise_and_every_one_above_chance_is_offered_for_any_number_of_choices():
    for count in range(2, 7):
        levels = predict("?", list("abcdef")[:count], "a").data["confidences"]
        assert levels == sorted(set(levels))
        assert levels[-5:] == [50, 60, 75, 90, 99]


def test_less_than_chance_is_an_error():
    with pytest.raises(ValueError, match="one of 50, 60, 75, 90, 99"):
        ask().commit("7", 25)


def test_prediction_is_kept(kept):
    ask(name="e").commit("7", 60)
    record = memory.load_predictions()["e"]
    assert (record["choice"], record["confidence"], record["right"]) == ("7", 60, False)


def test_kept_prediction_is_committed_in_the_next_session(kept, monkeypatch):
    ask().commit("7", 60)
    restart(monkeypatch)
    assert ask().state == {"choice": 1, "confidence": 60}


def test_question_with_other_choices_is_asked_again(kept, monkeypatch):
    ask(name="e").commit("7", 60)
    restart(monkeypatch)
    assert not ask(name="e", choices=("e²", "8")).committed


def test_same_question_with_other_choices_is_another_question(kept):
    ask(choices=("e²", "8")).commit("8", 60)
    assert not ask().committed


def test_nothing_is_written_where_progress_is_off(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask().commit("7", 60)
    assert memory.folder() is None and list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------ calibration


def commit(*outcomes):
    """Predictions with these (confidence, right)."""
    for i, (confidence, right) in enumerate(outcomes):
        predict(f"{i}?", ["yes", "no"], "yes").commit("yes" if right else "no", confidence)


def test_calibration_of_nothing_is_a_sentence():
    assert repr(calibration()).startswith("No prediction is kept yet.")


def test_calibration_counts_each_confidence():
    commit((50, True), (50, False), (90, True))
    assert calibration().levels == {50: (1, 2), 90: (1, 1)}


def test_calibration_says_how_often_and_the_commonest_confidence():
    commit((50, True), (90, True), (90, False))
    start = "You were right in 2 of 3; when you said 90 %, in 1 of 2."
    assert calibration().sentence == f"{start} That is too few to say more."


@pytest.mark.parametrize(
    "outcomes, words",
    [
        ([(90, False)] * 5, "surer than you are right"),
        ([(50, True)] * 8, "you know more than you think"),
        ([(50, True), (50, False)] * 4, "agrees, within chance"),
    ],
)
def test_calibration_compares_with_the_confidence(outcomes, words):
    commit(*outcomes)
    assert words in calibration().sentence


@pytest.mark.parametrize(
    "right, words", [(3, "agrees, within chance"), (0, "surer"), (9, "more than you think")]
)
def test_guesses_among_four_are_right_in_one_of_four(right, words):
    for i in range(12):
        predict(f"{i}?", list("abcd"), "a").commit("a" if i < right else "b", 25)
    assert words in calibration().sentence


def test_calibration_reads_what_was_kept(kept, monkeypatch):
    commit((75, True))
    restart(monkeypatch)
    assert calibration().levels == {75: (1, 1)}


def test_calibration_leaves_out_records_that_it_cannot_read(kept):
    memory.save_prediction("other", {"answer": "a"})
    commit((75, True))
    assert calibration().levels == {75: (1, 1)}


@pytest.mark.parametrize("confidence", [None, "75", 0, 100, [75]])
def test_calibration_leaves_out_certainties_that_are_none(kept, confidence):
    record = {"choice": "a", "right": True, "confidence": confidence}
    memory.save_prediction("other", record)
    assert calibration().levels == {}


def test_calibration_marks_chance_where_the_bar_would_end():
    predict("?", list("abcd"), "a").commit("a", 25)
    assert "left:40px" in calibration()._repr_html_()  # a quarter of 160 pixels


def test_calibration_shows_a_bar_for_each_confidence():
    commit((50, True), (90, True))
    assert calibration()._repr_html_().count("<tr>") == 2


def test_calibration_as_text():
    commit((50, True), (50, False))
    assert repr(calibration()).splitlines()[1] == "  50 % sure  █████·····  right in 1 of 2"


# ------------------------------------------------------------------------------ stepper


def stepper_of(build, **options):
    f, names = build()
    return Stepper(f, names={**names, "f": f}, **options)


def test_stepper_tells_the_forward_and_the_backward_pass():
    assert [str(step) for step in stepper_of(product).steps] == [
        "The leaves have values.",
        "q = x + y = 3.0",
        "f = q * y = 15.0",
        "∂f/∂f = 1.0",
        "∂f/∂q += ∂f/∂f · ∂f/∂q = 1.0 × 5.0 = 5.0",
        "∂f/∂y += ∂f/∂f · ∂f/∂y = 1.0 × 3.0 = 3.0",
        "∂f/∂x += ∂f/∂q · ∂q/∂x = 5.0 × 1.0 = 5.0",
        "∂f/∂y += ∂f/∂q · ∂q/∂y = 5.0 × 1.0 = 5.0; with the 3.0 that was there: 8.0",
    ]


def test_step_can_be_set():
    stepper = stepper_of(product)
    stepper.step = 7
    assert stepper.state["step"] == stepper.step == 7


@pytest.mark.parametrize("k", [-1, 8, True, 1.0, "1", None])
def test_step_outside_the_steps_is_an_error(k):
    with pytest.raises(ValueError, match="has the steps 0 to 7"):
        stepper_of(product).step = k


def overwriting():
    """An engine that writes `=` where `+=` belongs."""

    def add(s, o, out):
        s.grad = out.grad
        o.grad = out.grad

    return engine(add=add)


def test_engine_that_overwrites_is_shown_overwriting():
    f, names = product(overwriting())
    last = Stepper(f, names={**names, "f": f}).steps[-1].text
    assert last.endswith("the 3.0 that was there is lost")


def test_several_graphs_are_variants():
    right, wrong = product()[0], product(overwriting())[0]
    stepper = Stepper({"+=": right, "=": wrong}, names={})
    assert [variant["label"] for variant in stepper.data["variants"]] == ["+=", "="]


def test_steps_are_those_of_the_variant_that_is_shown():
    stepper = Stepper({"long": product()[0], "short": square()[0]}, names={})
    stepper.state = {"variant": 1, "step": 0}
    assert len(stepper.steps) == 5


def test_drive_mode_knows_the_right_gradients_and_who_waits_for_whom():
    drive = stepper_of(product, drive=True).data["drive"]
    assert dict(zip(drive["names"], drive["right"])) == {"x": 5, "y": 8, "q": 5, "f": 1}
    assert [len(users) for users in drive["consumers"]] == [1, 2, 1, 0]


def test_drive_mode_takes_no_arrays():
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match="this graph holds arrays"):
        Stepper((x * 2).sum(), drive=True)


@pytest.mark.parametrize(
    "make", [micrograd.engine.Value, lambda data: torch.tensor(data, requires_grad=True)]
)
def test_stepper_ends_with_the_same_gradients_in_other_engines(make):
    f, names = product(make)
    steps = Stepper(f, names={**names, "f": f}).steps
    assert any(step.text.endswith("8.0") for step in steps)


def test_stepper_leaves_the_engines_gradients_alone():
    f, names = product()
    Stepper(f, names={**names, "f": f})
    assert [node.grad for node in (f, *names.values())] == [0.0] * 4


def test_drive_mode_has_no_steps_to_set():
    stepper = Stepper(Value(2.0) * 3.0, drive=True)
    with pytest.raises(ValueError, match="chooses the pushes"):
        stepper.step = 1


def test_drive_mode_needs_the_whole_graph():
    with pytest.raises(ValueError, match="whole graph"):
        Stepper(Value(2.0) * 3.0, drive=True, depth=1)
