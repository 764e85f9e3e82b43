"""Answers to week 11 as learners type them: right in other styles, known mistakes in other styles,
and wrong in ways that nobody has listed (each with words that its verdict must contain).
"""


def _stds(measure):
    """An answer to std_per_layer with a batch of its own; `measure` is its number for h."""
    return f"""
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(9)
                h, out = rng.normal(size=(200, 128)), []
                for _ in range(depth):
                    z = h @ init(kind, 128, 128, rng)
                    h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
                    out.append({measure})
                return out
            """


def _forward(seed):
    """The first half of an answer to grad_std_per_layer, with a batch of its own."""
    return f"""
            def grad_std_per_layer(kind, act, depth):
                rng = np.random.default_rng({seed})
                h, kept = rng.normal(size=(200, 128)), []
                for _ in range(depth):
                    W = init(kind, 128, 128, rng)
                    h = np.maximum(h @ W, 0) if act == "relu" else np.tanh(h @ W)
                    kept.append((W, h))"""


RIGHT = {
    "init": {
        "rng.normal, Q with signs": """
            def init(kind, n_in, n_out, rng):
                shape = (n_in, n_out)
                if kind == "small":
                    return rng.normal(0, 0.01, shape)
                if kind == "one":
                    return rng.normal(size=shape)
                if kind == "xavier":
                    return rng.normal(0, ((n_in + n_out) / 2) ** -0.5, shape)
                if kind == "he":
                    return rng.normal(0, (2 / n_in) ** 0.5, shape)
                if kind == "default":
                    return (2 * rng.random(shape) - 1) / np.sqrt(n_in)
                A = rng.normal(size=shape if n_in >= n_out else shape[::-1])
                Q, R = np.linalg.qr(A)
                Q = Q * np.sign(np.diag(R)) * 2 ** 0.5
                return Q if n_in >= n_out else Q.T
            """,
        "another order of draws, singular vectors": """
            def init(kind, n_in, n_out, rng):
                A = rng.standard_normal((n_out, n_in)).T
                if kind == "orthogonal":
                    U, _, V = np.linalg.svd(A, full_matrices=False)
                    return np.sqrt(2) * U @ V
                if kind == "default":
                    a = 1 / np.sqrt(n_in)
                    return rng.uniform(-a, a, size=(n_out, n_in)).T
                std = dict(small=0.01, one=1, he=np.sqrt(2 / n_in))
                return A * std.get(kind, np.sqrt(2 / (n_in + n_out)))
            """,
    },
    "std_per_layer": {
        "a list, another seed, rng.normal": """
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(123)
                f = {"relu": lambda z: z * (z > 0), "tanh": np.tanh}[act]
                h, out = rng.normal(size=(200, 128)), []
                while len(out) < depth:
                    h = f(h @ init(kind, 128, 128, rng))
                    out.append(float(np.std(h)))
                return out
            """,
        "a batch on its side": """
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(0)
                h, stds = rng.standard_normal((128, 200)).T, []
                for _ in range(depth):
                    z = h @ init(kind, 128, 128, rng)
                    h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
                    stds.append(h.std(ddof=1))
                return stds
            """,
        "float32": """
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(0)
                h, stds = rng.standard_normal((200, 128)).astype(np.float32), []
                for _ in range(depth):
                    z = h @ init(kind, 128, 128, rng).astype(np.float32)
                    h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
                    stds.append(h.std())
                return stds
            """,
        "all weights first": """
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(1)
                Ws = [init(kind, 128, 128, rng) for _ in range(depth)]
                h, stds = rng.standard_normal((200, 128)), np.empty(depth)
                for k, W in enumerate(Ws):
                    h = np.tanh(h @ W) if act == "tanh" else (h @ W).clip(0)
                    stds[k] = h.std()
                return stds
            """,
    },
    "predict_std": {
        "recursion, Gauss and Hermite": """
            def predict_std(act, s, n, depth):
                u, w = np.polynomial.hermite_e.hermegauss(101)
                w = w / w.sum()
                m, out = 1.0, []
                for _ in range(depth):
                    z = np.sqrt(n * m) * s * u
                    if act == "linear":
                        m = n * m * s * s
                        out.append(np.sqrt(m))
                    elif act == "relu":
                        v = n * m * s * s
                        m = v / 2
                        out.append(np.sqrt(v / 2 * (1 - 1 / np.pi)))
                    else:
                        m = (w * np.tanh(z) ** 2).sum()
                        out.append(np.sqrt(m))
                return out
            """,
        "closed forms where there are": """
            def predict_std(act, s, n, depth):
                g = s * np.sqrt(n)
                if act == "linear":
                    return g ** np.arange(1, depth + 1)
                if act == "relu":
                    return (g / np.sqrt(2)) ** np.arange(1, depth + 1) * np.sqrt(1 - 1 / np.pi)
                out, std = [], 1.0
                for _ in range(depth):
                    std = np.sqrt(gaussian_mean(lambda z: np.tanh(z) ** 2, g * std))
                    out.append(std)
                return tuple(out)
            """,
    },
    "grad_std_per_layer": {
        "slopes kept on the way": """
            def grad_std_per_layer(kind, act, depth):
                rng = np.random.default_rng(5)
                h, kept = rng.normal(size=(200, 128)), []
                for _ in range(depth):
                    W = init(kind, 128, 128, rng)
                    z = h @ W
                    h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
                    kept.append((W, z > 0 if act == "relu" else 1 - h * h))
                G = rng.normal(size=h.shape)
                out = [G.std()]
                for W, slope in kept[:0:-1]:
                    G = np.dot(G * slope, W.T)
                    out.insert(0, G.std())
                return out
            """,
        "the gradient drawn before the weights": """
            def grad_std_per_layer(kind, act, depth):
                rng = np.random.default_rng(0)
                G, h, kept = rng.standard_normal((200, 128)), rng.standard_normal((200, 128)), []
                for _ in range(depth):
                    W = init(kind, 128, 128, rng)
                    h = np.maximum(h @ W, 0) if act == "relu" else np.tanh(h @ W)
                    kept.append((W, h))
                out = [G.std()]
                for W, h in kept[:0:-1]:
                    G = (G * (h > 0 if act == "relu" else 1 - h**2)) @ W.T
                    out.insert(0, G.std())
                return out
            """,
        "an array filled from behind": """
            def grad_std_per_layer(kind, act, depth):
                rng = np.random.default_rng(0)
                x = rng.standard_normal((200, 128))
                W, h = [None], [x]
                for k in range(1, depth + 1):
                    W.append(init(kind, 128, 128, rng))
                    z = h[k - 1] @ W[k]
                    h.append(np.tanh(z) if act == "tanh" else np.where(z > 0, z, 0))
                g = rng.standard_normal((200, 128))
                stds = np.zeros(depth)
                for k in range(depth, 0, -1):
                    stds[k - 1] = g.std()
                    dz = g * (1 - h[k] ** 2) if act == "tanh" else np.where(h[k] > 0, g, 0)
                    g = np.einsum("nj,ij->ni", dz, W[k])
                return stds
            """,
    },
    "symmetry_report": {
        "values kept, gradients cleared": """
            def symmetry_report(W1, W2, act, steps):
                A = [[Value(w) for w in row] for row in W1]
                B = [Value(w) for w in W2]
                everything = [w for row in A for w in row] + B

                def cost():
                    total = 0.0
                    for x1, x2, t in POINTS:
                        y = 0.0
                        for row, v in zip(A, B):
                            z = row[0] * x1 + row[1] * x2
                            y = y + v * (z.tanh() if act == "tanh" else z.relu())
                        total = total + (y - t) * (y - t)
                    return total / len(POINTS)

                loss = cost()
                loss.backward()
                grad = max(abs(w.grad) for row in A for w in row)
                for _ in range(steps):
                    for w in everything:
                        w.data -= 0.1 * w.grad
                        w.grad = 0.0
                    loss = cost()
                    loss.backward()
                spread = max(abs(row[i].data - A[0][i].data) for row in A for i in (0, 1))
                return dict(spread=spread, loss=loss.data, grad=grad)
            """,
        "the gradient of the first round": """
            def symmetry_report(W1, W2, act, steps):
                report = {}
                for k in range(steps + 1):
                    rows, out = [[Value(w) for w in r] for r in W1], [Value(w) for w in W2]
                    loss = Value(0.0)
                    for x1, x2, t in POINTS:
                        hs = [getattr(a * x1 + b * x2, act)() for a, b in rows]
                        loss += (sum((v * h for v, h in zip(out, hs)), Value(0.0)) - t) ** 2 / 4
                    report["loss"] = loss.data
                    if k == steps:
                        break
                    loss.backward()
                    if k == 0:
                        report["grad"] = max(abs(w.grad) for r in rows for w in r)
                    W1 = [[w.data - 0.1 * w.grad for w in r] for r in rows]
                    W2 = [w.data - 0.1 * w.grad for w in out]
                report["spread"] = max(abs(w - v) for r in W1 for w, v in zip(r, W1[0]))
                return report
            """,
        "NumPy for the bookkeeping": """
            def symmetry_report(W1, W2, act, steps):
                def of(W1, W2):
                    A, B = [[Value(float(w)) for w in r] for r in W1], [Value(float(w)) for w in W2]
                    terms = []
                    for x1, x2, t in POINTS:
                        zs = [a[0] * x1 + a[1] * x2 for a in A]
                        y = sum((getattr(z, act)() * v for z, v in zip(zs, B)), Value(0.0))
                        terms.append((y - t) ** 2)
                    loss = sum(terms, Value(0.0)) * 0.25
                    loss.backward()
                    grads = [[w.grad for w in r] for r in A], [v.grad for v in B]
                    return loss.data, *map(np.array, grads)

                W1, W2 = np.array(W1), np.array(W2)
                loss, dW1, dW2 = of(W1, W2)
                report = {"grad": np.abs(dW1).max()}
                for _ in range(steps):
                    W1, W2 = W1 - 0.1 * dW1, W2 - 0.1 * dW2
                    loss, dW1, dW2 = of(W1, W2)
                return {**report, "loss": loss, "spread": np.abs(W1 - W1[0]).max()}
            """,
    },
    "expected_initial_loss": {
        "random labels, another seed": """
            def expected_initial_loss(C, s):
                rng = np.random.default_rng(7)
                Z = rng.normal(0, s, (30000, C))
                t = rng.integers(0, C, 30000)
                m = Z.max(axis=1, keepdims=True)
                logP = Z - m - np.log(np.exp(Z - m).sum(axis=1, keepdims=True))
                return -logP[np.arange(30000), t].mean()
            """,
        "logaddexp, without the label": """
            def expected_initial_loss(C, s):
                Z = s * np.random.default_rng(3).standard_normal((40000, C))
                return float(np.logaddexp.reduce(Z, axis=1).mean())
            """,
    },
    "dead_fraction": {
        "sums": """
            def dead_fraction(H):
                return np.mean(H.sum(axis=0) == 0)
            """,
        "a loop over the units": """
            def dead_fraction(H):
                dead = [not any(h > 0 for h in unit) for unit in H.T]
                return sum(dead) / len(dead)
            """,
        "the largest of each column": """
            def dead_fraction(H):
                return 1 - np.count_nonzero(H.max(0)) / H.shape[1]
            """,
    },
    "lsuv": {
        "z scaled instead of computed again": """
            def lsuv(layers, X):
                out = []
                for W in layers:
                    z = X @ W
                    s = np.std(z)
                    out.append(W / s)
                    X = np.where(z > 0, z / s, 0)
                return tuple(out)
            """,
        "several passes until it fits": """
            def lsuv(layers, X):
                new = [W.copy() for W in layers]
                h = X
                for k in range(len(new)):
                    while abs((h @ new[k]).std() - 1) > 1e-13:
                        new[k] /= (h @ new[k]).std()
                    h = (h @ new[k]).clip(min=0)
                return new
            """,
    },
}

