"""Answers to week 12 as learners type them: right in other styles, and wrong in unlisted ways.

WRONG holds pieces of the reference's source and what stands in their place.
"""

RIGHT = {
    "compare": {
        "one array at a time, with a helper": """
            import numpy as np
            def one(m, a):
                if np.shape(m) != np.shape(a) or not np.all(np.isfinite(m)):
                    return float("inf"), None
                m, a = np.ravel(m), np.ravel(a)
                big = max(np.sqrt(m @ m), np.sqrt(a @ a))
                error = 0 if big == 0 else np.sqrt(((m - a) ** 2).sum()) / big
                if not a.any():
                    return error, None
                k = (m @ a) / (a @ a)
                fits = np.sqrt(((m - k * a) ** 2).sum()) <= 1e-6 * np.sqrt(m @ m)
                return error, k if fits else None
            def compare(manual, auto):
                said = {n: one(manual[n], a) if n in manual else (np.inf, None)
                        for n, a in auto.items()}
                wrong = [n for n in said if said[n][0] > 1e-10]
                return {"error": {n: e for n, (e, _) in said.items()},
                        "ratio": {n: k for n, (_, k) in said.items()},
                        "start": wrong[0] if wrong else None}
            """,
        "in torch": """
            import torch
            def compare(manual, auto):
                out = {"error": {}, "ratio": {}, "start": None}
                for n in auto:
                    a = torch.as_tensor(auto[n])
                    m = torch.as_tensor(manual[n]) if n in manual else None
                    if m is None or m.shape != a.shape or not torch.isfinite(m).all():
                        e, k = float("inf"), None
                    else:
                        top = max(m.norm(), a.norm())
                        e = ((m - a).norm() / top).item() if top > 0 else 0.0
                        k = None
                        if a.norm() > 0:
                            k = ((m * a).sum() / (a * a).sum()).item()
                            k = k if (m - k * a).norm() <= 1e-6 * m.norm() else None
                    out["error"][n], out["ratio"][n] = e, k
                    if out["start"] is None and e > 1e-10:
                        out["start"] = n
                return out
            """,
    },
    "tolerance": {
        "a table of eps": """
            def tolerance(dtype, depth):
                eps = {"float32": 2.0**-23, "float64": 2.0**-52}[dtype.__name__]
                return 10 * eps * max(depth, 2)
            """,
        "three times depth, plus five": """
            import numpy as np
            def tolerance(dtype, depth):
                return np.finfo(dtype).eps * (3 * depth + 5)
            """,
    },
    "gradcheck_sampled": {
        "nudged in place and put back": """
            import numpy as np
            def gradcheck_sampled(k):
                def check(loss, params, grads):
                    worst = []
                    for n in params:
                        flat, g = params[n].reshape(-1), grads[n].reshape(-1)
                        for i in np.random.permutation(flat.size)[:k]:
                            keep = flat[i]
                            flat[i] = keep + 1e-5
                            up = loss(params)
                            flat[i] = keep - 1e-5
                            down = loss(params)
                            flat[i] = keep
                            d = (up - down) / 2e-5
                            worst.append(abs(g[i] - d) / max(abs(g[i]), abs(d), 1e-4))
                    return np.array(worst).max()
                return check
            """,
        "random.sample and an explicit NaN": """
            import math, random
            import numpy as np
            def gradcheck_sampled(k):
                def check(loss, params, grads):
                    worst = 0.0
                    for n, p in params.items():
                        places = list(np.ndindex(p.shape))
                        for i in random.sample(places, min(k, len(places))):
                            step = np.zeros(p.shape)
                            step[i] = 1e-5
                            up, down = ({**params, n: p + s} for s in (step, -step))
                            d = (loss(up) - loss(down)) / 2e-5
                            e = abs(grads[n][i] - d) / max(abs(grads[n][i]), abs(d), 1e-4)
                            if math.isnan(e):
                                return math.inf
                            worst = max(worst, e)
                    return worst
                return check
            """,
    },
    "mutation_score": {
        "a loop that counts": """
            from helpers import mutants
            def mutation_score(tests):
                def lives(b):
                    for test in tests:
                        try:
                            test(b)
                        except Exception:
                            return False
                    return True
                alive = []
                for m in mutants.MUTANTS:
                    if lives(m.backward):
                        alive.append(m.name)
                return {"alive": alive, "killed": 33 - len(alive), "right": lives(mutants.backward)}
            """,
        "a tuple of names": """
            from helpers.mutants import MUTANTS, backward
            def dies(test, b):
                try:
                    test(b)
                except BaseException:
                    return True
                return False
            def mutation_score(tests):
                dead = [any(dies(t, m.backward) for t in tests) for m in MUTANTS]
                alive = tuple(m.name for m, d in zip(MUTANTS, dead) if not d)
                return dict(killed=sum(dead), alive=alive,
                            right=not any([dies(t, backward) for t in tests]))
            """,
    },
    "my_tests": {
        "against autograd": """
            import numpy as np, torch
            from helpers import mutants
            from helpers.weeks import week12 as ex
            rng = np.random.default_rng(3)
            params = {n: p + 0.2 for n, p in mutants.start((5, 4, 4, 3), seed=1).items()}
            X, t = rng.standard_normal((7, 5)), np.arange(7) % 3
            right = ex.by_pytorch(params, X, t, 0.5)
            def my_tests(backward):
                grads = backward(mutants.forward(params, X)[1], t, 0.5)
                for n, g in right.items():
                    assert np.shape(grads[n]) == g.shape and np.allclose(grads[n], g, rtol=1e-8), n
            """,
        "the complex step along directions": """
            import numpy as np
            from helpers import gradcheck_complex, mutants
            def my_tests(backward):
                rng = np.random.default_rng(3)
                params = {n: p + 0.2 for n, p in mutants.start((5, 4, 4, 3), seed=1).items()}
                X, t = rng.standard_normal((7, 5)), np.arange(7) % 3
                grads = backward(mutants.forward(params, X)[1], t, 0.5)
                loss = lambda *a: mutants.loss(dict(zip(params, a)), X, t, 0.5)
                assert gradcheck_complex(loss, [grads["d" + n] for n in params], *params.values())
            """,
    },
    "initial_sanity": {
        "a list, and loops": """
            import math
            import numpy as np
            def initial_sanity(model):
                codes = []
                X, t = model.X, model.t
                if not abs(model.loss(X, t) - math.log(model.scores(X).shape[1])) <= 0.5:
                    codes.append("INITLOSS")
                g = model.gradients(X, t)
                if min(np.abs(v).max() for v in g.values()) == 0:
                    codes.append("NOGRAD")
                for n in ("W1", "W2"):
                    for i in range(g[n].shape[1]):
                        for j in range(i):
                            a, b = g[n][:, i], g[n][:, j]
                            if np.allclose(a, b, rtol=1e-6, atol=0) and a.any():
                                codes.append("SYMMETRY")
                alone = X.copy()
                alone[5:] = 0
                if np.abs(model.scores(alone)[:5] - model.scores(X)[:5]).max() > 1e-9:
                    codes.append("BATCHLEAK")
                return codes
            """,
        "one sample alone": """
            import numpy as np
            def initial_sanity(model):
                Z = model.scores(model.X)
                g = model.gradients(model.X, model.t)
                hidden = [n for n in g if n[0] == "W"][:-1]
                def equal(D):
                    D = D[:, np.abs(D).sum(0) > 0]
                    return any(np.allclose(D[:, i], D[:, j], rtol=1e-6, atol=0)
                               for i in range(D.shape[1]) for j in range(i + 1, D.shape[1]))
                tests = {
                    "INITLOSS": abs(model.loss(model.X, model.t) - np.log(Z.shape[1])) > 0.5,
                    "NOGRAD": any(np.all(v == 0) for v in g.values()),
                    "SYMMETRY": any(equal(g[n]) for n in hidden),
                    "BATCHLEAK": not np.allclose(model.scores(model.X[:3]), Z[:3]),
                }
                return {code for code, bad in tests.items() if bad}
            """,
    },
    "autograd_vs_engine": {
        "torch.autograd.grad, flat": """
            import numpy as np, torch
            from helpers.weeks.week12 import NETWORK
            def autograd_vs_engine(engine):
                p, X, t, lr, steps = NETWORK
                q = {n: torch.tensor(v, requires_grad=True) for n, v in p.items()}
                out = {"loss": 0.0, "gradient": 0.0}
                for _ in range(steps):
                    loss, g = engine(p, X, t)
                    h = torch.tanh(torch.from_numpy(X) @ q["W1"] + q["b1"])
                    z = torch.relu(h @ q["W2"] + q["b2"]) @ q["W3"] + q["b3"]
                    L = torch.nn.functional.cross_entropy(z, torch.from_numpy(t))
                    G = dict(zip(q, torch.autograd.grad(L, list(q.values()))))
                    e = [abs(loss - L.item()) / L.item()]
                    d = [np.linalg.norm(g["d" + n] - G[n].numpy()) / max(
                        np.linalg.norm(g["d" + n]), np.linalg.norm(G[n].numpy())) for n in q]
                    for name, new in (("loss", e), ("gradient", d)):
                        out[name] = float(np.max([out[name], *new]))
                    p = {n: v - lr * g["d" + n] for n, v in p.items()}
                    with torch.no_grad():
                        for n in q:
                            q[n] -= lr * G[n]
                return out
            """,
        "the engine asked twice in each step": """
            import numpy as np
            from helpers.weeks import week12 as ex
            def autograd_vs_engine(engine):
                p, X, t, lr, steps = ex.NETWORK
                q = p
                losses, grads = [], []
                for _ in range(steps):
                    loss, g = engine(p, X, t)[0], engine(p, X, t)[1]
                    right, r = ex.on_pytorch(q, X, t)
                    losses += [abs(loss / right - 1)]
                    norm = np.linalg.norm
                    grads += [norm(g[n] - r[n]) / max(norm(g[n]), norm(r[n])) for n in r]
                    p = {n: v - lr * g["d" + n] for n, v in p.items()}
                    q = {n: v - lr * r["d" + n] for n, v in q.items()}
                return {"loss": np.max(losses), "gradient": np.max(grads)}
            """,
    },
    "engine_loss": {
        "log_softmax and an index": """
            import numpy as np
            def engine_loss(Tensor, params, X, t):
                p = {n: Tensor(v) for n, v in params.items()}
                H = (X @ p["W1"] + p["b1"]).relu()
                H = (H @ p["W2"] + p["b2"]).relu()
                L = (H @ p["W3"] + p["b3"]).log_softmax()
                return -L[np.arange(len(t)), t].mean(), p
            """,
        "a loop over the layers": """
            def engine_loss(Tensor, params, X, t):
                leaves = {n: Tensor(params[n]) for n in params}
                H = X
                for k in (1, 2, 3):
                    Z = H @ leaves[f"W{k}"] + leaves[f"b{k}"]
                    H = Z.relu() if k < 3 else Z
                return [H.cross_entropy(t), leaves]
            """,
    },
    "gradient_errors": {
        "autograd.grad and dW names": """
            import numpy as np, torch
            def gradient_errors(Tensor, params, X, t):
                m = {n: Tensor(v) for n, v in params.items()}
                q = {n: torch.tensor(v, requires_grad=True) for n, v in params.items()}
                def net(p, X, relu):
                    return relu(relu(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]) @ p["W3"] + p["b3"]
                net(m, X, lambda z: z.relu()).cross_entropy(t).backward()
                Z = net(q, torch.tensor(X), torch.relu)
                L = torch.nn.functional.cross_entropy(Z, torch.tensor(t))
                G = torch.autograd.grad(L, list(q.values()))
                out = {}
                for n, g in zip(q, G):
                    a, b = m[n].grad, g.numpy()
                    out["d" + n] = np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b))
                return out
            """,
        "in torch": """
            import torch
            def gradient_errors(Tensor, params, X, t):
                m = {n: Tensor(v) for n, v in params.items()}
                H = (X @ m["W1"] + m["b1"]).relu()
                ((H @ m["W2"] + m["b2"]).relu() @ m["W3"] + m["b3"]).cross_entropy(t).backward()
                q = {n: torch.tensor(v).requires_grad_() for n, v in params.items()}
                H = torch.tensor(X) @ q["W1"] + q["b1"]
                H = H.clamp(min=0) @ q["W2"] + q["b2"]
                Z = H.clamp(min=0) @ q["W3"] + q["b3"]
                (-Z.log_softmax(1)[torch.arange(len(t)), torch.tensor(t)].mean()).backward()
                out = {}
                for n in params:
                    a, b = torch.tensor(m[n].grad), q[n].grad
                    out[n] = ((a - b).norm() / torch.maximum(a.norm(), b.norm())).item()
                return out
            """,
    },
    "train_digits": {
        "momentum": """
            import numpy as np
            from helpers import mutants
            def train_digits(Tensor, X, t):
                rng = np.random.default_rng(1)
                p = mutants.start((64, 100, 50, 10), seed=1)
                v = {n: 0 * a for n, a in p.items()}
                for epoch in range(25):
                    for rows in np.split(rng.permutation(len(t)), range(64, len(t), 64)):
                        q = {n: Tensor(a) for n, a in p.items()}
                        H = (X[rows] @ q["W1"] + q["b1"]).relu()
                        H = (H @ q["W2"] + q["b2"]).relu()
                        (H @ q["W3"] + q["b3"]).cross_entropy(t[rows]).backward()
                        v = {n: 0.9 * v[n] - 0.05 * (1 - epoch / 25) * q[n].grad for n in q}
                        p = {n: p[n] + v[n] for n in p}
                return p
            """,
        "leaves that stay, cleared by hand": """
            import numpy as np
            from helpers import mutants
            def train_digits(Tensor, X, t):
                rng = np.random.default_rng(2)
                q = {n: Tensor(a) for n, a in mutants.start((64, 128, 64, 10), seed=2).items()}
                for epoch in range(30):
                    for rows in np.split(rng.permutation(len(t)), range(50, len(t), 50)):
                        H = (X[rows] @ q["W1"] + q["b1"]).relu()
                        H = (H @ q["W2"] + q["b2"]).relu()
                        (H @ q["W3"] + q["b3"]).cross_entropy(t[rows]).backward()
                        for leaf in q.values():
                            leaf.data = leaf.data - 0.3 * (1 - epoch / 30) * leaf.grad
                            leaf.grad = None
                return {n: leaf.data for n, leaf in q.items()}
            """,
    },
    "learning_curve": {
        "another order of draws": """
            import numpy as np
            def learning_curve(X, t, gain, depth, seed):
                rng = np.random.default_rng([seed, 5])
                n = [64] * depth + [10]
                W = [rng.normal(0, (gain / a) ** 0.5, (a, b)) for a, b in zip(n[:-1], n[1:])]
                out = []
                for e in range(6):
                    order, total = rng.permutation(len(t)), 0.0
                    for i in range(0, len(t), 32):
                        r = order[i:i + 32]
                        acts = [X[r]]
                        for w in W:
                            z = acts[-1] @ w
                            acts.append(np.where(z > 0, z, 0))
                        p = np.exp(z - z.max(1, keepdims=True))
                        p /= p.sum(1, keepdims=True)
                        total += -np.log(p[np.arange(len(r)), t[r]]).sum()
                        d = (p - np.eye(10)[t[r]]) / len(r)
                        grads = []
                        for k in range(depth - 1, -1, -1):
                            grads.insert(0, acts[k].T @ d)
                            d = d @ W[k].T * (acts[k] > 0)
                        W = [w - 0.02 * g for w, g in zip(W, grads)]
                    out.append(total / len(t))
                return np.array(out)
            """,
        "in PyTorch": """
            import torch
            def learning_curve(X, t, gain, depth, seed):
                torch.manual_seed(seed)
                X, t = torch.tensor(X).float(), torch.tensor(t)
                n = [64] * depth + [10]
                Ws = [(torch.randn(a, b) * (gain / a) ** 0.5).requires_grad_()
                      for a, b in zip(n, n[1:])]
                curve = []
                for _ in range(6):
                    losses = []
                    for rows in torch.randperm(len(t)).split(32):
                        H = X[rows]
                        for W in Ws[:-1]:
                            H = torch.relu(H @ W)
                        loss = torch.nn.functional.cross_entropy(H @ Ws[-1], t[rows])
                        grads = torch.autograd.grad(loss, Ws)
                        with torch.no_grad():
                            for W, g in zip(Ws, grads):
                                W -= 0.02 * g
                        losses.append(loss.item())
                    curve.append(sum(losses) / len(losses))
                return curve
            """,
    },
    "error_bars": {
        "by hand": """
            import numpy as np
            def error_bars(curves):
                n = len(curves)
                mean = sum(curves) / n
                var = sum((c - mean) ** 2 for c in curves) / (n - 1)
                return [mean, (var / n) ** 0.5]
            """,
        "statistics": """
            import statistics
            def error_bars(curves):
                columns = list(zip(*curves.tolist()))
                n = len(curves)
                return ([statistics.mean(c) for c in columns],
                        [statistics.stdev(c) / n**0.5 for c in columns])
            """,
    },
    "claim": {
        "from the end": """
            import numpy as np
            def claim(a, b):
                def bars(c):
                    return c.mean(0), 2 * c.std(0, ddof=1) / len(c) ** 0.5
                (ma, ea), (mb, eb) = bars(a), bars(b)
                first = None
                for k in reversed(range(a.shape[1])):
                    if not ma[k] + ea[k] < mb[k] - eb[k]:
                        break
                    first = k
                return first
            """,
        "numpy to the end": """
            import numpy as np
            def claim(a, b):
                up = a.mean(0) + 2 * a.std(0, ddof=1) / np.sqrt(len(a))
                low = b.mean(0) - 2 * b.std(0, ddof=1) / np.sqrt(len(b))
                holds = np.logical_and.accumulate((up < low)[::-1])[::-1]
                return int(np.argmax(holds)) if holds.any() else None
            """,
    },
    "attention": {
        "loops": """
            import numpy as np
            def attention(Q, K, V):
                rows = []
                for q in Q:
                    s = np.array([q @ k for k in K]) / len(q) ** 0.5
                    e = np.exp(s - s.max())
                    rows.append((e[:, None] * V).sum(0) / e.sum())
                return np.array(rows)
            """,
        "PyTorch": """
            import torch
            def attention(Q, K, V):
                Q, K, V = map(torch.tensor, (Q, K, V))
                return torch.softmax(Q @ K.T / Q.shape[1] ** 0.5, 1) @ V
            """,
    },
    "attention_backward": {
        "with the Jacobian": """
            import numpy as np
            def attention_backward(Q, K, V, G):
                r = Q.shape[1] ** -0.5
                S = r * Q @ K.T
                P = np.exp(S - S.max(1, keepdims=True))
                P = P / P.sum(1, keepdims=True)
                dS = np.stack([(np.diag(p) - np.outer(p, p)) @ (V @ g) for p, g in zip(P, G)])
                return [r * dS @ K, r * dS.T @ Q, P.T @ G]
            """,
        "by logarithms": """
            import numpy as np
            def attention_backward(Q, K, V, G):
                r = Q.shape[1] ** 0.5
                S = Q @ K.T / r
                P = np.exp(S - np.logaddexp.reduce(S, axis=1)[:, None])
                dP = G @ V.T
                dS = (P * dP - P * np.einsum("nm,nm->n", P, dP)[:, None]) / r
                return dS @ K, dS.T @ Q, P.T @ G
            """,
    },
    "layer_test": {
        "numerical_gradient": """
            import numpy as np
            from helpers import numerical_gradient
            def layer_test(forward, backward, *inputs):
                G = np.random.default_rng(7).normal(size=np.shape(forward(*inputs)))
                right = numerical_gradient(lambda *a: (G * forward(*a)).sum(), *inputs)
                given = backward(*inputs, G)
                assert len(given) == len(right)
                for g, n in zip(given, right):
                    assert np.allclose(g, n, rtol=1e-5, atol=1e-7)
            """,
        "the complex step is out: random directions": """
            import numpy as np
            from helpers import gradcheck_directional
            def layer_test(forward, backward, *inputs):
                G = np.random.default_rng(7).normal(size=np.shape(forward(*inputs)))
                f = lambda *a: float((G * forward(*a)).sum())
                assert gradcheck_directional(f, backward(*inputs, G), *inputs, directions=8)
            """,
    },
    "exit_test": {
        "one-hot and softmax": """
            import torch
            def exit_test(params, X, t, lam):
                N = len(t)
                A = X @ params["W1"] + params["b1"]
                H = A * (A > 0)
                T = torch.tanh(H @ params["W2"] + params["b2"])
                R = H + T
                Z = R @ params["W3"] + params["b3"]
                P = torch.softmax(Z, 1)
                Y = torch.nn.functional.one_hot(t, Z.shape[1]).double()
                D = (P - Y) / N
                g = {"loss": -(Y * P.log()).sum() / N, "dW3": R.T @ D, "db3": D.sum(0)}
                D = D @ params["W3"].T
                E = D * (1 - T * T)
                g |= {"dW2": H.T @ E, "db2": E.sum(0)}
                F = (D + E @ params["W2"].T) * (A > 0)
                g |= {"dW1": X.T @ F, "db1": F.sum(0)}
                for n in ("W1", "W2", "W3"):
                    g["loss"] = g["loss"] + lam / 2 * (params[n] ** 2).sum()
                    g["d" + n] = g["d" + n] + lam * params[n]
                return g
            """,
        "NumPy inside": """
            import numpy as np
            def exit_test(params, X, t, lam):
                W1, b1, W2, b2, W3, b3 = (params[n].numpy() for n in
                                          ("W1", "b1", "W2", "b2", "W3", "b3"))
                X, t = X.numpy(), t.numpy()
                H = np.maximum(X @ W1 + b1, 0)
                T = np.tanh(H @ W2 + b2)
                Z = (T + H) @ W3 + b3
                E = np.exp(Z - Z.max(1, keepdims=True))
                P = E / E.sum(1, keepdims=True)
                i = np.arange(len(t))
                L = -np.log(P[i, t]).mean() + lam / 2 * sum((W * W).sum() for W in (W1, W2, W3))
                P[i, t] -= 1
                d3 = P / len(t)
                dR = d3 @ W3.T
                d2 = dR * (1 - T**2)
                d1 = (d2 @ W2.T + dR) * (H > 0)
                return dict(loss=L, dW1=X.T @ d1 + lam * W1, db1=d1.sum(0), dW2=H.T @ d2 + lam * W2,
                            db2=d2.sum(0), dW3=(T + H).T @ d3 + lam * W3, db3=d3.sum(0))
            """,
    },
}

