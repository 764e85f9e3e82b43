"""Answers to week 10 as learners type them: right in other styles, known mistakes in other styles,
and wrong in ways that nobody has listed (each with words that its verdict must contain).
"""

RIGHT = {
    "forward": {
        "unpacked parameters, clamp, addmm": """
            def forward(params, X):
                W1, b1, W2, b2, W3, b3 = (params[n] for n in ("W1", "b1", "W2", "b2", "W3", "b3"))
                cache = dict(params, X=X)
                cache["Z1"] = torch.addmm(b1, X, W1)
                cache["H1"] = cache["Z1"].tanh()
                cache["Z2"] = torch.addmm(b2, cache["H1"], W2)
                cache["H2"] = cache["Z2"].clamp(min=0)
                cache["Z3"] = torch.addmm(b3, cache["H2"], W3)
                return [cache["Z3"], cache]
            """,
        "a loop, and more in the cache": """
            def forward(params, X):
                cache, H = {"X": X, "H0": X, **params}, X
                bends = {1: torch.tanh, 2: lambda Z: Z * (Z > 0), 3: lambda Z: Z}
                for k in (1, 2, 3):
                    Z = H.matmul(params[f"W{k}"]).add(params[f"b{k}"])
                    H = bends[k](Z)
                    cache[f"Z{k}"], cache[f"H{k}"] = Z, H
                return cache["Z3"], cache
            """,
    },
    "l2_grad": {
        "from the slope of a square": """
            def l2_grad(W, lam):
                return lam / 2 * (2 * W)
            """,
        "a method": """
            def l2_grad(W, lam):
                return W.mul(lam)
            """,
    },
    "backward": {
        "one-hot rows, H2 > 0, ones @ dZ": """
            def backward(cache, t, lam):
                c, N = cache, cache["X"].shape[0]
                Y = torch.eye(c["Z3"].shape[1])[t]
                E = torch.exp(c["Z3"] - c["Z3"].amax(dim=1, keepdim=True))
                P = E / E.sum(1, keepdim=True)
                ones = torch.ones(N, dtype=P.dtype)
                g = {"dZ3": (P - Y) / N}
                g["dH2"] = g["dZ3"].matmul(c["W3"].t())
                g["dZ2"] = torch.where(c["H2"] > 0, g["dH2"], 0.0)
                g["dH1"] = g["dZ2"].matmul(c["W2"].t())
                g["dZ1"] = g["dH1"] - g["dH1"] * c["H1"] * c["H1"]
                for k, H in ((3, "H2"), (2, "H1"), (1, "X")):
                    g[f"dW{k}"] = torch.einsum("nd,nh->dh", c[H], g[f"dZ{k}"]) + lam * c[f"W{k}"]
                    g[f"db{k}"] = ones @ g[f"dZ{k}"]
                return g
            """,
        "sample by sample": """
            def backward(cache, t, lam):
                c, N = cache, len(t)
                dZ3, dZ2, dZ1, dH2, dH1 = [], [], [], [], []
                for n in range(N):
                    d3 = torch.softmax(c["Z3"][n], 0).clone()
                    d3[t[n]] -= 1
                    d3 = d3 / N
                    h2 = c["W3"] @ d3
                    d2 = h2 * (c["Z2"][n] > 0)
                    h1 = c["W2"] @ d2
                    d1 = h1 * (1 - torch.tanh(c["Z1"][n]) ** 2)
                    for rows, row in zip((dZ3, dH2, dZ2, dH1, dZ1), (d3, h2, d2, h1, d1)):
                        rows.append(row)
                dZ3, dH2, dZ2, dH1, dZ1 = map(torch.stack, (dZ3, dH2, dZ2, dH1, dZ1))
                outer = lambda A, B: sum(torch.outer(a, b) for a, b in zip(A, B))
                return dict(
                    dZ3=dZ3, dH2=dH2, dZ2=dZ2, dH1=dH1, dZ1=dZ1,
                    dW3=outer(c["H2"], dZ3) + l2_grad(c["W3"], lam), db3=dZ3.sum(0),
                    dW2=outer(c["H1"], dZ2) + l2_grad(c["W2"], lam), db2=dZ2.sum(0),
                    dW1=outer(c["X"], dZ1) + l2_grad(c["W1"], lam), db1=dZ1.sum(0),
                )
            """,
    },
    "verify_all": {
        "autograd.grad, and a root of sums": """
            def verify_all(params, X, t, backward=backward, lam=0.1):
                leaves = {k: v.detach().requires_grad_(True) for k, v in params.items()}
                Z, cache = forward(leaves, X)
                loss = F.cross_entropy(Z, t) + lam / 2 * sum(
                    leaves[k].square().sum() for k in ("W1", "W2", "W3"))
                with torch.no_grad():
                    mine = backward(cache, t, lam)
                names = list(mine)
                right = torch.autograd.grad(loss, [cache[name[1:]] for name in names])
                return {name: float(((mine[name] - g) ** 2).sum() ** 0.5 / (g * g).sum() ** 0.5)
                        for name, g in zip(names, right)}
            """,
        "an own forward pass": """
            def verify_all(params, X, t, backward=backward, lam=0.1):
                p = {k: v.clone().requires_grad_() for k, v in params.items()}
                _, cache = forward(params, X)
                a = {"Z1": X @ p["W1"] + p["b1"]}
                a["H1"] = a["Z1"].tanh()
                a["Z2"] = a["H1"] @ p["W2"] + p["b2"]
                a["H2"] = a["Z2"].relu()
                a["Z3"] = a["H2"] @ p["W3"] + p["b3"]
                for x in a.values():
                    x.retain_grad()
                (F.cross_entropy(a["Z3"], t)
                 + lam / 2 * (p["W1"]**2).sum() + lam / 2 * (p["W2"]**2).sum()
                 + lam / 2 * (p["W3"]**2).sum()).backward()
                errors = {}
                for name, g in backward(cache, t, lam).items():
                    auto = {**p, **a}[name[1:]].grad
                    errors[name] = torch.linalg.norm(g - auto) / torch.linalg.norm(auto)
                return errors
            """,
    },
    "sgd_step": {
        "a loop": """
            def sgd_step(params, grads, lr):
                new = {}
                for name in params:
                    new[name] = params[name].sub(grads[f"d{name}"], alpha=lr)
                return new
            """,
        "copies, then in place": """
            def sgd_step(params, grads, lr):
                new = {name: p.clone() for name, p in params.items()}
                for name in new:
                    new[name] -= lr * grads["d" + name]
                return new
            """,
    },
    "train": {
        "while, losses as a tensor": """
            def train(params, data, lr=0.3, lam=1e-3):
                losses, k = torch.zeros(len(data), dtype=torch.float64), 0
                while k < len(data):
                    Z, cache = forward(params, data[k][0])
                    losses[k] = loss_of(cache, data[k][1], lam)
                    params = sgd_step(params, backward(cache, data[k][1], lam), lr)
                    k += 1
                return params, losses
            """,
        "the step written out": """
            def train(params, data, lr=0.3, lam=1e-3):
                losses = []
                params = {k: v.clone() for k, v in params.items()}
                for X, t in data:
                    cache = forward(params, X)[1]
                    grads = backward(cache, t, lam)
                    losses += [float(loss_of(cache, t, lam))]
                    for k in params:
                        params[k] -= lr * grads["d" + k]
                return params, losses
            """,
    },
    "adam_step": {
        "PyTorch's order of operations": """
            def adam_step(params, grads, state, lr=0.001):
                k = state["step"] + 1
                m = {n: torch.lerp(state["m"][n], grads["d" + n], 0.1) for n in params}
                squares = {n: grads["d" + n].square() for n in params}
                v = {n: state["v"][n] * 0.999 + squares[n] * (1 - 0.999) for n in params}
                new = {}
                for n, p in params.items():
                    root = v[n].sqrt() / (1 - 0.999**k) ** 0.5 + 1e-8
                    new[n] = p - lr / (1 - 0.9**k) * m[n] / root
                return new, {"step": k, "m": m, "v": v}
            """,
        "another state": """
            def adam_step(params, grads, state, lr=0.001):
                old = state.get("seen", {})
                seen = {n: old.get(n, []) + [grads["d" + n]] for n in params}
                new = {}
                for n, p in params.items():
                    m = v = 0.0
                    for g in seen[n]:
                        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                    k = len(seen[n])
                    m, v = m / (1 - 0.9**k), v / (1 - 0.999**k)
                    new[n] = p - lr * m / (v**0.5 + 1e-8)
                return [new, {"seen": seen}]
            """,
    },
    "batchnorm_backward": {
        "stage by stage": """
            def batchnorm_backward(X, gamma, G):
                N = len(X)
                mu = X.sum(0) / N
                xc = X - mu
                var = (xc**2).sum(0) / N
                inv = (var + 1e-5) ** -0.5
                dxh = G * gamma
                dvar = (dxh * xc).sum(0) * -0.5 * inv**3
                dmu = -(dxh * inv).sum(0) - 2 * dvar * xc.mean(0)
                dX = dxh * inv + 2 * dvar * xc / N + dmu / N
                return [dX, (G * xc * inv).sum(0), G.sum(0)]
            """,
        "CS231n's one line": """
            def batchnorm_backward(X, gamma, G):
                N, C = X.shape
                inv = torch.rsqrt(torch.var(X, 0, unbiased=False) + 1e-5)
                xh = inv * (X - X.mean(0))
                dgamma, dbeta = torch.einsum("nc,nc->c", G, xh), G.sum(0)
                return gamma * inv / N * (N * G - dbeta - xh * dgamma), dgamma, dbeta
            """,
    },
    "layernorm_backward": {
        "row by row": """
            def layernorm_backward(X, gamma, G):
                rows, dgamma = [], torch.zeros_like(gamma)
                for x, g in zip(X, G):
                    inv = 1 / (((x - x.mean()) ** 2).mean() + 1e-5) ** 0.5
                    xh, d = (x - x.mean()) * inv, g * gamma
                    rows.append(inv * (d - d.mean() - xh * (d @ xh) / len(x)))
                    dgamma = dgamma + g * xh
                return torch.stack(rows), dgamma, G.sum(0)
            """,
        "the transposed BatchNorm": """
            def layernorm_backward(X, gamma, G):
                Xt, Gt = X.T, (G * gamma).T
                inv = 1 / torch.sqrt(((Xt - Xt.mean(0)) ** 2).mean(0) + 1e-5)
                xh = (Xt - Xt.mean(0)) * inv
                dX = (inv * (Gt - Gt.mean(0) - xh * (Gt * xh).mean(0))).T
                return dX, (G * xh.T).sum(0), G.sum(0)
            """,
    },
}

