"""Week 3's known mistakes with Jacobians and layers: each with its CODE and one explanation.

Most differ from the reference in a piece or two of its source; a few are functions of their own.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import Mistake
from helpers.weeks import week03_rules as rules
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import BUILDS_J


def of(reference, *rows) -> list[Mistake]:
    """Mistakes that differ from a reference by some exchanged pieces of its source."""
    return [Mistake(code, why, rewritten(reference, *changes)) for code, why, *changes in rows]


def all_at_once(f, x):
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


JACOBIAN = of(
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
    ("PRECEDENCE",
     "`/ 2 * h` divides by 2 and multiplies by h. Write `/ (2 * h)`.",
     ("/ (2 * h)", "/ 2 * h")),
    ("SQUARETABLE",
     "Your table is square, with a row for each *input*. Rows belong to outputs: as many as f(x) has.",
     ("    return np.stack(columns, axis=1)",
      "    table = np.zeros((len(x), len(x)))\n    for j, column in enumerate(columns):\n"
      "        table[:, j] = column\n    return table")),
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


def table_of_points(f, x):
    nudges = 1e-5 * np.eye(len(x))
    return (f(x + nudges) - f(x - nudges)) / 2e-5


JACOBIAN += [
    Mistake(
        "TABLEOFPOINTS",
        "x plus a table of nudges is a table: f takes its first *row* for x₀. Call f once for each nudge.",
        table_of_points,
    ),
    Mistake(
        "ALLATONCE",
        "x + h nudges *all* inputs at once, so their answers arrive added up. Nudge one input at a time: "
        "one column each.",
        all_at_once,
    ),
]


VJP_TANH_LINEAR = of(
    rules.vjp_tanh_linear,
    ("TRANSPOSE",
     "You multiply by W on the way back as on the way forward. Backward each input collects from all "
     "outputs, along its column of W: `W.T @ dz`. In a square layer only the numbers can tell.",
     ("W.T @ dz", "W @ dz")),
    ("TANHIN", "tanh′ is 1 − h² with the *output* h. You used the input of tanh.",
     ("(1 - h**2)", "(1 - (W @ x) ** 2)")),
    ("TANHSLOPE", "The slope of tanh is 1 − h², with the square.", ("(1 - h**2)", "(1 - h)")),
    ("SIGMOIDSLOPE", "h·(1 − h) is the form of the *sigmoid's* slope. tanh has 1 − h².",
     ("(1 - h**2)", "(h * (1 - h))")),
    ("ORDER",
     "You go back through W first, and then through tanh. Backward starts at the output: first dz = v·(1 − h²), "
     "then `W.T @ dz`.",
     ("W.T @ dz", "(W.T @ v) * (1 - h**2)")),
    ("WRONGPLACE", "You take the slope of tanh at x. tanh is applied to z = W·x: h is its output there.",
     ("dz = v * (1 - h**2)", "dz = v * (1 - np.tanh(x) ** 2)")),
    ("HALFWAY", "That is dz, the gradient at the input of tanh. Go on through z = W·x: `W.T @ dz`.",
     ("W.T @ dz", "dz")),
    ("OTHERINPUT", "That is the gradient of *W*, dz times x. Asked is that of x, one number for each input: `W.T @ dz`.",
     ("W.T @ dz", "np.outer(dz, x)")),
    ("NOSUM",
     "`*` multiplies entry by entry and sums nothing. Each input collects from all outputs: a matrix product, `@`.",
     ("W.T @ dz", "dz * W")),
    ("NOSUM",
     "`*` multiplies entry by entry and sums nothing. Each input collects from all outputs: a matrix product, `@`.",
     ("W.T @ dz", "W.T * dz")),
    ("SUMAXIS", "You sum over the inputs. Each input collects from all *outputs*: axis 0 of this table.",
     ("W.T @ dz", "(W * dz[:, None]).sum(axis=1)")),
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


LINEAR_BACKWARD = of(
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
    ("FACTORORDER",
     "In dX the factors stand in the wrong order. G has the row for each sample, so it stands on the left: `G @ W.T`.",
     ("G @ W.T", "W.T @ G")),
    ("FACTORORDER",
     "In dW both the order and the transpose are wrong: `G @ X.T` would sum over something else. `X.T @ G` sums over the "
     "samples.",
     ("X.T @ G", "G @ X.T")),
    ("ELEMENTWISE",
     "`*` multiplies entry by entry and sums nothing. Every use of an entry counts: matrix products, `@`.",
     ("G @ W.T", "G * W.T"), ("X.T @ G", "X.T * G")),
    ("NOUPSTREAM",
     "Your db does not depend on G. The slope of each use of b is 1; times its upstream gradient, summed over the samples.",
     ("G.sum(axis=0)", "np.ones(len(b))")),
    ("NOUPSTREAM",
     "Your dX does not depend on G: you took ones. A check that only ever feeds ones would not see it.",
     ("G @ W.T", "np.ones_like(G) @ W.T")),
)  # fmt: skip


def neighbors_only(shapes, mode):
    if mode == "forward":
        return sum(b[0] * b[1] * a[1] for a, b in zip(shapes, shapes[1:]))
    return sum(b[0] * a[0] * a[1] for a, b in zip(shapes, shapes[1:]))


CHAIN_COST = of(
    rules.chain_cost,
    ("SWAPPED",
     "The two modes have changed places. Forward begins at the inputs, with the first Jacobian; reverse "
     "begins at the outputs, with the last.",
     ('mode == "forward"', 'mode == "reverse"')),
    ("ENTRIES",
     "You count the entries of the matrices. Each entry of the next Jacobian is multiplied once for *every* "
     "column (or row) that the running product carries.",
     (" * carried", "")),
    ("ALLSIZES",
     "You count the first matrix of the product, too. It is there from the start: the multiplications begin with the "
     "next one.",
     ("shapes[1:]", "shapes"), ("shapes[:-1]", "shapes")),
    ("WRONGSIDE",
     "Forward carries a column for each *input* of the chain, shapes[0][1]; reverse a row for each *output*, shapes[-1][0]. "
     "You have the other size of each.",
     ("shapes[0][1]", "shapes[0][0]"), ("shapes[-1][0]", "shapes[-1][1]")),
    ("ONEORDER", "You count forward order for both modes. Reverse begins at the last Jacobian.",
     ("shapes[-1][0], shapes[:-1]", "shapes[0][1], shapes[1:]")),
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
