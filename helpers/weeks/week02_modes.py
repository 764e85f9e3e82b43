"""Week 2, second half: derivatives without a difference, and what each way of getting them costs."""

from __future__ import annotations

import math

from helpers.exercise import exercise, paper
from helpers.weeks import week02_cases as cases
from helpers.weeks import week02_dual_cases as duals
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ the complex step


@exercise(
    minutes=8,
    difficulty=2,
    cases=cases.COMPLEX_POINTS,
    judge=cases.without_a_difference,
    hints=[
        "Put x + ih into Taylor's series: which power of h stands in front of i·f′(x)?",
        "The imaginary part of f(x + ih) is h·f′(x), up to h³. In Python i is `1j`.",
        "`f(x + 1j * h).imag / h` with a tiny h such as 1e-30: nothing is subtracted.",
    ],
)
def complex_step(f, x):
    """f′(x) from one value of f, at a point beside the real axis."""
    h = 1e-30
    return f(x + 1j * h).imag / h


for _code, _why, *_changes in [
    ("REALPART", "The real part is f(x) itself. The slope sits in the imaginary part.",
     (".imag", ".real")),
    ("NODIVISION", "Nearly nothing comes out. The imaginary part is h·f′(x): divide it by h. If it is exactly 0, your "
     "nudge was real: write `1j * h`.",
     (".imag / h", ".imag")),
    ("BIGSTEP", "Right idea, but your step leaves a truncation error of about h². Nothing is subtracted here, so "
     "nothing speaks against 1e-30.",
     ("1e-30", "1e-3")),
    ("SIGNLOST", "`abs` forgets the sign of the slope. Take the imaginary part.",
     ("f(x + 1j * h).imag / h", "abs(f(x + 1j * h) - f(x)) / h")),
    ("SIGNLOST", "`abs` forgets the sign of the slope. Take the imaginary part as it is.",
     ("f(x + 1j * h).imag / h", "abs(f(x + 1j * h).imag) / h")),
    ("BOTHSIDES", "From x − ih to x + ih you move by 2ih, so that is twice the slope. One side is enough: there is "
     "nothing to subtract.",
     ("f(x + 1j * h).imag / h", "(f(x + 1j * h) - f(x - 1j * h)).imag / h")),
    ("BASELOST", "You start at 0: x is missing in x + ih.",
     ("x + 1j * h", "1j * h")),
    ("NOTREAL", "The whole complex number is divided by h. Only the imaginary part holds the slope: `.imag` first.",
     (".imag / h", " / h")),
    ("NOTREAL", "A slope of a real function is a real number: take the imaginary part, `.imag`.",
     ("f(x + 1j * h).imag / h", "(f(x + 1j * h) - f(x)) / h")),
]:  # fmt: skip
    complex_step.mistake(_code, _why)(rewritten(complex_step.reference, *_changes))


# ------------------------------------------------------------------ dual numbers