KNOWN = {
    "init": {
        "the variance in front": ("STDVAR", """
            def init(kind, n_in, n_out, rng):
                W = rng.standard_normal((n_out, n_in)).T
                std = dict(small=0.01, one=1, he=2 / n_in)
                return W * std.get(kind, np.sqrt(2 / (n_in + n_out)))
            """),
        "he by the columns": ("FANSWAP", """
            def init(kind, n_in, n_out, rng):
                W = rng.normal(size=(n_out, n_in)).T
                s = dict(small=0.01, one=1.0, he=np.sqrt(2 / n_out))
                return W * s.get(kind, np.sqrt(2 / (n_in + n_out)))
            """),
        "as PyTorch keeps it": ("FANSWAP", """
            def init(kind, n_in, n_out, rng):
                return 0.01 * rng.standard_normal((n_out, n_in))
            """),
        "a seed of its own": ("RESEED", """
            def init(kind, n_in, n_out, rng):
                rng = np.random.default_rng(42)
                return 0.01 * rng.standard_normal((n_in, n_out))
            """),
        "the global generator": ("GLOBALRNG", """
            def init(kind, n_in, n_out, rng):
                return 0.01 * np.random.randn(n_in, n_out)
            """),
    },
    "std_per_layer": {
        "one matrix, and a batch of its own": ("SAMEWEIGHTS", """
            def std_per_layer(kind, act, depth):
                rng = np.random.default_rng(9)
                W, h, out = init(kind, 128, 128, rng), rng.normal(size=(200, 128)), []
                for _ in range(depth):
                    h = np.maximum(h @ W, 0) if act == "relu" else np.tanh(h @ W)
                    out.append(h.std())
                return out
            """),
        "stds of rows, and a batch of its own":
            ("PERUNIT", _stds("np.mean([row.std() for row in h])")),
        "root mean square, and a batch of its own":
            ("SECONDMOMENT", _stds("np.sqrt(np.mean(h * h))")),
    },
    "grad_std_per_layer": {
        "after the slope, and a batch of its own": ("PREACT", _forward(8) + """
                G, out = rng.normal(size=h.shape), []
                for W, h in kept[::-1]:
                    G = G * (h > 0 if act == "relu" else 1 - h**2)
                    out.insert(0, G.std())
                    G = G @ W.T
                return out
            """),
        "no transpose, and a batch of its own": ("TRANSPOSE", _forward(8) + """
                G = rng.normal(size=h.shape)
                out = [G.std()]
                for W, h in kept[:0:-1]:
                    G = (G * (h > 0 if act == "relu" else 1 - h**2)) @ W
                    out.insert(0, G.std())
                return out
            """),
        "the inputs again, from a second generator": ("RESEED", _forward(0) + """
                G = np.random.default_rng(0).standard_normal(h.shape)
                out = [G.std()]
                for W, h in kept[:0:-1]:
                    G = (G * (h > 0 if act == "relu" else 1 - h**2)) @ W.T
                    out.insert(0, G.std())
                return out
            """),
        "the order of a backward pass to dz, and a batch of its own": ("PREACT", """
            def grad_std_per_layer(kind, act, depth):
                rng = np.random.default_rng(8)
                hs, Ws = [rng.normal(size=(200, 128))], []
                for _ in range(depth):
                    Ws.append(init(kind, 128, 128, rng))
                    z = hs[-1] @ Ws[-1]
                    hs.append(np.maximum(z, 0) if act == "relu" else np.tanh(z))
                G = rng.normal(size=hs[-1].shape)
                out = [G.std()]
                for k in reversed(range(1, depth)):
                    G = (G @ Ws[k].T) * (hs[k] > 0 if act == "relu" else 1 - hs[k] ** 2)
                    out.insert(0, G.std())
                return out
            """),
    },
    "symmetry_report": {
        f"gradients left over: {label}": ("OLDGRAD", f"""
            def symmetry_report(W1, W2, act, steps):
                A, B = [[Value(w) for w in row] for row in W1], [Value(w) for w in W2]

                def cost():
                    total = 0.0
                    for x1, x2, t in POINTS:
                        zs = [a * x1 + b * x2 for a, b in A]
                        hs = [z.tanh() if act == "tanh" else z.relu() for z in zs]
                        total = total + (sum(v * h for v, h in zip(B, hs)) - t) ** 2
                    return total / len(POINTS)

                cost().backward()
                grad = max(abs(w.grad) for row in A for w in row)
                for _ in range(steps):
                    {before}
                    cost().backward()
                    for w in [*sum(A, []), *B]:
                        w.data -= 0.1 * w.grad
                        {after}
                spread = max(abs(row[i].data - A[0][i].data) for row in A for i in (0, 1))
                return dict(grad=grad, loss=cost().data, spread=spread)
            """)
        for label, before, after in (
            ("all", "pass", "pass"),
            ("those of W2", "for w in sum(A, []): w.grad = 0.0", "pass"),
            ("those of the measurement", "pass", "w.grad = 0.0"),
        )
    },
    "expected_initial_loss": {
        "a formula for small s": ("QUADRATIC", """
            def expected_initial_loss(C, s):
                return np.log(C) + 0.5 * s * s
            """),
    },
    "dead_fraction": {
        "z in the place of h": ("NEGATIVE", """
            def dead_fraction(H):
                return np.mean(np.max(H, axis=0) < 0)
            """),
        "the share of zeros": ("DEADRELU", """
            def dead_fraction(H):
                return 1 - np.count_nonzero(H) / H.size
            """),
    },
    "lsuv": {
        "by the variance": ("STDVAR", """
            def lsuv(layers, X):
                out = []
                for W in layers:
                    out.append(W / np.var(X @ W))
                    X = np.maximum(X @ out[-1], 0)
                return out
            """),
    },
}  # fmt: skip

