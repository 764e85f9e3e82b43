"""Week 3's known mistakes: for each exercise a list, each with its CODE and one explanation.

Most differ from the reference in a piece or two of its source; a few are functions of their own.
"""

from __future__ import annotations

from helpers.exercise import Mistake
from helpers.weeks import week03_rules as rules
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import BUILDS_J


def _of(reference, *rows) -> list[Mistake]:
    """Mistakes that differ from a reference by some exchanged pieces of its source."""
    return [Mistake(code, why, rewritten(reference, *changes)) for code, why, *changes in rows]


def all_at_once(f, x):
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


JACOBIAN = _of(
    rules.jacobian,
    ("TRANSPOSE",
     "You stack the answers as rows. One nudge of one input moves *all* outputs: that is a column. Rows "
     "belong to outputs, columns to inputs (`axis=1`).",
     ("axis=1", "axis=0")),
    ("TWOSTEPS",
     "From x − h to x + h the input moves by 2h, but you divide by h: every entry is twice too large.",
     ("/ (2 * h)", "/ h")),
    ("STEPSIZE",
     "A one-sided difference is off in proportion to h. Nudge to both sides and divide by 2h.",
     ("f(x + nudge) - f(x - nudge)) / (2 * h)", "f(x + nudge) - f(x)) / h"), ("1e-5", "1e-4")),
    ("SCALARONLY",
     "You sum the outputs before you differentiate, so only the column sums of the Jacobian are left. "
     "Keep the outputs apart: one row each.",
     ("(f(x + nudge) - f(x - nudge))", "(f(x + nudge).sum() - f(x - nudge).sum())"),
     ("np.stack(columns, axis=1)", "np.array(columns)")),
    ("INTARRAY",
     "At whole numbers your nudge disappears: x is an integer array, and an entry of it cannot hold "
     "2.00001. Make the copy a float array.",
     ("        nudge = np.zeros(len(x))\n        nudge[j] = h\n",
      "        up, down = x.copy(), x.copy()\n        up[j] += h\n        down[j] -= h\n"),
     ("f(x + nudge) - f(x - nudge)", "f(up) - f(down)")),
)  # fmt: skip
JACOBIAN += [
    Mistake(
        "ALLATONCE",
        "x + h nudges *all* inputs at once, so their answers arrive added up. Nudge one input at a time: "
        "one column each.",
        all_at_once,
    ),
]


VJP_TANH_LINEAR = _of(
    rules.vjp_tanh_linear,
    ("TRANSPOSE",
     "You multiply by W on the way back as on the way forward. Backward each input collects from all "
     "outputs, along its column of W: `W.T @ dz`. In a square layer only the numbers can tell.",
     ("W.T @ dz", "W @ dz")),
    ("TANHIN", "tanh′ is 1 − h² with the *output* h. You used the input of tanh.",
     ("(1 - h**2)", "(1 - (W @ x) ** 2)")),
    ("TANHSLOPE", "The slope of tanh is 1 − h², with the square.", ("(1 - h**2)", "(1 - h)")),
    ("NOLOCAL", "The gradient passes tanh as if its slope were 1: multiply v by 1 − h² first.",
     ("v * (1 - h**2)", "v")),
    ("NOUPSTREAM",
     "v does not occur in your result, or only as ones. vᵀJ weighs the outputs by v: dz = v·(1 − h²).",
     ("v * (1 - h**2)", "1 - h**2")),
    ("BUILDSJ", BUILDS_J,
     ("dz = v * (1 - h**2)", "J = (1 - h**2)[:, None] * W"), ("W.T @ dz", "v @ J")),
    ("FULLJACOBIAN",
     "That is the whole Jacobian. Asked is one row vector, vᵀJ, with one number for each input.",
     ("v * (1 - h**2)", "1 - h**2"), ("W.T @ dz", "dz[:, None] * W")),
    ("JVP",
     "That is J·v, forward mode: it takes a nudge of the *inputs*. v has one number for each output "
     "here, and vᵀJ has one for each input.",
     ("dz = v * (1 - h**2)", "dz = 1 - h**2"), ("W.T @ dz", "dz * (W @ v)")),
)  # fmt: skip


