"""Week 4: what a tired learner enters first, with the CODE and words that the verdict must have."""

# exercise, line, formula, CODE
LINES = [
    ("slopes", "dtanh", "(1 - h)^2", "BRACKETS"),
    ("slopes", "dsigmoid", "exp(-z)/(1 + exp(-z))", "NOSQUARE"),
    ("slopes", "dsigmoid", "1/4", "CONSTANT"),
    ("slopes", "dsoftplus", "exp(z)", "INNERONLY"),
    ("one_sample", "dS", "e0 + e1 + e2", "NOTDERIVED"),
    ("one_sample", "dz0", "dS", "NOLOCAL"),
    ("one_sample", "dz0", "e0/S*(1 - e0/S)", "EXTRASIG"),
    ("one_sample", "dz1", "e1/S - z1", "DIRECTVALUE"),
    ("one_sample", "dz1", "e1/S + 1", "DIRECTSIGN"),
    ("two_classes", "dp", "-t*log(p) - (1 - t)*log(1 - p)", "NOTDERIVED"),
    ("two_classes", "dp", "-t/p", "FIRSTTERM"),
    ("two_classes", "dp", "p - t", "COLLAPSED"),
    ("two_classes", "slope", "1 - p", "FACTORLOST"),
    ("two_classes", "slope", "1 - p^2", "TANHSLOPE"),
    ("two_classes", "dz", "dp/slope", "DIVIDED"),
    ("tiny_network", "dz2", "p", "NOTARGET"),
    ("tiny_network", "dz2", "-t/p", "STOPPED"),
    ("tiny_network", "db2", 1, "NOUPSTREAM"),
    ("tiny_network", "db2", "dz2*b2", "BIASVALUE"),
    ("tiny_network", "dh", "m*w2*dz2", "MASKEARLY"),
    ("tiny_network", "dw1", "dh*x", "MASKSKIPPED"),
    ("tiny_network", "dw2", "x*dz2", "OTHERLAYER"),
]

_BENDS = """
s, h = 1 / (1 + np.exp(-z)), np.tanh(z)
slopes = dict(relu=z > 0, leaky_relu=np.where(z > 0, 1, 0.01), tanh=1 - h * h, sigmoid=s - s * s)
"""
_ENTROPY = """
N, C = Z.shape
top = Z.max(axis=1, keepdims=True)
E = np.exp(Z - top)
P, Y = E / E.sum(axis=1, keepdims=True), np.eye(C)[t]
losses = top[:, 0] + np.log(E.sum(axis=1)) - Z[np.arange(N), t]
"""
_STEP = "p = {k: p[k] - lr * g['d' + k] for k in p}"
_LOOP = """
p, losses = dict(params), []
for _ in range(steps):
    g = grads_of(p, X, t)
    losses.append(g["loss"])
    UPDATE
return p, losses
"""
_FEW = f"""
p = dict(params)
for _ in range(steps):
    g = grads_of(p, X[:n], t[:n])
    {_STEP}
return grads_of(p, X[:n], t[:n])['loss']
"""
_SHAPES = """
if A.shape != B.shape:
    raise ValueError("shapes")
"""

