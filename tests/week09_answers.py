"""Answers to week 9's exercises: right ones in other styles, known mistakes in other words, and
wrong ones that no list holds.
"""

PIECES = """
    def accumulate(node, g):
        g = unbroadcast(g, node.data.shape).astype(node.data.dtype)
        node.grad = g if node.grad is None else node.grad + g

    class Follows:
        __array_ufunc__ = None
        T = property(lambda self: self.transpose())
        shape = property(lambda self: self.data.shape)

        def __neg__(self):
            return self * -1.0

        def __sub__(self, other):
            return self + other * -1.0

        def __truediv__(self, other):
            return self * other ** -1.0

        def __radd__(self, other):
            return self + other

        def __rmul__(self, other):
            return self * other

        def __rsub__(self, other):
            return -self + other

        def __rtruediv__(self, other):
            return self ** -1.0 * other

        def __rmatmul__(self, other):
            return self.lift(other) @ self

        def lift(self, other):
            if isinstance(other, Tensor):
                return other
            return Tensor(np.asarray(other, self.data.dtype))
"""

NOTEBOOK = (
    PIECES
    + """
    class Tensor(Follows):
        def __init__(self, data, parents=(), vjp=None, op=""):
            self.data = np.asarray(data)
            if self.data.dtype.kind != "f":
                self.data = self.data.astype(float)
            self.grad, self.parents, self.vjp, self.op = None, parents, vjp, op

        def __add__(self, other):
            other = self.lift(other)
            return Tensor(self.data + other.data, (self, other), lambda G: (G, G), "+")

        def __mul__(self, other):
            other = self.lift(other)
            def vjp(G):
                return G * other.data, G * self.data
            return Tensor(self.data * other.data, (self, other), vjp, "*")

        def __pow__(self, n):
            slope = n * self.data ** (n - 1)
            return Tensor(self.data**n, (self,), lambda G: (G * slope,), f"**{n}")

        def __matmul__(self, other):
            other = self.lift(other)
            def vjp(G):
                return G @ np.swapaxes(other.data, -1, -2), np.swapaxes(self.data, -1, -2) @ G
            return Tensor(self.data @ other.data, (self, other), vjp, "@")

        def exp(self):
            e = np.exp(self.data)
            return Tensor(e, (self,), lambda G: (G * e,), "exp")

        def log(self):
            return Tensor(np.log(self.data), (self,), lambda G: (G / self.data,), "log")

        def tanh(self):
            t = np.tanh(self.data)
            return Tensor(t, (self,), lambda G: (G * (1 - t * t),), "tanh")

        def sigmoid(self):
            s = 1 / (1 + np.exp(-self.data))
            return Tensor(s, (self,), lambda G: (G * s * (1 - s),), "sigmoid")

        def relu(self):
            return Tensor(self.data.clip(0), (self,), lambda G: (G * (self.data > 0),), "relu")

        def sum(self, axis=None, keepdims=False):
            def vjp(G):
                G = G if axis is None or keepdims else np.expand_dims(G, axis)
                return (np.broadcast_to(G, self.data.shape),)
            return Tensor(self.data.sum(axis=axis, keepdims=keepdims), (self,), vjp, "sum")

        def mean(self, axis=None, keepdims=False):
            total = self.sum(axis, keepdims)
            return total * (total.data.size / self.data.size)

        def max(self, axis=None, keepdims=False):
            def vjp(G):
                G = G if axis is None or keepdims else np.expand_dims(G, axis)
                mask = self.data == self.data.max(axis=axis, keepdims=True)
                return (G * mask / mask.sum(axis=axis, keepdims=True),)
            return Tensor(self.data.max(axis=axis, keepdims=keepdims), (self,), vjp, "max")

        def reshape(self, *shape):
            def vjp(G):
                return (G.reshape(self.data.shape),)
            return Tensor(self.data.reshape(*shape), (self,), vjp, "reshape")

        def transpose(self, *axes):
            axes = axes or tuple(range(self.data.ndim))[::-1]
            def vjp(G):
                return (G.transpose(np.argsort(axes)),)
            return Tensor(self.data.transpose(axes), (self,), vjp, "transpose")

        def __getitem__(self, index):
            def vjp(G):
                dx = np.zeros_like(self.data)
                np.add.at(dx, index, G)
                return (dx,)
            return Tensor(self.data[index], (self,), vjp, "getitem")

        def log_softmax(self, axis=-1):
            shifted = self - self.data.max(axis=axis, keepdims=True)
            return shifted - shifted.exp().sum(axis=axis, keepdims=True).log()

        def cross_entropy(self, t):
            return -self.log_softmax()[np.arange(len(t)), t].mean()

        def backward(self, gradient=None):
            order = topological_order(self)
            for node in order:
                if node.parents:
                    node.grad = None
            accumulate(self, np.ones_like(self.data) if gradient is None else np.asarray(gradient))
            for node in reversed(order):
                if node.parents:
                    for parent, g in zip(node.parents, node.vjp(node.grad)):
                        accumulate(parent, g)
"""
)

