"""Answers to week 8 as learners type them: right in other styles, and wrong in ways that nobody has
listed.
"""

RIGHT = {
    "predict_inplace": {
        "sets": """
            def predict_inplace(op):
                a, b = op.split()
                inputs = {"mul", "div", "pow", "log", "gelu", "var", "mm", "max", "amax",
                          "logsumexp"}
                outputs = {"exp", "sqrt", "tanh", "sigmoid", "relu", "softmax", "log_softmax",
                           "max", "amax", "logsumexp"}
                return "error" if a in (inputs if b == "input" else outputs) else "ok"
            """,
        "PyTorch itself": """
            import torch
            from helpers.weeks.week08_inplace import program
            def predict_inplace(op):
                try:
                    exec(program(op), {"torch": torch})
                except RuntimeError:
                    return "error"
                return "ok"
            """,
    },
    "name_error": {
        "a chain of ifs": """
            def name_error(text):
                if "a leaf" in text: return "LEAFINPLACE"
                if "expected version" in text: return "INPLACE"
                if "retain_graph" in text: return "BACKWARD2"
                if "grad_fn" in text: return "NOGRAPH"
                if "scalar outputs" in text: return "NONSCALAR"
                if "NoneType" in text: return "REBIND"
                if "numpy" in text or "float" in text: return "REWRAP"
                if "gradient" in text and "function" in text.lower(): return "FNARITY"
                return "DETACHDATA"
            """,
        "regular expressions": """
            import re
            def name_error(text):
                table = [("leaf", "LEAFINPLACE"), ("inplace op", "INPLACE"),
                         ("second", "BACKWARD2"),
                         ("element 0", "NOGRAPH"), ("implicitly", "NONSCALAR"), ("None", "REBIND"),
                         ("numpy|attribute", "REWRAP"),
                         ("MulBackward", "FNARITY"), (".", "DETACHDATA")]
                return next(code for words, code in table if re.search(words, text))
            """,
    },
    "clip_hook": {
        "a named hook with minimum and maximum": """
            import torch
            def clip_hook(t, c):
                def hook(g):
                    return torch.minimum(torch.maximum(g, torch.tensor(-c)), torch.tensor(c))
                handle = t.register_hook(hook)
                return handle
            """,
        "where": """
            import torch
            def clip_hook(t, c):
                return t.register_hook(lambda g: torch.where(g.abs() > c, c * g.sign(), g))
            """,
    },
    "Cube": {
        "setup_context": """
            import torch
            class Cube(torch.autograd.Function):
                @staticmethod
                def forward(x):
                    return x * x * x
                @staticmethod
                def setup_context(ctx, inputs, output):
                    ctx.save_for_backward(*inputs)
                @staticmethod
                def backward(ctx, g):
                    x = ctx.saved_tensors[0]
                    return 3 * g * x * x
            """,
        "a tuple of one": """
            import torch
            class Cube(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    ctx.save_for_backward(x)
                    return x.pow(3)
                @staticmethod
                def backward(ctx, g):
                    x, = ctx.saved_tensors
                    return (g * (x ** 2 + x ** 2 + x ** 2),)
            """,
    },
    "hvp": {
        "torch.autograd.functional": """
            import torch
            def hvp(f, x, v):
                return torch.autograd.functional.hvp(f, x, v)[1]
            """,
        "forward over reverse": """
            import torch
            def hvp(f, x, v):
                return torch.func.jvp(torch.func.grad(f), (x,), (v,))[1]
            """,
        "two backwards": """
            import torch
            def hvp(f, x, v):
                x = x.clone().requires_grad_()
                g = torch.autograd.grad(f(x), x, create_graph=True)[0]
                (g.flatten() @ v.flatten()).backward()
                return x.grad
            """,
    },
    "checkpoint_saved": {
        "bytes by hand, a list": """
            import torch
            from torch.utils.checkpoint import checkpoint
            def checkpoint_saved(f):
                result = []
                for run in (f, lambda x: checkpoint(f, x, use_reentrant=False)):
                    total = [0]
                    def pack(t):
                        total[0] += t.numel() * t.element_size()
                        return t
                    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                        run(torch.ones(100, 10, requires_grad=True))
                    result.append(total[0])
                return result
            """,
        "each address once": """
            import torch
            from torch.utils.checkpoint import checkpoint
            def checkpoint_saved(f):
                X = torch.ones(100, 10, requires_grad=True)
                def count(run):
                    found = {}
                    def pack(t):
                        found[t.data_ptr()] = t.nbytes
                        return t.detach()
                    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                        run(X)
                    return sum(found.values())
                return count(f), count(lambda x: checkpoint(f, x, use_reentrant=False))
            """,
        "other numbers, another kind of checkpoint": """
            import torch
            from torch.utils.checkpoint import checkpoint
            def checkpoint_saved(f):
                def count(run):
                    kept = []
                    x = torch.zeros(100, 10).requires_grad_()
                    keep = lambda t: kept.append(t.detach()) or t.detach()
                    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
                        run(x)
                    return sum(t.nbytes for t in kept)
                return count(f), count(lambda x: checkpoint(f, x, use_reentrant=True))
            """,
    },
    "straight_through": {
        "detach x and add it": """
            def straight_through(x):
                return x.round().detach() + x - x.detach()
            """,
        "a Function": """
            import torch
            class Round(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    return x.round()
                @staticmethod
                def backward(ctx, g):
                    return g
            def straight_through(x):
                return Round.apply(x)
            """,
    },
    "Value": {
        "closures, versions in lists, an iterative pass": """
            import math
            class Value:
                def __init__(self, data, parents=()):
                    self.data, self.grad, self.version, self.parents = data, 0.0, 0, parents
                    self.keep, self.push, self.freed = [], None, False
                def make(self, data, parents, keep, push):
                    out = Value(data, parents)
                    out.keep = [(k or out, (k or out).version) for k in keep]
                    out.push = push
                    return out
                def __add__(self, o):
                    return self.make(self.data + o.data, [self, o], [], lambda g: [g, g])
                def __mul__(self, o):
                    return self.make(self.data * o.data, [self, o], [self, o],
                                     lambda g: [g * o.data, g * self.data])
                def exp(self):
                    out = self.make(math.exp(self.data), [self], [None], None)
                    out.push = lambda g: [g * out.data]
                    return out
                def tanh(self):
                    out = self.make(math.tanh(self.data), [self], [None], None)
                    out.push = lambda g: [g * (1 - out.data ** 2)]
                    return out
                def add_(self, c):
                    if not self.parents:
                        raise RuntimeError("leaf changed in place")
                    self.data, self.version = self.data + c, self.version + 1
                    return self
                def backward(self, retain_graph=False):
                    order, seen, stack = [], set(), [(self, False)]
                    while stack:
                        n, done = stack.pop()
                        if done:
                            order.append(n)
                        elif n not in seen:
                            seen.add(n)
                            stack.append((n, True))
                            stack.extend((p, False) for p in n.parents)
                    g = {n: 0.0 for n in order}
                    g[self] = 1.0
                    for n in order[::-1]:
                        if n.push is None:
                            n.grad += g[n]
                            continue
                        if n.freed:
                            raise RuntimeError("saved values were freed")
                        if any(k.version != v for k, v in n.keep):
                            raise RuntimeError("wrong version of a saved value")
                        for p, amount in zip(n.parents, n.push(g[n])):
                            g[p] += amount
                        n.freed = bool(n.keep) and not retain_graph
            """,
        "a table of what is kept, on week 7's engine": """
            from helpers.weeks.week07 import opened, reachable
            from helpers.weeks.week07_engine import Value as Base
            OUTPUT = {"exp", "tanh", "sigmoid", "relu"}
            def node(x): return x if hasattr(x, "version") else Value(x)
            def wrapped(name):
                def operation(self, *others):
                    out = getattr(super(Value, self), name)(*others)
                    if out.requires_grad:
                        keep = [out] if name in OUTPUT else [self]
                        if name in ("__mul__", "__truediv__"):
                            a, b = self, node(others[0])
                            keep = [b] if a.requires_grad or name == "__truediv__" else []
                            keep += [a] if b.requires_grad else []
                        out.kept = {k: k.version for k in keep}
                    return out
                return operation
            class Value(opened(Base)):
                kept = None
                gone = False
                def __init__(self, *args, **named):
                    super().__init__(*args, **named)
                    self.version = 0
                __mul__, __truediv__, __pow__ = map(wrapped, ["__mul__", "__truediv__", "__pow__"])
                exp, log, tanh, sigmoid, relu = map(wrapped, "exp log tanh sigmoid relu".split())
                def __rmul__(self, other): return self * other
                def add_(self, number):
                    if not self.parents and self.requires_grad and Value.recording:
                        raise RuntimeError("leaf")
                    self.data = self.data + number
                    self.version = self.version + 1
                def backward(self, retain_graph=False):
                    below = [n for n in reachable(self) if n.kept]
                    if any(n.gone for n in below):
                        raise RuntimeError("freed")
                    if any(k.version > v for n in below for k, v in n.kept.items()):
                        raise RuntimeError("version")
                    super().backward()
                    for n in below:
                        n.gone = not retain_graph
            """,
    },
}
RIGHT["ExitTest"] = {
    "on the course's engine of week 5": """
        import math
        from helpers.engine.scalar import Value, topological_order
        class ExitTest:
            def __init__(self, data, requires_grad=False, node=None, keeps=(), operands=()):
                self.node = Value(data) if node is None else node
                self.requires_grad = requires_grad or any(o.requires_grad for o in operands)
                self.operands = operands
                self.keeps = [(k, k.version) for k in keeps]
                self.version, self.extra = 0, 0.0
            data = property(lambda self: self.node.data + self.extra)
            grad = property(lambda self: self.node.grad if self.requires_grad else 0.0)
            def own(self, x): return x if isinstance(x, ExitTest) else ExitTest(x)
            def fresh(self):
                return self.node if not self.extra else self.node + self.extra
            def __add__(self, o):
                o = self.own(o)
                return ExitTest(0, node=self.fresh() + o.fresh(), operands=(self, o))
            def __mul__(self, o):
                o = self.own(o)
                return ExitTest(0, node=self.fresh() * o.fresh(), operands=(self, o),
                                keeps=(self, o))
            def __radd__(self, o): return self + o
            def __rmul__(self, o): return self * o
            def tanh(self):
                out = ExitTest(0, node=self.fresh().tanh(), operands=(self,))
                out.keeps = [(out, 0)]
                return out
            def softplus(self):
                x = self.fresh()
                node = x + ((-x).exp() + 1.0).log() if self.data > 0 else (x.exp() + 1.0).log()
                return ExitTest(0, node=node, operands=(self,), keeps=(self,))
            def add_(self, c):
                self.extra += c
                self.version += 1
            def backward(self):
                if not self.requires_grad: raise RuntimeError("no graph")
                todo, seen = [self], {self}
                while todo:
                    n = todo.pop()
                    if any(k.version > v for k, v in n.keeps): raise RuntimeError("changed")
                    new = [o for o in n.operands if o not in seen]
                    seen |= set(new)
                    todo += new
                self.node.backward()
        """,
    "closures in a list, in the order of making": """
        import math, itertools
        count = itertools.count()
        class ExitTest:
            def __init__(self, data, requires_grad=False):
                self.data, self.grad, self.requires_grad = data, 0.0, requires_grad
                self.version, self.ups, self.keep, self.number = 0, [], [], next(count)
            def result(self, data, ups, keep=None):
                out = ExitTest(data, any(p.requires_grad for p, _ in ups))
                out.ups = [(p, d) for p, d in ups if p.requires_grad]
                out.keep = [(k or out, (k or out).version) for k in keep or []]
                return out
            def __add__(self, o):
                o = o if isinstance(o, ExitTest) else ExitTest(o)
                return self.result(self.data + o.data, [(self, 1), (o, 1)])
            def __mul__(self, o):
                o = o if isinstance(o, ExitTest) else ExitTest(o)
                return self.result(self.data * o.data, [(self, o.data), (o, self.data)], [self, o])
            __radd__ = __add__
            __rmul__ = __mul__
            def tanh(self):
                t = math.tanh(self.data)
                return self.result(t, [(self, 1 - t ** 2)], [None])
            def softplus(self):
                e = math.exp(-abs(self.data))
                s = 1 / (1 + e) if self.data > 0 else e / (1 + e)
                return self.result(max(self.data, 0) + math.log1p(e), [(self, s)], [self])
            def add_(self, c):
                self.data += c
                self.version += 1
                return self
            def backward(self):
                if not self.requires_grad:
                    raise RuntimeError("nothing to do")
                found, todo = {self}, [self]
                for n in todo:
                    for p, _ in n.ups:
                        if p not in found:
                            found.add(p); todo.append(p)
                for n in found:
                    for k, v in n.keep:
                        if k.version != v: raise RuntimeError("in place")
                g = dict.fromkeys(found, 0.0)
                g[self] = 1.0
                for n in sorted(found, key=lambda n: -n.number):
                    for p, d in n.ups:
                        g[p] += d * g[n]
                    if n.ups: n.grad = g[n]
                    else: n.grad += g[n]
        """,
}

