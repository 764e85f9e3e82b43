"""What a tensor engine has to prove, operation by operation and then as a whole.

Each operation is tried alone, with a random upstream gradient, at shapes that broadcast and at
square ones; so a wrong result names the operation, the operand, and the shapes. The right numbers
come from the course's engine, which its tests compare with PyTorch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from helpers.agreement import show
from helpers.engine import tensor
from helpers.exercise import Case, Wrong
from helpers.weeks.week03_cases import random
from helpers.weeks.week03_rules import unbroadcast
from helpers.weeks.week09_judge import Suspect, difference, largest_error

Suspects = Callable[..., list[Suspect]]
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
        _case("a * b", lambda a, b: a * b, (2, 3), (2, 3), suspects=_product),
        _case("a * b", lambda a, b: a * b, (2, 3), (3,), suspects=_product),
        _case("a * b", lambda a, b: a * b, (3, 3), (3, 1), suspects=_product),
    ]


def operation_cases() -> list[Case]:
    """Every other operation alone."""
    x, positive = "x", True
    return [
        _case("x ** 3", lambda x: x**3, (2, 3), letters=x, suspects=_power(3)),
        _case("x ** -1", lambda x: x**-1, (3,), letters=x, suspects=_power(-1)),
        _case("x ** 0.5", lambda x: x**0.5, (2, 3), letters=x, positive=positive, suspects=_power(0.5)),
        _case("-x", lambda x: -x, (2, 3), letters=x),
        _case("a - b", lambda a, b: a - b, (2, 3), (1, 3), suspects=_minus),
        _case("a / b", lambda a, b: a / b, (2, 3), (2, 3), suspects=_quotient),
        _case("a / b", lambda a, b: a / b, (2, 3), (3,), suspects=_quotient),
        *(_case(f"{name}(x)", lambda x, f=name: getattr(x, f)(), shape, letters=x,
                positive=name == "log", suspects=SLOPES[name])
          for name in SLOPES for shape in ((2, 3), ())),
        _case("a @ b", lambda a, b: a @ b, (2, 3), (3, 4), suspects=_matrices),
        _case("a @ b", lambda a, b: a @ b, (3, 3), (3, 3), suspects=_matrices),
        _case("sigmoid(x)", lambda x: x.sigmoid(), arrays=[np.array([800.0, 30.0])], letters=x, note=", for large x",
              advice=STABLE_SIGMOID),
        _case("a @ b", lambda a, b: a @ b, (2, 3, 4), (4, 2)),
        _right_or_refused("a @ b", lambda a, b: a @ b, (3,), (3, 3)),
        _right_or_refused("a @ b", lambda a, b: a @ b, (3, 3), (3,)),
        *_reductions(),
        _case("x.reshape(3, 2)", lambda x: x.reshape(3, 2), (2, 3), letters=x),
        _case("x.reshape(-1)", lambda x: x.reshape(-1), (2, 3), letters=x),
        _case("x.transpose()", lambda x: x.transpose(), (2, 3), letters=x),
        _case("x.T", lambda x: x.T, (3, 3), letters=x),
        _case("x.transpose(2, 0, 1)", lambda x: x.transpose(2, 0, 1), (2, 3, 4), letters=x),
        _case("x.transpose(1, 2, 0)", lambda x: x.transpose(1, 2, 0), (2, 2, 2), letters=x, suspects=_moved),
        *(_case(f"x[{name}]", lambda x, i=index: x[i], (3, 3), letters=x, suspects=_picked(index))
          for name, index in PICKS.items()),
        _case("x.log_softmax()", lambda x: x.log_softmax(), (4, 3), letters=x, suspects=_log_softmax),
        _case("x.log_softmax()", lambda x: x.log_softmax(), (3, 3), letters=x, suspects=_log_softmax),
        _case("x.log_softmax(axis=0)", lambda x: x.log_softmax(axis=0), (4, 3), letters=x),
        _case("x.cross_entropy(t)", lambda x: x.cross_entropy(np.array([2, 0, 1, 1])), (4, 3), letters=x,
              sizes={"N": 4, "C": 3, "N·C": 12}),
        *(_case(name, f, arrays=[LARGE], letters=x, note=", scores near 1000, 0 and −1000", advice=STABLE)
          for name, f in {"x.log_softmax()": lambda x: x.log_softmax(),
                          "x.cross_entropy(t)": lambda x: x.cross_entropy(np.array([1, 0, 2]))}.items()),
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
                    letters="x", sizes={"n": n}, suspects=_largest(options) if kind == "max" else None,
                ))  # fmt: skip
    tied = np.array([[2.0, -1.0, 2.0], [0.5, 0.5, 0.5]])
    made.append(_case("x.max(axis=1)", lambda x: x.max(axis=1), arrays=[tied], letters="x",
                      note=", with ties", suspects=_largest(dict(axis=1))))  # fmt: skip
    return made


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


LARGE = np.array([[1000.0, 1001.0, 999.0], [0.0, 0.5, -1.0], [1000.0, 0.0, -1000.0]])
STABLE = (
    "exp(1000) is infinite, and log 0 is −∞. Subtract each row's own maximum, and take no logarithm of P: "
    "z − max − log Σ exp(z − max)."
)
STABLE_SIGMOID = "exp(800) is infinite, and ∞/∞ is no number: 1/(1 + exp(−x)) has no such quotient."
CONSTANT = ", with a plain array or number"
PICKS = {
    "1": 1,
    ":, 1": (slice(None), 1),
    "1:, :2": (slice(1, None), slice(None, 2)),
    "[0, 2, 0]": [0, 2, 0],
    "rows, t": (np.arange(3), np.array([2, 0, 2])),
}

# ------------------------------------------------------------------ one operation

NO_TENSOR = "An operation returns a new Tensor that knows its operands."
STRETCHED = (
    "A gradient meets one of another shape, and NumPy cannot add them. Broadcasting has copied on the "
    "way forward: sum over the copies (`unbroadcast`) before the gradient is kept."
)
NO_TUPLE = (
    "it is the first row alone. Does the VJP return the array itself? One gradient for each operand, in a tuple: "
    "`(dx,)`, with the comma."
)
READ_ONLY = (
    "A gradient is kept as it came, and it is a view that may not be written to (`np.broadcast_to` makes "
    "such views). Keep a copy when the first contribution arrives."
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
    advice: str = "Look at the forward part first.",
) -> Case:
    """One operation on arrays of these shapes, with a random upstream gradient."""
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
        made = f(*leaves)
        if isinstance(made, np.ndarray) and made.dtype == object:
            return Wrong(LEFT, "ARRAYLEFT")
        if not isinstance(made, engine):
            return Wrong(f"You give {show(made)}. {NO_TENSOR}", "NONODE")
        wrong = difference("The value", out, made.data)
        if wrong:
            return Wrong(f"{wrong.message} {advice}")
        stuck = pulled_back(made, G.copy())
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
                return wrong
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


def pulled_back(node, G=None) -> Wrong | None:
    """Run backward, from G if there is one; what is wrong where it cannot run."""
    given = () if G is None else (G,)
    try:
        inspect.signature(node.backward).bind(*given)
    except TypeError:
        return Wrong(
            "backward is called as `root.backward()` and as `root.backward(G)`, with the upstream "
            "gradient of the root: def backward(self, gradient=None).",
            "NOSEEDARG",
        )
    try:
        node.backward(*given)
    except ValueError as error:
        if "non-broadcastable output" in str(error):
            return Wrong(STRETCHED, "UNBROADCAST")
        if "read-only" in str(error):
            return Wrong(READ_ONLY, "ALIAS")
        raise
    return None


# ------------------------------------------------------------------ what people compute instead


def _product(a, b, G):
    why = "it is the upstream gradient times its *own* array. A product swaps: times the other one."
    return [
        [Suspect("OWNDATA", unbroadcast(G * a, a.shape), why)],
        [Suspect("OWNDATA", unbroadcast(G * b, b.shape), why)],
    ]


def _minus(a, b, G):
    return [
        [],
        [Suspect("SUBSIGN", unbroadcast(G, b.shape), "a larger b makes a − b smaller: −G.")],
    ]


def _quotient(a, b, G):
    return [[], [
        Suspect("DIVSIGN", unbroadcast(G * a / b**2, b.shape), "a larger b makes a/b smaller: −a/b²."),
        Suspect("DIVSQUARE", unbroadcast(-G * a / b, b.shape), "the divisor is squared: −a/b²."),
    ]]  # fmt: skip


def _power(n):
    return lambda x, G: [[
        Suspect("POWN", G * n * x**n, "the power rule lowers the exponent by one: n·x**(n − 1)."),
        Suspect("POWFACTOR", G * x ** (n - 1), "the exponent comes down as a factor: n·x**(n − 1)."),
    ]]  # fmt: skip


def _slope(code: str, wrong: Callable, why: str) -> Suspects:
    return lambda x, G: [[Suspect(code, G * wrong(x), why)]]


def _sigma(x):
    return 1 / (1 + np.exp(-x))


SLOPES: dict[str, Suspects] = {
    "exp": _slope("EXPINPUT", lambda x: x, "the slope of exp is its output, not its input."),
    "log": _slope("LOGX", lambda x: x, "the slope of log is 1/x."),
    "tanh": _slope("TANHIN", lambda x: 1 - x**2, "the slope is 1 − t² with the *output* t."),
    "sigmoid": _slope("SIGMOIDIN", lambda x: x * (1 - x), "the slope is s·(1 − s) with the *output* s."),
    "relu": _slope("RELUMASK", lambda x: 1, "relu passes nothing where its input is negative: times (x > 0)."),
}  # fmt: skip


def _matrices(a, b, G):
    if a.shape != b.shape:
        return [[], []]
    why = "its matrix is square, so every product fits. dA = G·Bᵀ and dB = Aᵀ·G."
    return [
        [Suspect("TRANSPOSE", G @ b, why), Suspect("TRANSPOSE", b.T @ G, why)],
        [Suspect("TRANSPOSE", a @ G, why), Suspect("TRANSPOSE", G @ a.T, why)],
    ]


def _largest(options: dict) -> Suspects:
    axis = options.get("axis")

    def suspects(x, G):
        spread = G if axis is None or options.get("keepdims") else np.expand_dims(G, axis)
        mask = x == x.max(axis=axis, keepdims=True)
        return [[Suspect("TIES", mask * spread, "entries that tie get *all* of it each. Together they move the "
                         "maximum as one does: share it (`max_backward`)."),
                 Suspect("EVERYWHERE", spread + 0 * x, "every entry gets it. Only the largest moves the "
                         "maximum.")]]  # fmt: skip

    return suspects


def _moved(x, G):
    return [[Suspect("PERM", G.transpose(1, 2, 0), "you go forward once more. The way back is the *inverse* "
                     "permutation, np.argsort(axes).")]]  # fmt: skip


def _picked(index) -> Suspects:
    def suspects(x, G):
        last = np.zeros(x.shape)
        last[index] = G
        return [[Suspect("SCATTER", last, "an entry that was taken twice has only the last of its two gradients: "
                         "`dx[index] += G` writes each entry once. np.add.at(dx, index, G) adds them all.")]]  # fmt: skip

    return suspects


def _log_softmax(x, G):
    P = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    return [[Suspect("DIAGSOFTMAX", G * (1 - P), "it is the diagonal of the Jacobian alone: G − P·Σ G."),
             Suspect("SUMOFG", G - P, "the sum of G along the row is missing: G − P·Σ G.")]]  # fmt: skip
