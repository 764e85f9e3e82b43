"""Week 3: what learners write. For each exercise other right styles, and unlisted wrong answers.

A wrong answer stands with what the verdict must say about it: a CODE, or a piece of its sentence.
"""

import numpy as np

# ------------------------------------------------------------------ jacobian


def by_complex_step(f, x):
    x = np.array(x, dtype=complex)
    J = []
    for j in range(x.size):
        x[j] += 1e-30j
        J.append(f(x).imag / 1e-30)
        x[j] -= 1e-30j
    return np.array(J).T


def row_by_row(f, x):
    """The gradient of each output by itself, as nested lists."""

    def slope(i, j, h=1e-6):
        step = h * np.eye(len(x))[j]
        return (f(x + step)[i] - f(x - step)[i]) / (2 * h)

    return [[slope(i, j) for j in range(len(x))] for i in range(len(f(x)))]


def filled_in(f, x, h=1e-5):
    J = np.empty((len(f(x)), len(x)))
    for j in range(len(x)):
        up, down = np.array(x, dtype=float), np.array(x, dtype=float)
        up[j] += h
        down[j] -= h
        J[:, j] = (f(up) - f(down)) / (up[j] - down[j])
    return J


def one_sided_and_tiny(f, x):
    eye = 1e-7 * np.eye(len(x))
    return np.stack([(f(x + e) - f(x)) / 1e-7 for e in eye], axis=1)


def turned_sign(f, x):
    eye = 1e-5 * np.eye(len(x))
    return np.stack([(f(x - e) - f(x + e)) / 2e-5 for e in eye], axis=1)


def not_put_back(f, x, h=1e-4):
    x = np.array(x, dtype=float)
    columns = []
    for j in range(len(x)):
        before = f(x)
        x[j] += h
        columns.append((f(x) - before) / h)
    return np.stack(columns, axis=1)


def diagonal_only(f, x):
    return np.diag(np.diag(filled_in(f, x)))


def complex_and_left_so(f, x):
    eye = 1e-8j * np.eye(len(x))
    return np.stack([(f(x + e) - f(x)) / 1e-8 for e in eye], axis=1)


# ------------------------------------------------------------------ vᵀJ of a tanh layer


def vjp_from_the_left(W, x, v):
    return (v / np.cosh(W @ x) ** 2) @ W


def vjp_by_loops(W, x, v):
    dx = []
    for j in range(W.shape[1]):
        dx.append(sum(v[i] * (1 - np.tanh(W[i] @ x) ** 2) * W[i, j] for i in range(len(v))))
    return dx


def vjp_by_weighted_rows(W, x, v):
    dz = v * (1 - np.tanh(W @ x) ** 2)
    return (dz[:, None] * W).sum(axis=0)


def vjp_by_einsum(W, x, v):
    h = np.tanh(np.einsum("ij,j->i", W, x))
    return np.einsum("i,i,ij->j", v, 1 - h * h, W)


def vjp_with_its_jacobian(W, x, v):
    return v @ ((1 - np.tanh(W @ x) ** 2)[:, None] * W)


def vjp_with_a_diagonal_matrix(W, x, v):
    return v @ np.diag(1 - np.tanh(W @ x) ** 2) @ W


def vjp_with_a_diagonal_first(W, x, v):
    J = np.matmul(np.diag(1 - np.tanh(W.dot(x)) ** 2), W)
    return J.T.dot(v)


def vjp_with_its_jacobian_by_einsum(W, x, v):
    return np.einsum("i,ij->ij", 1 - np.tanh(W @ x) ** 2, W).T @ v


def vjp_with_a_filled_jacobian(W, x, v):
    h = np.tanh(W @ x)
    J = np.zeros(W.shape)
    for i in range(len(v)):
        for j in range(len(x)):
            J[i, j] = (1 - h[i] ** 2) * W[i, j]
    return v @ J


def vjp_slope_and_jacobian_of_the_input(W, x, v):
    return v @ ((1 - (W @ x) ** 2)[:, None] * W)


def vjp_slope_of_sigmoid(W, x, v):
    h = np.tanh(W @ x)
    return W.T @ (v * h * (1 - h))


def vjp_slope_at_the_wrong_place(W, x, v):
    return (W.T @ v) * (1 - np.tanh(x) ** 2)


def vjp_negative(W, x, v):
    return -vjp_from_the_left(W, x, v)


def vjp_doubled(W, x, v):
    return 2 * vjp_from_the_left(W, x, v)