WRONG = {
    "compare": {
        "divided by the right norm alone": [
            ("max(np.linalg.norm(given), np.linalg.norm(right))", "np.linalg.norm(right)")
        ],
        "the largest entry": [
            ("np.linalg.norm(given - right) / size", "abs(given - right).max() / size")
        ],
        "a tolerance of 1e-3": [("error[name] > 1e-10", "error[name] > 0.7")],
        "the ratio of the norms": [
            ("(given * right).sum() / (right * right).sum()",
             "np.linalg.norm(given) / np.linalg.norm(right)")
        ],
        "infinity passes": [("not np.isfinite(given).all()", "np.isnan(given).any() and 0")],
    },
    "tolerance": {
        "eps alone": [("4 * float(np.finfo(dtype).eps) * depth", "float(np.finfo(dtype).eps)")],
        "squared": [("eps) * depth", "eps) * depth**3")],
        "zero": [("4 * float", "0 * float")],
        "negative": [("4 * float", "-4 * float")],
    },
    "gradcheck_sampled": {
        "an array instead of a number": [("float(np.max(errors))", "errors")],
        "the last k": [
            ("rng.choice(p.size, size=min(k, p.size), replace=False)",
             "range(p.size - min(k, p.size), p.size)[::-1][:1]")
        ],
        "ten times as many calls": [
            ("        errors = []", "        errors = []\n        [loss(params) for _ in range(9)]")
        ],
        "fails for few entries": [("min(k, p.size)", "k")],
        "the smallest error": [("np.max", "np.min")],
        "h too large": [("h=1e-5", "h=0.1")],
    },
    "mutation_score": {
        "counts the right one": [
            ("len(mutants.MUTANTS) - len(alive)", "len(mutants.MUTANTS) - len(alive) + 1")
        ],
        "one name": [('"alive": alive', '"alive": alive[:1]')],
        "the right one upside down": [("not kills(mutants.backward)", "kills(mutants.backward)")],
        "sorted names": [('"alive": alive', '"alive": sorted(alive)')],
    },
    "my_tests": {
        "always complains": [("    rng = ", "    assert False\n    rng = ")],
        "never complains": [("    rng = ", "    return\n    rng = ")],
        "one bias": [("in zip(params, numerical", 'in list(zip(params, numerical'),
                     ("*params.values())):", "*params.values())))[1:2]:")],
        "a tolerance of 200%": [("error < 1e-6", "error < 2.0")],
    },
    "initial_sanity": {
        "always fine": [("    found = set()", "    return set()\n    found = set()")],
        "a text": [("return found", "return 'fine'")],
        "the last layer, too": [("weights[:-1]", "['W3']")],
        "biases only": [("for g in grads.values()", "for n, g in grads.items() if n[0] == 'b'")],
        "threshold 8": [("> 0.5", "> 8")],
    },
    "autograd_vs_engine": {
        "always perfect": [("float(np.max(gradients))", "0.0")],
        "the mean": [("np.max(gradients)", "np.mean(gradients)")],
        "another network": [("torch.tanh(", "torch.sin(")],
        "signed losses": [("abs(loss - right.item())", "(right.item() - loss)")],
    },
    "engine_loss": {
        "tanh": [(".relu()", ".tanh()")],
        "the sum of the scores": [(".cross_entropy(t)", ".sum()")],
        "leaves as arrays": [("return loss, leaves", "return loss, params")],
        "a number": [("return loss, leaves", "return float(loss.data), leaves")],
    },
    "gradient_errors": {
        "one layer": [
            ("for name, (a, b) in pairs.items()", "for name, (a, b) in list(pairs.items())[:2]")
        ],
        "the first entries": [("norm(a - b)", "norm(a.ravel()[:1] - b.ravel()[:1])")],
        "squared": [("norm(a - b) /", "norm(a - b) ** 2 /")],
        "tanh in PyTorch": [("torch.relu(torch", "torch.tanh(torch")],
    },
    "train_digits": {
        "one epoch": [("range(30)", "range(1)")],
        "a tiny step": [("0.3 * (1", "1e-5 * (1"), ("range(30)", "range(3)")],
        "a step too large": [("0.3 * (1", "30 * (1"), ("range(30)", "range(3)")],
        "one array is missing": [("return params", "params.pop('b2')\n    return params"),
                                 ("range(30)", "range(1)")],
    },
    "learning_curve": {
        "the last loss alone": [("return curve", "return curve[-1]")],
        "the sum of the losses": [("np.mean(losses)", "np.sum(losses)")],
        "only the last layer learns": [("Ws[k] = Ws", "Ws[k] = Ws[k] if k < depth - 1 else Ws")],
        "the last layer started at half its size": [
            ("    curve = []", "    Ws[-1] = Ws[-1] * (0.5 if depth > 1 else 1)\n    curve = []")
        ],
    },
    "error_bars": {
        "two errors": [("np.sqrt(len(curves))", "np.sqrt(len(curves)) * 2")],
        "the median": [("curves.mean(axis=0),", "np.median(curves, axis=0),")],
        "n − 1 below the root": [("np.sqrt(len(curves))", "np.sqrt(len(curves) - 1)")],
    },
    "claim": {
        "counted from 1": [("next((k for", "next((k + 1 for")],
        "always": [("ends[0] < ends[1]", "ends[0] < np.inf")],
        "never": [("ends[0] < ends[1]", "ends[0] < -np.inf")],
        "True for an epoch": [("return next((k for k", "return next((True for k")],
    },
    "attention": {
        "no softmax": [("return E / E.sum(axis=1, keepdims=True) @ V", "return S @ V")],
        "scaled by the keys": [("Q.shape[1]", "K.shape[0]")],
        "sigmoid": [("E / E.sum(axis=1, keepdims=True)", "1 / (1 + np.exp(-S))")],
    },
    "attention_backward": {
        "the sign": [("return dS @ K", "return -dS @ K")],
        "the first term alone": [("P * (dP - (dP * P).sum(axis=1, keepdims=True))", "P * dP")],
        "a mean": [("(dP * P).sum(", "(dP * P).mean(")],
    },
    "layer_test": {
        "always complains": [("    G = np", "    assert False\n    G = np")],
        "asks for signs": [("error < 1e-6", "(grad * measured).sum() > 0")],
        "wrong step": [("2e-5", "1e-5")],
    },
    "exit_test": {
        "the loss without the penalty": [
            (" + lam / 2 * sum((W**2).sum() for W in (W1, W2, W3))", "")
        ],
        "no penalty on W2": [("H1.T @ dZ2 + lam * W2", "H1.T @ dZ2")],
        "db as a mean": [("dZ2.sum(0)", "dZ2.mean(0)")],
        "dW3 from the tanh alone": [("H2.T @ dZ3", "T.T @ dZ3")],
    },
}  # fmt: skip