LINEAR_BACKWARD = _of(
    rules.linear_backward,
    ("TRANSPOSE",
     "Your dW is the transpose of the right one. dW[d, h] pairs column d of X with column h of G: "
     "`X.T @ G`, of the shape of W. In a square layer the shape hides this.",
     ("X.T @ G", "G.T @ X")),
    ("TRANSPOSE",
     "Your dX goes through W the way the forward pass does. Backward it goes through W.T, from H back to D: "
     "`G @ W.T`. Where D = H both have the right shape, and only one has the right numbers.",
     ("G @ W.T", "G @ W")),
    ("TRANSPOSE",
     "`X @ G` sums over the wrong index, and runs only if the layer is square. The samples are summed: "
     "`X.T @ G`.",
     ("X.T @ G", "X @ G")),
    ("TRANSPOSE",
     "Both products go forward. Backward each transposes the *other* factor: `G @ W.T` and `X.T @ G`.",
     ("X.T @ G", "X @ G"), ("G @ W.T", "G @ W")),
    ("UNBROADCAST",
     "db still has a row for each sample. b was copied to all of them, so its gradient is their sum, of "
     "b's shape: `G.sum(axis=0)`.",
     ("G.sum(axis=0)", "G")),
    ("DBAXIS",
     "You sum G along its rows. b was copied down the samples, axis 0: `G.sum(axis=0)`. With N = H the shape "
     "does not warn you.",
     ("G.sum(axis=0)", "G.sum(axis=1)")),
    ("DBSCALAR", "You sum all of G into one number. Each entry of b has its own column.",
     ("G.sum(axis=0)", "G.sum()")),
    ("MEANSUM",
     "Your db is 1/N of the right one: you average over the samples, where a sum belongs. If the loss is a "
     "mean, its 1/N is in G already.",
     ("G.sum(axis=0)", "G.mean(axis=0)")),
    ("MEANSUM",
     "Your dW and db are 1/N of the right ones. A linear layer has no mean in it; if the loss has one, its "
     "1/N is in G already. Divide once, there.",
     ("X.T @ G", "X.T @ G / len(X)"), ("G.sum(axis=0)", "G.mean(axis=0)")),
    ("MEANSUM",
     "Your dW is 1/N of the right one, and db is right. The 1/N of a mean loss is in G already.",
     ("X.T @ G", "X.T @ G / len(X)")),
    ("NOUPSTREAM",
     "Your dX does not depend on G: you took ones. A check that only ever feeds ones would not see it.",
     ("G @ W.T", "np.ones_like(G) @ W.T")),
)  # fmt: skip


def as_it_is(G, shape):
    return G


def one_copy(G, shape):
    G = G[(0,) * (G.ndim - len(shape))]
    return G[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


def aligned_left(G, shape):
    padded = tuple(shape) + (1,) * (G.ndim - len(shape))
    axes = tuple(i for i, size in enumerate(padded) if size == 1)
    return G.sum(axis=axes, keepdims=True).reshape(shape)


UNBROADCAST = _of(
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


MUL_BACKWARD = _of(
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
    ("NOUPSTREAM", "The upstream gradient G is missing as a factor.",
     ("G * B", "np.ones_like(G) * B"), ("G * A,", "np.ones_like(G) * A,")),
    ("SWAPPED", "The right arrays in another order: return (dA, dB).",
     ("return dA, dB", "return dB, dA")),
    ("SUMFIRST",
     "You sum G first and multiply then. Each copy has a factor of its own: multiply first, then `unbroadcast`.",
     ("unbroadcast(G * B, A.shape)", "unbroadcast(G, A.shape) * B"),
     ("unbroadcast(G * A, B.shape)", "unbroadcast(G, B.shape) * A")),
)  # fmt: skip


REDUCE_BACKWARD = _of(
    rules.reduce_backward,
    ("KEEPDIM",
     "Without keepdims the reduced axis is gone from G, and NumPy aligns what is left at the right: an "
     "error for most shapes, a wrong result for square ones. Put the axis back with `np.expand_dims(G, axis)`.",
     ("    if axis is not None and not keepdims:\n        G = np.expand_dims(G, axis)\n", "")),
    ("MEANSUM", "mean divides by n on the way forward, so its gradient is divided by n, too.",
     (" / (X.size / G.size)", "")),
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


BATCHED_MATMUL_BACKWARD = _of(
    rules.batched_matmul_backward,
    ("ALLAXES",
     "`.T` turns *all* axes around, the stack's, too. Exchange the last two only: `np.swapaxes(B, -1, -2)`.",
     ("np.swapaxes(B, -1, -2)", "B.T"), ("np.swapaxes(A, -1, -2)", "A.T")),
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


def neighbors_only(shapes, mode):
    if mode == "forward":
        return sum(b[0] * b[1] * a[1] for a, b in zip(shapes, shapes[1:]))
    return sum(b[0] * a[0] * a[1] for a, b in zip(shapes, shapes[1:]))


CHAIN_COST = _of(
    rules.chain_cost,
    ("SWAPPED",
     "The two modes have changed places. Forward begins at the inputs, with the first Jacobian; reverse "
     "begins at the outputs, with the last.",
     ('mode == "forward"', 'mode == "reverse"')),
    ("ENTRIES",
     "You count the entries of the matrices. Each entry of the next Jacobian is multiplied once for *every* "
     "column (or row) that the running product carries.",
     (" * carried", "")),
    ("FLOPS", "Twice the right number: you count additions, too. Asked are multiplications.",
     (" * carried", " * carried * 2")),
)  # fmt: skip
CHAIN_COST += [
    Mistake(
        "NEIGHBORS",
        "You multiply each Jacobian with its neighbor's original shape. After the first product the running "
        "matrix keeps the columns of the *first* Jacobian (forward) or the rows of the *last* (reverse).",
        neighbors_only,
    ),
]
