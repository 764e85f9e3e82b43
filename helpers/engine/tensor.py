"""A reverse-mode autograd engine on NumPy arrays, to be read from top to bottom.

It is the scalar engine with one change: a node holds an array. A local derivative would then be a
Jacobian, far too large to store, so the table `VJP` holds what is done with it instead: for each
operation and each of its operands, the vector-Jacobian product that turns the upstream gradient
into the operand's gradient. `backward` is the same walk as before.

A `Tensor` gets a gradient. A plain array or number beside it is a constant: it gets none, and it
takes the dtype of the tensor that it meets, so that no 0.5 turns a float32 graph into float64.
"""

import functools
import math

import numpy as np

from helpers.engine.scalar import topological_order


class Tensor:
    """An array that remembers how it was computed.

    Parameters
    ----------
    data : array_like
        The numbers; float32 and float64 are kept, integers become float64.
    parents : tuple of Tensor
        The operands, in order; an operand used twice appears twice.
    op : str
        The operation that made this tensor, a key of `VJP`; empty for a leaf.
    saved : object
        What the VJP needs besides the operands and the result: an axis, an index.
    name : str
        A name for pictures; a variable's own name is found without it.
    requires_grad : bool
        False for a constant.

    Attributes
    ----------
    grad : ndarray or None
        ∂root/∂self, in the shape of `data`; None until `backward` has come by.

    Examples
    --------
    >>> W, b = Tensor([[1.0, 2.0], [3.0, 5.0]]), Tensor([0.0, 4.0])
    >>> loss = (np.array([[1.0, -1.0]]) @ W + b).relu().sum()
    >>> loss.backward()
    >>> W.grad.tolist(), b.grad.tolist()
    ([[0.0, 1.0], [0.0, -1.0]], [0.0, 1.0])
    """

    __slots__ = ("data", "grad", "parents", "op", "saved", "name", "requires_grad")
    __array_ufunc__ = None  # NumPy leaves `array + tensor` to the tensor

    def __init__(self, data, parents=(), op="", saved=None, *, name="", requires_grad=True):
        self.data = data if data.__class__ is np.ndarray else np.asarray(data)
        if self.data.dtype.kind != "f":
            self.data = _as_floats(self.data)
        self.grad, self.parents, self.op, self.saved, self.name = None, parents, op, saved, name
        self.requires_grad = requires_grad

    # ------------------------------------------------------------------ one entry at a time

    def __add__(self, other):
        return _binary("+", np.add, self, other)

    def __sub__(self, other):
        return _binary("-", np.subtract, self, other)

    def __mul__(self, other):
        return _binary("*", np.multiply, self, other)

    def __truediv__(self, other):
        other = _lift(other, self)
        if not other.data.all():
            raise ZeroDivisionError("An entry of the divisor is 0; nothing is defined there.")
        return _binary("/", np.divide, self, other)

    def __pow__(self, n):
        if not hasattr(n, "__float__") or np.ndim(n):
            raise TypeError(f"** takes a number, got {type(n).__name__}; x**y = (y*x.log()).exp()")
        n, lowest = float(n), self.data.min(initial=np.inf)
        if lowest < 0 and n % 1:
            raise ValueError(f"{lowest:g} ** {n:g}: a negative number has no real power {n:g}.")
        if n < 0 and not self.data.all():
            raise ZeroDivisionError(f"An entry is 0, and 0 ** {n:g} is not defined.")
        return Tensor(self.data**n, (self,), "**", n)

    def __neg__(self):
        return Tensor(-self.data, (self,), "neg")

    def exp(self):
        highest = self.data.max(initial=-np.inf)
        if highest > math.log(np.finfo(self.data.dtype).max):
            raise OverflowError(f"exp({highest:g}) is larger than the largest {self.data.dtype}.")
        return Tensor(np.exp(self.data), (self,), "exp")

    def log(self):
        lowest = self.data.min(initial=np.inf)
        if lowest <= 0:
            raise ValueError(
                f"log({lowest:g}): the logarithm needs positive numbers. For the logarithm of a "
                "softmax there is log_softmax, which never takes the log of 0."
            )
        return Tensor(np.log(self.data), (self,), "log")

    def tanh(self):
        return Tensor(np.tanh(self.data), (self,), "tanh")

    def sigmoid(self):
        z = self.data  # an exponent that is never positive never overflows
        return Tensor(np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z))), (self,), "sigmoid")

    def relu(self):
        z = self.data
        out = np.zeros(z.shape, z.dtype)  # NumPy is twice as quick as with one 0
        return Tensor(np.maximum(z, out, out=out), (self,), "relu")

    # ------------------------------------------------------------------ many entries into one

    def __matmul__(self, other):
        other = _lift(other, self)
        if self.ndim == 1:  # a row, for the moment
            out = self.reshape(1, -1) @ other
            return out[..., 0, :] if other.ndim > 1 else out[0]
        if other.ndim == 1:  # a column, for the moment
            return (self @ other.reshape(-1, 1))[..., 0]
        return _binary("@", np.matmul, self, other)

    def sum(self, axis=None, keepdims=False):
        out = self.data.sum(axis=axis, keepdims=keepdims)
        return Tensor(out, (self,), "sum", (axis, keepdims))

    def mean(self, axis=None, keepdims=False):
        out = self.data.sum(axis=axis, keepdims=keepdims)
        share = out.size / self.data.size if self.data.size else math.nan  # 1/n
        return Tensor(out * share, (self,), "mean", (axis, keepdims, share))

    def max(self, axis=None, keepdims=False):
        out = self.data.max(axis=axis, keepdims=keepdims)
        return Tensor(out, (self,), "max", (axis, keepdims))

    def log_softmax(self, axis=-1):
        """log of the softmax along an axis: z − log Σ exp(z), without overflow."""
        return Tensor(_log_softmax(self.data, axis), (self,), "log_softmax", axis)

    def cross_entropy(self, t):
        """Mean over the rows of −log softmax at each row's class t, as a single node."""
        z, t = self.data, np.asarray(t)
        if z.ndim != 2 or t.shape != z.shape[:1] or t.dtype.kind not in "iu":
            raise ValueError(
                "cross_entropy needs scores of shape (N, C) and N whole numbers, the classes; "
                f"got {z.shape} and {t.dtype} {t.shape}."
            )
        if t.size and t.astype(np.uintp).max() >= z.shape[1]:  # unsigned: −1 is a huge number
            raise ValueError(f"The classes are 0 to {z.shape[1] - 1}; got {t.min()}…{t.max()}.")
        log_p, rows = _log_softmax(z, 1), np.arange(len(t))
        loss = -log_p[rows, t].sum() / len(t)
        return Tensor(loss, (self,), "cross_entropy", (log_p, rows, t))

    # ------------------------------------------------------------------ the same entries, moved

    def reshape(self, *shape):
        return Tensor(self.data.reshape(*shape), (self,), "reshape")

    def transpose(self, *axes):
        axes = [range(self.ndim)[k] for k in axes or range(-1, -self.ndim - 1, -1)]
        return Tensor(self.data.transpose(axes), (self,), "transpose", axes)

    def __getitem__(self, index):
        return Tensor(self.data[index], (self,), "getitem", index)

    # ------------------------------------------------- constants on the left, shape

    def __radd__(self, other):
        return _lift(other, self) + self

    def __rsub__(self, other):
        return _lift(other, self) - self

    def __rmul__(self, other):
        return _lift(other, self) * self

    def __rtruediv__(self, other):
        return _lift(other, self) / self

    def __rmatmul__(self, other):
        return _lift(other, self) @ self

    T = property(transpose)
    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)

    def __repr__(self):
        if self.data.size > 12:
            return f"Tensor of shape {self.shape}"
        return f"Tensor({np.array2string(self.data, precision=4, separator=', ')})"

    # ------------------------------------------------------------------ the backward pass

    def push(self):
        """Each operand's gradient, by its VJP, added to what has already arrived there."""
        upstream, operands = self.grad, [parent.data for parent in self.parents]
        for parent, vjp in zip(self.parents, VJP[self.op]):
            if parent.requires_grad:
                accumulate(parent, vjp(upstream, self, *operands), upstream)

    def backward(self, gradient=None):
        """Add ∂self/∂leaf to `leaf.grad` of every leaf; set it for every inner node.

        Parameters
        ----------
        gradient : array_like, optional
            The upstream gradient, in the shape of `self`; 1 for a single number.
        """
        if gradient is None and self.data.size != 1:
            raise ValueError(
                f"backward() starts from a single number; this has shape {self.shape}. Sum it up "
                "first, or give the upstream gradient: y.backward(G)."
            )
        if gradient is None:
            seed = np.ones(self.shape, self.data.dtype)
        else:
            seed = np.array(gradient, self.data.dtype)
            if seed.shape != self.shape:
                raise ValueError(f"The gradient has shape {seed.shape}, not {self.shape}.")
        inner = [n for n in topological_order(self) if n.parents]
        for node in inner:
            node.grad = None
        accumulate(self, seed)
        for node in reversed(inner):
            node.push()