STEP = "                Ws[k] = Ws[k] - 0.02 * dW\n"
AFTER = """
            S = X[rows]
            for W in Ws[:-1]:
                S = np.maximum(S @ W, 0)
            S = S @ Ws[-1]
            losses.append((np.log(np.exp(S).sum(axis=1)) - S[classes, t[rows]]).mean())
"""
CURVES = {
    "ONESEED": [("default_rng(seed)", "default_rng(0)")],
    "NOSEED": [("default_rng(seed)", "default_rng()")],
    "ORDER": [
        ("    curve = []\n", "    curve, order = [], rng.permutation(len(t))\n"),
        ("rng.permutation(len(t)),", "order,"),
    ],
    "NOGAIN": [("np.sqrt(gain / s[0])", "np.sqrt(2 / s[0])")],
    "FANOUT": [("np.sqrt(gain / s[0])", "np.sqrt(gain / s[1])")],
    "UNIFORM": [("rng.standard_normal(s)", "rng.uniform(-1, 1, s) * np.sqrt(3)")],
    "DEPTH": [("[64] * depth", "[64] * max(depth - 1, 1)"), ("range(depth)", "range(len(Ws))")],
    "LOSSSUM": [("-logP[classes, t[rows]].mean()", "-logP[classes, t[rows]].sum()")],
    "STUCK": [
        ("Z = H[-1] @ Ws[-1]", "Z = np.maximum(H[-1] @ Ws[-1], 0)"),
        ("D = D / len(rows)", "D = D / len(rows) * (Z > 0)"),
    ],
    "MEANSUM": [("D = D / len(rows)", "D = D * 1")],
    "LASTBATCH": [("np.mean(losses)", "losses[-1]")],
    "AFTER": [
        ("            losses.append(-logP[classes, t[rows]].mean())\n", ""),
        (STEP, STEP + AFTER[1:]),
    ],
    "NOORDER": [("rng.permutation(len(t))", "np.arange(len(t))")],
    "REPEAT": [
        ("np.array_split(rng.permutation(len(t)), len(t) // 32)",
         "rng.integers(len(t), size=(len(t) // 32, 32))")
    ],
}  # fmt: skip