dual_rules = paper(
    "dual_rules",
    "D22: the tangent of each operation on a + daε and b + dbε, with ε² = 0",
    answers=dict(
        dadd="da + db",
        dsub="da - db",
        dmul="da * b + a * db",
        ddiv="da / b - a * db / b**2",
        dexp="exp(a) * da",
        dtanh="(1 - tanh(a)**2) * da",
    ),
    at=dict(a=3.0, da=0.5, b=2.0, db=5.0),
    advice="Compute with a + daε and b + dbε, drop every ε², and collect what stands in front of ε.",
    minutes=12,
    difficulty=2,
    hints=[
        "Multiply out as you would any brackets, drop every ε², and collect what stands in front of ε.",
        "For the quotient multiply both sides by the denominator: (q + dqε)(b + dbε) = a + daε gives "
        "q·b = a and dq·b + q·db = da.",
        "For a function use Taylor's series: g(a + daε) = g(a) + g′(a)·daε, and that is exact, because "
        "ε² = 0.",
    ],
    mistakes={
        "PRODUCTRULE": (
            dict(dmul="da * db"),
            "da·db stands in front of ε², which is 0. In front of ε stand the two mixed products.",
        ),
        "ONESIDE": (
            dict(dmul="da * b"),
            "That is how the product answers to a alone. b moves, too.",
        ),
        "OTHERSIDE": (
            dict(dadd="da", dsub="da", dmul="a * db", ddiv="da / b"),
            "That is how the result answers to one of the two alone. The other one moves, too.",
        ),
        "EPSILONSQUARED": (
            dict(dmul="da * b + a * db + da * db"),
            "da·db stands in front of ε², and ε² is 0: drop it.",
        ),
        "LOCALONLY": (
            dict(dadd="1", dmul="b"),
            "That is a local derivative. A tangent says how fast the result moves: multiply by how fast a and b move.",
        ),
        "SUBSIGN": (dict(dsub="da + db"), "Where b grows, a − b shrinks: minus db."),
        "DIVSIGN": (
            dict(ddiv="da / b + a * db / b**2"),
            "A larger denominator makes the quotient smaller: minus in front of the second term.",
        ),
        "DIVSQUARE": (
            dict(ddiv="(da * b - a * db) / b"),
            "The denominator is squared. Check it with db = 0: then da/b must remain.",
        ),
        "DIVONCE": (
            dict(ddiv="da / b - a * db / b"),
            "The first term is right. The slope of 1/b is −1/b²: b is squared in the second.",
        ),
        "BRACKETS": (
            dict(ddiv="da * b - a * db / b**2", dtanh="1 - tanh(a)**2 * da"),
            "Parentheses: division and multiplication bind before minus.",
        ),
        "OFTANGENT": (
            dict(dexp="exp(da)", dtanh="tanh(da)"),
            "The function is applied to the value a, not to its tangent. Taylor: g(a + daε) = g(a) + g′(a)·daε.",
        ),
        "NOSQUARE": (
            dict(dtanh="(1 - tanh(a)) * da"),
            "tanh′ is 1 − t², with the square.",
        ),
        "POWERRULE": (
            dict(dexp="a * exp(a - 1) * da"),
            "That is the rule for powers of a. In eᵃ the variable is the exponent: exp is its own derivative.",
        ),
        "DIVTANGENTS": (
            dict(ddiv="da / db"),
            "The tangent of a quotient is not the quotient of the tangents; for constant b it would be "
            "infinite.",
        ),
        "NOCHAIN": (
            dict(dexp="exp(a)", dtanh="1 - tanh(a)**2"),
            "That is the local derivative. a itself moves at the rate da: multiply by it.",
        ),
        "TANHIN": (
            dict(dtanh="(1 - a**2) * da"),
            "tanh′ is 1 − t² with the *output* t = tanh(a), not with the input.",
        ),
    },
)


class Dual:
    """A number and its tangent: data + tangent·ε, with ε² = 0."""

    def __init__(self, data, tangent=0.0):
        self.data = data
        self.tangent = tangent

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data + other.data, self.tangent + other.tangent)

    def __sub__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data - other.data, self.tangent - other.tangent)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        a, b = self.data, other.data
        return Dual(a * b, self.tangent * b + a * other.tangent)

    def __truediv__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        a, b = self.data, other.data
        return Dual(a / b, self.tangent / b - a * other.tangent / b**2)

    def tanh(self):
        t = math.tanh(self.data)
        return Dual(t, (1.0 - t**2) * self.tangent)

    def exp(self):
        e = math.exp(self.data)
        return Dual(e, e * self.tangent)


dual = exercise(
    minutes=25,
    difficulty=2,
    cases=duals.DUALS,
    advice=duals.about_the_tangent,
    version=2,
    hints=[
        "Each method returns a new Dual: the number as usual, and the tangent by the rule that you derived "
        "for that operation.",
        "`__mul__` returns Dual(a*b, da*b + a*db), where a, da are `self.data`, `self.tangent` and b, db "
        "those of `other`. A plain number on the right becomes Dual(number) first: its tangent is 0.",
        "tanh: t = math.tanh(self.data), then Dual(t, (1 − t²)·self.tangent). exp: its output is its own "
        "local derivative.",
    ],
)(Dual)

