"""Answers to week 4 as learners type them: right in other styles, known mistakes in other styles,
and wrong in ways that nobody has listed (each with words that its verdict must contain).
"""

RIGHT = {
    "activation_backward": {
        "slopes in a dict": """
            def activation_backward(name, z, G):
                h, s = np.tanh(z), 1 / (1 + np.exp(-z))
                slopes = {"relu": np.where(z > 0, 1, 0), "leaky_relu": np.where(z < 0, 0.01, 1),
                          "tanh": 1 / np.cosh(z) ** 2, "sigmoid": s - s * s}
                return slopes[name] * G
            """,
        "masks from outputs, and a copy of G": """
            def activation_backward(name, z, G):
                if name in ("relu", "leaky_relu"):
                    dz = G.copy()
                    dz[np.maximum(z, 0) <= 0] *= 0.0 if name == "relu" else 0.01
                    return dz
                h = np.tanh(z if name == "tanh" else z / 2)
                return G * (1 - h) * (1 + h) * (1 if name == "tanh" else 0.25)
            """,
        "entry by entry": """
            import math
            def activation_backward(name, z, G):
                dz = np.empty_like(z)
                for i in np.ndindex(z.shape):
                    if name == "tanh":
                        slope = 1 - math.tanh(z[i]) ** 2
                    elif name == "sigmoid":
                        slope = math.exp(-z[i]) / (1 + math.exp(-z[i])) ** 2
                    else:
                        slope = 1.0 if z[i] >= 0 else (0.0 if name == "relu" else 0.01)
                    dz[i] = slope * G[i]
                return dz
            """,
    },
    "logsumexp": {
        "row by row, as a list": """
            def logsumexp(Z):
                return [max(row) + np.log(sum(np.exp(z - max(row)) for z in row)) for row in Z]
            """,
        "NumPy's own": """
            def logsumexp(Z):
                return np.logaddexp.reduce(Z, axis=1)
            """,
        "another shift": """
            def logsumexp(Z):
                m = np.amax(Z, axis=-1) - 1.0
                return m + np.log(np.exp(Z.T - m).sum(0))
            """,
    },
    "softmax_vjp": {
        "with the whole Jacobian of each row": """
            def softmax_vjp(P, G):
                return np.array([(np.diag(p) - np.outer(p, p)) @ g for p, g in zip(P, G)])
            """,
        "two loops": """
            def softmax_vjp(P, G):
                dZ = np.zeros_like(P)
                for n, (p, g) in enumerate(zip(P, G)):
                    for i in range(len(p)):
                        dZ[n, i] = sum(g[j] * p[j] * ((i == j) - p[i]) for j in range(len(p)))
                return dZ
            """,
        "einsum": """
            def softmax_vjp(P, G):
                return P * G - P * np.einsum("nc,nc->n", P, G)[:, None]
            """,
    },
    "cross_entropy_grad": {
        "one-hot rows": """
            def cross_entropy_grad(Z, t):
                N, C = Z.shape
                Y = np.eye(C)[t]
                E = Z - Z.max(axis=1)[:, None]
                lse = np.log(np.exp(E).sum(axis=1))
                L = (lse - (E * Y).sum(axis=1)).sum() / N
                return [L, (np.exp(E - lse[:, None]) - Y) / N]
            """,
        "sample by sample": """
            def cross_entropy_grad(Z, t):
                L, dZ = 0.0, np.zeros(Z.shape)
                for n, row in enumerate(Z):
                    m = row.max()
                    lse = m + np.log(np.exp(row - m).sum())
                    L += (lse - row[t[n]]) / len(t)
                    dZ[n] = np.exp(row - lse) / len(t)
                    dZ[n, t[n]] -= 1 / len(t)
                return L, dZ
            """,
    },
    "mse_grad": {
        "a loop": """
            def mse_grad(A, B):
                if np.shape(A) != np.shape(B):
                    raise ValueError("shapes differ")
                a, b = A.ravel(), B.ravel()
                n = len(a)
                dA = np.array([2 * (x - y) / n for x, y in zip(a, b)]).reshape(A.shape)
                return sum((x - y) ** 2 for x, y in zip(a, b)) / n, dA
            """,
        "difference first, in a list": """
            def mse_grad(A, B):
                if A.shape != B.shape:
                    raise ValueError
                D = A - B
                return [np.mean(D * D), D * (2 / D.size)]
            """,
    },
    "two_layer_grads": {
        "one-hot rows, H > 0, more keys": """
            def two_layer_grads(params, X, t):
                W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
                N, C = len(X), len(b2)
                Z1 = X.dot(W1) + b1
                H = Z1 * (Z1 > 0)
                Z2 = H.dot(W2) + b2
                Z2 = Z2 - Z2.max(1, keepdims=True)
                lse = np.log(np.exp(Z2).sum(1, keepdims=True))
                Y = np.eye(C)[t]
                dZ2 = (np.exp(Z2 - lse) - Y) / N
                dH = dZ2.dot(W2.T)
                dZ1 = np.where(H > 0, dH, 0)
                loss = (lse - (Z2 * Y).sum(1, keepdims=True)).mean()
                return {"dZ2": dZ2, "dH": dH, "dZ1": dZ1, "loss": loss, "dW1": X.T.dot(dZ1),
                        "db1": np.ones(N) @ dZ1, "dW2": H.T.dot(dZ2), "db2": np.ones(N) @ dZ2}
            """,
        "with the function of section 4": """
            def cross_entropy_grad(Z, t):
                rows = np.arange(len(t))
                logP = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
                dZ = np.exp(logP)
                dZ[rows, t] -= 1
                return -logP[rows, t].mean(), dZ / len(t)

            def two_layer_grads(params, X, t):
                Z1 = X @ params["W1"] + params["b1"]
                H = np.maximum(0, Z1)
                loss, G = cross_entropy_grad(H @ params["W2"] + params["b2"], t)
                dZ1 = (G @ params["W2"].T) * (Z1 >= 0)
                return dict(loss=loss, dW1=X.T @ dZ1, db1=dZ1.sum(0), dW2=H.T @ G, db2=G.sum(0))
            """,
        "sample by sample": """
            def two_layer_grads(params, X, t):
                grads = {"d" + name: np.zeros_like(p) for name, p in params.items()}
                loss, N = 0.0, len(t)
                for x, k in zip(X, t):
                    z1 = x @ params["W1"] + params["b1"]
                    h = np.maximum(z1, 0)
                    z2 = h @ params["W2"] + params["b2"]
                    lse = np.logaddexp.reduce(z2)
                    loss += (lse - z2[k]) / N
                    d2 = np.exp(z2 - lse) / N
                    d2[k] -= 1 / N
                    d1 = (params["W2"] @ d2) * (z1 > 0)
                    grads["dW2"] += np.outer(h, d2)
                    grads["db2"] += d2
                    grads["dW1"] += np.outer(x, d1)
                    grads["db1"] += d1
                return {"loss": loss, **grads}
            """,
    },
    "train_two_layer": {
        "in place on copies, losses as an array, one more at the end": """
            def train_two_layer(grads_of, params, X, t, lr, steps):
                params = {name: p.copy() for name, p in params.items()}
                losses = np.zeros(steps + 1)
                for step in range(steps):
                    grads = grads_of(params, X, t)
                    losses[step] = grads["loss"]
                    for name in params:
                        params[name] -= lr * grads["d" + name]
                losses[steps] = grads_of(params, X, t)["loss"]
                return [params, losses]
            """,
        "while, and a new dict": """
            def train_two_layer(grads_of, params, X, t, lr, steps):
                losses = []
                while len(losses) < steps:
                    g = grads_of(params, X, t)
                    losses += [g["loss"]]
                    moved = {}
                    for name in params:
                        moved[name] = params[name] + (-lr) * g[f"d{name}"]
                    params = moved
                return params, tuple(losses)
            """,
    },
    "overfit_small_batch": {
        "recursion": """
            def overfit_small_batch(grads_of, params, X, t, n, lr, steps):
                g = grads_of(params, X[:n], t[:n])
                if steps == 0:
                    return g["loss"]
                new = {k: v - lr * g["d" + k] for k, v in params.items()}
                return overfit_small_batch(grads_of, new, X[:n], t[:n], n, lr, steps - 1)
            """,
        "with the trainer of the cell above": """
            def train(grads_of, params, X, t, lr, steps):
                for _ in range(steps):
                    g = grads_of(params, X, t)
                    params = {k: v - lr * g["d" + k] for k, v in params.items()}
                return params

            def overfit_small_batch(grads_of, params, X, t, n, lr, steps):
                rows = np.arange(n)
                end = train(grads_of, params, X[rows], t[rows], lr, steps)
                return float(grads_of(end, X[rows], t[rows])["loss"])
            """,
    },
    "exit_test": {
        "one wide layer for both products": """
            def exit_test(params, X, t):
                N, C = len(t), len(params["b2"])
                H = np.tanh(X @ params["W1"] + params["b1"])
                both, W = np.hstack([H, X]), np.vstack([params["W2"], params["W3"]])
                Z = both @ W + params["b2"]
                logP = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
                G = (np.exp(logP) - np.eye(C)[t]) / N
                dW, dboth = both.T @ G, G @ W.T
                k = H.shape[1]
                d1 = dboth[:, :k] * (1 - H) * (1 + H)
                return {"loss": -(logP * np.eye(C)[t]).sum() / N, "dW1": X.T @ d1, "db1": d1.sum(0),
                        "dW2": dW[:k], "dW3": dW[k:], "db2": G.sum(0),
                        "dX": dboth[:, k:] + d1 @ params["W1"].T}
            """,
        "dX gathered with +=": """
            def exit_test(params, X, t):
                W1, W2, W3 = params["W1"], params["W2"], params["W3"]
                A = X @ W1 + params["b1"]
                H = np.tanh(A)
                Z = H @ W2 + X @ W3 + params["b2"]
                m = Z.max(1, keepdims=True)
                S = np.exp(Z - m).sum(1, keepdims=True)
                loss = (m + np.log(S)).mean() - Z[np.arange(len(t)), t].mean()
                G = np.exp(Z - m) / S
                G[np.arange(len(t)), t] -= 1
                G /= len(t)
                dA = (G @ W2.T) / np.cosh(A) ** 2
                dX = G @ W3.T
                dX += dA @ W1.T
                return dict(loss=loss, dX=dX, dW3=X.T @ G, dW2=H.T @ G, db2=G.sum(0), dW1=X.T @ dA,
                            db1=dA.sum(0))
            """,
    },
}

