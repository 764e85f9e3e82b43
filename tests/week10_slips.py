"""Slips in week 10 that a learner makes and a check may overlook, or explain by the wrong words.

For each exercise: the CODE of the verdict (None where there is none), words that it must contain,
and the answer: a source, or changes of the reference.
"""

_SHARED = ("{name: p.clone().requires_grad_() for name, p in params.items()}",
           "{name: p.requires_grad_() for name, p in params.items()}")  # fmt: skip
_ERROR = "((grad - right).norm() / right.norm()).item()"
_MASK = '(cache["Z2"] > 0)'
_ALL = 'return moved, {"step": step, "m": m, "v": v}'
_THREE = "return dX, (G * Xh).sum(dim=0), G.sum(dim=0)"
_ADAM = "moved[name] = p - lr * m_hat / (v_hat.sqrt() + 1e-8)"

SLIPS = {
    "forward": {
        "under no_grad": ("CUTOFF", "`Z1` in your cache is cut off", """
            def forward(params, X):
                with torch.no_grad():
                    p = params
                    Z1 = X @ p["W1"] + p["b1"]
                    H1 = torch.tanh(Z1)
                    Z2 = H1 @ p["W2"] + p["b2"]
                    H2 = torch.relu(Z2)
                    Z3 = H2 @ p["W3"] + p["b3"]
                return Z3, {**params, "X": X, "Z1": Z1, "H1": H1, "Z2": Z2, "H2": H2, "Z3": Z3}
            """),
        "detached in the cache": ("CUTOFF", "`H1` in your cache is cut off",
                                  [('"H1": H1', '"H1": H1.detach()')]),
        "a copy in the cache": ("CUTOFF", "`Z2` in your cache is cut off",
                                [('"Z2": Z2', '"Z2": Z2.clone()')]),
        "through NumPy": ("CUTOFF", "leaves torch for NumPy",
                          [("torch.tanh(Z1)", "torch.tensor(Z1.numpy()).tanh()")]),
        "cloned parameters": ("CUTOFF", "`W1` in your cache is not the tensor of `params` itself",
                              [("    Z1 = X", "    params = {k: p + 0 for k, p in params.items()}\n"
                                "    Z1 = X")]),
    },
    "backward": {
        "one_hot without the number of classes": ("ONEHOT", "one column too few", [
            ("dZ3[torch.arange(N), t] -= 1", "dZ3 = dZ3 - torch.nn.functional.one_hot(t)")]),
        "one_hot up to the largest class": ("ONEHOT", "one column too few", [
            ("dZ3[torch.arange(N), t] -= 1",
             "dZ3 = dZ3 - torch.nn.functional.one_hot(t, int(t.max()) + 1)")]),
        "a mask that writes into dH2": ("INPLACE", "`dH2` was changed by the line of `dZ2`", [
            (f"    dZ2 = dH2 * {_MASK}\n", f"    dH2[~{_MASK}] = 0\n    dZ2 = dH2\n")]),
        "tanh's slope into dH1": ("INPLACE", "`dH1` was changed by the line of `dZ1`",
                                  [("dZ1 = dH1 * (1", "dZ1 = dH1.mul_(1")]),
        "divided by the number of classes of the digits": (
            "MEANSUM", "You divide by 10, where N = 7", [("dZ3 = dZ3 / N", "dZ3 = dZ3 / 10")]),
        "Z for H in two layers": ("PREACT", "`dW2` has the same mistake", [
            ('cache["H2"].T @', 'cache["Z2"].T @'), ('cache["H1"].T @', 'cache["Z1"].T @')]),
        "the square of W in all penalties": (
            "L2FACTOR", "`dW2` and `dW1` have the same mistake",
            [(f'l2_grad(cache["W{k}"], lam)', f'lam / 2 * cache["W{k}"] ** 2') for k in (1, 2, 3)]),
        "half the penalty, written out": (
            "L2FACTOR", "`dW2` and `dW1` have the same mistake",
            [(f'l2_grad(cache["W{k}"], lam)', f'lam / 2 * cache["W{k}"]') for k in (1, 2, 3)]),
        "a penalty on b3 alone": ("L2FACTOR", "λ·b is added", [
            ("db3 = dZ3.sum(dim=0)", 'db3 = dZ3.sum(dim=0) + lam * cache["b3"]')]),
        "dW1 from dH1": (None, "Yours is made of dH;", [('["X"].T @ dZ1', '["X"].T @ dH1')]),
        "db2 from dH2": (None, "Yours is made of dH;", [("db2 = dZ2", "db2 = dH2")]),
        "dH1 from dH2": (None, "Yours is made of dH2;", [("dH1 = dZ2", "dH1 = dH2")]),
        "zeros in float32": (None, "`torch.zeros_like(Z3)`", [
            ("dZ3 = dZ3 / N", "dZ3 = torch.zeros(dZ3.shape).copy_(dZ3 / N)")]),
        "a mask in place of a gradient": (None, "A mask alone is bool", [
            (f"dH2 * {_MASK}", _MASK)]),
        "a key is missing": (None, "`dZ3` is missing", [('"dZ3": dZ3, ', "")]),
        "a cache that is changed": (None, "changes its input `cache`", [
            ('torch.softmax(cache["Z3"], dim=1)',
             'cache["Z3"].exp_() / cache["Z3"].sum(1, keepdim=True)')]),
    },
    "batchnorm_backward": {
        "dX alone": (None, "Return `(dX, dgamma, dbeta)`, a tuple of 3", [(_THREE, "return dX")]),
    },
    "layernorm_backward": {
        "dX and dgamma": (None, "Return `(dX, dgamma, dbeta)`, a tuple of 3", [
            (_THREE, "return dX, (G * Xh).sum(dim=0)")]),
    },
    "train": {
        "weights alone": (None, "It has not moved at all.", [
            ("sgd_step(params, grads, lr)",
             "params | {n: sgd_step(params, grads, lr)[n] for n in ('W1', 'W2', 'W3')}")]),
    },
    "verify_all": {
        "the caller's own tensors": ("SHARED", "Clone them", [_SHARED]),
        "a lam of its own on both sides": ("FIXEDLAM", "you call `backward` with 0.1", [
            ("loss_of(cache, t, lam)", "loss_of(cache, t, 0.1)"),
            ("cache.items()}, t, lam)", "cache.items()}, t, 0.1)")]),
        "booleans": (None, "Give the error itself",
                     [(_ERROR, "bool(grad.sub(right).norm() > 1e-12)")]),
        "yes or no": ("NOTTHEERROR", "that says yes or no",
                      [(_ERROR, "0.0 if torch.allclose(grad, right) else 1.0")]),
        "in percent": ("NOTTHEERROR", "in percent", [(_ERROR, f"100 * {_ERROR}")]),
        "squared norms": ("NOTTHEERROR", "that is its square",
                          [(_ERROR, "(((grad - right) ** 2).sum() / (right ** 2).sum()).item()")]),
        "over the norm of what is checked": ("NOTTHEERROR", "that is being checked",
                                             [("/ right.norm()", "/ grad.norm()")]),
        "over both norms": ("NOTTHEERROR", "the sum of both norms",
                            [("/ right.norm()", "/ (right.norm() + grad.norm())")]),
        "a lam of its own in the loss": (None, "do both sides have the same `lam`?", [
            ("loss_of(cache, t, lam)", "loss_of(cache, t, 0.1)")]),
        "biases that are no leaves": (None, "each must be a leaf that requires grad", [
            ("requires_grad_()", "requires_grad_(name[0] == 'W')")]),
        "backward is never called": (None, "has nobody called `backward()` on the loss?",
                                     [("    loss_of(cache, t, lam).backward()\n", "")]),
        "retain_grad after backward": (None, "on each, *before* `backward()`", [
            ("            tensor.retain_grad()", "            pass"),
            ("    loss_of(cache, t, lam).backward()\n",
             "    loss_of(cache, t, lam).backward()\n    for k in ('Z1', 'Z2', 'Z3', 'H1', 'H2'):\n"
             "        cache[k].retain_grad()\n")]),
    },
    "sgd_step": {
        "into the caller's dict": ("INPLACE", "into the caller's own dict", """
            def sgd_step(params, grads, lr):
                for n in params:
                    params[n] = params[n] - lr * grads["d" + n]
                return params
            """),
        "the gradients in place": (None, "You change the gradients of the caller", """
            def sgd_step(params, grads, lr):
                return {n: p - grads["d" + n].mul_(lr) for n, p in params.items()}
            """),
    },
    "adam_step": {
        "the parameters in place": ("INPLACE", "`-=` works in place", [
            (_ADAM, "p -= lr * m_hat / (v_hat.sqrt() + 1e-8)\n        moved[name] = p")]),
        "into the caller's dict": ("INPLACE", "into the caller's own dict", [
            (_ADAM, "params[name] = p - lr * m_hat / (v_hat.sqrt() + 1e-8)"),
            ("return moved", "return params")]),
        "the parameters alone": (None, "Return `(params, state)`, two dicts", [
            (_ALL, "return moved")]),
        "a state without the count": (None, "The next step needs its keys step, m and v", [
            (_ALL, 'return moved, {"m": m, "v": v}')]),
    },
}  # fmt: skip