for _code, _why, *_changes in [
    ("PRODUCTRULE", "You multiply the tangents. In (a + daε)(b + dbε) that product stands in front of ε² = 0; in front "
     "of ε stands da·b + a·db.",
     ("self.tangent * b + a * other.tangent", "self.tangent * other.tangent")),
    ("ONESIDE", "In your product only one of the two factors moves. Add the other term of da·b + a·db.",
     ("self.tangent * b + a * other.tangent", "self.tangent * b")),
    ("OWNDATA", "A product swaps: da goes with b, and db with a.",
     ("self.tangent * b + a * other.tangent", "self.tangent * a + b * other.tangent")),
    ("SUBSIGN", "In a − b the tangent of b counts with a minus.",
     ("self.tangent - other.tangent", "self.tangent + other.tangent")),
    ("DIVSIGN", "In a/b the tangent of b counts with a minus: −a·db/b².",
     ("self.tangent / b - a", "self.tangent / b + a")),
    ("DIVSQUARE", "The denominator is squared: −a·db/b².",
     ("other.tangent / b**2", "other.tangent / b")),
    ("NOCHAIN", "tanh and exp lose the tangent that comes in. The local derivative is a factor: multiply by "
     "`self.tangent`.",
     ("(1.0 - t**2) * self.tangent", "1.0 - t**2"), ("e * self.tangent", "e")),
    ("NOCHAIN", "exp loses the tangent that comes in: e is the local derivative alone. Multiply it by "
     "`self.tangent`.",
     ("e * self.tangent", "e")),
    ("NOCHAIN", "tanh loses the tangent that comes in: 1 − t² is the local derivative alone. Multiply it by "
     "`self.tangent`.",
     ("(1.0 - t**2) * self.tangent", "1.0 - t**2")),
    ("NOLOCAL", "exp passes the tangent on unchanged. Multiply it by the local derivative, which is e.",
     ("e * self.tangent", "self.tangent")),
    ("NOLOCAL", "tanh passes the tangent on unchanged. Multiply it by the local derivative, 1 − t².",
     ("(1.0 - t**2) * self.tangent", "self.tangent")),
    ("ZEROTANGENT", "exp returns a Dual without a tangent, so it counts as a constant. Pass the tangent on as "
     "the second argument: e times `self.tangent`.",
     ("e, e * self.tangent", "e")),
    ("ZEROTANGENT", "tanh returns a Dual without a tangent, so it counts as a constant. Pass the tangent on as "
     "the second argument: (1 − t²) times `self.tangent`.",
     ("t, (1.0 - t**2) * self.tangent", "t")),
    ("ZEROTANGENT", "tanh and exp return a Dual without a tangent, so they count as constants. Pass the tangent "
     "on as the second argument, times the local derivative.",
     ("e, e * self.tangent", "e"), ("t, (1.0 - t**2) * self.tangent", "t")),
    ("TANHIN", "tanh′ is 1 − t² with the *output* t; you used the input.",
     ("1.0 - t**2", "1.0 - self.data**2")),
    ("DIVTANGENTS", "You divide the tangents. The tangent of a quotient is da/b − a·db/b²; for a constant b, "
     "with db = 0, da/b must remain.",
     ("self.tangent / b - a * other.tangent / b**2", "self.tangent / (other.tangent or 1.0)")),
    ("DIVSQUARE", "The whole numerator da·b − a·db stands over b², and you divide by b only.",
     ("self.tangent / b - a * other.tangent / b**2", "(self.tangent * b - a * other.tangent) / b")),
    ("ONESIDE", "In your quotient only a moves. b moves, too: −a·db/b².",
     ("self.tangent / b - a * other.tangent / b**2", "self.tangent / b")),
    ("PLAINNUMBER", "A plain number on the right has no `.data` and no `.tangent`. Make it a Dual first: "
     "`other = other if isinstance(other, Dual) else Dual(other)`.",
     ("other if isinstance(other, Dual) else Dual(other)", "other")),
    ("CONSTANTMOVES", "A plain number does not move: its tangent is 0, not 1.",
     ("Dual(other)", "Dual(other, 1.0)")),
    ("ZEROTANGENT", "Your results all have the tangent 0: pass the tangent on as the second argument of Dual.",
     ("self.tangent + other.tangent", "0.0"), ("self.tangent - other.tangent", "0.0"),
     ("self.tangent * b + a * other.tangent", "0.0"),
     ("self.tangent / b - a * other.tangent / b**2", "0.0"),
     ("(1.0 - t**2) * self.tangent", "0.0"), ("e * self.tangent", "0.0")),
]:  # fmt: skip
    dual.mistake(_code, _why)(rewritten(Dual, *_changes))


@exercise(
    minutes=8,
    difficulty=2,
    cases=duals.JVPS,
    judge=duals.right_in_one_pass,
    hints=[
        "Every input starts with a tangent of its own: how fast it moves when you walk along v.",
        "Make a Dual of each pair (x[i], v[i]) and give all of them to f at once.",
        "f(*[Dual(a, da) for a, da in zip(x, v)]) is a Dual. Its tangent is the answer.",
    ],
)
def jvp(f, x, v):
    """The slope of f at x along the direction v, in one pass with dual numbers."""
    return f(*[Dual(a, da) for a, da in zip(x, v)]).tangent


