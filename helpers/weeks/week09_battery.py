"""What a tensor engine has to prove, operation by operation and then as a whole.

Each operation is tried alone, with a random upstream gradient, at shapes that broadcast and at
square ones; so a wrong result names the operation, the operand, and the shapes. The right numbers
come from the course's engine, which its tests compare with PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.agreement import agree, show
from helpers.engine import tensor
from helpers.exercise import Case, Wrong
from helpers.weeks.week03_cases import random
from helpers.weeks.week09_errors import OBJECTS, explained, pulled_back
from helpers.weeks.week09_judge import Suspect, difference, largest_error
from helpers.weeks.week09_suspects import (
    SLOPES,
    Suspects,
    along,
    cross_entropy,
    cross_entropy_values,
    largest,
    log_softmax,
    matrices,
    minus,
    moved,
    picked,
    power,
    product,
    quotient,
)

LETTERS = "abc"


def first_operations() -> list[Case]:
    """+ and *, with all ways to broadcast."""
    return [
        _case("a + b", lambda a, b: a + b, (2, 3), (2, 3)),
        _case("a + b", lambda a, b: a + b, (2, 3), (3,)),
        _case("a + b", lambda a, b: a + b, (2, 1), (2, 3)),
        _case("a + b", lambda a, b: a + b, (3, 3), (3, 1)),
        _case("a + b", lambda a, b: a + b, (), (2, 3)),
        _case("a + b", lambda a, b: a + b, (4, 2, 3), (2, 1)),
        _case("a * b", lambda a, b: a * b, (2, 3), (2, 3), suspects=product),
        _case("a * b", lambda a, b: a * b, (2, 3), (3,), suspects=product),
        _case("a * b", lambda a, b: a * b, (3, 3), (3, 1), suspects=product),
    ]


def operation_cases() -> list[Case]:
    """Every other operation alone."""
    x, positive = "x", True
    return [
        _case("x ** 3", lambda x: x**3, (2, 3), letters=x, suspects=power(3)),
        _case("x ** -1", lambda x: x**-1, (3,), letters=x, suspects=power(-1)),
        _case("x ** 0.5", lambda x: x**0.5, (2, 3), letters=x, positive=positive, suspects=power(0.5)),
        _case("x ** 2", lambda x: x**2, arrays=[np.array([0.0, 1.5, -2.0])], letters=x, note=", with a 0",
              suspects=power(2), advice="0/0 where x is 0: n·x**(n − 1) needs no division by x."),
        _case("-x", lambda x: -x, (2, 3), letters=x),
        _case("a - b", lambda a, b: a - b, (2, 3), (1, 3), suspects=minus),
        _case("a / b", lambda a, b: a / b, (2, 3), (2, 3), suspects=quotient),
        _case("a / b", lambda a, b: a / b, (2, 3), (3,), suspects=quotient),
        *(_case(f"{name}(x)", lambda x, f=name: getattr(x, f)(), shape, letters=x,
                positive=name == "log", suspects=SLOPES[name])
          for name in SLOPES for shape in ((2, 3), ())),
        _case("a @ b", lambda a, b: a @ b, (2, 3), (3, 4), suspects=matrices, stops=NO_FIT),
        _case("a @ b", lambda a, b: a @ b, (3, 3), (3, 3), suspects=matrices),
        _case("sigmoid(x)", lambda x: x.sigmoid(), arrays=[np.array([800.0, 30.0, -30.0, -1000.0])], letters=x,
              note=", for large x", suspects=SLOPES["sigmoid"], advice=STABLE_SIGMOID),
        _case("tanh(x)", lambda x: x.tanh(), arrays=[np.array([800.0, 3.0, -1000.0])], letters=x, note=", for large x",
              suspects=SLOPES["tanh"], advice=STABLE_TANH),
        _case("a @ b", lambda a, b: a @ b, (2, 3, 4), (4, 2), stops=STACK),
        _right_or_refused("a @ b", lambda a, b: a @ b, (3,), (3, 3)),
        _right_or_refused("a @ b", lambda a, b: a @ b, (3, 3), (3,)),
        *_reductions(),
        _case("x.reshape(3, 2)", lambda x: x.reshape(3, 2), (2, 3), letters=x),
        _case("x.reshape(-1)", lambda x: x.reshape(-1), (2, 3), letters=x),
        _case("x.transpose()", lambda x: x.transpose(), (2, 3), letters=x, stops=NO_AXES),
        _case("x.T", lambda x: x.T, (3, 3), letters=x),
        _case("x.transpose(2, 0, 1)", lambda x: x.transpose(2, 0, 1), (2, 3, 4), letters=x),
        _case("x.transpose(1, 2, 0)", lambda x: x.transpose(1, 2, 0), (2, 2, 2), letters=x, suspects=moved),
        *(_case(f"x[{name}]", lambda x, i=index: x[i], (3, 3), letters=x, suspects=picked(index))
          for name, index in PICKS.items()),
        _case("x.log_softmax()", lambda x: x.log_softmax(), (4, 3), letters=x, suspects=log_softmax),
        _case("x.log_softmax()", lambda x: x.log_softmax(), (3, 3), letters=x, suspects=log_softmax),
        _case("x.log_softmax(axis=0)", lambda x: x.log_softmax(axis=0), (4, 3), letters=x, suspects=along(0), advice=ALONG),
        _case("x.log_softmax(axis=1)", lambda x: x.log_softmax(axis=1), (2, 3, 4), letters=x, suspects=along(1),
              advice=ALONG),
        _loss(np.array([2, 0, 1, 1]), ""),
        _loss(np.array([0, 0]), ", where the last class never occurs"),
        *(_case(name, f, arrays=[LARGE], letters=x, note=", scores near 1000, 0 and −1000", advice=STABLE)
          for name, f in {"x.log_softmax()": lambda x: x.log_softmax(),
                          "x.cross_entropy(t)": lambda x: x.cross_entropy(np.array([1, 0, 2, 0]))}.items()),
        *_constants(),
    ]  # fmt: skip


def _reductions() -> list[Case]:
    ways = [("()", {}), ("(axis=0)", dict(axis=0)), ("(axis=1)", dict(axis=1)),
            ("(axis=1, keepdims=True)", dict(axis=1, keepdims=True))]  # fmt: skip
    made = []
    for kind in ("sum", "mean", "max"):
        for shape in ((2, 3), (3, 3)):
            for how, options in ways:
                n = {"()": shape[0] * shape[1], "(axis=0)": shape[0]}.get(how, shape[1])
                made.append(_case(
                    f"x.{kind}{how}", lambda x, k=kind, o=options: getattr(x, k)(**o), shape,
                    letters="x", sizes={"n": n}, suspects=largest(options) if kind == "max" else None,
                    stops=PUT_BACK if options else NO_AXIS,
                ))  # fmt: skip
    tied = np.array([[2.0, -1.0, 2.0], [0.5, 0.5, 0.5]])
    made.append(_case("x.max(axis=1)", lambda x: x.max(axis=1), arrays=[tied], letters="x",
                      note=", with ties", suspects=largest(dict(axis=1))))  # fmt: skip
    return made


def _loss(t: np.ndarray, note: str) -> Case:
    shape = (len(t), 3)
    arrays = random(180 + len(t), shape)
    return _case("x.cross_entropy(t)", lambda x: x.cross_entropy(t), arrays=arrays, letters="x", note=note,
                 sizes={"N": shape[0], "C": 3, "N·C": 3 * shape[0]}, suspects=lambda x, G: cross_entropy(x, t, G),
                 values=cross_entropy_values(arrays[0], t))  # fmt: skip


def _constants() -> list[Case]:
    A = random(190, (2, 3))[0]
    ways = {
        "x + 2": lambda x: x + 2, "2 + x": lambda x: 2 + x, "2 - x": lambda x: 2 - x,
        "x - 2": lambda x: x - 2, "2 * x": lambda x: 2 * x, "x / 2": lambda x: x / 2,
        "2 / x": lambda x: 2 / x, "x + A": lambda x: x + A, "A + x": lambda x: A + x,
        "A - x": lambda x: A - x, "A * x": lambda x: A * x, "x / A": lambda x: x / A,
    }  # fmt: skip
    made = [_case(name, f, (2, 3), letters="x", note=CONSTANT) for name, f in ways.items()]
    made.append(_case("A * x", lambda x: A * x, (3,), letters="x", note=CONSTANT))
    made.append(_case("A @ x", lambda x: A @ x, (3, 2), letters="x", note=CONSTANT))
    made.append(_case("x @ A", lambda x: x @ A, (3, 2), letters="x", note=CONSTANT))
    return made


LARGE = np.array(
    [[1000.0, 1001.0, 999.0], [0.0, 0.5, -1.0], [1000.0, 0.0, -1000.0], [1000.0, -1000.0, -1000.0]]
)
STABLE = (
    "exp(1000) is infinite, and log 0 is −∞. Subtract each row's own maximum, and take no logarithm of P: "
    "z − max − log Σ exp(z − max)."
)
STABLE_SIGMOID = "exp(800) is infinite, and ∞/∞ or 0·∞ is no number: take s = 1/(1 + exp(−x)) as an array, and s·(1 − s) for its slope."
STABLE_TANH = (
    "exp(800) is infinite, and ∞/∞ is no number. np.tanh knows how, and the slope is 1 − t²."
)
ALONG = "Maximum and sums run along `axis`, whichever it is. (To bring it to the end: np.moveaxis; `.T` reverses *all* axes.)"
NO_FIT = "A @ B, dA = G·Bᵀ, dB = Aᵀ·G: at these shapes no other order fits."
STACK = "A stack of matrices: `.T` turns *all* axes. np.swapaxes(B, -1, -2) turns the last two."
NO_AXES = "transpose() without axes reverses them: take tuple(range(ndim))[::-1] then."
NO_AXIS = (
    "Without an axis G is a single number, and there is no axis to put back: no np.expand_dims."
)
PUT_BACK = "Without keepdims G has lost the axis: np.expand_dims(G, axis) puts it back. With keepdims it is still there."
CONSTANT = ", with a plain array or number"
PICKS = {
    "1": 1,
    ":, 1": (slice(None), 1),
    "1:, :2": (slice(1, None), slice(None, 2)),
    "[0, 2, 0]": [0, 2, 0],
    "rows, t": (np.arange(3), np.array([2, 0, 2])),
    "[0, 0, 1], [1, 1, 2]": ([0, 0, 1], [1, 1, 2]),
}

# ------------------------------------------------------------------ one operation

FORWARD = "Look at the forward part first."
NO_TENSOR = "An operation returns a new Tensor that knows its operands."
NO_TUPLE = (
    "it is the first row alone. Does the VJP return the array itself? One gradient for each operand, in a tuple: "
    "`(dx,)`, with the comma."
)
CHANGED = (
    "A vjp changes the G that it gets. That is the gradient of the node itself, and others may hold it, too: work on a "
    "new array, `G * …` and not `G *= …`."
)
LEFT = (
    "NumPy takes `A + x` into its own hands and goes through the entries of A one by one. Put "
    "`__array_ufunc__ = None` into the class: NumPy then leaves it to `__radd__`, `__rsub__`, `__rmul__`, "
    "`__rmatmul__`."
)


def _case(
    name: str,
    f: Callable,
    *shapes: tuple[int, ...],
    arrays: list[np.ndarray] | None = None,
    letters: str = LETTERS,
    positive: bool = False,
    note: str = "",
    sizes: dict[str, int] | None = None,
    suspects: Suspects | None = None,
    values: list[Suspect] = (),
    advice: str = "",
    stops: str = "",
) -> Case:
    """One operation on arrays of these shapes, with a random upstream gradient.

    `values` are wrong values that are recognized. `advice` is for other wrong values and for
    gradients that are NaN, `stops` for a backward pass that raises an error.
    """
    seed = sum(map(ord, name)) + sum(map(sum, shapes))
    arrays = random(seed, *shapes) if arrays is None else arrays
    arrays = [np.abs(x) for x in arrays] if positive else arrays
    out, right, G = _reference(f, arrays, seed)
    ones = _reference(f, arrays, None)[1]
    known = suspects(*arrays, G) if suspects else [[] for _ in arrays]
    place = " and ".join(str(x.shape) for x in arrays)
    label = f"{name}{note}, shape{'s' * (len(arrays) > 1)} {place}"

    def run(engine):
        leaves = [engine(x.copy()) for x in arrays]
        try:
            made = f(*leaves)
        except ValueError as error:
            why = OBJECTS if "with a sequence" in str(error) else stops
            if not why:
                raise
            return explained(error, why)
        if isinstance(made, np.ndarray) and made.dtype == object:
            return Wrong(LEFT, "ARRAYLEFT")
        if not isinstance(made, engine):
            return Wrong(f"You give {show(made)}. {NO_TENSOR}", "NONODE")
        if np.asarray(made.data).dtype.hasobject:
            return Wrong(OBJECTS)
        wrong = difference("The value", out, made.data, values, sizes)
        if wrong:
            return wrong if wrong.code else Wrong(f"{wrong.message} {advice or FORWARD}")
        stuck = pulled_back(made, G.copy(), stops)
        if stuck:
            return stuck
        for letter, leaf, x, grad, one, guesses in zip(letters, leaves, arrays, right, ones, known):
            if not np.array_equal(np.asarray(leaf.data), x):
                return Wrong(
                    f"`{letter}.data` has changed. An operation leaves its operands alone."
                )
            alone = Suspect("NOUPSTREAM", one, "it is the gradient for an upstream gradient of 1. The chain "
                            "rule is a product: times what arrives.")  # fmt: skip
            bare = Suspect("NOTUPLE", grad[0] if grad.ndim else np.nan, NO_TUPLE)
            guesses = [*guesses, alone, bare]
            wrong = difference(f"The gradient of `{letter}`", grad, leaf.grad, guesses, sizes)
            if wrong:
                nan = (
                    advice
                    and not wrong.code
                    and not np.isfinite(np.asarray(leaf.grad, float)).all()
                )
                return Wrong(f"{wrong.message} {advice}") if nan else wrong
        if made.grad is not None and np.shape(made.grad) == G.shape and not agree(G, made.grad):
            return Wrong(CHANGED, "CHANGEDG")
        return largest_error([(out, made.data), *zip(right, (leaf.grad for leaf in leaves))])

    return Case(label, run)


def _right_or_refused(name: str, f: Callable, *shapes: tuple[int, ...]) -> Case:
    """An operation that nobody asked for: it may raise, but not give a wrong gradient."""
    case = _case(name, f, *shapes)

    def run(engine):
        try:
            found = case.run(engine)
        except Exception:
            return {"largest error": 0.0}
        if not isinstance(found, Wrong):
            return found
        return Wrong(
            f"{found.message} A vector in a matrix product: the gradient of the matrix is an outer product. Handle it, or "
            "raise an error; wrong without a word is the worst.",
            "VECTOR",
        )

    return Case(f"{case.label}: right, or an error", run)


def _reference(f: Callable, arrays: list, seed: int | None) -> tuple:
    """Value, gradients, and the upstream gradient: ones without a seed."""
    leaves = [tensor.Tensor(x.copy()) for x in arrays]
    out = f(*leaves)
    G = np.ones(out.shape) if seed is None else random(seed + 1, out.shape)[0]
    out.backward(G)
    return out.data, [leaf.grad for leaf in leaves], G