def vjp_as_a_column(W, x, v):
    return vjp_from_the_left(W, x, v)[:, None]


# ------------------------------------------------------------------ the linear layer


def linear_by_einsum(X, W, b, G):
    dX = np.einsum("nh,dh->nd", G, W)
    return [dX, np.einsum("nd,nh->dh", X, G), np.einsum("nh->h", G)]


def linear_by_loops(X, W, b, G):
    dX, dW, db = np.zeros_like(X), np.zeros_like(W), np.zeros_like(b)
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            for h in range(W.shape[1]):
                dX[n, d] += G[n, h] * W[d, h]
                dW[d, h] += X[n, d] * G[n, h]
    for row in G:
        db += row
    return dX, dW, db


def linear_from_the_other_side(X, W, b, G):
    return (W @ G.T).T, (G.T @ X).T, np.ones(len(G)) @ G


def linear_half_transposed(X, W, b, G):
    """Transposes by looking at the shapes: all of them are right."""
    dW = G.T @ X
    return G @ W.T, dW if dW.shape == W.shape else dW.T, G.sum(axis=0)


def linear_times_two(X, W, b, G):
    return G @ W.T, 2 * X.T @ G, G.sum(axis=0)


def linear_without_the_mean(X, W, b, G):
    return G @ W.T, X.T @ G * len(X), G.sum(axis=0) * len(X)


def linear_mean_in_dx(X, W, b, G):
    return G @ W.T / len(X), X.T @ G, G.sum(axis=0)


def linear_negative(X, W, b, G):
    return G @ W.T, -(X.T @ G), G.sum(axis=0)


def linear_zero(X, W, b, G):
    return 0 * X, X.T @ G, G.sum(axis=0)


def linear_row_for_db(X, W, b, G):
    return G @ W.T, X.T @ G, G.sum(axis=0, keepdims=True)


def linear_another_order(X, W, b, G):
    return X.T @ G, G @ W.T, G.sum(axis=0)


def linear_first_sample(X, W, b, G):
    return G @ W.T, X.T @ G, G[0]


def linear_with_itself(X, W, b, G):
    return G @ W.T, X.T @ (G * G), G.sum(axis=0)


def linear_in_place(X, W, b, G):
    X *= 2
    return G @ W.T, X.T @ G / 2, G.sum(axis=0)


# ------------------------------------------------------------------ broadcasting


def unbroadcast_axis_by_axis(G, shape):
    G = np.asarray(G)
    while G.ndim > len(shape):
        G = G.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            G = G.sum(axis=axis, keepdims=True)
    return G


def unbroadcast_and_reshape(G, shape):
    padded = (1,) * (G.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (g, s) in enumerate(zip(G.shape, padded)) if g != s)
    return np.sum(G, axis=axes).reshape(shape)


def unbroadcast_by_scattering(G, shape):
    small = np.zeros(shape)
    for place in np.ndindex(G.shape):
        tail = place[len(place) - len(shape) :]
        small[tuple(0 if n == 1 else k for k, n in zip(tail, shape))] += G[place]
    return float(small) if shape == () else small


def unbroadcast_doubled(G, shape):
    return 2 * unbroadcast_axis_by_axis(G, shape)


def unbroadcast_everything(G, shape):
    return np.full(shape, G.sum())


def unbroadcast_first_axes(G, shape):
    while np.ndim(G) > len(shape):
        G = G.sum(axis=-1)
    return G


def unbroadcast_maximum(G, shape):
    padded = (1,) * (G.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (g, s) in enumerate(zip(G.shape, padded)) if g != s)
    return np.max(G, axis=axes).reshape(shape)


def mul_with_own_sums(A, B, G):
    return unbroadcast_and_reshape(B * G, A.shape), unbroadcast_and_reshape(A * G, B.shape)


def mul_by_scattering(A, B, G):
    dA, dB = np.zeros(A.shape), np.zeros(B.shape)
    a, b = np.broadcast_to(A, G.shape), np.broadcast_to(B, G.shape)
    dA += unbroadcast_by_scattering(G * b, A.shape)
    dB += unbroadcast_by_scattering(G * a, B.shape)
    return [dA, dB]


def mul_one_side(A, B, G):
    return unbroadcast_and_reshape(B * G, A.shape), unbroadcast_and_reshape(G + 0 * A, B.shape)


def mul_keepdim_lost(A, B, G):
    dA, dB = mul_with_own_sums(A, B, G)
    return np.squeeze(dA), np.squeeze(dB)


