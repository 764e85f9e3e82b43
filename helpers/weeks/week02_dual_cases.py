"""Week 2: what dual numbers are tried on, and what is said about a wrong tangent."""

from __future__ import annotations

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong


def _dual_case(label, build, *starts):
    def run(Dual):
        operands = [Dual(a, da) for a, da in starts]
        out = build(*operands)
        if not hasattr(out, "tangent"):
            return Wrong(
                f"{label.partition(' with ')[0]} gives {show(out)}. Every operation returns a new "
                "Dual, with a value and a tangent.",
                "NOTDUAL",
            )
        if any(d.data != a or abs(d.tangent - da) > 1e-15 for d, (a, da) in zip(operands, starts)):
            return Wrong(
                "Your operation changes its operands. Whoever has them in use still needs them as "
                "they were: return a new Dual.",
                "INPLACE",
            )
        return {"data": out.data, "tangent": out.tangent}

    return Case(label, run)


_A, _B = (0.8, 1.5), (-1.3, 0.4)
DUALS = [
    _dual_case(f"{label} with a = 0.8 + 1.5ε, b = −1.3 + 0.4ε", build, _A, _B)
    for label, build in [
        ("a + b", lambda a, b: a + b),
        ("a − b", lambda a, b: a - b),
        ("a · b", lambda a, b: a * b),
        ("a / b", lambda a, b: a / b),
        ("tanh(a)", lambda a, b: a.tanh()),
        ("exp(b)", lambda a, b: b.exp()),
        ("a + 2 (a number)", lambda a, b: a + 2.0),
        ("a − 2 (a number)", lambda a, b: a - 2.0),
        ("a · 3 (a number)", lambda a, b: a * 3.0),
        ("a / 4 (a number)", lambda a, b: a / 4.0),
        ("a · a", lambda a, b: a * a),
        ("(a + b) · b", lambda a, b: (a + b) * b),
        ("tanh(a·b) + exp(a)/(b + 2)", lambda a, b: (a * b).tanh() + a.exp() / (b + 2.0)),
    ]
] + [_dual_case("Dual(3.0), a constant", lambda a: a * a, (3.0, 0.0))]


_METHODS = {
    "a + b": ("__add__", "dadd"),
    "a − b": ("__sub__", "dsub"),
    "a · b": ("__mul__", "dmul"),
    "a / b": ("__truediv__", "ddiv"),
    "tanh(a)": ("tanh", "dtanh"),
    "exp(b)": ("exp", "dexp"),
}


def about_the_tangent(case, expected, got):
    """Which method to look at, and how its tangent is wrong."""
    method, line = _METHODS.get(case.label.partition(" with ")[0], (None, None))
    if method is None or not agree(expected["data"], got["data"]):
        return None
    right, tangent = expected["tangent"], got["tangent"]
    where = f"The value is right. Look at the tangent in `{method}`"
    if agree(-right, tangent):
        return f"{where}: its sign is turned around."
    if agree(0.0, tangent):
        return f"{where}: it is 0, as for a constant. Pass it on as the second argument of Dual."
    own = {"tanh": _A[1], "exp": _B[1]}.get(method)
    if own and agree(right / own, tangent):
        return f"{where}: that is the local derivative alone. Multiply it by `self.tangent`."
    if own and agree(own, tangent):
        return f"{where}: it passes as if the slope were 1. Multiply it by the local derivative."
    return f"{where}, and compare it with your line `{line}` above."


def _plus_times(x, y):
    return (x + y) * y


def _neuron(x, y, w):
    return (x * w + y).tanh() * y


def _mixed(x, y):
    return (x * y).tanh() + x.exp() / (y + 2.0)


def _one(x):
    return (x * x * 0.5).exp()


def _jvp_case(label, f, x, v):
    def run(jvp):
        passes = 0

        def counted(*inputs):
            nonlocal passes
            passes += 1
            return f(*inputs)

        slope = jvp(counted, list(x), list(v))
        return {"slope": slope, "passes": passes}

    return Case(f"f = {label}, x = {list(x)}, v = {list(v)}", run)


JVPS = [
    _jvp_case("(x + y)·y", _plus_times, (2.0, 3.0), (1.0, 0.0)),
    _jvp_case("(x + y)·y", _plus_times, (2.0, 3.0), (0.0, 1.0)),
    _jvp_case("(x + y)·y", _plus_times, (2.0, 3.0), (0.5, -2.0)),
    _jvp_case("exp(x²/2)", _one, (0.7,), (3.0,)),
    _jvp_case("tanh(x·y) + exp(x)/(y + 2)", _mixed, (0.4, -1.1), (1.5, 0.25)),
    _jvp_case("tanh(x·w + y)·y", _neuron, (0.4, -1.1, 0.9), (-0.3, 2.0, 1.1)),
]


def right_in_one_pass(case, expected, got):
    """The number first; then how often f was run."""
    if hasattr(got["slope"], "tangent"):
        said = "That is a Dual, with value and slope. Asked for is the slope: `.tangent`."
        return Wrong(said, "ISDUAL")
    number = agree(expected["slope"], got["slope"])
    if not number and agree(expected["slope"], got["slope"], 1e-5):
        return (
            "Close, as a difference quotient would be. A tangent is exact: read it off the result."
        )
    if not number:
        return number.message
    if got["passes"] == expected["passes"]:
        return None
    return Wrong(
        f"The number is right, but you run f {got['passes']} times. All tangents travel in one "
        "pass: give each input its own entry of v as tangent.",
        "ONEPERINPUT",
    )