_NORMAL = "rng.standard_normal((n_in, n_out))"
_SOFTMAX = "(np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))"
_BATCH = "rng.standard_normal((200, 128))"

# (changes to the reference, words that the verdict must contain)
WRONG = {
    "init": {
        "half of the he variance": ([('"he": 2 / n_in', '"he": 1 / n_in')], "The 2 is missing"),
        "the std as the mean": (
            [("np.sqrt(variance[kind]) *", "np.sqrt(variance[kind]) +")],
            "the first number is the *mean*",
        ),
        "signs": (
            [(_NORMAL, "rng.choice([-1.0, 1.0], (n_in, n_out))")], "the distribution is not normal",
        ),
        "Q of numbers from 0 to 1": (
            [("tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))",
              "tall = rng.random((max(n_in, n_out), min(n_in, n_out)))")],
            "all numbers of one sign",
        ),
        "uniform he": (
            [(f"return np.sqrt(variance[kind]) * {_NORMAL}",
              "a = np.sqrt(3 * variance[kind])\n    return rng.uniform(-a, a, (n_in, n_out))")],
            "not normal",
        ),
        "one number per column": (
            [(_NORMAL, "np.ones((n_in, 1)) * rng.standard_normal(n_out)")], "rows repeat",
        ),
        "one number per row": (
            [(_NORMAL, "np.ones(n_out) * rng.standard_normal((n_in, 1))")], "columns repeat",
        ),
        "shifted": ([("np.sqrt(variance[kind]) *", "0.001 + np.sqrt(variance[kind]) *")], "mean"),
        "not orthogonal": (
            [("Q = np.linalg.qr(tall)[0]", "Q = tall / np.sqrt(len(tall))")], "not orthogonal",
        ),
        "a gain of 2": ([("np.sqrt(2) * (Q", "2 * (Q")], "of length 2.0"),
        "ones": ([(_NORMAL, "np.ones((n_in, n_out))")], "small: columns repeat"),
        "each number twice": (
            [(_NORMAL, "np.repeat(rng.standard_normal((n_in, n_out // 2)), 2, axis=1)")],
            "columns repeat",
        ),
        "small is 0.1": ([("0.01**2", "0.1**2")], "0.01 is wanted.\n"),
        "a std of 1/√n": ([("bound = 1 /", "bound = 3**0.5 /")], "is the *bound* of a uniform"),
        "a matrix of zeros": ([(_NORMAL, "np.zeros((n_in, n_out))")], "exactly 0"),
        "a list": ([(f"* {_NORMAL}", f"* {_NORMAL}.tolist()")], "small"),
    },
    "std_per_layer": {
        "a sigmoid": ([("np.tanh(z)", "1 / (1 + np.exp(-z))")], "Layer 1"),
        "leaky": ([("np.maximum(z, 0)", "np.maximum(z, 0.3 * z)")], "times as much"),
        "weights by its own formula": (
            [("init(kind, 128, 128, rng)", "(rng.standard_normal((128, 128)) / 8)")],
            "never called",
        ),
        "one layer too few": (
            [("range(depth)", "range(max(depth - 1, 1))")], "The input is not layer 1",
        ),
        "100 rows": ([(_BATCH, "rng.standard_normal((100, 128))")], "a batch of 100 rows. 200 are"),
        "a bias": ([("z = h @", "z = 0.01 + h @")], "chance has no part in it"),
        "a leak": ([("np.maximum(z, 0)", "np.maximum(z, 0.01 * z)")], "chance has no part in it"),
        "8% more": ([("h.std()", "1.08 * h.std()")], "chance has no part in it"),
        "a generator for each": (
            [("init(kind, 128, 128, rng)", "init(kind, 128, 128, np.random.default_rng(0))")],
            "fresh generator",
        ),
        "he, always": ([("init(kind, ", 'init("he", ')], "wanted is `init('one', 128, 128"),
        "inputs and weights of the same seed": (
            [("    stds = []\n", "    stds, rng = [], np.random.default_rng(0)\n")],
            "two generators with the same seed",
        ),
        "one row": ([(_BATCH, "rng.standard_normal(128)")], "gives a batch of 1 row. 200 are"),
        "the input in front": ([("stds = []", "stds = [h.std()]")], "One number too many"),
        "uniform inputs": ([(_BATCH, "rng.random((200, 128))")], "Layer 1"),
        "twice as many draws": (
            [("stds = []\n", "stds = []\n    init(kind, 128, 128, rng)\n")],
            "4 times for 3 layers",
        ),
        "inputs of std 2": ([(_BATCH, f"2 * {_BATCH}")], "Layer 1"),
        "a float": ([("np.array(stds)", "stds[-1]")], "expected"),
    },
    "predict_std": {
        "draws in place of a grid": (
            [("gaussian_mean(lambda z: np.tanh(z) ** 2, np.sqrt(var_z))",
              "(np.tanh(np.random.default_rng(0).normal(0, var_z**0.5, 10**5)) ** 2).mean()")],
            "not by draws",
        ),
        "inputs twice as large": ([("m, stds = 1.0, []", "m, stds = 4.0, []")], "entry 0"),
        "one factor for all layers": ([("n * s**2 * m, 0.0", "n * s**2, 0.0")], "entry 1"),
        "the inputs in front": ([("stds = 1.0, []", "stds = 1.0, [1.0]")], "expected"),
    },
    "grad_std_per_layer": {
        "the square of the slope": (
            [("(G * slope)", "(G * slope * slope)")],
            "Layer 4 is right; the first step back, layer 3",
        ),
        "a slope of 2 in one layer": (
            [("(G * slope)", "(G * (slope if k > 2 else 2 * slope))")],
            "Layers 4 to 2 are right; one step further back, layer 1",
        ),
        "8% more": ([("G.std()", "1.08 * G.std()")], "Layer 4: about"),
        "a slope of 2 in one step, a gradient of its own": (
            [("(G * slope)", "(G * slope * (slope if k > 3 else 2 * slope))"),
             ("G = rng", "G = np.random.default_rng(1)")],
            "Layers 4 to 3 are right; one step further back, layer 2",
        ),
        "100 rows": ([(_BATCH, "rng.standard_normal((100, 128))")], "a batch of 100 rows. 200 are"),
        "one step too many": (
            [("range(depth, 1, -1)", "range(depth, 0, -1)")], "the first belongs to the input",
        ),
        "other weights on the way back": (
            [("Ws[k - 1].T", "init(kind, 128, 128, rng).T")], "keep them in a list",
        ),
        "the weights of the layer below": ([("Ws[k - 1].T", "Ws[k - 2].T")], "times as much"),
        "a gradient of std 2": (
            [("rng.standard_normal(hs[-1].shape)", "2 * rng.standard_normal(hs[-1].shape)")],
            "Layer 4",
        ),
    },
    "symmetry_report": {
        "a third of the learning rate": ([("- 0.1 * w.grad", "- 0.03 * w.grad")], "loss"),
        "another learning rate": ([("- 0.1 * w.grad", "- 0.2 * w.grad")], "loss"),
        "the error itself": ([("(y - t) ** 2", "(y - t)")], "`loss`"),
        "spread of the first weight only": ([("zip(row, W1[0])", "zip(row[:1], W1[0])")], "spread"),
        "gradient of W2": (
            [("abs(w.grad) for row in rows for w in row", "abs(v.grad) for v in out")], "grad",
        ),
    },
    "expected_initial_loss": {
        "base 2": ([("np.log(", "np.log2(")], "expected"),
        "bits of a softmax that overflows": (
            [("(logsumexp - Z[:, 0]).mean()", f"-np.log2({_SOFTMAX}[:, 0]).mean()")], "in bits",
        ),
        "mean of a p that overflows": (
            [("(logsumexp - Z[:, 0]).mean()", f"-np.log({_SOFTMAX}[:, 0].mean())")],
            "take the log of each p first",
        ),
        "200 rows": ([("20000", "200")], "Near, but too far off for 20,000 rows"),
        "uniform scores": (
            [("rng.standard_normal((20000, C))", "rng.uniform(-1, 1, (20000, C))")],
            "with mean 0 and std s?",
        ),
        "the maximum not added again, another seed": (
            [("default_rng(0)", "default_rng(6)"), ("logsumexp = top +", "logsumexp =")],
            "not added again",
        ),
        "s as the mean, another seed": (
            [("default_rng(0)", "default_rng(6)"),
             ("s * rng.standard_normal((20000, C))", "rng.normal(s, size=(30000, C))")],
            "the first number is the *mean*",
        ),
        "a sum": ([(".mean()", ".sum()")], "at: C = 10, s = 0"),
        "the smallest score as the class": ([("Z[:, 0]", "Z.min(axis=1)")], "expected"),
    },
    "dead_fraction": {
        "below a threshold": ([("(H == 0)", "(H < 2)")], "expected"),
        "nearly nothing": ([("(H == 0)", "(H < 1e-3)")], "they are not dead"),
        "seldom": ([(".all(axis=0)", ".mean(axis=0) > 0.95")], "expected"),
        "constant": ([("(H == 0).all(axis=0)", "(H.std(axis=0) == 0)")], "expected"),
        "the first rows": ([("(H == 0)", "(H[:100] == 0)")], "expected"),
        "only the first input": ([("(H == 0).all(axis=0)", "(H[0] == 0)")], "expected"),
        "the first and the last input": (
            [("(H == 0).all(axis=0)", "((H[0] == 0) & (H[-1] == 0))")], "expected",
        ),
        "a table": ([(".mean()", "")], "number"),
    },
    "lsuv": {
        "tanh": ([("np.maximum(h @ W, 0)", "np.tanh(h @ W)")], "entry"),
        "by the largest": ([("(h @ W).std()", "np.abs(h @ W).max()")], "entry"),
        "the batch instead of the signal": ([("(h @ W).std()", "h.std()")], "entry"),
        "only the last": ([("return scaled", "return scaled[-1:]")], "is expected"),
    },
}  # fmt: skip