# what the mistake is called, and the same mistake as somebody else would write it
KNOWN = {
    "activation_backward": {
        "RELUMASK in one branch, all others right": (
            "RELUMASK",
            """
            def activation_backward(name, z, G):
                h = {"relu": np.maximum(0, z), "tanh": np.tanh(z), "sigmoid": 1 / (1 + np.exp(-z))}
                if name == "leaky_relu":
                    return np.where(z > 0, G, 0.01 * G)
                h = h[name]
                if name == "relu":
                    G = G.copy()
                    G[h < 0] = 0
                    return G
                return G * (1 - h * h) if name == "tanh" else G * h * (1 - h)
            """,
        ),
        "two different mistakes: the first one is named": (
            "RELUMASK",
            """
            def activation_backward(name, z, G):
                if name == "relu":
                    return np.maximum(G, 0)
                if name == "leaky_relu":
                    return np.where(z > 0, G, 0.01 * G)
                h = np.tanh(z) if name == "tanh" else 1 / (1 + np.exp(-z))
                return G * (1 - h)
            """,
        ),
    },
    "logsumexp": {
        "MAXSHIFT": (
            "MAXSHIFT",
            """
            def logsumexp(Z):
                return np.array([np.log(sum(np.exp(row))) for row in Z])
            """,
        ),
    },
    "softmax_vjp": {
        "DIAGSOFTMAX": (
            "DIAGSOFTMAX",
            """
            def softmax_vjp(P, G):
                return np.array([np.diag(p * (1 - p)) @ g for p, g in zip(P, G)])
            """,
        ),
        "OFFSIGN, with the whole Jacobian": (
            "OFFSIGN",
            """
            def softmax_vjp(P, G):
                return np.array([(np.diag(p) + np.outer(p, p)) @ g for p, g in zip(P, G)])
            """,
        ),
        "SELFLOST, with the whole Jacobian": (
            "SELFLOST",
            """
            def softmax_vjp(P, G):
                return np.array([-np.outer(p, p) @ g for p, g in zip(P, G)])
            """,
        ),
        "SMAXIS, one sum for the batch": (
            "SMAXIS",
            """
            def softmax_vjp(P, G):
                return P * G - P * np.sum(P * G)
            """,
        ),
        "TWICE, diagonal and the rest": (
            "TWICE",
            """
            def softmax_vjp(P, G):
                own = G * P * (1 - P)
                others = -P * (G * P).sum(axis=1, keepdims=True)
                return own + others
            """,
        ),
    },
    "cross_entropy_grad": {
        "MEANSUM, and the loss is a sum as well": (
            "MEANSUM",
            """
            def cross_entropy_grad(Z, t):
                logP = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
                Y = np.eye(Z.shape[1])[t]
                return -(logP * Y).sum(), np.exp(logP) - Y
            """,
        ),
        "SIGN": (
            "SIGN",
            """
            def cross_entropy_grad(Z, t):
                logP = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
                Y = np.eye(Z.shape[1])[t]
                return -(logP * Y).sum() / len(t), (Y - np.exp(logP)) / len(t)
            """,
        ),
    },
    "mse_grad": {
        "MSEBROADCAST": (
            "MSEBROADCAST",
            """
            def mse_grad(A, B):
                D = A - B
                return (D * D).mean(), D * 2 / A.size
            """,
        ),
    },
    "two_layer_grads": {
        "TRANSPOSE of dW1, by einsum": (
            "TRANSPOSE",
            """
            def two_layer_grads(params, X, t):
                Z1 = X @ params["W1"] + params["b1"]
                H = np.maximum(0, Z1)
                Z2 = H @ params["W2"] + params["b2"]
                logP = Z2 - np.logaddexp.reduce(Z2, axis=1, keepdims=True)
                Y = np.eye(Z2.shape[1])[t]
                G = (np.exp(logP) - Y) / len(t)
                d = (G @ params["W2"].T) * (Z1 > 0)
                return {"loss": -(logP * Y).sum() / len(t), "dW1": np.einsum("nd,nh->hd", X, d),
                        "db1": d.sum(0), "dW2": H.T @ G, "db2": G.sum(0)}
            """,
        ),
    },
    "train_two_layer": {
        "SIGN": (
            "SIGN",
            """
            def train_two_layer(grads_of, params, X, t, lr, steps):
                losses = []
                for _ in range(steps):
                    g = grads_of(params, X, t)
                    losses.append(g["loss"])
                    params = {k: params[k] + g["d" + k] * lr for k in params}
                return params, losses
            """,
        ),
    },
    "overfit_small_batch": {
        "LATELOSS": (
            "LATELOSS",
            """
            def overfit_small_batch(grads_of, params, X, t, n, lr, steps):
                losses = []
                for _ in range(steps):
                    g = grads_of(params, X[:n], t[:n])
                    losses.append(g["loss"])
                    params = {k: v - lr * g["d" + k] for k, v in params.items()}
                return losses[-1]
            """,
        ),
    },
}