IN_PLACE = NOTEBOOK.replace(
    "node.grad = g if node.grad is None else node.grad + g",
    """if node.grad is None:
            node.grad = np.zeros_like(node.data)
        node.grad += g""",
)
CLOSURES = """
    class Tensor:
        __array_ufunc__ = None

        def __init__(self, data):
            data = np.array(data)
            self.data = data if data.dtype.kind == "f" else data.astype(np.float64)
            self.grad = np.zeros(self.data.shape, self.data.dtype)
            self.parents, self.back = [], None

        def node(self, data, back, *others):
            out = Tensor(data)
            out.parents, out.back = [self, *others], back
            return out

        def take(self, g):
            while np.ndim(g) > self.data.ndim:
                g = g.sum(axis=0)
            for k, n in enumerate(self.data.shape):
                if n == 1:
                    g = g.sum(axis=k, keepdims=True)
            self.grad += g

        def of(self, x):
            return x if isinstance(x, Tensor) else Tensor(np.asarray(x, dtype=self.data.dtype))

        def __add__(self, other):
            other = self.of(other)
            def back(g):
                self.take(g)
                other.take(g)
            return self.node(self.data + other.data, back, other)

        def __mul__(self, other):
            other = self.of(other)
            def back(g):
                self.take(g * other.data)
                other.take(g * self.data)
            return self.node(self.data * other.data, back, other)

        def __truediv__(self, other):
            other = self.of(other)
            def back(g):
                self.take(g / other.data)
                other.take(-g * self.data / other.data**2)
            return self.node(self.data / other.data, back, other)

        def __matmul__(self, other):
            other = self.of(other)
            def back(g):
                self.take(g @ np.swapaxes(other.data, -1, -2))
                other.take(np.swapaxes(self.data, -1, -2) @ g)
            return self.node(self.data @ other.data, back, other)

        def __pow__(self, n):
            return self.node(self.data**n, lambda g: self.take(g * n * self.data ** (n - 1)))

        def __neg__(self):
            return self.node(-self.data, lambda g: self.take(-g))

        def __sub__(self, other):
            return self + -self.of(other)

        def __rsub__(self, other):
            return self.of(other) - self

        def __rtruediv__(self, other):
            return self.of(other) / self

        def __rmatmul__(self, other):
            return self.of(other) @ self

        __radd__, __rmul__ = __add__, __mul__

        def unary(self, value, slope):
            return self.node(value, lambda g: self.take(g * slope))

        def exp(self):
            return self.unary(np.exp(self.data), np.exp(self.data))

        def log(self):
            return self.unary(np.log(self.data), 1 / self.data)

        def tanh(self):
            return self.unary(np.tanh(self.data), 1 - np.tanh(self.data) ** 2)

        def sigmoid(self):
            s = 1 / (1 + np.exp(-self.data))
            return self.unary(s, s - s * s)

        def relu(self):
            return self.unary(np.where(self.data > 0, self.data, 0), self.data > 0)

        def sum(self, axis=None, keepdims=False):
            kept = self.data.sum(axis=axis, keepdims=True).shape
            def back(g):
                self.take(np.zeros_like(self.data) + np.reshape(g, kept))
            return self.node(self.data.sum(axis=axis, keepdims=keepdims), back)

        def mean(self, axis=None, keepdims=False):
            n = self.data.size if axis is None else self.data.shape[axis]
            return self.sum(axis, keepdims) / n

        def max(self, axis=None, keepdims=False):
            top = self.data.max(axis=axis, keepdims=True)
            share = (self.data == top) / (self.data == top).sum(axis=axis, keepdims=True)
            def back(g):
                self.take(share * np.reshape(g, top.shape))
            return self.node(self.data.max(axis=axis, keepdims=keepdims), back)

        def reshape(self, *shape):
            own = self.data.shape
            return self.node(self.data.reshape(*shape), lambda g: self.take(g.reshape(own)))

        def transpose(self, *axes):
            axes = axes or range(self.data.ndim)[::-1]
            back = [list(axes).index(k) for k in range(self.data.ndim)]
            moved = np.transpose(self.data, axes)
            return self.node(moved, lambda g: self.take(np.transpose(g, back)))

        @property
        def T(self):
            return self.transpose()

        def __getitem__(self, index):
            def back(g):
                dx = np.zeros_like(self.data)
                np.add.at(dx, index, g)
                self.take(dx)
            return self.node(self.data[index], back)

        def log_softmax(self, axis=-1):
            z = self.data - self.data.max(axis=axis, keepdims=True)
            out = z - np.log(np.exp(z).sum(axis=axis, keepdims=True))
            def back(g):
                self.take(g - np.exp(out) * g.sum(axis=axis, keepdims=True))
            return self.node(out, back)

        def cross_entropy(self, t):
            Y = np.eye(self.data.shape[1], dtype=self.data.dtype)[t]
            return -(self.log_softmax() * Y).sum() / len(t)

        def backward(self, gradient=1.0):
            order, seen, stack = [], set(), [(self, 0)]
            while stack:
                node, k = stack.pop()
                if k == 0 and node in seen:
                    continue
                seen.add(node)
                if k < len(node.parents):
                    stack += [(node, k + 1), (node.parents[k], 0)]
                else:
                    order.append(node)
            for node in order:
                if node.parents:
                    node.grad = np.zeros_like(node.data)
            self.grad = self.grad + gradient
            for node in order[::-1]:
                if node.back:
                    node.back(node.grad)
"""

