"""Week 3 · Vectors: Jacobians and vector-Jacobian products.

The reference solutions are in `helpers.weeks.week03_rules`, because the later ones use the earlier
ones. Here they get their cases, their hints, and the mistakes that they know by name (in
`helpers.weeks.week03_mistakes`). `all` lists the exercises in the order of the notebook.
"""

from __future__ import annotations

from helpers.exercise import exercise, paper
from helpers.weeks import week03_cases as cases
from helpers.weeks import week03_mistakes as mistakes
from helpers.weeks import week03_rules as rules

# ------------------------------------------------------------------ the Jacobian

jacobian = exercise(
    minutes=20,
    difficulty=2,
    cases=cases.jacobian_cases,
    judge=cases.near_the_closed_form,
    tolerance=1e-6,
    hints=[
        "Nudge one input, xⱼ. How does every output answer? That is one column.",
        "A central difference, (f(x + nudge) − f(x − nudge)) / 2h, works for a vector f as it is. The "
        "nudge is a vector of zeros with h in place j.",
        "Collect the columns in a list; np.stack(columns, axis=1) sets them side by side.",
    ],
)(rules.jacobian)

jacobian.mistakes += mistakes.JACOBIAN

# ------------------------------------------------------------------ vᵀJ of a tanh layer

tanh_row = paper(
    "tanh_row",
    "D5 with a pencil: backward through h = tanh(W·x), entry by entry",
    answers=dict(
        dz0="v0 * (1 - h0**2)",
        dz1="v1 * (1 - h1**2)",
        dx0="dz0 * w00 + dz1 * w10",
        dx2="dz0 * w02 + dz1 * w12",
    ),
    at=dict(
        w00=1.0, w01=0.5, w02=-0.25, w10=-0.5, w11=1.0, w12=0.75, x0=0.5, x1=-1.0, x2=2.0,
        v0=2.0, v1=-1.0, z0="w00*x0 + w01*x1 + w02*x2", z1="w10*x0 + w11*x1 + w12*x2",
        h0="tanh(z0)", h1="tanh(z1)",
    ),
    minutes=12,
    difficulty=2,
    hints=[
        "h0 depends on z0 alone. Upstream is v0 = ∂L/∂h0; the slope of tanh is 1 − h0².",
        "x0 enters z0 with the weight w00, and z1 with the weight w10: two paths, so two terms.",
        "dz0 = v0·(1 − h0²); dx0 = dz0·w00 + dz1·w10; for dx2 take the last column of W.",
    ],
    mistakes={
        "TANHIN": (
            dict(dz0="v0 * (1 - z0**2)", dz1="v1 * (1 - z1**2)"),
            "tanh′ is 1 − h² with the *output* h. You used the input z.",
        ),
        "NOUPSTREAM": (
            dict(dz0="1 - h0**2", dz1="1 - h1**2"),
            "That is the local slope alone. Times the upstream gradient v.",
        ),
        "TRANSPOSE": (
            dict(dx0="dz0 * w00 + dz1 * w01", dx2="dz0 * w10 + dz1 * w11"),
            "You went along a row of W. An input reaches all outputs through its *column* of W.",
        ),
        "CHAINSUM": (
            dict(dx0="dz0 * w00", dx2="dz0 * w02"),
            "That is the path through z0 only. The input also feeds z1.",
        ),
    },
)  # fmt: skip

vjp_tanh_linear = exercise(
    minutes=10,
    difficulty=2,
    cases=cases.vjp_cases,
    judge=cases.judge_vjp,
    version=2,
    hints=[
        "Two stages: z = W·x, then h = tanh(z). Go back through them one at a time.",
        "Through tanh, entry by entry: dz = v·(1 − h²), of the shape of z.",
        "Through W·x: dx[j] = Σᵢ dz[i]·W[i, j], which is W.T @ dz.",
    ],
)(rules.vjp_tanh_linear)

vjp_tanh_linear.mistakes += mistakes.VJP_TANH_LINEAR

# ------------------------------------------------------------------ the linear layer