# exchanges in the reference, and words of the verdict
BETWEEN = "`dW1` and `db1` are wrong, `dW2` and `db2` are right: look between them"
WRONG = {
    "activation_backward": {
        "tanh with a plus": ([("1 - h**2", "1 + h**2")], "at: tanh"),
        "leak of 0.1": ([("0.01", "0.1")], "at: leaky_relu"),
        "twice the sigmoid": ([("(s * (1 - s))", "(2 * s * (1 - s))")], "2.0 times the right one"),
        "nothing for relu": ([("G * (z > 0)", "G * 0")], "0.0 times the right one"),
        "changes G": ([("        return G * (z > 0)", "        G[z < 0] = 0\n        return G")],
                      "changes its input `G`"),
    },
    "logsumexp": {
        "no log": ([("np.log(", "(")], "expected"),
        "base 2": ([("np.log(", "np.log2(")], "expected"),
        "softmax": ([("top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))",
                      "np.exp(Z - top) / np.exp(Z - top).sum(axis=1, keepdims=True)")],
                    "Shape (1,) is expected"),
        "one number": ([("np.exp(Z - top).sum(axis=1)", "np.exp(Z - top).sum()")], "expected"),
    },
    "softmax_vjp": {
        "twice": ([("P * (G", "2 * P * (G")], "2.0 times the right one"),
        "1 - G": ([("(G - (G * P).sum(axis=1, keepdims=True))", "(1 - G)")],
                  "Row 0 sums to −0.11, and must sum to 0"),
        "the largest": ([("(G * P).sum", "(G * P).max")], "and must sum to 0"),
        "squared weights": ([("P * (G - (G * P).sum(axis=1, keepdims=True))",
                              "P**2 * (G - (G * P**2).sum(axis=1, keepdims=True)"
                              " / (P**2).sum(axis=1, keepdims=True))")],
                            "Its rows sum to 0, as they must. So look at the weights"),
        "transposed": ([("keepdims=True))", "keepdims=True))).T"), ("return P", "return (P")],
                       "transpose of the right one"),
    },
    "cross_entropy_grad": {
        "times N": ([("dZ / len(t)", "dZ * len(t)")],
                    "16.0 times the right one, everywhere: that is N²"),
        "halved": ([("dZ / len(t)", "dZ / len(t) / 2")], "0.5 times the right one"),
        "only dZ": ([("return L, dZ / len(t)", "return dZ / len(t)")], "Return `(L, dZ)`, a tuple"),
        "only L": ([("return L, dZ / len(t)", "return L")], "Return `(L, dZ)`, a tuple"),
        "squares the residual": ([("dZ / len(t)", "dZ**2 / len(t)")], "`L` is right"),
        "float labels": ([("rows, t]", "rows, t * 1.0]")], "IndexError"),
    },
    "mse_grad": {
        "sum over D only": ([("/ A.size", "/ A.shape[-1]")], "times the right one"),
        "returns dB": ([("2 * (A - B) / A.size", "-(A - B) / A.size")], "times the right one"),
        "assert": ([("if A.shape != B.shape:", "assert A.shape == B.shape\n    if False:")],
                   "AssertionError"),
        "root": ([("((A - B) ** 2).mean()", "((A - B) ** 2).mean() ** 0.5")], "`L` is"),
    },
    "two_layer_grads": {
        "factor N in dW1": ([("X.T @ dZ1", "len(t) * X.T @ dZ1")],
                            "`dW1` is 5.0 times the right one, everywhere: that is N"),
        "1/N again in dW1 and dW2": ([("X.T @ dZ1", "X.T @ dZ1 / len(t)"),
                                      ("H.T @ dZ2", "H.T @ dZ2 / len(t)")],
                                     "`dW2` is 0.2 times the right one, everywhere: that is 1/N"),
        "N/C in dZ1": ([("(Z1 > 0)", "(Z1 > 0) * len(t) / Z2.shape[1]")], "that is N/C"),
        "factor 2 in db1": ([("dZ1.sum(axis=0)", "2 * dZ1.sum(axis=0)")],
                            "`db1` is 2.0 times the right one, everywhere: a factor 2"),
        "sign of dW2": ([("H.T @ dZ2", "-H.T @ dZ2")], "`dW2` is −1.0 times the right one"),
        "slope of a tanh": ([("dH * (Z1 > 0)", "dH * (1 - H**2)")],
                            BETWEEN),
        "H for its mask": ([("dH * (Z1 > 0)", "dH * H")],
                           BETWEEN),
        "dW1 made of H": ([("X.T @ dZ1", "(X * 2 - X**2).T @ dZ1")],
                          "`dW1` is wrong, `dW2`, `db2` and `db1` are right"),
        "the first wrong line on the way": (
            [("dH * (Z1 > 0)", "dH * H"),
             ('"dW1": dW1', '"dZ2": dZ2, "dH": dH, "dZ1": dZ1, "dW1": dW1')],
            "Of the gradients on the way, `dZ1`"),
        "both dW transposed where square": (
            [("dW1 = X.T @ dZ1", "dW1 = X.T @ dZ1 if X.shape[1] != H.shape[1] else dZ1.T @ X")],
            "`dW1` is the transpose of the right one. Its matrix is square"),
        "loss a sum": ([(".mean()", ".sum()")], "All gradients are right. `loss`"),
        "loss missing": ([('"loss": loss, ', "")], "`loss` is missing"),
        "a tuple": ([('return {"loss": loss, ', "return loss, {")], "A dict with"),
        "changes params": ([("    Z1 =", '    params["b1"] += 1\n    Z1 =')],
                           "changes its input `params`"),
    },
    "train_two_layer": {
        "double steps": ([("p - lr", "p - 2 * lr")], "moved 2.0 times as far"),
        "one step too few": ([("range(steps)", "range(steps - 1)")], "moved 0.0 times as far"),
        "all but b": ([('p - lr * grads["d" + name] for',
                        'p - lr * (name != "b") * grads["d" + name] for')],
                   "`params['a']`"),
        "no losses": ([("        losses.append(grads[\"loss\"])\n", "")], "one loss for each step"),
        "params only": ([("return params, losses", "return params")], "Return `(params, losses)`"),
        "in place": ([('params = {name: p - lr * grads["d" + name] for name, p in params.items()}',
                       'for name in params:\n            params[name] -= lr * grads["d" + name]')],
                     "changes the caller's own arrays"),
    },
    "overfit_small_batch": {
        "one sample more": ([("X[:n], t[:n]", "X[: n + 1], t[: n + 1]")], "Not right yet"),
        "double steps": ([("p - lr", "p - 2 * lr")], "Not right yet"),
        "parameters": ([('return grads_of(params, few, labels)["loss"]', "return params")],
                       "A number is expected"),
        "a constant": ([('return grads_of(params, few, labels)["loss"]', "return 1.0")],
                       "Not right yet"),
    },
    "exit_test": {
        "half a path": ([("dX = dZ1", "dX = 0.5 * dZ1")], "X is used twice"),
        "tanh of tanh": ([("1 - H**2", "1 - np.tanh(H) ** 2")], "look between them, at dH"),
        "dW3 from H": ([("dW3 = X.T @ dZ2", "dW3 = (X**2).T @ dZ2")],
                       "`dW2`, `db2`, `dW1`, `db1` and `dX` are right: the shortcut"),
        "dW3 times N": ([("dW3 = X.T @ dZ2", "dW3 = X.T @ dZ2 * len(t)")], "that is N"),
        "half a loss": ([("mean()", "mean() / 2")], "All gradients are right. `loss`"),
    },
}  # fmt: skip