RIGHT = {
    "accumulate": {
        "zeros first, then in place": """
            def accumulate(node, g):
                if node.grad is None:
                    node.grad = np.zeros_like(node.data)
                node.grad += unbroadcast(g, node.data.shape)
            """,
        "own sums": """
            def accumulate(node, g):
                shape = node.data.shape
                while g.ndim > len(shape):
                    g = g.sum(0)
                for axis in range(len(shape)):
                    if shape[axis] == 1:
                        g = g.sum(axis, keepdims=True)
                node.grad = (g + (0 if node.grad is None else node.grad)).astype(node.data.dtype)
            """,
    },
    "max_backward": {
        "zeros, filled": """
            def max_backward(X, G, axis=None, keepdims=False):
                top = X.max(axis=axis, keepdims=True)
                where = (X == top).astype(float)
                return where / where.sum(axis=axis, keepdims=True) * np.reshape(G, top.shape)
            """,
        "entry by entry": """
            def max_backward(X, G, axis=None, keepdims=False):
                top = X.max(axis=axis, keepdims=True)
                G = np.reshape(G, top.shape)
                dX = np.zeros(X.shape)
                for i in np.ndindex(X.shape):
                    j = tuple(0 if n == 1 else k for k, n in zip(i, top.shape))
                    if X[i] == top[j]:
                        mates = np.broadcast_to(top, X.shape) == X
                        dX[i] = G[j] / mates.sum(axis=axis, keepdims=True)[j]
                return dX
            """,
    },
    "embedding_backward": {
        "a loop": """
            def embedding_backward(E, idx, G):
                dE = np.zeros_like(E)
                for place in np.ndindex(idx.shape):
                    dE[idx[place]] += G[place]
                return dE
            """,
        "one-hot": """
            def embedding_backward(E, idx, G):
                Y = np.eye(len(E))[idx.ravel()]
                return Y.T @ G.reshape(-1, E.shape[1])
            """,
    },
    "log_softmax": {
        "logaddexp, a list": """
            def log_softmax(Z):
                out = Z - np.logaddexp.reduce(Z, axis=-1, keepdims=True)
                return [out, lambda G: [G - np.exp(out) * np.sum(G, -1, keepdims=True)]]
            """,
        "einsum": """
            def log_softmax(Z):
                m = Z.max(-1)[..., None]
                e = np.exp(Z - m)
                P = e / e.sum(-1)[..., None]
                def vjp(G):
                    return (G - np.einsum("...c,...k->...k", G, P),)
                return Z - m - np.log(e.sum(-1))[..., None], vjp
            """,
    },
    "cross_entropy": {
        "one-hot": """
            def cross_entropy(Z, t):
                logP = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
                Y = np.eye(Z.shape[1], dtype=Z.dtype)[t]
                return -(logP * Y).sum() / len(t), lambda g: (g / len(t) * (np.exp(logP) - Y),)
            """,
        "on log_softmax": """
            def log_softmax(Z):
                out = Z - np.logaddexp.reduce(Z, axis=-1, keepdims=True)
                return out, lambda G: (G - np.exp(out) * G.sum(axis=-1, keepdims=True),)

            def cross_entropy(Z, t):
                logP, back = log_softmax(Z)
                rows = np.arange(len(t))
                def vjp(g):
                    G = np.zeros(Z.shape)
                    G[rows, t] = -g / len(t)
                    return back(G)
                return -np.mean(logP[rows, t]), vjp
            """,
    },
    "check_op": {
        "random directions": """
            def check_op(op, shapes):
                rng = np.random.default_rng(5)
                xs = [rng.uniform(-1.5, 1.5, s) for s in shapes]
                out, vjp = op(*xs)
                G = rng.uniform(-1, 1, np.shape(out))
                grads = vjp(G)
                if [np.shape(g) for g in grads] != [x.shape for x in xs]:
                    return False
                for k in range(len(xs)):
                    for _ in range(4):
                        v = rng.standard_normal(xs[k].shape)
                        def along(h):
                            moved = [x + h * v if i == k else x for i, x in enumerate(xs)]
                            return np.sum(G * op(*moved)[0])
                        slope = (along(1e-5) - along(-1e-5)) / 2e-5
                        size = np.abs(grads[k] * v).sum()
                        if not abs(slope - np.sum(grads[k] * v)) <= 1e-6 * max(size, abs(slope)):
                            return False
                return True
            """,
        "errors are caught, a NumPy bool": """
            def check_op(op, shapes, h=1e-5):
                rng = np.random.default_rng()
                arrays = [rng.standard_normal(shape) for shape in shapes]
                value, vjp = op(*arrays)
                G = rng.standard_normal(np.shape(value))
                grads, good = vjp(G), []
                try:
                    for k, (x, g) in enumerate(zip(arrays, grads, strict=True)):
                        assert np.shape(g) == x.shape
                        flat = []
                        for i in np.ndindex(x.shape):
                            ends = []
                            for step in (h, -h):
                                moved = [np.array(a) for a in arrays]
                                moved[k][i] += step
                                ends.append((op(*moved)[0] * G).sum())
                            flat.append((ends[0] - ends[1]) / (2 * h))
                        numerical = np.reshape(flat, x.shape)
                        scale = np.abs(numerical).max(initial=1e-12)
                        good.append(np.allclose(g / scale, numerical / scale, rtol=1e-5, atol=1e-6))
                except (AssertionError, ValueError):
                    return False
                return np.all(good)
            """,
    },
    "Tensor": {
        "the notebook's design": NOTEBOOK,
        "gradients in place": IN_PLACE,
        "nodes in the middle are cleared": NOTEBOOK + "                    node.grad = None\n",
        "closures": CLOSURES,
    },
}

