"""Week 3's solutions: how gradients pass backward through operations on whole arrays.

Every rule is a vector-Jacobian product. It gets the upstream gradient G = ∂L/∂(output), of the
output's shape, and returns ∂L/∂(input), of the input's shape; no Jacobian is ever built. The rules
stand in a file of their own because the later ones use `unbroadcast`, the way they do in the
notebook. Their exercises, with hints and known mistakes, are in `helpers.weeks.week03`.
"""

from __future__ import annotations

import numpy as np


def jacobian(f, x):
    """J[i, j] = ∂fᵢ/∂xⱼ at x, by central differences, one column for each nudge."""
    h = 1e-5
    columns = []
    for j in range(len(x)):
        nudge = np.zeros(len(x))
        nudge[j] = h
        columns.append((f(x + nudge) - f(x - nudge)) / (2 * h))
    return np.stack(columns, axis=1)


def vjp_tanh_linear(W, x, v):
    """vᵀJ for h = tanh(W·x), without building J."""
    h = np.tanh(W @ x)
    dz = v * (1 - h**2)
    return W.T @ dz


def linear_backward(X, W, b, G):
    """(dX, dW, db) for Y = X·W + b, from G = ∂L/∂Y."""
    dX = G @ W.T
    dW = X.T @ G
    db = G.sum(axis=0)
    return dX, dW, db


def unbroadcast(G, shape):
    """Sum G over the axes along which broadcasting copied, so that it has `shape` again."""
    new_axes = tuple(range(G.ndim - len(shape)))
    G = G.sum(axis=new_axes)
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return G.sum(axis=stretched, keepdims=True)


def mul_backward(A, B, G):
    """(dA, dB) for A * B, elementwise, with broadcasting."""
    dA = unbroadcast(G * B, A.shape)
    dB = unbroadcast(G * A, B.shape)
    return dA, dB


def reduce_backward(kind, X, G, axis, keepdims):
    """dX for X.sum(axis, keepdims=keepdims), or "mean", or "max"; G has the shape of the result."""
    if axis is not None and not keepdims:
        G = np.expand_dims(G, axis)
    if kind == "sum":
        share = np.ones(X.shape)
    elif kind == "mean":
        share = np.ones(X.shape) / (X.size / G.size)
    else:
        winners = X == X.max(axis=axis, keepdims=True)
        share = winners / winners.sum(axis=axis, keepdims=True)
    return G * share


def batched_matmul_backward(A, B, G):
    """(dA, dB) for A @ B, where the axes before the last two may broadcast."""
    dA = unbroadcast(G @ np.swapaxes(B, -1, -2), A.shape)
    dB = unbroadcast(np.swapaxes(A, -1, -2) @ G, B.shape)
    return dA, dB


def chain_cost(shapes, mode):
    """Multiplications that the product of all Jacobians takes, in "forward" or "reverse" order.

    `shapes` lists the Jacobians from the first layer to the last; each is (outputs, inputs).
    """
    if mode == "forward":
        carried, others = shapes[0][1], shapes[1:]  # one column for each input of the chain
    else:
        carried, others = shapes[-1][0], shapes[:-1]  # one row for each output of the chain
    return sum(outputs * inputs for outputs, inputs in others) * carried