def mul_negative(A, B, G):
    dA, dB = mul_with_own_sums(A, B, G)
    return dA, -dB


# ------------------------------------------------------------------ reductions


def reduce_by_repeating(kind, X, G, axis, keepdims):
    full = np.broadcast_to(getattr(X, kind)(axis=axis, keepdims=True), X.shape)
    up = np.broadcast_to(np.reshape(G, np.sum(X, axis=axis, keepdims=True).shape), X.shape)
    if kind == "sum":
        return up
    if kind == "mean":
        return up / (X.size if axis is None else X.shape[axis])
    hits = (X == full).astype(float)
    return up * hits / hits.sum(axis=axis, keepdims=True)


def reduce_first_winner(kind, X, G, axis, keepdims):
    """Gives all of G to the first of the entries that tie."""
    if kind != "max":
        return reduce_by_repeating(kind, X, G, axis, keepdims)
    dX = np.zeros_like(X)
    if axis is None:
        dX[np.unravel_index(X.argmax(), X.shape)] = np.asarray(G).item()
    else:
        up = G if keepdims else np.expand_dims(G, axis)
        np.put_along_axis(dX, X.argmax(axis=axis, keepdims=True), up, axis)
    return dX


def reduce_last_winner(kind, X, G, axis, keepdims):
    if kind != "max":
        return reduce_by_repeating(kind, X, G, axis, keepdims)
    if axis is None:
        back = reduce_first_winner(kind, X.ravel()[::-1], G, None, keepdims)
        return back[::-1].reshape(X.shape)
    back = reduce_first_winner(kind, np.flip(X, axis), G, axis, keepdims)
    return np.flip(back, axis)


def reduce_sum_doubled(kind, X, G, axis, keepdims):
    return (2 if kind == "sum" else 1) * reduce_by_repeating(kind, X, G, axis, keepdims)


def reduce_mean_of_columns(kind, X, G, axis, keepdims):
    dX = reduce_by_repeating(kind, X, G, axis, keepdims)
    n = 1 if axis is None else X.shape[axis]
    return dX * n / X.shape[-1] if kind == "mean" else dX


def reduce_max_to_the_smallest(kind, X, G, axis, keepdims):
    if kind == "max":
        return reduce_by_repeating("max", -X, G, axis, keepdims)
    return reduce_by_repeating(kind, X, G, axis, keepdims)


def reduce_ties_off(kind, X, G, axis, keepdims):
    """Shares that add up to 1, one of them 2 and one −1."""
    dX = reduce_first_winner(kind, X, G, axis, keepdims)
    last = reduce_last_winner(kind, X, G, axis, keepdims)
    return 2 * dX - last if kind == "max" else dX


def reduce_ties_halved_too_often(kind, X, G, axis, keepdims):
    dX = reduce_by_repeating(kind, X, G, axis, keepdims)
    hits = (X == X.max(axis=axis, keepdims=True)).sum(axis=axis, keepdims=True)
    return dX / hits if kind == "max" else dX


# ------------------------------------------------------------------ stacks and chains


def matmul_by_einsum(A, B, G):
    dA = np.einsum("...ij,...kj->...ik", G, B)
    dB = np.einsum("...ki,...kj->...ij", A, G)
    return [unbroadcast_and_reshape(dA, A.shape), unbroadcast_and_reshape(dB, B.shape)]


def matmul_by_moveaxis(A, B, G):
    dA = G @ np.moveaxis(B, -1, -2)
    dB = np.matmul(A.swapaxes(-2, -1), G)
    return unbroadcast_axis_by_axis(dA, A.shape), unbroadcast_axis_by_axis(dB, B.shape)


def matmul_half_transposed(A, B, G):
    """Each gradient transposed where its shape allows it."""
    dA, dB = matmul_by_einsum(A, B, G)
    square = dB.shape[-1] == dB.shape[-2]
    return dA, np.swapaxes(dB, -1, -2) if square else dB


def matmul_mean_of_the_stack(A, B, G):
    dA, dB = matmul_by_einsum(A, B, G)
    return dA / np.prod(G.shape[:-2]), dB


def matmul_only_db(A, B, G):
    dA, dB = matmul_by_einsum(A, B, G)
    return 0 * dA, dB


def cost_by_products(shapes, mode):
    """Multiplies the shapes one after another."""
    chain = list(shapes)
    cost = 0
    while len(chain) > 1:
        k = 0 if mode == "forward" else len(chain) - 2
        (rows, inner), (outputs, _) = chain[k], chain[k + 1]
        cost += outputs * rows * inner
        chain[k : k + 2] = [(outputs, inner)]
    return float(cost)


