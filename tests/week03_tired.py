"""Week 3: what a tired learner enters first, with the CODE and words that the verdict must have."""

# exercise, line, formula, CODE
LINES = [
    ("tanh_row", "dz0", "v0*(1 - h0)", "NOSQUARE"),
    ("tanh_row", "dz0", "v0*h0 - v0*h0²", "SIGMOIDSLOPE"),
    ("tanh_row", "dz0", "1 - v0*h0^2", "BRACKETS"),
    ("tanh_row", "dz1", "v0*(1 - h1^2)", "OTHEROUTPUT"),
    ("tanh_row", "dx0", "w00*v0 + w10*v1", "NOLOCAL"),
    ("tanh_row", "dx0", "dz0*(w00 + w10)", "ONEUPSTREAM"),
    ("tanh_row", "dx0", "w10 + w00", "WEIGHTSONLY"),
    ("tanh_row", "dx2", "dz1*w12", "OTHERPATH"),
    ("tanh_row", "dx0", "x0*(dz0 + dz1)", "OWNDATA"),
    ("linear_entries", "dw01", "x10*g11", "OTHERUSE"),
    ("linear_entries", "dw01", "x00 + x10", "LOCALONLY"),
    ("linear_entries", "dw01", "g01 + g11", "NOLOCAL"),
    ("linear_entries", "dx01", "w00*g00 + w01*g01", "WRONGINPUT"),
    ("linear_entries", "dx01", "g00*w10 + g10*w11", "ROWFORCOLUMN"),
    ("linear_entries", "db1", 1, "NOUPSTREAM"),
    ("linear_entries", "db1", "g00+g01+g10+g11", "DBSCALAR"),
    ("variance", "direct0", "g*(x0 - m)^2/3", "NOTDERIVED"),
    ("variance", "direct0", "4/9*g*(x0 - m)", "TWICE"),
    ("variance", "dx0", "g*2*(x0 - m)/3*(1 - 1/3)", "TWICE"),
    ("moves", "cum0", "g0 + 2*g1 + 3*g2", "POSITIONS"),
    ("moves", "cum0", "x0*g0", "OWNDATA"),
    ("moves", "norm0", "gr/2/r", "NOCHAIN"),
    ("moves", "norm0", "gr*u0/r", "TOOSMALL"),
    ("moves", "unit0", "(g0 - x0*(x0*g0 + x1*g1 + x2*g2))/r", "OTHERSLOT"),
    ("moves", "unit0", "g0/r + u0*(u0*g0 + u1*g1 + u2*g2)/r", "PLUS"),
    ("moves", "unit0", "g0 - u0*(u0*g0 + u1*g1 + u2*g2)", "NOSCALE"),
    ("moves", "unit0", "(g0 - u0*(g0 + g1 + g2))/r", "PLAINSUM"),
]