KEPT = """g = unbroadcast(g, node.data.shape).astype(node.data.dtype)
        node.grad = g if node.grad is None else node.grad + g"""
STRETCHED = """if node.grad is None:
            node.grad = np.zeros_like(node.data)
        node.grad += g"""
SHARED = """g = g if g.shape == node.data.shape else unbroadcast(g, node.data.shape)
        node.grad = g if node.grad is None else node.grad + g"""
SUMMED = """def sum(self, axis=None, keepdims=False):
            def vjp(G):
                G = G if axis is None or keepdims else np.expand_dims(G, axis)
"""
CLEARED = """                if node.parents:
                    node.grad = None
"""
SEED = "accumulate(self, np.ones_like(self.data) if gradient is None else np.asarray(gradient))"
MATRICES = "G @ np.swapaxes(other.data, -1, -2), np.swapaxes(self.data, -1, -2) @ G"

MUL = """other = self.lift(other)
            def vjp(G):
                return G * other.data, G * self.data"""
UNLIFTED_MUL = f"""if not isinstance(other, Tensor):
                made = Tensor(self.data * other, (self,))
                made.vjp = lambda G: (G * other,)
                return made
            {MUL}"""
PICKED = "return -self.log_softmax()[np.arange(len(t)), t].mean()"
EYE = """out = self.log_softmax()
            Y = np.eye(self.data.shape[1])[t]
            back = lambda G: (-G * Y / len(t),)
            return Tensor(-(out.data * Y).sum() / len(t), (out,), back)"""
COMPOSED = """shifted = self - self.data.max(axis=axis, keepdims=True)
            return shifted - shifted.exp().sum(axis=axis, keepdims=True).log()"""
FUSED = """z = self.data - self.data.max(axis=axis, keepdims=True)
            out = z - np.log(np.exp(z).sum(axis=axis, keepdims=True))
            P = np.exp(out)
            return Tensor(out, (self,), lambda G: ({dz},), "log_softmax")"""

OWN_MAX = """G = G if axis is None or keepdims else np.expand_dims(G, axis)
                mask = """
LOST_KEEPDIMS = OWN_MAX.replace("axis is None or keepdims", "axis is None")
WALKED = """for node in reversed(order):
                if node.parents:
                    for parent, g in zip(node.parents, node.vjp(node.grad)):
                        accumulate(parent, g)"""