def accumulate(node, g, upstream=None):
    """Add a contribution to a node's gradient, in the node's own shape.

    A leaf's gradient is an array of its own: a view, or the upstream gradient itself, is copied.
    """
    if g.shape != node.data.shape:
        g = unbroadcast(g, node.data.shape)
    if node.grad is not None:
        node.grad = np.asarray(node.grad + g)  # the sum of two single numbers is no array
    elif node.parents:
        node.grad = g
    else:
        own = g is not upstream and g.base is None and g.ndim and g.dtype is node.data.dtype
        node.grad = g if own else np.array(g, node.data.dtype)


def unbroadcast(g, shape):
    """Undo broadcasting: sum over the axes along which an operand of this shape was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] != 1)
    return g.sum(axis=repeated, keepdims=True) if repeated else g


def affine(X, W, b):
    """X W + b as one node: shapes (N, D), (D, M) and (M,) give (N, M)."""
    X, b = _lift(X, W), _lift(b, W)
    x, w, c = X.data, W.data, b.data
    if x.ndim != 2 or w.ndim != 2 or x.shape[1] != w.shape[0] or c.shape != w.shape[1:]:
        raise ValueError(f"affine: X {X.shape}, W {W.shape} and b {b.shape} do not fit together.")
    out = x @ w
    out += c
    return Tensor(out, (X, W, b), "affine")


# ------------------------------------------------------------------ the vector-Jacobian products


def _spread(g, n, a):
    """The gradient of a reduction, back in the shape of what was reduced."""
    axis, keepdims = n.saved[:2]
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, a.shape)


@functools.lru_cache
def _ones(n, dtype):
    return np.ones(n, dtype)


def _max_vjp(g, n, a):
    axis = n.saved[0]
    first = (a == _spread(n.data, n, a)).astype(a.dtype)
    return _spread(g, n, a) * first / first.sum(axis=axis, keepdims=True)  # a tie is shared


def _getitem_vjp(g, n, a):
    out = np.zeros_like(a)
    np.add.at(out, n.saved, g)  # an entry that was taken twice gets both contributions
    return out


def _cross_entropy_vjp(g, n, z):
    log_p, rows, t = n.saved
    dz = np.exp(log_p)
    dz[rows, t] -= 1
    dz *= g / len(t)
    return dz


# For each operand: upstream gradient g, node n, operands a, b  ->  the operand's gradient.
VJP = {
    "+": (lambda g, n, a, b: g, lambda g, n, a, b: g),
    "-": (lambda g, n, a, b: g, lambda g, n, a, b: -g),
    "*": (lambda g, n, a, b: g * b, lambda g, n, a, b: g * a),
    "/": (lambda g, n, a, b: g / b, lambda g, n, a, b: -g * n.data / b),
    "**": (lambda g, n, a: g * (n.saved * a ** (n.saved - 1) if n.saved else 0 * a),),
    "neg": (lambda g, n, a: -g,),
    "exp": (lambda g, n, a: g * n.data,),
    "log": (lambda g, n, a: g / a,),
    "tanh": (lambda g, n, a: g * (1 - n.data * n.data),),
    "sigmoid": (lambda g, n, a: g * n.data * (1 - n.data),),
    "relu": (lambda g, n, a: g * (n.data > 0),),
    "@": (lambda g, n, a, b: g @ b.swapaxes(-1, -2), lambda g, n, a, b: a.swapaxes(-1, -2) @ g),
    "affine": (lambda g, n, X, W, b: g @ W.T, lambda g, n, X, W, b: X.T @ g,
               lambda g, n, X, W, b: _ones(len(g), g.dtype) @ g),  # g.sum(axis=0), and quicker
    "sum": (_spread,),
    "mean": (lambda g, n, a: _spread(g * n.saved[2], n, a),),
    "max": (_max_vjp,),
    "log_softmax": (lambda g, n, z: g - np.exp(n.data) * g.sum(axis=n.saved, keepdims=True),),
    "cross_entropy": (_cross_entropy_vjp,),
    "reshape": (lambda g, n, a: g.reshape(a.shape),),
    "transpose": (lambda g, n, a: g.transpose(np.argsort(n.saved)),),
    "getitem": (_getitem_vjp,),
}  # fmt: skip


# ------------------------------------------------------------------ small parts


def _binary(op, function, a, b):
    b = _lift(b, a)
    try:
        return Tensor(function(a.data, b.data), (a, b), op)
    except ValueError:
        raise ValueError(f"The shapes {a.shape} and {b.shape} do not fit for {op}.") from None


def _lift(x, like):
    """A tensor as it is; anything else as a constant in the dtype of the tensor beside it."""
    if isinstance(x, Tensor):
        return x
    if x.__class__ is not np.ndarray or x.dtype != like.data.dtype:
        x = np.asarray(_as_floats(np.asarray(x)), like.data.dtype)
    return Tensor(x, requires_grad=False)


def _log_softmax(z, axis):
    shifted = z - z.max(axis=axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted


def _as_floats(x):
    if x.dtype.kind not in "fiub":
        raise TypeError(f"Tensor holds numbers, got {x.dtype}. Try Tensor([1.0, 2.0]).")
    return x if x.dtype.kind == "f" else x.astype(float)