linear_entries = paper(
    "linear_entries",
    "D6 with a pencil: single entries of dW, dX and db for Y = X·W + b",
    answers=dict(
        dw01="x00 * g01 + x10 * g11",
        dw10="x01 * g00 + x11 * g10",
        dx01="g00 * w10 + g01 * w11",
        db1="g01 + g11",
    ),
    at=dict(
        x00=1.0, x01=2.0, x10=-1.0, x11=3.0, w00=0.5, w01=-1.0, w10=2.0, w11=1.25,
        g00=1.0, g01=-2.0, g10=0.5, g11=4.5,
    ),
    minutes=15,
    difficulty=2,
    hints=[
        "Where does w01 occur? Write out y01 and y11, one line for each sample.",
        "y01 = x00·w01 + x01·w11 + b1 and y11 = x10·w01 + x11·w11 + b1. So w01 is used twice: with x00 "
        "in y01, with x10 in y11. Weigh each use by its upstream gradient and add.",
        "dw01 = x00·g01 + x10·g11. b1 occurs in the same two outputs, with the factor 1. x01 occurs in "
        "y00 (times w10) and y01 (times w11).",
    ],
    mistakes={
        "TRANSPOSE": (
            dict(dw01="x01 * g00 + x11 * g10", dw10="x00 * g01 + x10 * g11", dx01="g00 * w01 + g01 * w11"),
            "The indices have changed places: w01 joins input 0 to output 1, so dw01 pairs column 0 of X "
            "with column 1 of G, and dx01 pairs row 0 of G with row 1 of W.",
        ),
        "ROWFORCOLUMN": (
            dict(dw01="x00 * g01 + x01 * g11", dw10="x10 * g00 + x11 * g10", dx01="g00 * w10 + g10 * w11"),
            "You went along the row of one factor where its column belongs. Look which index stays: in dw01 it is "
            "input 0, so column 0 of X, over both samples; in dx01 it is sample 0, so row 0 of G, over both outputs.",
        ),
        "BOTHROWS": (
            dict(dw01="x00 * g10 + x01 * g11", dw10="x10 * g00 + x11 * g01", dx01="g00 * w01 + g10 * w11"),
            "Both factors are read the wrong way. A weight is used once for each *sample*: dw01 runs down column 0 of "
            "X and column 1 of G. An entry of X is used once for each *output*: dx01 runs along row 0 of G and row 1 "
            "of W.",
        ),
        "OTHERENTRY": (
            dict(dw01="x01 * g01 + x11 * g11", dw10="x00 * g00 + x10 * g10", dx01="g10 * w10 + g11 * w11",
                 db1="g00 + g10"),
            "The sum runs the right way, for another entry. In x01 and w01 the first index is the row: w01 joins "
            "input 0 to output 1, x01 is input 1 of sample 0, and b1 belongs to output 1.",
        ),
        "CHAINSUM": (
            dict(dw01="x00 * g01", dw10="x01 * g00", dx01="g00 * w10", db1="g01"),
            "That is one use out of two. Sum over all places where the entry is used.",
        ),
        "MEANSUM": (
            dict(dw01="(x00 * g01 + x10 * g11) / 2", dw10="(x01 * g00 + x11 * g10) / 2", db1="(g01 + g11) / 2"),
            "You average over the samples. Paths add up; if the loss has a 1/N, it is in G already.",
        ),
        "DBAXIS": (
            dict(db1="g10 + g11"),
            "That sums a row of G. b1 is added in column 1 of Y, once for each sample.",
        ),
    },
)  # fmt: skip

linear_backward = exercise(
    minutes=20,
    difficulty=2,
    cases=cases.linear_cases,
    judge=cases.judge_linear,
    hints=[
        "Take the entries that you found with the pencil: which index is summed over in each of them?",
        "dW[d, h] = Σₙ X[n, d]·G[n, h]. In a matrix product the summed index is last on the left and "
        "first on the right: X must be transposed.",
        "dX = G @ W.T, dW = X.T @ G, and db sums G over the samples, axis 0.",
    ],
)(rules.linear_backward)