for _code, _why, *_changes in [
    ("ONES", "All your inputs move at the rate 1. Along v the input x[i] moves at the rate v[i].",
     ("Dual(a, da)", "Dual(a, 1.0)")),
    ("NOTANGENT", "No input moves, so nothing does: give x[i] the tangent v[i].",
     ("Dual(a, da)", "Dual(a)")),
    ("ISDUAL", "That is a Dual, with value and slope. Asked for is the slope: `.tangent`.",
     (".tangent", "")),
    ("STARTSUM", "You add up the tangents of the *inputs*, and f is never run. Give the Duals to f; the result has the "
     "tangent.",
     ("f(*[Dual(a, da) for a, da in zip(x, v)]).tangent", "sum(v)")),
    ("WHOLEGRADIENT", "Those are all n slopes, one for each input. Along v it is one number, and one pass: give each "
     "input its own entry of v.",
     ("return f(*[Dual(a, da) for a, da in zip(x, v)]).tangent",
      "return [f(*[Dual(a, float(i == j)) for j, a in enumerate(x)]).tangent for i in range(len(x))]")),
    ("RETURNSDATA", "`.data` is the value of f. Its slope along v is `.tangent`.",
     (".tangent", ".data")),
    ("SWAPPED", "The point and the direction have changed places: Dual(x[i], v[i]).",
     ("Dual(a, da)", "Dual(da, a)")),
    ("NOTUNPACKED", "f takes its inputs one by one. Put a star before the list: `f(*inputs)`.",
     ("f(*[", "f([")),
    ("ONEPERINPUT", "The number is right, but you run f once for each input. All tangents travel in one pass: give "
     "each input its own entry of v.",
     ("return f(*[Dual(a, da) for a, da in zip(x, v)]).tangent",
      "return sum(da * f(*[Dual(a, float(i == j)) for j, a in enumerate(x)]).tangent\n"
      "               for i, da in enumerate(v))")),
]:  # fmt: skip
    jvp.mistake(_code, _why)(rewritten(jvp.reference, *_changes))


# ------------------------------------------------------------------ the price of a gradient

price = paper(
    "price",
    "how many passes through f all n derivatives of one output take, and all of m outputs",
    answers=dict(
        forward_differences="n + 1",
        central_differences="2 * n",
        complex_steps="n",
        dual_passes="n",
        reverse_passes="1",
        reverse_passes_m_outputs="m",
    ),
    at=dict(n=5.0, m=3.0),
    advice="What does one pass give: how the outputs answer to one input, or one output to all inputs?",
    minutes=5,
    difficulty=1,
    hints=[
        "Each nudge answers for one input only, however many outputs there are.",
        "Forward differences share f(x): one call for it, one for each nudge. Central ones share nothing.",
        "A backward pass starts at one output and reaches all inputs. With m outputs there are m starts.",
    ],
    mistakes={
        "SHARED": (
            dict(forward_differences="2 * n"),
            "f(x) is the same for all n quotients: compute it once.",
        ),
        "NOBASE": (
            dict(forward_differences="n"),
            "n nudged values, and f(x) itself: every quotient subtracts it.",
        ),
        "FORWARD": (
            dict(central_differences="n + 1"),
            "That is the bill of forward differences. Central ones go to both sides of x.",
        ),
        "ONESIDE": (
            dict(central_differences="n"),
            "Each central quotient takes *two* values, one on either side, and shares none.",
        ),
        "ALLNUDGES": (
            dict(complex_steps="1"),
            "One value of f answers to one nudge. Nudge all inputs at once, and their slopes arrive added up.",
        ),
        "NOSUBTRACTION": (
            dict(complex_steps="n + 1"),
            "Nothing is subtracted here, so f(x) itself is not needed.",
        ),
        "TWOSIDES": (
            dict(complex_steps="2 * n", dual_passes="2 * n"),
            "There is no second side here: a single pass gives a slope.",
        ),
        "THEREANDBACK": (
            dict(reverse_passes="2", reverse_passes_m_outputs="2 * m"),
            "There and back count as one pass of reverse mode here. What it costs is counted below.",
        ),
        "EVERYPAIR": (
            dict(reverse_passes_m_outputs="m * n"),
            "That is how many slopes there are. One pass from an output reaches all n inputs.",
        ),
        "PERINPUT": (
            dict(reverse_passes="n"),
            "One backward pass reaches every input: each node pushes once, to all its parents.",
        ),
        "ALLTANGENTS": (
            dict(dual_passes="1"),
            "One pass gives one direction: a single number for each output. The n derivatives are n "
            "directions.",
        ),
        "ALLOUTPUTS": (
            dict(reverse_passes_m_outputs="1"),
            "A backward pass starts at one output. Started at two at once, it gives the gradient of their "
            "sum.",
        ),
    },
)
