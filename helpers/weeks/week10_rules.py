"""Week 10's solutions: a network of three layers, trained with nothing but tensors.

No autograd, no torch.nn, no torch.optim, except in `verify_all`, which compares with autograd. The
functions stand in a file of their own because the later ones use the earlier ones, the way they do
in the notebook. Their exercises, with hints and known mistakes, are in `week10_network`,
`week10_verify`, `week10_training` and `week10_norms`. `start`, `loss_of` and `minibatches` are given to the learner.
"""

from __future__ import annotations

import torch

SIZES = (64, 48, 48, 10)


def start(sizes=SIZES, seed=0):
    """Random weights of variance 2/n_in (week 11 says why), and biases that are 0, in float64."""
    rng = torch.Generator().manual_seed(seed)
    params = {}
    for k, (n_in, n_out) in enumerate(zip(sizes, sizes[1:]), start=1):
        noise = torch.randn(n_in, n_out, generator=rng, dtype=torch.float64)
        params[f"W{k}"] = noise * (2 / n_in) ** 0.5
        params[f"b{k}"] = torch.zeros(n_out, dtype=torch.float64)
    return params


# ------------------------------------------------------------------ the network


def forward(params, X):
    """(Z3, cache): the scores (N, C) of inputs X (N, D), and all that backward needs.

    tanh after the first layer, ReLU after the second. Keys of the cache: X, Z1, H1, Z2, H2, Z3,
    and those of params, W1, b1, W2, b2, W3, b3.
    """
    Z1 = X @ params["W1"] + params["b1"]
    H1 = torch.tanh(Z1)
    Z2 = H1 @ params["W2"] + params["b2"]
    H2 = torch.relu(Z2)
    Z3 = H2 @ params["W3"] + params["b3"]
    cache = {**params, "X": X, "Z1": Z1, "H1": H1, "Z2": Z2, "H2": H2, "Z3": Z3}
    return Z3, cache


def loss_of(cache, t, lam):
    """Mean cross-entropy of the scores, plus lam/2 times the sum of all squared weights."""
    Z3 = cache["Z3"]
    surprise = Z3.logsumexp(dim=1) - Z3[torch.arange(len(t)), t]
    weights = cache["W1"], cache["W2"], cache["W3"]
    return surprise.mean() + lam / 2 * sum((W**2).sum() for W in weights)


def l2_grad(W, lam):
    """The gradient of lam/2 times the sum of W², of the shape of W."""
    return lam * W


def backward(cache, t, lam):
    """All gradients of `loss_of`, in a dict, from the scores back to the first layer.

    Keys: dZ3, dW3, db3, dH2, dZ2, dW2, db2, dH1, dZ1, dW1, db1.
    """
    N = len(t)
    dZ3 = torch.softmax(cache["Z3"], dim=1)
    dZ3[torch.arange(N), t] -= 1
    dZ3 = dZ3 / N
    dW3 = cache["H2"].T @ dZ3 + l2_grad(cache["W3"], lam)
    db3 = dZ3.sum(dim=0)
    dH2 = dZ3 @ cache["W3"].T
    dZ2 = dH2 * (cache["Z2"] > 0)
    dW2 = cache["H1"].T @ dZ2 + l2_grad(cache["W2"], lam)
    db2 = dZ2.sum(dim=0)
    dH1 = dZ2 @ cache["W2"].T
    dZ1 = dH1 * (1 - cache["H1"] ** 2)
    dW1 = cache["X"].T @ dZ1 + l2_grad(cache["W1"], lam)
    db1 = dZ1.sum(dim=0)
    return {
        "dZ3": dZ3, "dW3": dW3, "db3": db3,
        "dH2": dH2, "dZ2": dZ2, "dW2": dW2, "db2": db2,
        "dH1": dH1, "dZ1": dZ1, "dW1": dW1, "db1": db1,
    }  # fmt: skip