linear_backward.mistakes += mistakes.LINEAR_BACKWARD

# ------------------------------------------------------------------ broadcasting

unbroadcast = exercise(
    minutes=25,
    difficulty=3,
    cases=cases.unbroadcast_cases,
    judge=cases.judge_unbroadcast,
    hints=[
        "Write the two shapes one above the other, aligned at the right. Along which axes was something "
        "copied?",
        "Two kinds: axes that are new at the left (sum them away), and axes where `shape` has a 1 (sum, and "
        "keep the axis).",
        "First G.sum(axis=tuple(range(G.ndim - len(shape)))); then sum over the axes where shape is 1, with "
        "keepdims=True.",
    ],
)(rules.unbroadcast)

unbroadcast.mistakes += mistakes.UNBROADCAST


mul_backward = exercise(
    minutes=10,
    difficulty=2,
    cases=cases.mul_cases,
    judge=cases.judge_mul,
    hints=[
        "For two numbers a product swaps: ∂(a·b)/∂a is b. For arrays it does so entry by entry.",
        "G * B has the broadcast shape. A may be smaller.",
        "dA = unbroadcast(G * B, A.shape), and the same for dB with A.",
    ],
)(rules.mul_backward)

mul_backward.mistakes += mistakes.MUL_BACKWARD

# ------------------------------------------------------------------ reductions

reduce_backward = exercise(
    minutes=25,
    difficulty=3,
    cases=cases.reduce_cases,
    judge=cases.judge_reduce,
    hints=[
        "Start with sum: every entry of X moves its result one to one. So each gets the G of the result "
        "that it went into. What shape must G have to be broadcast there?",
        "Without keepdims the summed axis is gone from G: np.expand_dims(G, axis) puts it back (not "
        "needed for axis=None). mean: the same divided by how many entries went into one result.",
        "max: a mask, X == X.max(axis=axis, keepdims=True), times G. Where k entries tie, divide the "
        "mask by k = mask.sum(axis=axis, keepdims=True).",
    ],
)(rules.reduce_backward)

reduce_backward.mistakes += mistakes.REDUCE_BACKWARD

variance = paper(
    "variance",
    "D8 with a pencil: y = ((x0 − m)² + (x1 − m)² + (x2 − m)²)/3, with the mean m",
    answers=dict(
        direct0="g * 2 * (x0 - m) / 3",
        dm="-g * 2 * ((x0 - m) + (x1 - m) + (x2 - m)) / 3",
        dx0="direct0 + dm / 3",
    ),
    at=dict(x0=1.0, x1=2.0, x2=6.0, g=3.0, m="(x0 + x1 + x2) / 3"),
    minutes=10,
    difficulty=2,
    hints=[
        "x0 moves y on two paths: directly, and through the mean m. Write the direct one with m held still.",
        "dm = ∂L/∂m: all three squares contain m, each with the slope −2·(x − m). Add them up and look.",
        "The deviations from the mean add up to 0, so dm = 0, and dx0 is the direct path alone.",
    ],
    mistakes={
        "MEANSUM": (
            dict(direct0="g * 2 * (x0 - m)", dm="-g * 2 * ((x0 - m) + (x1 - m) + (x2 - m))"),
            "The division by 3 is missing.",
        ),
        "BESSEL": (
            dict(direct0="g * 2 * (x0 - m) / 2"),
            "You divide by n − 1 = 2. That belongs to the other variance; this one divides by 3.",
        ),
        "CHAINSUM": (
            dict(dm="-g * 2 * (x0 - m) / 3"),
            "All three squares contain m, not only the first.",
        ),
        "NOUPSTREAM": (
            dict(direct0="2 * (x0 - m) / 3"),
            "The upstream gradient g is missing as a factor.",
        ),
    },
)

# ------------------------------------------------------------------ moves, norms, stacks, chains