# changes of the reference that no known mistake stands for
WRONG = {
    "predict_inplace": {
        "log saves its output": [('"log", ', "")],
        "mean saves": [('"mean", ', "")],
        "True for error": [('"error" if changed in saved else "ok"', "changed in saved")],
    },
    "name_error": {
        "nothing for NumPy": [('        "numpy()": "REWRAP",\n', "")],
        "lower case": [('"only for scalar": "NONSCALAR"', '"only for scalar": "nonscalar"')],
        "inference": [('"Inference tensors": "DETACHDATA"', '"Inference tensors": "NOGRAPH"')],
    },
    "clip_hook": {
        "half": [("-c, c", "-c / 2, c / 2")],
        "zero beyond c": [("g.clamp(-c, c)", "g * (g.abs() <= c)")],
        "sign": [("g.clamp(-c, c)", "-g.clamp(-c, c)")],
    },
    "Cube": {
        "square": [("return x**3", "return x**2")],
        "three": [("* 3 *", "* 2 *")],
        "power": [("3 * x**2", "3 * x**3")],
    },
    "hvp": {
        "sign": [("return Hv", "return -Hv")],
        "twice": [("return Hv", "return 2 * Hv")],
        "at v": [("x.detach()", "v.detach()")],
    },
    "checkpoint_saved": {
        "kilobytes": [("sum(sizes)", "sum(sizes) / 1024")],
        "largest": [("sum(sizes)", "max(sizes)")],
        "another X": [("100, 10", "50, 10")],
    },
    "straight_through": {
        "floor": [("x.round()", "x.floor()")],
        "half": [("x + (", "x / 2 + (")],
        "twice": [("return x", "return 2 * x")],
    },
    "Value": {
        "the wrong factor": [("[other] * self.req", "[self] * self.req")],
        "tanh keeps its input": [("super().tanh().save_itself()", "super().tanh().save(self)")],
        "a ValueError": [("raise RuntimeError(\n", "raise ValueError(\n")],
        "counts by two": [("self.version += 1", "self.version += 2")],
        "a quotient keeps nothing": [(".save(other, *[self] * other.requires_grad)", "")],
    },
    "ExitTest": {
        "a factor of two in tanh": [("(1.0 - t * t,)", "(2.0 - 2.0 * t * t,)")],
        "only the first parent": [("if parent.requires_grad:", "if parent is node.parents[0]:")],
        "softplus overflows": [("math.exp(-abs(self.data))", "math.exp(-self.data)")],
        "sums keep their operands": [
            ("(self, other), (1.0, 1.0))", "(self, other), (1.0, 1.0), (self, other))")
        ],
        "no numbers on the left": [
            ("__radd__, __rmul__ = __add__, __mul__", "__radd__ = __rmul__ = __add__")
        ],
    },
}