KNOWN = {
    "backward": {
        "1/N forgotten, one-hot": ("MEANSUM", """
            def backward(cache, t, lam):
                c = cache
                dZ3 = torch.softmax(c["Z3"], 1) - torch.eye(c["Z3"].shape[1])[t]
                dH2 = dZ3 @ c["W3"].T
                dZ2 = dH2 * (c["H2"] > 0)
                dH1 = dZ2 @ c["W2"].T
                dZ1 = dH1 * (1 - c["H1"] ** 2)
                return dict(dZ3=dZ3, dH2=dH2, dZ2=dZ2, dH1=dH1, dZ1=dZ1,
                            dW3=c["H2"].T @ dZ3 + lam * c["W3"], db3=dZ3.sum(0),
                            dW2=c["H1"].T @ dZ2 + lam * c["W2"], db2=dZ2.sum(0),
                            dW1=c["X"].T @ dZ1 + lam * c["W1"], db1=dZ1.sum(0))
            """),
        "Z1 for X's slope, torch.where": ("ACTIVATIONINPUT", """
            def backward(cache, t, lam):
                c, N = cache, len(t)
                dZ3 = (torch.softmax(c["Z3"], 1) - torch.eye(c["Z3"].shape[1])[t]) / N
                dH2 = dZ3 @ c["W3"].T
                dZ2 = torch.where(c["Z2"] > 0, dH2, torch.zeros_like(dH2))
                dH1 = dZ2 @ c["W2"].T
                dZ1 = dH1 - dH1 * c["Z1"].square()
                return dict(dZ3=dZ3, dH2=dH2, dZ2=dZ2, dH1=dH1, dZ1=dZ1,
                            dW3=c["H2"].T @ dZ3 + lam * c["W3"], db3=dZ3.sum(0),
                            dW2=c["H1"].T @ dZ2 + lam * c["W2"], db2=dZ2.sum(0),
                            dW1=c["X"].T @ dZ1 + lam * c["W1"], db1=dZ1.sum(0))
            """),
    },
    "sgd_step": {
        "in place, with sub_": ("INPLACE", """
            def sgd_step(params, grads, lr):
                for name, p in params.items():
                    p.sub_(lr * grads["d" + name])
                return params
            """),
    },
    "l2_grad": {
        "autograd's habit of 2": ("L2FACTOR", """
            def l2_grad(W, lam):
                return 2 * W * lam
            """),
    },
    "batchnorm_backward": {
        "constants, stage by stage": ("BNPATHS", """
            def batchnorm_backward(X, gamma, G):
                mu, var = X.mean(0), X.var(0, unbiased=False)
                xh = (X - mu) / (var + 1e-5) ** 0.5
                return gamma * G / (var + 1e-5) ** 0.5, (G * xh).sum(0), G.sum(0)
            """),
        "n − 1": ("BIASEDVAR", """
            def batchnorm_backward(X, gamma, G):
                inv = (X.var(0) + 1e-5) ** -0.5
                xh = (X - X.mean(0)) * inv
                d = gamma * G
                return (inv * (d - d.mean(0) - xh * (d * xh).mean(0)), (G * xh).sum(0), G.sum(0))
            """),
    },
}  # fmt: skip