PUSHED_TWICE = """def push(node):
                if node.parents:
                    for parent, g in zip(node.parents, node.vjp(node.grad)):
                        accumulate(parent, g)
                        push(parent)
            push(self)"""

SORTED = "order = topological_order(self)"
VISITED = """order = []
            def visit(node):
                if {ask}:
                    for parent in node.parents:
                        visit(parent)
                    order.append(node)
            visit(self)"""
MET = """order, stack = [], [self]
            while stack:
                node = stack.pop()
                if node not in order:
                    order.insert(0, node)
                    stack += node.parents[::-1]"""

# the notebook's Tensor with one piece exchanged: CODE, old, new, words of the verdict
TENSOR_SLIPS = {
    "a product with its own": (
        "OWNDATA", "G * other.data, G * self.data", "G * self.data, G * other.data", "*own* array"),
    "no unbroadcast": (
        "UNBROADCAST", "unbroadcast(g, node.data.shape)", "g", "sum over the copies"),
    "no unbroadcast, in place": ("UNBROADCAST", KEPT, STRETCHED, "NumPy cannot add them"),
    "one array for two": ("ALIAS", KEPT, SHARED, "are *one* array"),
    "assigned": (
        "ASSIGN", "g if node.grad is None else node.grad + g", "g",
        "*assigns*"),
    "no transpose back": ("PERM", "np.argsort(axes)", "axes", "*inverse*"),
    "ties": ("TIES", " / mask.sum(axis=axis, keepdims=True)", "", "entries that tie"),
    "scattered": ("SCATTER", "np.add.at(dx, index, G)", "dx[index] += G", "only the last"),
    "a bare array": ("NOTUPLE", "(G * e,)", "(G * e)", "with the comma"),
    "exp alone": ("NOUPSTREAM", "(G * e,)", "(e,)", "upstream gradient of 1"),
    "twice tanh": ("FACTOR2", "(G * (1 - t", "(2 * G * (1 - t", "2.0 times the right one"),
    "sum without its axis": (
        None, SUMMED, SUMMED[:-67] + "\n", "np.expand_dims(G, axis) puts it back"),
    "an axis put back that was none": (
        None, SUMMED, SUMMED.replace("G if axis is None or keepdims else ", ""), "Without an axis"),
    "transposed without axes": (
        None, "axes = axes or tuple(range(self.data.ndim))[::-1]", "pass", "reverses them"),
    "a stack turned by T": (
        None, MATRICES, "G @ other.data.T, self.data.T @ G", "turns *all* axes"),
    "a power without parentheses": (
        "PRECEDENCE", "self.data ** (n - 1)", "self.data ** n - 1", "parentheses"),
    "a number added in the logarithm": (
        None, "np.log(self.data)", "np.log(self.data + 1e-12)", "The value is off by"),
    "not reshaped back": (
        None, "(G.reshape(self.data.shape),)", "(G,)", "in another arrangement"),
    "one parent for x + x": (
        "EDGEDICT", "Tensor(self.data + other.data, (self, other)",
        "Tensor(self.data + other.data, (self, other)[: 1 + (self is not other)]", "used twice"),
    "whole numbers refused": (
        "INTDTYPE", "self.data = self.data.astype(float)", "raise TypeError('floats only')",
        "here they become floats"),
    "float64 from the start": (
        "UPCAST", "self.data = np.asarray(data)", "self.data = np.asarray(data, float)",
        "`__init__` turns them"),
    "integers": ("INTDTYPE", 'if self.data.dtype.kind != "f":', "if False:", "Whole numbers"),
    "float64 constants": (
        "UPCAST", "np.asarray(other, self.data.dtype)", "np.asarray(other, float)", "float32"),
    "array on the left": ("ARRAYLEFT", "__array_ufunc__ = None", "pass", "__array_ufunc__"),
    "old gradients": ("INTERMEDIATE", CLEARED, "                pass\n", "belongs to one pass"),
    "leaves start anew": (
        "NOACCUMULATE", CLEARED, "                node.grad = None\n", "must *add*"),
    "no seed argument": (
        "NOSEEDARG", "def backward(self, gradient=None):",
        "def backward(self):\n            gradient = None", "root.backward(G)"),
    "sum for the mean": (
        "MEANSUM", "* (total.data.size / self.data.size)", "", "The value is 6.0 times"),
    "both matrix rules forward": (
        None, MATRICES, "G @ other.data, self.data @ G", "a @ b, shapes (2, 3) and (3, 4)"),
    "matrix rules turned around": (
        "TRANSPOSE", MATRICES, "(other.data @ G.T).T, (G.T @ self.data)", "transposed"),
    "leaves first": ("FORWARDS", "for node in reversed(order)", "for node in order", "*reverse*"),
    "no visited set": ("NOVISIT", SORTED, VISITED.format(ask="True"), "set of visited nodes"),
    "recursion": (
        "RECURSIONLIMIT", SORTED, VISITED.format(ask="node not in order"), "calling itself"),
    "as met": ("ORDER", SORTED, MET, "before all its consumers"),
    "a constant is no node": (
        None, "return Tensor(np.asarray(other, self.data.dtype))", "return other",
        "lift makes a Tensor"),
    "log-softmax along the last axis, always": (
        None, "def log_softmax(self, axis=-1):",
        "def log_softmax(self, axis=-1):\n            axis = -1", "x.log_softmax(axis=0)"),
    "one maximum for all rows": (
        None, "self - self.data.max(axis=axis, keepdims=True)", "self - self.data.max()",
        "own maximum"),
    "no maximum": (
        None, "self - self.data.max(axis=axis, keepdims=True)", "self + 0.0",
        "exp(1000) is infinite"),
    "a sigmoid of two exponentials": (
        None, "1 / (1 + np.exp(-self.data))", "np.exp(self.data) / (1 + np.exp(self.data))", "∞/∞"),
    "a maximum counted in float64": (
        "UPCAST", ".astype(node.data.dtype)\n", "\n", "x.max(axis=0), backward"),
    "the seed itself is kept": (
        "NOACCUMULATE", SEED, f"self.grad = {SEED.partition(', ')[2][:-1]}",
        "root is a leaf itself"),
    "vectors turned like matrices": (
        "VECTOR", MATRICES, "G @ (np.swapaxes(other.data, -1, -2) if other.data.ndim > 1 else "
        "other.data), (np.swapaxes(self.data, -1, -2) if self.data.ndim > 1 else self.data) @ G",
        "outer product"),
    "the first g itself is kept, and never written to": (
        "ALIAS", KEPT, SHARED, "an optimizer that does `w.grad *= 0`"),
    "a vjp that writes into its G": (
        "CHANGEDG", "(G * e,)", "(np.multiply(G, e, out=G) if G.ndim else G * e,)", "new array"),
    "a product with an array in float64": (
        "UPCAST", MUL, UNLIFTED_MUL, "x * A: The graph began in float32"),
    "a tuple of lists set, not added": (
        "SCATTER", "np.add.at(dx, index, G)",
        "dx[index] = G\n                if isinstance(index, list):\n                    "
        "dx[:] = 0\n                    np.add.at(dx, index, G)", "can repeat, too"),
    "the last axis by .T": (
        None, "def log_softmax(self, axis=-1):",
        "def log_softmax(self, axis=-1):\n            if axis not in (-1, self.data.ndim - 1):"
        "\n                return self.T.log_softmax().T", "reverses *all* axes"),
    "a sigmoid composed": (
        None, "s = 1 / (1 + np.exp(-self.data))\n", "return ((-self).exp() + 1.0) ** -1.0\n",
        "0·∞ is no number"),
    "a tanh of exponentials": (
        None, "t = np.tanh(self.data)\n",
        "e = (self * 2.0).exp()\n            return (e - 1.0) / (e + 1.0)\n",
        "np.tanh knows how"),
    "a power that divides by x": (
        None, "slope = n * self.data ** (n - 1)", "slope = n * self.data**n / self.data",
        "no division by x"),
    "one-hot rows up to the largest class": (
        "ONEHOT", PICKED, "Y = np.eye(t.max() + 1)[t]\n            return -(self.log_softmax() * Y)"
        ".sum() * (1 / len(t))", "need not occur"),
    "one-hot rows in float64": (
        "UPCAST", PICKED, EYE, "np.eye(C, dtype=self.data.dtype)"),
    "columns of all classes": (
        "PAIR", "[np.arange(len(t)), t].mean()", "[:, t].mean()", "[:, t] takes"),
    "softmax's own VJP": (
        "DIAGSOFTMAX", COMPOSED, FUSED.format(dz="P * (G - (P * G).sum(axis, keepdims=True))"),
        "VJP of softmax"),
    "the mean, not the maximum": (
        None, "self - self.data.max(axis=axis", "self - self.data.mean(axis=axis", "own maximum"),
    "lift leaves arrays": (
        None, "if isinstance(other, Tensor):", 'if hasattr(other, "data"):', "lift makes a Tensor"),
    "no lift": (
        None, "other = self.lift(other)\n            return Tensor(self.data + ",
        "return Tensor(self.data + ", "`other = self.lift(other)`"),
    "a fused rule along the last axis": (
        "SMAXIS", COMPOSED, FUSED.format(dz="G - P * G.sum(-1, keepdims=True)"),
        "whatever `axis` is"),
    "keepdims not passed on": ("KEEPDIM", OWN_MAX, LOST_KEEPDIMS, "Pass keepdims on"),
    "a node that pushes all it has, twice": (None, WALKED, PUSHED_TWICE, "pushes *once*"),
    "a clip": (
        "PRECISION", "np.exp(-self.data))\n", "np.exp(-np.clip(self.data, -20, 20)))\n", "a clip"),
    "a number comes back": (
        "NONODE", 'return Tensor(t, (self,), lambda G: (G * (1 - t * t),), "tanh")', "return t",
        "new Tensor"),
}  # fmt: skip

