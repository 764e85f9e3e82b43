"""Week 3 · Vectors: Jacobians and vector-Jacobian products.

The reference solutions are in `helpers.weeks.week03_rules`, because the later ones use the earlier
ones. Here they get their cases, their hints, and the mistakes that they know by name, which are in
`week03_mistakes` and `week03_shape_mistakes`. Pencil work is in `week03_papers`. `all` lists the
exercises in the order of the notebook.
"""

from __future__ import annotations

from helpers.exercise import exercise
from helpers.weeks import week03_cases as cases
from helpers.weeks import week03_mistakes as mistakes
from helpers.weeks import week03_rules as rules
from helpers.weeks import week03_shape_mistakes as shape_mistakes
from helpers.weeks.week03_papers import linear_entries, moves, tanh_row, variance

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

unbroadcast.mistakes += shape_mistakes.UNBROADCAST

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

mul_backward.mistakes += shape_mistakes.MUL_BACKWARD

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

reduce_backward.mistakes += shape_mistakes.REDUCE_BACKWARD

# ------------------------------------------------------------------ moves, norms, stacks, chains

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

batched_matmul_backward.mistakes += shape_mistakes.BATCHED_MATMUL_BACKWARD

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
