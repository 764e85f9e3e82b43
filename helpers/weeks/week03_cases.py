"""Week 3: what its exercises are tried on, and how an answer is judged where several are right.

Every array is drawn from a seeded generator and rounded to two decimals, so that a learner can redo
a case by hand; upstream gradients are random, never ones. Each exercise meets a non-square shape
first, which shows most mistakes as a shape, and then a square one, which shows them as numbers only.
"""

from __future__ import annotations

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Arguments, Wrong
from helpers.weeks.week03_judge import EXACT, arrays
from helpers.weeks.week03_rules import vjp_tanh_linear
from helpers.weeks.week03_tables import WithoutTable


def random(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Arrays of these shapes with two decimals, none of them 0."""
    rng = np.random.default_rng(seed)
    drawn = [np.round(rng.uniform(0.1, 2.0, s) * rng.choice([-1, 1], s), 2) for s in shapes]
    return [np.asarray(array) for array in drawn]


def case(label: str, **arguments) -> Arguments:
    return Arguments(label, None, args=tuple(arguments.values()), names=tuple(arguments))


def _shapes(**arrays: np.ndarray) -> str:
    return ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())


# ------------------------------------------------------------------ jacobian

_W, _SQUARE = random(30, (4, 3), (3, 3))


def _products(x):
    return np.stack([x[0] * x[1], x[1] ** 2, x[0] + x[1]])


def _tanh_layer(x):
    return np.tanh(_W @ x)


def _rotated(x):
    return _SQUARE @ np.sin(x)


def _one_output(x):
    return np.stack([np.exp(x[0]) * x[1] * x[2]])


# name, function, point, and the closed form of the Jacobian there
_FUNCTIONS = [
    ("(x₀·x₁, x₁², x₀ + x₁)", _products, [2.0, 3.0], lambda x: [[x[1], x[0]], [0, 2 * x[1]], [1, 1]]),
    ("the same at whole numbers", _products, [2, 3], lambda x: [[x[1], x[0]], [0, 2 * x[1]], [1, 1]]),
    ("exp(x₀)·x₁·x₂, one output", _one_output, [0.3, -1.2, 0.7],
     lambda x: np.exp(x[0]) * np.array([[x[1] * x[2], x[2], x[1]]])),
    ("sin, elementwise", np.sin, [0.3, -1.2, 2.0], lambda x: np.diag(np.cos(x))),
    ("tanh(W·x), W (4, 3)", _tanh_layer, [0.4, -0.2, 0.5],
     lambda x: (1 - np.tanh(_W @ x) ** 2)[:, None] * _W),
    ("W·sin(x), W (3, 3)", _rotated, [0.6, -0.9, 1.4], lambda x: _SQUARE * np.cos(x)),
]  # fmt: skip


def jacobian_cases() -> list[Arguments]:
    return [case(f"f = {name}, x = {x}", f=f, x=np.array(x)) for name, f, x, _ in _FUNCTIONS]


def near_the_closed_form(case, expected, got):
    """Any step and any scheme that is good to six digits; nearly right is told from wrong."""
    f, x = case.args
    exact = next(J for _, g, at, J in _FUNCTIONS if g is f and list(at) == x.tolist())
    right = np.array(exact(x), dtype=float)
    got = np.asarray(got)
    if got.shape != right.shape:
        turned = " Yours is its transpose." if got.shape == right.T.shape else ""
        return f"The Jacobian has one row for each output and one column for each input: shape {right.shape}, but yours is {got.shape}.{turned}"
    if np.iscomplexobj(got) and np.abs(got.imag).max() > 0:
        return "A Jacobian of a real function is real: with a complex step, take the imaginary part and divide by the step."
    off = np.abs(got - right).max() / max(1.0, np.abs(right).max())
    if off <= 1e-6:
        return None
    if off <= 1e-2:
        return Wrong(
            f"Every entry is in its place, but good to about {off:.0e} only. A one-sided difference "
            "is off in proportion to h, and far below h = 1e-5 rounding takes over. Nudge to both sides, with "
            "h near 1e-5, and start each nudge from x itself.",
            "STEPSIZE",
        )
    return agree(right, got, 1e-6).message


# ------------------------------------------------------------------ vᵀJ and the linear layer


BUILDS_J = (
    "The numbers are right, but J itself is on the way: a table with a number for each pair of output and "
    "input. Go back in two steps instead, and every array on the way is a vector: dz = v·(1 − h²), of the "
    "shape of z, and then Wᵀ·dz."
)


def _tanh_jacobian(W, x, v):
    return (1 - np.tanh(W @ x) ** 2)[:, None] * W


def vjp_cases() -> list[Arguments]:
    made = []
    for seed, (m, n) in enumerate([(2, 3), (4, 3), (3, 3), (1, 4), (5, 2)]):
        W, x, v = random(seed, (m, n), (n,), (m,))
        made.append(case(_shapes(W=W, x=x, v=v), W=0.5 * W, x=x, v=v))
    last = made.pop()
    watched = WithoutTable(
        last.label,
        args=last.args,
        names=last.names,
        table=_tanh_jacobian,
        right=vjp_tanh_linear,
        said=Wrong(BUILDS_J, "BUILDSJ"),
    )
    return [*made, watched]


def linear_cases() -> list[Arguments]:
    made = []
    for seed, (n, d, h) in enumerate([(4, 2, 3), (5, 4, 2), (1, 3, 4), (3, 3, 3), (4, 4, 4)]):
        X, W, b, G = random(10 + seed, (n, d), (d, h), (h,), (n, h))
        made.append(case(_shapes(X=X, W=W, b=b, G=G), X=X, W=W, b=b, G=G))
    return made


def _linear_sizes(case):
    X, W, *_ = case.args
    return {"N": len(X), "H": W.shape[1]}


_judge_vector = arrays("vᵀJ")


def judge_vjp(case, expected, got):
    """As for any array; a table as large as W is no copy of something, but a sum that is missing."""
    W, *_ = case.args
    if np.ndim(got) == 2 and np.shape(got) in (W.shape, W.T.shape) and min(W.shape) > 1:
        return (
            f"Your result is a table of shape {np.shape(got)}, with a number for each entry of W. Asked is one for "
            f"each input, shape {np.shape(expected)}: sum over the outputs, as `W.T @ dz` does."
        )
    return _judge_vector(case, expected, got)


judge_linear = arrays("dX", "dW", "db", sizes=_linear_sizes)


# ------------------------------------------------------------------ broadcasting

_COPIES = [
    ((4, 3), (3,)),
    ((4, 3), (4, 1)),
    ((4, 3), (1, 3)),
    ((4, 3), (4, 3)),
    ((3, 3), (3,)),
    ((3, 3), (3, 1)),
    ((4, 3), (1,)),
    ((4, 3), ()),
    ((2, 4, 3), (4, 1)),
    ((2, 4, 3), (2, 1, 3)),
    ((4, 1), (1,)),
]


def unbroadcast_cases() -> list[Arguments]:
    made = []
    for seed, (large, small) in enumerate(_COPIES):
        (G,) = random(20 + seed, large)
        made.append(case(f"G {large}, shape {small}", G=G, shape=small))
    return made


def _copies(case):
    G, shape = case.args
    return {"the number of copies": G.size / max(1, int(np.prod(shape)))}


judge_unbroadcast = arrays("the gradient", sizes=_copies)

_PAIRS = [
    ((4, 3), (4, 3)),
    ((4, 3), (3,)),
    ((4, 1), (1, 3)),
    ((2, 4, 3), (4, 1)),
    ((4, 3), ()),
    ((3, 3), (3,)),
    ((3, 1), (3, 3)),
]


def mul_cases() -> list[Arguments]:
    made = []
    for seed, (a, b) in enumerate(_PAIRS):
        A, B, G = random(40 + seed, a, b, np.broadcast_shapes(a, b))
        made.append(case(_shapes(A=A, B=B, G=G), A=A, B=B, G=G))
    return made


judge_mul = arrays("dA", "dB")


# ------------------------------------------------------------------ reductions

_TIED = np.array([[2.0, -1.0, 2.0], [0.5, 0.5, 0.5], [3.0, 1.0, -2.0], [-1.0, 4.0, 4.0]])


def reduce_cases() -> list[Arguments]:
    (X, square, deep) = random(50, (4, 3), (3, 3), (2, 3, 4))
    asked = [
        (X, None, False),
        (X, 0, False),
        (X, 1, False),
        (X, 1, True),
        (square, 0, False),
        (square, 1, False),
        (square, -1, True),
        (deep, 1, False),
        (X, None, True),
    ]
    made = []
    for kind in ("sum", "mean", "max"):
        ties = [(_TIED, 1, False), (_TIED, None, False)] if kind == "max" else []
        for seed, (data, axis, keepdims) in enumerate([*asked, *ties]):
            shape = np.sum(data, axis=axis, keepdims=keepdims).shape
            (G,) = random(61 + seed, shape)
            label = f"{kind} of X {data.shape}{' with ties' * (data is _TIED)}, axis={axis}, keepdims={keepdims}"
            made.append(case(label, kind=kind, X=data, G=G, axis=axis, keepdims=keepdims))
    return made


def _reduced(case):
    kind, X, G, *_ = case.args
    return {"n (how many numbers go into one result)": X.size / G.size}


_judge_reduced = arrays("dX", sizes=_reduced)


def judge_reduce(case, expected, got):
    """As for any array; where several entries tie for the maximum, any way to share G is right."""
    kind, X, G, axis, keepdims = case.args
    if kind != "max":
        return _judge_reduced(case, expected, got)
    got = np.asarray(got, dtype=float)
    top = X == X.max(axis=axis, keepdims=True)
    if got.shape != X.shape or not np.isfinite(got).all():
        return _judge_reduced(case, expected, got)
    upstream = G if keepdims or axis is None else np.expand_dims(G, axis)
    share = got / upstream
    total = share.sum(axis=axis, keepdims=True)
    if (np.abs(np.where(top, 0.0, share)) > EXACT).any():
        return "An entry that is not the maximum gets a gradient: a nudge of it changes nothing."
    if top.sum() == G.size:  # no ties
        return _judge_reduced(case, expected, got)
    if np.abs(total - 1).max() > EXACT:
        return Wrong(
            f"Where entries tie, together they get {np.abs(total).max():g} times G. They share one G: "
            "give it to one of them, or divide it among them.",
            "TIES",
        )
    if (share < -EXACT).any():
        return "Where entries tie, one of them gets a share below 0: no nudge does that."
    return None


# ------------------------------------------------------------------ stacks of matrices

_STACKS = [
    ((4, 3), (3, 2)),
    ((2, 4, 3), (2, 3, 5)),
    ((2, 4, 3), (3, 5)),
    ((2, 1, 4, 3), (5, 3, 6)),
    ((3, 3), (2, 3, 3)),
    ((3, 3, 3), (3, 3, 3)),
]


def matmul_cases() -> list[Arguments]:
    made = []
    for seed, (a, b) in enumerate(_STACKS):
        A, B = random(80 + seed, a, b)
        (G,) = random(90 + seed, (A @ B).shape)
        made.append(case(_shapes(A=A, B=B, G=G), A=A, B=B, G=G))
    return made


def _batch(case):
    A, B, G = case.args
    return {"the number of matrices in the stack": int(np.prod(G.shape[:-2]))}


judge_matmul = arrays("dA", "dB", sizes=_batch)


# ------------------------------------------------------------------ the cost of a chain

_CHAINS = [
    [(4, 3), (2, 4)],
    [(50, 100), (20, 50), (1, 20)],
    [(100, 1), (50, 100), (20, 50)],
    [(5, 7)],
    [(6, 6), (6, 6), (6, 6)],
    [(3, 8), (9, 3), (2, 9), (4, 2)],
]


def chain_cases() -> list[Arguments]:
    return [
        case(f"shapes={shapes}, mode={mode!r}", shapes=shapes, mode=mode)
        for shapes in _CHAINS
        for mode in ("forward", "reverse")
    ]


def first_product(case, expected, got) -> str | None:
    """What the first product of the failing chain takes."""
    shapes, mode = case.args
    if len(shapes) < 2:
        return "A single Jacobian needs no multiplication."
    right, left = shapes[:2] if mode == "forward" else shapes[-2:]
    cost = left[0] * left[1] * right[1]
    return f"In {mode} mode the first product is {left} · {right}: {left[0]}·{left[1]}·{right[1]} = {cost} multiplications, and it gives a {(left[0], right[1])} matrix."