def verify_all(params, X, t, backward=backward, lam=0.1):
    """{name: relative error against autograd} for every gradient that `backward` gives.

    The error is the norm of the difference, divided by the norm of autograd's gradient. A norm
    is the root of the sum of squares, `.norm()`.
    """
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    _, cache = forward(leaves, X)
    for tensor in cache.values():
        if tensor.requires_grad:
            tensor.retain_grad()
    loss_of(cache, t, lam).backward()
    mine = backward({name: tensor.detach() for name, tensor in cache.items()}, t, lam)
    errors = {}
    for name, grad in mine.items():
        right = cache[name[1:]].grad
        errors[name] = ((grad - right).norm() / right.norm()).item()
    return errors


# ------------------------------------------------------------------ training


def minibatches(X, t, size, epochs, seed=0):
    """The batches (X, t) of some epochs, in order; every epoch shuffles all samples anew."""
    rng = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(epochs):
        for rows in torch.randperm(len(t), generator=rng).split(size):
            batches.append((X[rows], t[rows]))
    return batches


def sgd_step(params, grads, lr):
    """New parameters, each one step of length lr against its own gradient, grads["d" + name]."""
    return {name: p - lr * grads["d" + name] for name, p in params.items()}


def train(params, data, lr=0.3, lam=1e-3):
    """(params, losses) after one step of descent for each batch (X, t) in data.

    losses[k] is `loss_of` the k-th batch, as a float, before its step.
    """
    losses = []
    for X, t in data:
        _, cache = forward(params, X)
        losses.append(loss_of(cache, t, lam).item())
        grads = backward(cache, t, lam)
        params = sgd_step(params, grads, lr)
    return params, losses


def adam_step(params, grads, state, lr=0.001):
    """(params, state) after a step of Adam with betas 0.9 and 0.999, and eps 1e-8.

    state: {"step": steps so far, "m": {name: …}, "v": {name: …}}, the averages of the gradients
    and of their squares. At the start 0, and zeros of the parameters' shapes.
    """
    step = state["step"] + 1
    m, v, moved = {}, {}, {}
    for name, p in params.items():
        g = grads["d" + name]
        m[name] = 0.9 * state["m"][name] + 0.1 * g
        v[name] = 0.999 * state["v"][name] + 0.001 * g**2
        m_hat = m[name] / (1 - 0.9**step)
        v_hat = v[name] / (1 - 0.999**step)
        moved[name] = p - lr * m_hat / (v_hat.sqrt() + 1e-8)
    return moved, {"step": step, "m": m, "v": v}


# ------------------------------------------------------------------ normalization


def batchnorm_backward(X, gamma, G):
    """(dX, dgamma, dbeta) of Y = gamma·X̂ + beta, where G is ∂L/∂Y.

    X̂ = (X − mean) / √(variance + 1e-5), each column of X (N, C) for itself, and the variance
    divides by N.
    """
    inv = 1 / torch.sqrt(X.var(dim=0, correction=0) + 1e-5)
    Xh = (X - X.mean(dim=0)) * inv
    dXh = G * gamma
    dX = inv * (dXh - dXh.mean(dim=0) - Xh * (dXh * Xh).mean(dim=0))
    return dX, (G * Xh).sum(dim=0), G.sum(dim=0)


def layernorm_backward(X, gamma, G):
    """(dX, dgamma, dbeta) of Y = gamma·X̂ + beta, where G is ∂L/∂Y.

    X̂ = (X − mean) / √(variance + 1e-5), each *row* of X (N, D) for itself, and the variance
    divides by D.
    """
    inv = 1 / torch.sqrt(X.var(dim=1, correction=0, keepdim=True) + 1e-5)
    Xh = (X - X.mean(dim=1, keepdim=True)) * inv
    dXh = G * gamma
    about_mean, about_spread = dXh.mean(dim=1, keepdim=True), (dXh * Xh).mean(dim=1, keepdim=True)
    dX = inv * (dXh - about_mean - Xh * about_spread)
    return dX, (G * Xh).sum(dim=0), G.sum(dim=0)