# half of the notebook's Tensor with one piece exchanged: old, new, words of the verdict
HALF_SLIPS = {
    "nothing starts": (SEED, "pass", "Start it from G"),
    "leaves push": (
        "if node.parents:\n                    for", "if True:\n                    for",
        "A leaf has no vjp"),
    "a number for a gradient": (
        "node.vjp(node.grad)", "node.vjp(1.0)", "1.0 stands where a gradient"),
    "a Tensor in a rule": (
        "G * other.data, G * self.data", "G * other, G * self", "A Tensor stands where an array"),
    "a Tensor lifted to an array": (
        "if isinstance(other, Tensor):\n                return other\n",
        "return np.asarray(other)\n",
        "holds Tensors, not numbers"),
}  # fmt: skip

# exchanges in the reference, and words of the verdict
WRONG = {
    "accumulate": {
        "nothing is kept": ([("node.grad = g\n", "pass\n")], "is None"),
        "twice": ([("node.grad = g\n", "node.grad = 2 * g\n")], "g is in it twice"),
        "minus": ([("node.grad + g", "node.grad - g")], "After 2 of 2 pushes"),
        "transposed": ([("node.grad = g\n", "node.grad = g.T\n")], "transposed"),
        "the sum of all": ([("unbroadcast(g, node.data.shape)", "g.sum()")], "too many axes"),
        "kept, and never written to": (
            [("g = unbroadcast", "if g.shape != node.data.shape:\n        g = unbroadcast")],
            "is kept, not copied"),
        "float64 of a rule is kept": (
            [(".astype(node.data.dtype)", ".copy()")], "g came in float64"),
        "the second one is lost": ([("node.grad = node.grad + g", "return node.grad + g")],
                                   "only the first contribution"),
        "== None": ([("is None", "== None")], "ask `node.grad is None`"),
        "an array for its shape": ([("node.data.shape", "node.data")], "where it takes a shape"),
        "the node's shape": ([("node.data.shape", "node.shape")], "`node.data.shape`"),
    },
    "max_backward": {
        "argmax": ([("    return", """    if axis is None:
        mask = np.arange(X.size).reshape(X.shape) == X.argmax()
    else:
        mask = np.zeros(X.shape)
        np.put_along_axis(mask, np.expand_dims(X.argmax(axis), axis), 1.0, axis)
    return""")], "equally"),
        "min": ([("X.max(", "X.min(")], "other numbers"),
        "half": ([("G * mask", "0.5 * G * mask")], "0.5 times the right one"),
        "nothing": ([("G * mask", "0 * G * mask")], "nothing arrives"),
        "a tuple": (
            [("return G * mask / mask.sum(axis=axis, keepdims=True)",
              "return (G * mask / mask.sum(axis=axis, keepdims=True),)")], "the array alone"),
    },
    "embedding_backward": {
        "a row too far": ([("dE, idx, G", "dE, idx - 1, G")], "other numbers"),
        "transposed": ([("return dE", "return dE.T")], "transposed"),
        "minus": ([("dE, idx, G", "dE, idx, -G")], "a sign"),
        "from E": ([("np.zeros(E.shape)", "E.copy()")], "Begin with zeros"),
        "zeros": ([("    np.add.at(dE, idx, G)\n", "")], "nothing arrives"),
        "row by row": (
            [("    np.add.at(dE, idx, G)",
              "    for i, r in enumerate(idx):\n        dE[r] += G[i]")], "a *row* of indices"),
    },
    "log_softmax": {
        "plus": ([("G - np.exp(out)", "G + np.exp(out)")], "`dZ`"),
        "softmax": ([("return out, vjp", "return np.exp(out), vjp")], "its logarithm"),
        "base 2": ([("np.log(np.exp", "np.log2(np.exp")], "The value"),
        "G alone": ([("G - np.exp(out) * G.sum(axis=-1, keepdims=True)", "G")], "`dZ`"),
        "the second axis": ([("axis=-1", "axis=1")], "the last one"),
        "mean of G": ([("G.sum(", "G.mean(")], "it is the *sum*"),
        "down the columns": ([("G.sum(axis=-1", "G.sum(axis=0")], "down the columns"),
        "mean for the maximum": ([("Z.max(", "Z.mean(")], "*maximum*"),
        "out for P": ([("np.exp(out)", "out")], "P belongs"),
        "in a tuple twice": ([("return (G - np.exp(out) * G.sum(axis=-1, keepdims=True),)",
                               "return ((G - np.exp(out) * G.sum(axis=-1, keepdims=True),),)")],
                             "a tuple already"),
    },
    "cross_entropy": {
        "halved": ([("(g * dZ / len(t),)", "(g * dZ / len(t) / 2,)")], "0.5 times"),
        "negative": ([("return -logP", "return logP")], "*minus*"),
        "not a pair": ([(".mean(), vjp", ".mean()")], "Return two things"),
        "one-hot rows up to the largest class": (
            [("-logP[rows, t].mean()", "-(logP * np.eye(t.max() + 1)[t]).sum() / len(t)")],
            "need not occur"),
        "one-hot rows in float64": (
            [("-logP[rows, t].mean()", "-(logP * np.eye(Z.shape[1])[t]).sum() / len(t)")],
            "np.eye(C, dtype=Z.dtype)"),
        "the probability": ([("-logP[rows, t]", "-np.exp(logP)[rows, t]")], "*logarithm*"),
        "the own class alone": (
            [("dZ[rows, t] -= 1", "dZ = np.eye(Z.shape[1])[t] * (dZ - 1)")], "through the sum S"),
        "a saved array that grows": (
            [("dZ = np.exp(logP)", "nonlocal P"),
             ("dZ[rows, t] -= 1", "P *= g / len(t)"),
             ("(g * dZ / len(t),)", "(P,)"),
             ("    def vjp", "    P = np.exp(logP) - np.eye(Z.shape[1])[t]\n\n    def vjp")],
            "The second call"),
        "no mean": ([("logP[rows, t].mean()", "logP[rows, t]")], "one loss for each sample"),
        "rows of t": ([("dZ[rows, t] -= 1", "dZ[t % len(t)] -= 1")], "whole *rows*"),
        "P once more": ([("(g * dZ / len(t),)", "(g * dZ * np.exp(logP) / len(t),)")], "`dZ`"),
    },
    "check_op": {
        "always True": ([("    rng, h", "    return True\n    rng, h")], "accepts a wrong"),
        "always False": ([("    rng, h", "    return False\n    rng, h")], "refuses a right"),
        "too strict": ([("1e-6 * size", "1e-16 * size")], "refuses a right operation"),
        "a sentence": ([("    return True", "    return 'fine'")], "True or False"),
        "0.1 times a number": (
            [("rng.standard_normal(shape) for", "0.1 * rng.standard_normal(shape) for"),
             ("            nudge =", "            x[index] += 0.0\n            nudge =")],
            "np.asarray makes it one"),
        "not put back": (
            [("            nudge = np.zeros(x.shape)\n", ""),
             ("        numerical =", "        nudge = np.zeros(x.shape)\n        numerical =")],
            "Put each entry back"),
        "an assertion": (
            [("            return False\n    return True",
              "            raise AssertionError\n    return True")], "answer False"),
        "one tolerance for all operands": (
            [("1e-6 * size", "1e-5 * max(np.linalg.norm(g) for g in grads)")], "its own size"),
        "whole numbers": (
            [("rng.standard_normal(shape) for", "rng.integers(-3, 4, shape) * 1.0 for")],
            "the kink of relu"),
        "L without G": ([("(G * (up - down))", "(up - down)")], "Print the two gradients"),
        "G in L, ones in vjp": (
            [("vjp(G)", "vjp(np.ones(np.shape(value)))")], "Print the two gradients"),
        "the value for G": (
            [("rng.standard_normal(np.shape(value))", "np.asarray(value)")], "G is the value"),
        "a cosine": (
            [("if not np.abs(g - numerical).max(initial=0) <= 1e-6 * size:",
              "if not (g * numerical).sum() >= (1 - 1e-9) * np.linalg.norm(g) * "
              "np.linalg.norm(numerical):")], "changes no direction"),
        "shapes of the value": ([("np.shape(g) != x", "np.shape(g) != value")], "refuses"),
    },
}  # fmt: skip