# exercise, CODE or None, words, body
ANSWERS = [
    ("activation_backward", "NOLOCAL", "as if every slope were 1", "return G"),
    (
        "activation_backward",
        "RELUMASK",
        "turns the gradient around",
        _BENDS + "slopes['relu'] = np.sign(z)\nreturn G * slopes[name]",
    ),
    (
        "activation_backward",
        "LEAKYMASK",
        "you let the *gradient* decide",
        _BENDS + "slopes['leaky_relu'] = np.where(G > 0, 1, 0.01)\nreturn G * slopes[name]",
    ),
    (
        "activation_backward",
        "LEAKYSLOPE",
        "you take 0.1",
        _BENDS + "slopes['leaky_relu'] = np.where(z > 0, 1, 0.1)\nreturn G * slopes[name]",
    ),
    (
        "activation_backward",
        "SLOPEISOUTPUT",
        "that is G·h",
        _BENDS + "slopes['tanh'] = h\nreturn G * slopes[name]",
    ),
    (
        "activation_backward",
        "PRECEDENCE",
        "Put the denominator in parentheses",
        _BENDS + "s = 1/1 + np.exp(-z)\nslopes['sigmoid'] = s * (1 - s)\nreturn G * slopes[name]",
    ),
    (
        "logsumexp",
        "KEEPDIM",
        "(N, N) table",
        "m = Z.max(1)[:, None]\nreturn m + np.log(np.exp(Z - m).sum(1))",
    ),
    ("logsumexp", "ONENUMBER", "Each row is a sample", "return np.log(np.exp(Z).sum())"),
    ("logsumexp", "LOGEACH", "First the sum", "return np.log(np.exp(Z)).sum(axis=1)"),
    ("logsumexp", "ONLYMAX", "a good guess", "return np.amax(Z, axis=1)"),
    (
        "logsumexp",
        "MINSHIFT",
        "all exponents are positive",
        "m = Z.min(axis=1)\nreturn m + np.log(np.exp(Z - m[:, None]).sum(axis=1))",
    ),
    (
        "logsumexp",
        "ABSSHIFT",
        "the sum underflows",
        "m = abs(Z).max(axis=1)\nreturn m + np.log(np.exp(Z - m[:, None]).sum(axis=1))",
    ),
    (
        "logsumexp",
        "SHIFTSIGN",
        "add it",
        "m = Z.max(axis=1)\nreturn np.log(np.exp(Z - m[:, None]).sum(axis=1)) - m",
    ),
    (
        "cross_entropy_grad",
        "MAXSHIFT",
        "at 1000 exp overflows",
        "P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)\nN = len(t)\n"
        "L = -np.log(P[np.arange(N), t]).mean()\nreturn L, (P - np.eye(Z.shape[1])[t]) / N",
    ),
    (
        "cross_entropy_grad",
        "CLIPLOG",
        "a lid on the loss",
        _ENTROPY + "return -(Y * np.log(P + 1e-12)).sum() / N, (P - Y) / N",
    ),
    (
        "cross_entropy_grad",
        "WHOLECOLUMN",
        "whole columns",
        _ENTROPY + "return (losses + Z[np.arange(N), t])[:, None].mean() - Z[:, t].mean(),"
        " (P - Y) / N",
    ),
    (
        "cross_entropy_grad",
        "DOUBLESOFTMAX",
        "needs the *scores*",
        _ENTROPY + "L = (np.log(np.exp(P).sum(axis=1)) - P[np.arange(N), t]).mean()\n"
        "return L, (P - Y) / N",
    ),
    ("cross_entropy_grad", "STOPPED", "∂L/∂P", _ENTROPY + "return losses.mean(), -Y / P / N"),
    (
        "cross_entropy_grad",
        "BATCHMEAN",
        "its own row",
        _ENTROPY + "return losses.mean(), (P - Y).mean(axis=0)",
    ),
    (
        "mse_grad",
        "MEANSUM",
        "the mean is asked for",
        _SHAPES + "return ((A - B) ** 2).sum(), 2 * (A - B)",
    ),
    (
        "mse_grad",
        "HALF",
        "the plain mean",
        _SHAPES + "return ((A - B) ** 2).mean() / 2, (A - B) / A.size",
    ),
    (
        "mse_grad",
        "SQUARED",
        "still squared",
        _SHAPES + "return ((A - B) ** 2).mean(), 2 * (A - B) ** 2 / A.size",
    ),
    (
        "mse_grad",
        "WRONGERROR",
        "raise ValueError",
        "assert A.shape == B.shape\nreturn ((A - B) ** 2).mean(), 2 * (A - B) / A.size",
    ),
    (
        "mse_grad",
        "WRONGERROR",
        "a value is not",
        "if A.shape != B.shape:\n    raise TypeError('shapes')\n"
        "return ((A - B) ** 2).mean(), 2 * (A - B) / A.size",
    ),
    (
        "train_two_layer",
        "INPLACE",
        "not the arrays in it",
        _LOOP.replace("UPDATE", "for k in p:\n        p[k] -= lr * g['d' + k]"),
    ),
    (
        "train_two_layer",
        "KEYNAME",
        "grads['d' + name]",
        _LOOP.replace("UPDATE", "p = {k: p[k] - lr * g[k] for k in p}"),
    ),
    (
        "train_two_layer",
        "FIXEDNAMES",
        "run through params",
        _LOOP.replace(
            "UPDATE", "p = {k: p[k] - lr * g['d' + k] for k in ('W1', 'b1', 'W2', 'b2')}"
        ),
    ),
    (
        "train_two_layer",
        "EARLYRETURN",
        "inside of the loop",
        _LOOP.replace("UPDATE", _STEP + "\n    return p, losses"),
    ),
    (
        "train_two_layer",
        "EXTRASTEP",
        "one step too many",
        _LOOP.replace("UPDATE", _STEP).replace("steps", "steps + 1"),
    ),
    (
        "train_two_layer",
        "LASTLOSS",
        "before *every* step",
        _LOOP.replace("UPDATE", _STEP).replace("return p, losses", "return p, [g['loss']]"),
    ),
    (
        "overfit_small_batch",
        "TRAINALL",
        "by heart",
        _FEW.replace("g = grads_of(p, X[:n], t[:n])", "g = grads_of(p, X, t)"),
    ),
    ("overfit_small_batch", "STEPCOUNT", "`steps` steps", _FEW.replace("range(steps)", "range(n)")),
    ("overfit_small_batch", "LABELSLEFT", "and t is not", _FEW.replace("t[:n]", "t")),
    ("overfit_small_batch", "ONESAMPLE", "one single row", _FEW.replace("[:n]", "[n]")),
    ("overfit_small_batch", "WHOLEDICT", "its loss", _FEW.replace("['loss']", "")),
    (
        "overfit_small_batch",
        "INPLACE",
        "not the arrays in it",
        _FEW.replace(_STEP, "for k in p:\n        p[k] -= lr * g['d' + k]"),
    ),
]