# exercise, CODE or None, words, cell
ANSWERS = [
    (
        "jacobian",
        "PRECEDENCE",
        "`/ (2 * h)`",
        """
        def jacobian(f, x):
            h = 1e-5
            J = np.zeros((len(f(x)), len(x)))
            for j in range(len(x)):
                e = np.zeros(len(x))
                e[j] = h
                J[:, j] = (f(x + e) - f(x - e)) / 2 * h
            return J
        """,
    ),
    (
        "jacobian",
        "SQUARETABLE",
        "Rows belong to outputs",
        """
        def jacobian(f, x):
            h = 1e-5
            J = np.zeros((len(x), len(x)))
            for j in range(len(x)):
                e = np.zeros(len(x))
                e[j] = h
                J[:, j] = (f(x + e) - f(x - e)) / (2 * h)
            return J
        """,
    ),
    (
        "jacobian",
        "TABLEOFPOINTS",
        "Call f once",
        """
        def jacobian(f, x):
            E = 1e-5 * np.eye(len(x))
            return (f(x + E) - f(x - E)) / 2e-5
        """,
    ),
    (
        "vjp_tanh_linear",
        "HALFWAY",
        "That is dz",
        """
        def vjp_tanh_linear(W, x, v):
            return v * (1 - np.tanh(W @ x) ** 2)
        """,
    ),
    (
        "vjp_tanh_linear",
        "ORDER",
        "starts at the output",
        """
        def vjp_tanh_linear(W, x, v):
            return W.T @ v * (1 - np.tanh(W @ x) ** 2)
        """,
    ),
    (
        "vjp_tanh_linear",
        "NOSUM",
        "a matrix product",
        """
        def vjp_tanh_linear(W, x, v):
            return v * (1 - np.tanh(W @ x) ** 2) * W
        """,
    ),
    (
        "vjp_tanh_linear",
        "OTHERINPUT",
        "gradient of *W*",
        """
        def vjp_tanh_linear(W, x, v):
            return np.outer(v * (1 - np.tanh(W @ x) ** 2), x)
        """,
    ),
    (
        "vjp_tanh_linear",
        "WRONGPLACE",
        "applied to z",
        """
        def vjp_tanh_linear(W, x, v):
            h = np.tanh(x)
            return W.T @ (v * (1 - h**2))
        """,
    ),
    (
        "vjp_tanh_linear",
        None,
        "a number for each entry of W",
        """
        def vjp_tanh_linear(W, x, v):
            h = np.tanh(W @ x)
            return v @ (1 - h**2) * W
        """,
    ),
    (
        "vjp_tanh_linear",
        "SIGMOIDSLOPE",
        "sigmoid's",
        """
        def vjp_tanh_linear(W, x, v):
            h = np.tanh(W @ x)
            return (v * h * (1 - h)) @ W
        """,
    ),
    (
        "linear_backward",
        "FACTORORDER",
        "on the left",
        """
        def linear_backward(X, W, b, G):
            return W.T @ G, X.T @ G, G.sum(axis=0)
        """,
    ),
    (
        "linear_backward",
        "FACTORORDER",
        "sums over the samples",
        """
        def linear_backward(X, W, b, G):
            return G @ W.T, G @ X.T, G.sum(axis=0)
        """,
    ),
    (
        "linear_backward",
        "ELEMENTWISE",
        "`@`",
        """
        def linear_backward(X, W, b, G):
            return G * W.T, X.T * G, sum(G)
        """,
    ),
    (
        "linear_backward",
        "NOUPSTREAM",
        "Your db",
        """
        def linear_backward(X, W, b, G):
            return G @ W.T, X.T @ G, np.ones_like(b)
        """,
    ),
    (
        "mul_backward",
        "OTHERSHAPE",
        "dA has the shape",
        """
        def mul_backward(A, B, G):
            return unbroadcast(B * G, B.shape), unbroadcast(A * G, A.shape)
        """,
    ),
    (
        "reduce_backward",
        "AXISNONE",
        "there is no axis to ask for",
        """
        def reduce_backward(kind, X, G, axis, keepdims):
            if axis is not None and not keepdims:
                G = np.expand_dims(G, axis)
            if kind == 'sum':
                return G * np.ones_like(X)
            if kind == 'mean':
                return G * np.ones_like(X) / X.shape[axis]
            m = X == X.max(axis=axis, keepdims=True)
            return G * m / m.sum(axis=axis, keepdims=True)
        """,
    ),
    (
        "reduce_backward",
        "AXISNONE",
        "no axis to put back",
        """
        def reduce_backward(kind, X, G, axis, keepdims):
            if not keepdims:
                G = np.expand_dims(G, axis)
            if kind == 'sum':
                return G * np.ones_like(X)
            if kind == 'mean':
                return G * np.ones_like(X) * G.size / X.size
            m = X == X.max(axis=axis, keepdims=True)
            return G * m / m.sum(axis=axis, keepdims=True)
        """,
    ),
    (
        "reduce_backward",
        "MEANTIMES",
        "you multiply by n",
        """
        def reduce_backward(kind, X, G, axis, keepdims):
            if axis is not None and not keepdims:
                G = np.expand_dims(G, axis)
            if kind == 'sum':
                return G * np.ones_like(X)
            if kind == 'mean':
                return G * np.ones_like(X) * (X.size // G.size)
            m = X == X.max(axis=axis, keepdims=True)
            return G * m / m.sum(axis=axis, keepdims=True)
        """,
    ),
    (
        "reduce_backward",
        "OWNDATA",
        "whatever its value is",
        """
        def reduce_backward(kind, X, G, axis, keepdims):
            if axis is not None and not keepdims:
                G = np.expand_dims(G, axis)
            if kind == 'sum':
                return G * X
            if kind == 'mean':
                return G * np.ones_like(X) * G.size / X.size
            m = X == X.max(axis=axis, keepdims=True)
            return G * m / m.sum(axis=axis, keepdims=True)
        """,
    ),
    (
        "batched_matmul_backward",
        "THREEAXES",
        "exactly three axes",
        """
        def batched_matmul_backward(A, B, G):
            dA = G @ B.transpose(0, 2, 1)
            dB = A.transpose(0, 2, 1) @ G
            return unbroadcast(dA, A.shape), unbroadcast(dB, B.shape)
        """,
    ),
    (
        "batched_matmul_backward",
        "FIRSTAXES",
        "the *last* two",
        """
        def batched_matmul_backward(A, B, G):
            dA, dB = G @ np.swapaxes(B, 0, 1), np.swapaxes(A, 0, 1) @ G
            return unbroadcast(dA, A.shape), unbroadcast(dB, B.shape)
        """,
    ),
    (
        "batched_matmul_backward",
        "SUMALWAYS",
        "Sum only where",
        """
        def batched_matmul_backward(A, B, G):
            return sum(G @ np.swapaxes(B, -1, -2)), sum(np.swapaxes(A, -1, -2) @ G)
        """,
    ),
    (
        "chain_cost",
        "ALLSIZES",
        "begin with the next one",
        """
        def chain_cost(shapes, mode):
            k = shapes[0][1] if mode == 'forward' else shapes[-1][0]
            return k * sum(a * b for a, b in shapes)
        """,
    ),
    (
        "chain_cost",
        "WRONGSIDE",
        "the other size",
        """
        def chain_cost(shapes, mode):
            if mode == 'forward':
                return shapes[0][0] * sum(a * b for a, b in shapes[1:])
            return shapes[-1][1] * sum(a * b for a, b in shapes[:-1])
        """,
    ),
    (
        "chain_cost",
        "ONEORDER",
        "begins at the last",
        """
        def chain_cost(shapes, mode):
            cost, rows = 0, shapes[0]
            for s in shapes[1:]:
                cost += s[0] * s[1] * rows[1]
            return cost
        """,
    ),
]