WRONG = {
    "forward": {
        "a factor in the first product": (
            [('X @ params["W1"]', '2 * X @ params["W1"]')],
            "`Z1` is the first wrong line. It is X·W1 + b1.",
        ),
        "scores only": ([("return Z3, cache", "return Z3")], "Return `Z3, cache`"),
        "Z2 as scores": ([("return Z3, cache", "return 2 * Z3, cache")], "The cache is right, and"),
        "cache without H1": ([('"H1": H1, ', "")], "`H1`"),
        "cache without the weights": ([("{**params, ", "{")], "missing"),
        "b3 subtracted": ([('+ params["b3"]', '- params["b3"]')], "It is H2·W3 + b3."),
        "computed in float32": (
            [
                ("Z1 = X @", "Z1 = X.float() @"),
                ('params["W1"] + params["b1"]', 'params["W1"].float() + params["b1"].float()'),
            ],
            "RuntimeError",
        ),
    },
    "l2_grad": {
        "three times": ([("lam * W", "3 * lam * W")], "3.0 times"),
        "without lam": ([("lam * W", "W + 0")], "entry"),
        "transposed": ([("lam * W", "(lam * W).T")], "Shape (1, 2)"),
    },
    "backward": {
        "dH2 halved": (
            [("dH2 = dZ3 @", "dH2 = 0.5 * dZ3 @")],
            "starts at `dH2`, which is dZ3·W3ᵀ. `dZ3`, `dW3` and `db3` are right.",
        ),
        "factor 2 in dZ1": ([("dZ1 = dH1 *", "dZ1 = 2 * dH1 *")], "2.0 times the right one"),
        "N in dZ2": ([("dZ2 = dH2 *", "dZ2 = N * dH2 *")], "that is N."),
        "minus in dH1": ([("dH1 = dZ2 @", "dH1 = -dZ2 @")], "sign is turned around"),
        "db2 as a mean alone": ([("db2 = dZ2.sum", "db2 = dZ2.mean")], "that is 1/N"),
        "penalty lost in W2 alone": (
            [(' + l2_grad(cache["W2"], lam)', "")],
            "penalty's λ·W is missing",
        ),
        "penalty on W3 alone doubled": (
            [('+ l2_grad(cache["W3"], lam)', '+ 2 * l2_grad(cache["W3"], lam)')],
            "penalty is 2.0 times λ·W",
        ),
        "dW1 transposed": ([('cache["X"].T @ dZ1', '(cache["X"].T @ dZ1).T')], "`dW1`"),
        "two mistakes": (
            [("dH2 = dZ3 @", "dH2 = 0.5 * dZ3 @"), ("db1 = dZ1.sum", "db1 = dZ1.mean")],
            "`db1` has a mistake of its own",
        ),
        "a key is missing": ([('"dH1": dH1, ', "")], "`dH1` is missing"),
        "autograd": (
            [
                (
                    "    N = len(t)\n",
                    "    N = len(t)\n    Z = cache['Z3'].clone().requires_grad_()\n"
                    "    torch.logsumexp(Z, 1).mean().backward()\n",
                )
            ],
            "you differentiate yourself",
        ),
        "float32": (
            [
                (
                    "dZ3 = dZ3 / N",
                    "dZ3 = dZ3.float() / N\n    cache = {k: v.float() for k, v in cache.items()}",
                )
            ],
            "`dZ3` is float32",
        ),
        "mask of the wrong layer": (
            [('(cache["Z2"] > 0)', '(cache["Z2"] > 0.3)')],
            "starts at `dZ2`",
        ),
    },
    "verify_all": {
        "no retain_grad": (
            [("            tensor.retain_grad()", "            pass")],
            "call `retain_grad()` on each",
        ),
        "no leaves": ([("p.clone().requires_grad_()", "p")], "Autograd needs leaves"),
        "zeros for all": (
            [
                (
                    "errors[name] = ((grad - right).norm() / right.norm()).item()",
                    "errors[name] = 1e-3 * (name[:2] == 'dX')",
                )
            ],
            "compare a backward pass with itself",
        ),
        "largest of all, as a number": (
            [("return errors", "return max(errors.values())")],
            "Return a dict",
        ),
        "booleans": (
            [("    return errors", "    return {k: e < 1e-12 for k, e in errors.items()}")],
            "`dZ3`",
        ),
        "against the penalty only": (
            [("loss_of(cache, t, lam).backward()", "(loss_of(cache, t, lam) * 2).backward()")],
            "is right",
        ),
    },
    "sgd_step": {
        "half a step": ([("p - lr", "p - 0.5 * lr")], "entry (0, 0) of `W1`"),
        "a list": (
            [("return {name: p", "return [p"), ("params.items()}", "params.items()]")],
            "dict",
        ),
        "dW in place of W": ([('lr * grads["d" + name]', 'lr * grads["dZ3"].sum()')], "entry"),
    },
    "train": {
        "every batch twice": (
            [("    for X, t in data:", "    for X, t in [*data, *data]:")],
            "params['W1']",
        ),
        "half the rate": (
            [("sgd_step(params, grads, lr)", "sgd_step(params, grads, lr / 2)")],
            "0.5 times as far",
        ),
        "parameters alone": (
            [("return params, losses", "return params")],
            "Return `(params, losses)`",
        ),
        "losses summed": (
            [("return params, losses", "return params, [sum(losses)] * len(losses)")],
            "`losses` are not",
        ),
        "one loss": (
            [("return params, losses", "return params, losses[-1:]")],
            "one loss for each batch",
        ),
    },
    "adam_step": {
        "no eps, and a wrong beta": (
            [("0.9 * state", "0.8 * state"), ("0.1 * g", "0.2 * g")],
            "after step",
        ),
        "half a step": ([("p - lr", "p - lr / 2")], "after step 1"),
        "weights alone": (
            [("for name, p in params.items()", 'for name, p in [("W1", params["W1"])]')],
            "`b1`",
        ),
    },
    "batchnorm_backward": {
        "factor 2 in dX": ([("dX = inv *", "dX = 2 * inv *")], "2.0 times"),
        "dgamma without Xh": ([("(G * Xh).sum(dim=0)", "G.sum(dim=0)")], "`dgamma`"),
        "swapped": (
            [("(G * Xh).sum(dim=0), G.sum(dim=0)", "G.sum(dim=0), (G * Xh).sum(dim=0)")],
            "another order",
        ),
        "sign of dbeta": ([(", G.sum(dim=0)", ", -G.sum(dim=0)")], "`dbeta`"),
    },
    "layernorm_backward": {
        "sum for mean": (
            [("about_spread = dXh.mean(dim=1", "about_spread = dXh.sum(dim=1")],
            "`dX`",
        ),
        "dbeta as a mean": ([(", G.sum(dim=0)", ", G.mean(dim=0)")], "`dbeta`"),
        "transposed dX": ([("return dX", "return dX.T")], "`dX`"),
    },
}