_NORM = "np.linalg.norm(g - right) / np.linalg.norm(right)"
_LOOP = "    for name, right in zip(params, numerical_gradient(loss, *params.values())):\n"
_ASK = '        assert error < 1e-6, f"d{name} is off by {error:.1e}"\n'
_PLACES = "rng.choice(p.size, size=min(k, p.size), replace=False)"
SAID = {
    "gradcheck_sampled: with repetition": [
        (_PLACES, "rng.integers(p.size, size=k)"), "You draw with repetition"
    ],
    "gradcheck_sampled: a copy of the copy": [
        ("up[index] += h", "up.flatten()[place] += h"),
        ("down[index] -= h", "down.flatten()[place] -= h"),
        "Your nudges do not reach the loss",
    ],
    "gradcheck_sampled: one-sided, h = 1e-6": [
        ("loss({**params, name: down})) / (2 * h)", "loss(params)) / h"), ("h=1e-5", "h=1e-6"),
        "A one-sided difference is off there.",
    ],
    "gradcheck_sampled: 1e-4 is added": [
        ("max(abs(a), abs(n), 1e-4)", "(max(abs(a), abs(n)) + 1e-4)"),
        "and nothing is added: 0.4 here",
    ],
    "my_tests: the first layer alone": [
        (_LOOP, _LOOP + "        if name[1] != '1':\n            continue\n"),
        "Not looked at: dW3, db3, dW2, db2.",
    ],
    "my_tests: weights alone": [
        (_LOOP, _LOOP + "        if name[0] == 'b':\n            continue\n"),
        "Not looked at: db3, db2, db1.",
    ],
    "my_tests: not above": [
        ("assert error < 1e-6", "assert not error > 1e-6"), "max(0.0, nan) is 0.0"
    ],
    "my_tests: the worst by max": [
        ("    grads = backward", "    worst = 0.0\n    grads = backward"),
        (_ASK, "        worst = max(worst, error)\n    assert worst < 1e-6\n"),
        "max(0.0, nan) is 0.0",
    ],
    "my_tests: no look at the shapes": [
        ('        assert g.shape == right.shape, f"d{name} has shape {g.shape}"\n', ""),
        "is broadcast against (H,)",
    ],
    "my_tests: without abs": [(_NORM, "(g - right).max()"), "1% off to one side"],
    "my_tests: sizes alone": [
        ("norm(g - right)", "norm(abs(g) - abs(right))"), "of the opposite sign lives"
    ],
    "my_tests: a sum": [(_NORM, "abs((g - right).sum())"), "in reversed order"],
    "my_tests: absolute, a hundredth": [
        (_NORM, "np.linalg.norm(g - right)"), ("1e-6", "1e-2"), "that is 1% off lives"
    ],
    "layer_test: the worst by max": [
        ("    G = np", "    worst = 0.0\n    G = np"),
        ('        assert error < 1e-6, f"input {k} is off by {error:.1e}"\n',
         "        worst = max(worst, error)\n    assert worst < 1e-6\n"),
        "max(0.0, nan) is 0.0",
    ],
    "layer_test: norms alone": [
        ("np.linalg.norm(grad - measured) /",
         "abs(np.linalg.norm(grad) - np.linalg.norm(measured)) /"),
        "of the opposite sign lives",
    ],
    "initial_sanity: equal columns are counted": [
        ("        columns = [c for c in grads[name].T if c.any()]\n",
         "        columns = [*grads[name].T] if grads[name].any() else []\n"),
        ("norm(a - b) <", "norm(a - b) <="),
        "columns of zeros are no symmetry",
    ],
    "initial_sanity: one finding": [
        ('        found.add("INITLOSS")', '        return {"INITLOSS"}'), "at the first finding?"
    ],
    "autograd_vs_engine: both on shared parameters": [
        ("        params = {name", "        params = theirs = {name"),
        ("        theirs = {name: p", "        params = theirs = {name: p"),
        "it gives it other parameters than one step",
    ],
    "autograd_vs_engine: the last loss": [
        ("np.max(losses)", "losses[-1]"), "A slip in the first step is lost in yours"
    ],
    "autograd_vs_engine: the last step": [
        ("        for name, leaf", "        gradients = []\n        for name, leaf"),
        "A slip in the first step is lost in yours",
    ],
    "autograd_vs_engine: an absolute loss": [
        (" / abs(right.item())", ""), "A loss half too high is off by 0.5"
    ],
    "autograd_vs_engine: over PyTorch's norm": [
        ("max(np.linalg.norm(a), np.linalg.norm(b))", "np.linalg.norm(b)"),
        "has the error 0.5",
    ],
    "engine_loss: swapped": [
        ("return loss, leaves", "return leaves, loss"), "You return `(leaves, loss)`"
    ],
    "claim: the runs themselves": [
        ("    apart = ends[0] < ends[1]", "    apart = np.max(a, axis=0) < np.min(b, axis=0)"),
        "None is right here",
    ],
    "exit_test: in float32": [
        ("    rows = torch",
         "    params, X = {n: p.float() for n, p in params.items()}, X.float()\n    rows = torch"),
        "You compute in float32",
    ],
    "exit_test: −dZ3": [
        ("dZ3 = dZ3 / len(t)", "dZ3 = -dZ3 / len(t)"), "look at dZ3 = (P − Y)/N"
    ],
    "exit_test: the loss is a sum": [
        ("-logP[rows, t].mean()", "-logP[rows, t].sum()"), "it is the sum over the batch"
    ],
    "attention_backward: by central differences": [
        ("    S = Q @ K.T",
         "    from helpers import numerical_gradient\n"
         "    return numerical_gradient(lambda *a: (G * attention.reference(*a)).sum(), Q, K, V)\n"
         "    S = Q @ K.T"),
        "right to a few digits only. A difference of two losses leaves that; derive it. "
        "`dQ` and `dV` are right.",
    ],
    "compare: a ratio of the norms": [
        ("(given * right).sum() / (right * right).sum()",
         "np.linalg.norm(given) / np.linalg.norm(right)"),
        "`ratio` of dW is −1.0 here, for manual = k·auto. You give None.",
    ],
    "compare: a later start": [
        ("error[name] > 1e-10", "error[name] > 0.7"),
        "The errors are right. `start` is 'dW'; you give None.",
    ],
    "gradient_errors: a tanh on PyTorch's side": [
        ("torch.relu(torch", "torch.tanh(torch"),
        "The engine is right, and you find an error of",
    ],
    "learning_curve: lr 0.1": [("0.02 * dW", "0.1 * dW"), "as a lr of about 0.099 would"],
    "learning_curve: a full batch": [("len(t) // 32", "1"), "Your batches hold 256 samples"],
    "my_tests: one function alone": [
        ("    rng = ", "    assert backward is mutants.backward\n    rng = "),
        "no test may ask for one function",
    ],
    "my_tests: always": [
        ("    rng = ", "    assert False\n    rng = "),
        "Your test kills the right backward pass, too.",
    ],
    "layer_test: an assert without words": [
        ("    G = np", "    assert False\n    G = np"), "(without a message)"
    ],
    "train_digits: Tensors": [("range(30)", "range(1)"),
                              ("return params", "return {n: Tensor(p) for n, p in params.items()}"),
                              "W1 is a Tensor. Return its numbers"],
}  # fmt: skip