def cost_by_multiplying(shapes, mode):
    matrices = [np.ones(shape) for shape in shapes]
    if mode == "reverse":
        matrices = [m.T for m in reversed(matrices)]
    total, product = 0, matrices[0]
    for m in matrices[1:]:
        total += m.shape[0] * m.shape[1] * product.shape[1]
        product = m @ product
    return np.int64(total)


def cost_best_of_both(shapes, mode):
    return min(cost_by_products(shapes, "forward"), cost_by_products(shapes, "reverse"))


def cost_with_the_first(shapes, mode):
    return cost_by_products(shapes, mode) + shapes[0][0] * shapes[0][1]


def cost_always_reverse(shapes, mode):
    return cost_by_products(shapes, "reverse")


def cost_counts_layers(shapes, mode):
    return sum(a * b for a, b in shapes)


RIGHT = {
    "jacobian": [by_complex_step, row_by_row, filled_in, one_sided_and_tiny],
    "vjp_tanh_linear": [
        vjp_from_the_left,
        vjp_by_loops,
        vjp_by_weighted_rows,
        vjp_by_einsum,
        vjp_with_a_diagonal_matrix,
    ],
    "linear_backward": [linear_by_einsum, linear_by_loops, linear_from_the_other_side],
    "unbroadcast": [unbroadcast_axis_by_axis, unbroadcast_and_reshape, unbroadcast_by_scattering],
    "mul_backward": [mul_with_own_sums, mul_by_scattering],
    "reduce_backward": [reduce_by_repeating, reduce_first_winner, reduce_last_winner],
    "batched_matmul_backward": [matmul_by_einsum, matmul_by_moveaxis],
    "chain_cost": [cost_by_products, cost_by_multiplying],
}
RIGHT_LINES = {
    "tanh_row": [
        dict(dz0="v0 - v0*h0*h0", dz1="v1*(1-h1)*(1+h1)", dx0="w00*dz0 + w10*dz1",
             dx2="dz1*w12 - -dz0*w02"),
        dict(dz0=1.57, dz1=-0.94, dx0="dz0*w00+dz1*w10",
             dx2="w02*v0*(1-tanh(z0)^2) + w12*v1*(1-tanh(z1)^2)"),
    ],
    "linear_entries": [
        dict(dw01="g11*x10 + g01*x00", dw10=3.5, dx01=-0.5, db1=2.5),
        dict(dw01="x00·g01 + x10·g11", dw10="x11*g10+x01*g00",
             dx01="w10*g00 + w11*g01", db1="g11+g01"),
    ],
    "variance": [
        dict(direct0="2g*(x0 - m)/3", dm=0, dx0="direct0"),
        dict(direct0=-4, dm="0", dx0="2/3*g*(x0-m)"),
    ],
    "moves": [
        dict(cum0=2.5, cum2=-1.5, norm0=1.6, unit0="g0/r - u0*(u0*g0 + u1*g1 + u2*g2)/r"),
        dict(cum0="g2 + g1 + g0", cum2="g2", norm0="gr*u0",
             unit0="(g0 - x0*(x0*g0+x1*g1+x2*g2)/r^2)/r"),
    ],
}  # fmt: skip
# (attempt, CODE or None, what the sentence says)
WRONG = {
    "jacobian": [
        (turned_sign, None, "expected"),
        (not_put_back, "STEPSIZE", "one-sided"),
        (diagonal_only, None, ""),
        (complex_and_left_so, None, "imaginary"),
    ],
    "vjp_tanh_linear": [
        (vjp_slope_of_sigmoid, "SIGMOIDSLOPE", "tanh has 1 − h²"),
        (vjp_slope_at_the_wrong_place, None, "right shape"),
        (vjp_negative, "SIGN", "−1.0 times the right one"),
        (vjp_doubled, None, "2.0 times the right one"),
        (vjp_as_a_column, "KEEPDIM", "an axis is too many"),
        (vjp_with_its_jacobian, "BUILDSJ", "J itself is on the way"),
        (vjp_with_a_diagonal_first, "BUILDSJ", "J itself is on the way"),
        (vjp_with_its_jacobian_by_einsum, "BUILDSJ", "J itself is on the way"),
        (vjp_with_a_filled_jacobian, "BUILDSJ", "J itself is on the way"),
        (vjp_slope_and_jacobian_of_the_input, "TANHIN", "with the *output* h"),
    ],
    "linear_backward": [
        (linear_half_transposed, "TRANSPOSE", "`dW` is the transpose of the right one"),
        (linear_times_two, None, "`dW` is 2.0 times the right one"),
        (
            linear_without_the_mean,
            "MEANSUM",
            "`dW` and `db` are each 4.0 times the right one, everywhere: that is N",
        ),
        (linear_mean_in_dx, "MEANSUM", "`dX` is 0.25 times the right one, everywhere: that is 1/N"),
        (linear_negative, "SIGN", "`dW` is −1.0 times the right one"),
        (linear_zero, None, "`dX` is zero everywhere"),
        (linear_row_for_db, "KEEPDIM", "`db` has shape (1, 3); it must be (3,)"),
        (linear_another_order, "SWAPPED", "another order"),
        (linear_first_sample, None, "`db` has the right shape"),
        (linear_with_itself, None, "`dW` has the right shape"),
        (linear_in_place, None, "changes its input `X`"),
    ],
    "unbroadcast": [
        (unbroadcast_doubled, None, "2.0 times the right one"),
        (unbroadcast_everything, None, "right shape"),
        (unbroadcast_first_axes, None, "shape"),
        (unbroadcast_maximum, None, "right shape"),
    ],
    "mul_backward": [
        (mul_one_side, None, "`dB` has the right shape"),
        (mul_keepdim_lost, "KEEPDIM", "`keepdims=True`"),
        (mul_negative, "SIGN", "`dB` is −1.0 times the right one"),
    ],
    "reduce_backward": [
        (reduce_sum_doubled, None, "2.0 times the right one"),
        (reduce_mean_of_columns, None, "times the right one"),
        (reduce_max_to_the_smallest, None, "not the maximum"),
        (reduce_ties_off, None, "below 0"),
        (reduce_ties_halved_too_often, "TIES", "together they get"),
    ],
    "batched_matmul_backward": [
        (matmul_half_transposed, "TRANSPOSE", "`dB` is the transpose of the right one"),
        (matmul_mean_of_the_stack, "MEANSUM", "1/the number of matrices in the stack"),
        (matmul_only_db, None, "`dA` is zero everywhere"),
    ],
    "chain_cost": [
        (cost_best_of_both, None, "20·50·100 = 100000"),
        (cost_with_the_first, None, ""),
        (cost_always_reverse, None, ""),
        (cost_counts_layers, None, ""),
    ],
}
WRONG_LINES = {
    "tanh_row": [
        (dict(dz0="v0 * (1 - h0)"), "with the square"),
        (dict(dz0=1.57, dz1="-v1 * (1 - h1**2)"), "wrong sign"),
        (dict(dz0="v0*(1-h0**2)", dz1="v1*(1-h1**2)", dx0="dz0 + dz1"), "dx0"),
    ],
    "linear_entries": [
        (dict(dw01="x00 * g01 * x10 * g11"), "dw01"),
        (dict(dw01="x00*g01 + x01*g11"), "along the row of one factor"),
        (dict(dw01=3.5), "dw01"),
        (dict(dw01="x00*g10 + x01*g11"), "Both factors"),
        (dict(dw01="x01*g01 + x11*g11"), "for another entry"),
        (dict(dx01="g00*w10 + g10*w11"), "along the row of one factor"),
        (dict(dx01="g00*w01 + g10*w11"), "Both factors"),
        (dict(dx01="g10*w10 + g11*w11"), "for another entry"),
        (dict(db1="g00 + g10"), "b1 belongs to output 1"),
        (dict(db1="g10 + g11"), "sums a row of G"),
        (dict(dw01="2*(x00 * g01 + x10 * g11)"), "2.0 times"),
        (dict(dw01="x00*g01 + x10*g11", dw10="x00*g01 + x10*g11"), "indices"),
        (dict(db1="g00 + g01 + g10 + g11"), "column 1 of Y only"),
    ],
    "variance": [
        (dict(direct0="g * (x0 - m) / 3"), "0.5 times"),
        (dict(direct0="g * 2 * (m - x0) / 3"), "wrong sign"),
        (dict(direct0="g * 2 * (x0 - m) / 3", dm="g"), "dm"),
    ],
    "moves": [
        (dict(cum0="g0 + g1"), "cum0"),
        (dict(cum0=2.5, cum2="-g2"), "wrong sign"),
        (dict(cum0=2.5, cum2=-1.5, norm0="gr / r"), "norm0"),
    ],
}  # fmt: skip
