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
        "two wrong slopes and a mean": (
            "RELUMASK", "Here every entry passes: the mask is missing", [
                (f" * {_MASK}", ""), ('cache["H1"] ** 2', 'cache["H1"]'),
                ("db1 = dZ1.sum", "db1 = dZ1.mean")]),
        "a wrong slope, and no penalty on W1": ("ACTIVATIONINPUT", "Here 1 − H1 needs the square", [
            ('cache["H1"] ** 2', 'cache["H1"]'), (' + l2_grad(cache["W1"], lam)', "")]),
        "a penalty on |w|": ("L1", "which belongs to the penalty λ·Σ|w|", [
            ('l2_grad(cache["W2"], lam)', 'lam * torch.sign(cache["W2"])')]),
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
        "a naive softmax": ("OVERFLOW", "exp of a score in the thousands is infinite", [
            ('torch.softmax(cache["Z3"], dim=1)',
             'cache["Z3"].exp() / cache["Z3"].exp().sum(1, keepdim=True)')]),
        "log_softmax": (None, "Each of its rows must sum to 0", [
            ("torch.softmax(", "torch.log_softmax(")]),
        "1 at every class that occurs": (None, "Each of its rows must sum to 0", [
            ("dZ3[torch.arange(N), t] -= 1", "dZ3[:, t] -= 1")]),
        "no mask": ("RELUMASK", "the mask is missing, or always true", [(f" * {_MASK}", "")]),
        "a list for a tensor": (None, "`db3` is [", [('"db3": db3', '"db3": db3.tolist()')]),
        "a new key in the cache": (None, "it has a new key, `dZ3`", [
            ("    dZ3 = dZ3 / N\n", '    dZ3 = cache["dZ3"] = dZ3 / N\n')]),
        "the arguments in another order": (None, "the order is `(cache, t, lam)`", """
            def backward(cache, lam, t):
                dZ3 = torch.softmax(cache["Z3"], dim=1)
                dZ3[torch.arange(len(dZ3)), t] -= 1
                return dict(dZ3=dZ3)
            """),
        "a cache that is changed": (None, "changes its input `cache`: `Z3` is no longer", [
            ('torch.softmax(cache["Z3"], dim=1)',
             'cache["Z3"].exp_() / cache["Z3"].sum(1, keepdim=True)')]),
    },
    "batchnorm_backward": {
        "+ Xh·mean": ("BNPATHS", "the path through the variance has the wrong sign", [
            ("- Xh * (dXh", "+ Xh * (dXh")]),
        "dvar of this sample alone": ("BNPATHS", "variance the dX̂·X̂ of each entry stands alone", [
            ("Xh * (dXh * Xh).mean(dim=0)", "Xh * (dXh * Xh) / len(X)")]),
        "dmu of this sample alone": ("BNPATHS", "mean the dX̂ of each entry stands alone", [
            ("dXh - dXh.mean(dim=0)", "dXh - dXh / len(X)")]),
        "half the variance's path": ("BNPATHS", "the path through the variance is 0.5 times", [
            ("- Xh * (dXh", "- Xh / 2 * (dXh")]),
        "a sum for one mean": ("BNPATHS", "is 4.0 times the right one: a sum stands where a mean", [
            ("dXh - dXh.mean(dim=0)", "dXh - dXh.sum(dim=0)")]),
        "dX alone": (None, "Return `(dX, dgamma, dbeta)`, a tuple of 3", [(_THREE, "return dX")]),
    },
    "layernorm_backward": {
        "one mean still along the batch": (
            "BNPATHS", "path through the variance runs along the other axis: here it is dim=1", [
                ("(dXh * Xh).mean(dim=1", "(dXh * Xh).mean(dim=0")]),
        "sums for both means": ("BNPATHS", "belongs. And the path through the variance is 3.0", [
            ("dXh.mean(dim=1", "dXh.sum(dim=1"), ("Xh).mean(dim=1", "Xh).sum(dim=1")]),
        "twice the variance's path": ("BNPATHS", "the path through the variance is 2.0 times", [
            ("- Xh * about_spread", "- 2 * Xh * about_spread")]),
        "dX and dgamma": (None, "Return `(dX, dgamma, dbeta)`, a tuple of 3", [
            (_THREE, "return dX, (G * Xh).sum(dim=0)")]),
    },
    "train": {
        "the last batch is left out": ("LASTBATCH", "You skip the smaller last batch", [
            ("        _, cache", "        if len(X) < 4: continue\n        _, cache")]),
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
        "retain_grad on X": (None, "X needs no gradient", [
            ("if tensor.requires_grad:", "if True:")]),
        "texts": (None, "For `dZ3` you give a text", [(_ERROR, f'f"{{{_ERROR}:.1e}}"')]),
        "the largest entry": ("NOTTHEERROR", "another norm, the largest entry", [
            (_ERROR, "((grad - right).abs().max() / right.abs().max()).item()")]),
        "the sum of sizes": ("NOTTHEERROR", "another norm, the sum of the sizes", [
            (_ERROR, "((grad - right).norm(p=1) / right.norm(p=1)).item()")]),
        "without signs": ("NOTTHEERROR", "to which a wrong sign is invisible", [
            (_ERROR, "((grad.abs() - right.abs()).norm() / right.norm()).item()")]),
        "the difference of norms": ("NOTTHEERROR", "you subtract two norms", [
            (_ERROR, "((grad.norm() - right.norm()).abs() / right.norm()).item()")]),
        "in float32": (None, "stay in float64", [
            (_ERROR, "((grad.float() - right.float()).norm() / right.norm()).item()")]),
        "a floor under the divisor": (None, "nothing but autograd's norm into the divisor", [
            ("/ right.norm()", "/ right.norm().clamp(min=1e-3)")]),
        "a list of its own": (None, "gives 6 gradients, and you ask it for `dZ1`. Walk through", [
            ("for name, grad in mine.items():",
             "for name in ['d' + k for k in cache if k != 'X']:\n        grad = mine[name]")]),
        "the cache asked for dZ3": (None, "The names in the cache have no d", [
            ("cache[name[1:]].grad", "cache[name].grad")]),
        "another error after backward": (
            None, "in line 7: `mine = backwards(cache, t, lam)`. Python says NameError", """
            def verify_all(params, X, t, backward=backward, lam=0.1):
                leaves = {k: p.clone().requires_grad_() for k, p in params.items()}
                _, cache = forward(leaves, X)
                [x.retain_grad() for x in cache.values() if x.requires_grad]
                loss_of(cache, t, lam).backward()
                mine = backwards(cache, t, lam)
                return {n: float((g - cache[n[1:]].grad).norm()) for n, g in mine.items()}
            """),
        "no such dimension": (None, "Python says IndexError", [
            ("(grad - right).norm()", "(grad - right).norm(dim=5)")]),
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
        "a product for a power": ("NEGATIVEROOT", "a power, and positive", [
            ("0.9**step", "0.9*step"), ("0.999**step", "0.999*step")]),
        "a correction with the wrong sign": ("NEGATIVEROOT", "negative under the root", [
            ("(1 - 0.999**step)", "(0.999**step - 1)")]),
        "g for its square": ("NOSQUARE", "It averages the *squares*", [("* g**2", "* g")]),
        "m and v exchanged in the state": ("STATEORDER", "Are m and v exchanged", [
            ('"m": m, "v": v}', '"m": v, "v": m}')]),
        "corrections of the first step": ("STEPCOUNT", "your corrections do not use it", [
            ("0.9**step", "0.9"), ("0.999**step", "0.999")]),
        "one tensor as m": (None, 'After step 1 state["m"] is array', [
            ("m[name] = 0.9", "m = 0.9"), ("m[name] /", "m /")]),
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
