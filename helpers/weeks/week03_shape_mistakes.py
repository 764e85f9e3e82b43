"""Week 3's known mistakes with broadcasting, reductions and stacks of matrices."""

from __future__ import annotations

from helpers.exercise import Mistake
from helpers.weeks import week03_rules as rules
from helpers.weeks.week03_mistakes import of


def as_it_is(G, shape):
    return G


def one_copy(G, shape):
    G = G[(0,) * (G.ndim - len(shape))]
    return G[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


def aligned_left(G, shape):
    padded = tuple(shape) + (1,) * (G.ndim - len(shape))
    axes = tuple(i for i, size in enumerate(padded) if size == 1)
    return G.sum(axis=axes, keepdims=True).reshape(shape)


UNBROADCAST = of(
    rules.unbroadcast,
    ("KEEPDIM",
     "Axes of length 1 disappear from your result: (4,) where (4, 1) belongs. Sum them with "
     "`keepdims=True`.",
     ("keepdims=True", "keepdims=False")),
    ("MEANSUM",
     "You average over the copies. Each copy contributes in full: sum.",
     ("G = G.sum(axis=new_axes)", "G = G.mean(axis=new_axes) if new_axes else G"),
     ("return G.sum(axis=stretched, keepdims=True)",
      "return G.mean(axis=stretched, keepdims=True) if stretched else G")),
    ("STRETCHED",
     "You sum over the new axes on the left. An axis of length 1 was stretched, too: sum there as well.",
     ("return G.sum(axis=stretched, keepdims=True)", "return G")),
    ("NEWAXES",
     "You sum where `shape` has a 1. Broadcasting can also add whole axes at the left: sum those away first.",
     ("    G = G.sum(axis=new_axes)\n", "    shape = (1,) * len(new_axes) + tuple(shape)\n"
                                        "    shape = shape if len(shape) == G.ndim else G.shape\n")),
)  # fmt: skip
UNBROADCAST += [
    Mistake(
        "UNBROADCAST",
        "Your result has the shape of G. Broadcasting copied the small array; its gradient collects from all "
        "copies, so sum over them.",
        as_it_is,
    ),
    Mistake(
        "ONECOPY",
        "You keep one copy and drop the others. Every copy moved the loss: add them up.",
        one_copy,
    ),
    Mistake(
        "ALIGNLEFT",
        "You align the shapes at the left. Broadcasting aligns them at the *right*: a (3,) beside a (3, 3) is "
        "copied down the rows, axis 0.",
        aligned_left,
    ),
]


MUL_BACKWARD = of(
    rules.mul_backward,
    ("UNBROADCAST",
     "A gradient has the shape of its array. Where broadcasting copied A or B, sum over the copies: "
     "`unbroadcast`.",
     ("unbroadcast(G * B, A.shape)", "G * B"), ("unbroadcast(G * A, B.shape)", "G * A")),
    ("OWNDATA", "A product swaps: dA gets B as its factor, dB gets A. You have each with its own data.",
     ("G * B", "G * (A + 0 * B)"), ("G * A,", "G * (B + 0 * A),")),
    ("SUMFIRST",
     "You sum G over the copies and multiply afterward. Each copy has a factor of its own: multiply first, "
     "sum afterward.",
     ("unbroadcast(G * B, A.shape)", "unbroadcast(unbroadcast(G, A.shape) * B, A.shape)"),
     ("unbroadcast(G * A, B.shape)", "unbroadcast(unbroadcast(G, B.shape) * A, B.shape)")),
    ("OTHERSHAPE",
     "The factors are right, and each sum is made for the *other* array: dA has the shape of A.",
     ("G * B, A.shape", "G * B, B.shape"), ("G * A, B.shape", "G * A, A.shape")),
    ("NOUPSTREAM", "The upstream gradient G is missing as a factor.",
     ("G * B", "np.ones_like(G) * B"), ("G * A,", "np.ones_like(G) * A,")),
    ("SWAPPED", "The right arrays in another order: return (dA, dB).",
     ("return dA, dB", "return dB, dA")),
    ("SUMFIRST",
     "You sum G first and multiply then. Each copy has a factor of its own: multiply first, then `unbroadcast`.",
     ("unbroadcast(G * B, A.shape)", "unbroadcast(G, A.shape) * B"),
     ("unbroadcast(G * A, B.shape)", "unbroadcast(G, B.shape) * A")),
)  # fmt: skip


REDUCE_BACKWARD = of(
    rules.reduce_backward,
    ("KEEPDIM",
     "Without keepdims the reduced axis is gone from G, and NumPy aligns what is left at the right: an "
     "error for most shapes, a wrong result for square ones. Put the axis back with `np.expand_dims(G, axis)`.",
     ("    if axis is not None and not keepdims:\n        G = np.expand_dims(G, axis)\n", "")),
    ("MEANSUM", "mean divides by n on the way forward, so its gradient is divided by n, too.",
     (" / (X.size / G.size)", "")),
    ("MEANTIMES", "mean: you multiply by n. It divides by n on the way forward, and so does its gradient.",
     ("/ (X.size / G.size)", "* (X.size / G.size)")),
    ("AXISNONE",
     "With axis=None everything is reduced, and there is no axis to ask for. Then n is X.size; in general X.size/G.size.",
     ("(X.size / G.size)", "X.shape[axis]")),
    ("AXISNONE",
     "With axis=None there is no axis to put back: G is one number, and it fits as it is. Expand only where axis is given.",
     ("if axis is not None and not keepdims", "if not keepdims")),
    ("OWNDATA", "sum: G is not multiplied by X. Each entry moves the sum one to one, whatever its value is.",
     ("share = np.ones(X.shape)\n    elif", "share = X\n    elif")),
    ("TIES",
     "max: you divide by *all* winners of X. Only those that tie for the same result share its G: count along the axis, "
     "`winners.sum(axis=axis, keepdims=True)`.",
     ("winners.sum(axis=axis, keepdims=True)", "winners.sum()")),
    ("MEANSIZE",
     "You divide by X.size. A mean along an axis divides by the length of that axis only: the number of "
     "entries that go into *one* result.",
     ("(X.size / G.size)", "X.size")),
    ("MEANLEN",
     "You divide by len(X), always the number of rows. A mean divides by how many entries go into *one* result: "
     "all of them without an axis, else `X.shape[axis]`.",
     ("(X.size / G.size)", "len(X)")),
    ("TIES",
     "Where entries tie for the maximum, each of yours gets all of G, so together they get more than there is. "
     "Divide it among them, or give it to one.",
     ("winners / winners.sum(axis=axis, keepdims=True)", "winners * 1.0")),
    ("MAXGLOBAL",
     "You look for the largest entry of all of X. Every row (or column) has a maximum of its own: "
     "`X.max(axis=axis, keepdims=True)`.",
     ("X.max(axis=axis, keepdims=True)", "X.max()"), ("winners.sum(axis=axis, keepdims=True)", "winners.sum()")),
    ("MAXGLOBAL",
     "You look for the largest entry of all of X, so some rows (or columns) have no winner. Each has a maximum of "
     "its own: `X.max(axis=axis, keepdims=True)`.",
     ("X.max(axis=axis, keepdims=True)", "X.max()")),
    ("MAXVALUE", "max routes G to the winner unchanged. Do not multiply by the winner's value.",
     ("share = winners /", "share = X * winners /")),
    ("NOUPSTREAM", "The upstream gradient G is missing as a factor.",
     ("return G * share", "return share * np.ones_like(G)")),
    ("UNBROADCAST",
     "dX must have the shape of X: every entry that went into a result gets its share of that result's G.",
     ("return G * share", "return G")),
)  # fmt: skip


BATCHED_MATMUL_BACKWARD = of(
    rules.batched_matmul_backward,
    ("ALLAXES",
     "`.T` turns *all* axes around, the stack's, too. Exchange the last two only: `np.swapaxes(B, -1, -2)`.",
     ("np.swapaxes(B, -1, -2)", "B.T"), ("np.swapaxes(A, -1, -2)", "A.T")),
    ("THREEAXES",
     "`transpose(0, 2, 1)` fits arrays with exactly three axes. `np.swapaxes(B, -1, -2)` exchanges the last two of any.",
     ("np.swapaxes(B, -1, -2)", "B.transpose(0, 2, 1)"), ("np.swapaxes(A, -1, -2)", "A.transpose(0, 2, 1)")),
    ("FIRSTAXES",
     "The first two axes are exchanged, so stack and matrix get mixed up. The matrix is the *last* two: "
     "`np.swapaxes(B, -1, -2)`.",
     ("np.swapaxes(B, -1, -2)", "np.swapaxes(B, 0, 1)"), ("np.swapaxes(A, -1, -2)", "np.swapaxes(A, 0, 1)")),
    ("ELEMENTWISE", "`*` multiplies entry by entry. A matrix product goes back through matrix products, `@`.",
     ("G @ np.swapaxes(B, -1, -2)", "G * B"), ("np.swapaxes(A, -1, -2) @ G", "G * A")),
    ("SUMALWAYS",
     "You always sum over axis 0. Sum only where a matrix served several places: `unbroadcast(…, A.shape)` finds out.",
     ("unbroadcast(G @ np.swapaxes(B, -1, -2), A.shape)", "(G @ np.swapaxes(B, -1, -2)).sum(axis=0)"),
     ("unbroadcast(np.swapaxes(A, -1, -2) @ G, B.shape)", "(np.swapaxes(A, -1, -2) @ G).sum(axis=0)")),
    ("TRANSPOSE",
     "Nothing is transposed. Backward each product transposes the other factor: G·Bᵀ and Aᵀ·G. For square "
     "matrices the shapes do not tell.",
     ("np.swapaxes(B, -1, -2)", "B"), ("np.swapaxes(A, -1, -2)", "A")),
    ("FACTORORDER",
     "The factors stand in the wrong order. dA = G·Bᵀ (G on the left), dB = Aᵀ·G (G on the right).",
     ("G @ np.swapaxes(B, -1, -2)", "np.swapaxes(B, -1, -2) @ G"),
     ("np.swapaxes(A, -1, -2) @ G", "G @ np.swapaxes(A, -1, -2)")),
    ("UNBROADCAST",
     "Where one matrix served the whole stack, your gradient still has a copy for each place. Sum over the "
     "copies: `unbroadcast(…, A.shape)`.",
     ("unbroadcast(G @ np.swapaxes(B, -1, -2), A.shape)", "G @ np.swapaxes(B, -1, -2)"),
     ("unbroadcast(np.swapaxes(A, -1, -2) @ G, B.shape)", "np.swapaxes(A, -1, -2) @ G")),
)  # fmt: skip