moves = paper(
    "moves",
    "D24 with a pencil: backward through cumsum, the norm, and x/‖x‖",
    answers=dict(
        cum0="g0 + g1 + g2",
        cum2="g2",
        norm0="gr * x0 / r",
        unit0="(g0 - u0 * (u0*g0 + u1*g1 + u2*g2)) / r",
    ),
    at=dict(
        x0=2.0, x1=-1.0, x2=2.0, g0=1.0, g1=3.0, g2=-1.5, gr=2.4,
        r="sqrt(x0**2 + x1**2 + x2**2)", u0="x0 / r", u1="x1 / r", u2="x2 / r",
    ),
    minutes=15,
    difficulty=3,
    hints=[
        "cumsum: c0 = x0, c1 = x0 + x1, c2 = x0 + x1 + x2. In which of them does x0 occur? And x2?",
        "The norm r is a square root: ∂r/∂x0 = x0/r. In u = x/r the entry x0 occurs directly, and in r, "
        "which all of u0, u1, u2 share.",
        "unit0: the direct path gives g0/r. Through r: ∂uᵢ/∂r = −uᵢ/r, so dr = −(u0·g0 + u1·g1 + u2·g2)/r, "
        "times ∂r/∂x0 = u0.",
    ],
    mistakes={
        "FORWARDS": (
            dict(cum0="g0", cum2="g0 + g1 + g2"),
            "That is the cumulative sum of G from the front. x0 occurs in *every* sum from c0 on, x2 only "
            "in the last: cumulate from the back.",
        ),
        "NORMVALUE": (
            dict(norm0="gr * x0"),
            "The slope of the norm is x0/r: a root has its own value in the denominator.",
        ),
        "HELDSTILL": (
            dict(unit0="g0 / r"),
            "That holds the norm r still. r moves with x0, and all three entries feel it.",
        ),
        "NORMSQUARE": (
            dict(norm0="gr * 2 * x0"),
            "That is the slope of r², not of r. The root brings 1/(2·r) as a further factor.",
        ),
        "CHAINSUM": (
            dict(unit0="(g0 - u0 * u0 * g0) / r"),
            "You have both paths to u0. But r stands in u1 and u2, too, so x0 also moves those, by way of r: "
            "add g1 and g2 along these paths.",
        ),
        "LINKLOST": (
            dict(unit0="g0 / r - (g0*x0 + g1*x1 + g2*x2) / r**2"),
            "The direct path is right. The other one stops at r: continue to x0, with the factor ∂r/∂x0 = u0.",
        ),
        "NOUPSTREAM": (
            dict(norm0="x0 / r", cum0="3", cum2="1"),
            "The upstream gradient is missing as a factor.",
        ),
    },
)  # fmt: skip

batched_matmul_backward = exercise(
    minutes=15,
    difficulty=2,
    cases=cases.matmul_cases,
    judge=cases.judge_matmul,
    hints=[
        "For one pair of matrices it is the linear layer without b: dA = G·Bᵀ, dB = Aᵀ·G.",
        "In a stack only the last two axes are the matrix: np.swapaxes(B, -1, -2) transposes each of them.",
        "If one matrix served the whole stack it was copied: unbroadcast(…, A.shape) sums over the stack.",
    ],
)(rules.batched_matmul_backward)

batched_matmul_backward.mistakes += mistakes.BATCHED_MATMUL_BACKWARD

chain_cost = exercise(
    minutes=20,
    difficulty=2,
    cases=cases.chain_cases,
    advice=cases.first_product,
    hints=[
        "A product of (a, b) and (b, c) takes a·b·c multiplications and gives an (a, c) matrix.",
        "Forward: start with the first Jacobian and multiply the next one from the left. How many columns "
        "does the running product have, all the way? Reverse: how many rows?",
        "Forward: the number of inputs of the first Jacobian times the sizes (outputs·inputs) of all others. "
        "Reverse: the number of outputs of the last times the sizes of all others.",
    ],
)(rules.chain_cost)

chain_cost.mistakes += mistakes.CHAIN_COST


all = [
    jacobian,
    tanh_row,
    vjp_tanh_linear,
    linear_entries,
    linear_backward,
    unbroadcast,
    mul_backward,
    reduce_backward,
    variance,
    moves,
    batched_matmul_backward,
    chain_cost,
]
