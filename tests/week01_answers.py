"""Answers to week 1's exercises as learners write them: stubs, right in other styles, wrong in ways
that no list knows, and known mistakes in other styles. Engines stand in `week01_engines`.
"""

STUBS = {
    "slope": '''
def slope(f, x, h):
    """How much f answers to a nudge of size h at x, per unit of nudge."""
    ...
''',
    "forward_graph": '''
def forward_graph(x, y):
    """The node values of f(x, y) = (x + y)·y, as {"q": …, "f": …}."""
    ...
''',
    "df_dx": '''
def df_dx(x, y):
    """∂f/∂x of f(x, y) = (x + y)·y."""
    ...
''',
    "df_dy": '''
def df_dy(x, y):
    """∂f/∂y of f(x, y) = (x + y)·y."""
    ...
''',
    "local_derivatives": '''
def local_derivatives(op, a, b):
    """(∂out/∂a, ∂out/∂b) for "add", "mul", "max", "min"; (∂out/∂a,) for "exp" and "pow"."""
    ...
''',
    "sigmoid_neuron": '''
def sigmoid_neuron(w, x):
    """All numbers of s = σ(w0·x0 + w1·x1 + w2): keys p0, p1, sum, dot, neg, exp, den, s,
    then dden, dexp, dneg, ddot, dw, dx."""
    ...
''',
    "sum_over_paths": '''
def sum_over_paths(edges, src, dst):
    """The sum over all paths from src to dst of the product of local derivatives along each."""
    ...
''',
    "topological_order": '''
def topological_order(root):
    """All nodes that root depends on, each once, parents before children, as a list."""
    ...
''',
    "Value": '''
class Value:
    """A number that remembers how it was computed."""

    def __init__(self, data, parents=(), local_grads=(), op=""):
        self.data, self.grad = data, 0.0
        self.parents, self.local_grads, self.op = parents, local_grads, op

    def __add__(self, other): ...
    def __sub__(self, other): ...
    def __mul__(self, other): ...
    def __truediv__(self, other): ...
    def __pow__(self, n): ...  # n is a plain number
    def exp(self): ...
    def tanh(self): ...
    def relu(self): ...
    def backward(self): ...
''',
}

_NEURON = """
def sigmoid_neuron(w, x):
    p0 = w[0] * x[0]
    p1 = w[1] * x[1]
    total = p0 + p1
    dot = total + w[2]
    neg = -dot
    e = math.exp(neg)
    den = 1 + e
    s = 1 / den
    dden = -1 / den / den
    dexp = dden
    dneg = dexp * e
    ddot = -dneg
    dw = [x[0] * ddot, x[1] * ddot, ddot]
    dx = [w[0] * ddot, w[1] * ddot]
    return {"p0": p0, "p1": p1, "sum": total, "dot": dot, "neg": neg, "exp": e, "den": den, "s": s,
            "dden": dden, "dexp": dexp, "dneg": dneg, "ddot": ddot, "dw": dw, "dx": dx}
"""
_LOCAL = """
def local_derivatives(op, a, b):
    if op == "add":
        return 1, 1
    elif op == "mul":
        return b, a
    elif op == "max":
        return (1, 0) if a > b else (0, 1)
    elif op == "min":
        return (1, 0) if a < b else (0, 1)
    elif op == "exp":
        return (math.exp(a),)
    return (b * a ** (b - 1),)
"""
_PATHS = """
def sum_over_paths(edges, src, dst):
    if src == dst:
        return 1.0
    total = 0.0
    for start, end, d in edges:
        if start == src:
            total += d * sum_over_paths(edges, end, dst)
    return total
"""
_ORDER = """
def topological_order(root):
    order = []
    def visit(node):
        if node in order:
            return
        for parent in node.parents:
            visit(parent)
        order.append(node)
    visit(root)
    return order
"""


def changed(source, *pairs):
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return source


RIGHT = {
    "slope": {
        "lambda": "slope = lambda f, x, h: (f(x + h) - f(x)) / h",
        "backward difference": "def slope(f, x, h): return (f(x) - f(x - h)) / h",
        "central difference": "def slope(f, x, h): return (f(x + h) - f(x - h)) / (2 * h)",
        "with names": "def slope(f, x, h):\n    before, after = f(x), f(x + h)\n"
        "    rise = after - before\n    return rise / h",
        "NumPy": "def slope(f, x, h): return np.diff([f(x), f(x + h)]) / h",
        "by the change of x": "def slope(f, x, h): return (f(x + h) - f(x)) / ((x + h) - x)",
    },
    "forward_graph": {
        "dict()": "def forward_graph(x, y):\n    q = x + y\n    return dict(q=q, f=q * y)",
        "one line": "def forward_graph(x, y): return {'f': (x + y) * y, 'q': x + y}",
        "NumPy floats": "def forward_graph(x, y):\n    q = np.float64(x) + y\n"
        "    return {'q': q, 'f': np.array(q * y)}",
        "with the leaves": "def forward_graph(x, y):\n    g = {'x': x, 'y': y}\n"
        "    g['q'] = g['x'] + g['y']\n    g['f'] = g['q'] * g['y']\n    return g",
        "multiplied out": "def forward_graph(x, y): return {'q': x + y, 'f': x*y + y**2}",
    },
    "df_dx": {
        "lambda": "df_dx = lambda x, y: y",
        "chain rule": "def df_dx(x, y):\n    df_dq, dq_dx = y, 1\n    return df_dq * dq_dx",
        "NumPy float": "def df_dx(x, y): return np.float64(y)",
        "array": "def df_dx(x, y): return np.array([y])",
    },
    "df_dy": {
        "multiplied out": "def df_dy(x, y): return x + 2 * y",
        "accumulated": "def df_dy(x, y):\n    grad = 0\n    grad += x + y\n    grad += y * 1\n"
        "    return grad",
        "sum of paths": "def df_dy(x, y): return sum([x + y, y])",
        "matrix": "def df_dy(x, y): return np.array([1, 2]) @ np.array([x, y])",
        "complex step": "def df_dy(x, y): return ((x + y + 1e-30j) * (y + 1e-30j)).imag / 1e-30",
    },
    "local_derivatives": {
        "if chain": _LOCAL,
        "lists": changed(_LOCAL, ("return b, a", "return [b, a]")),
        "arrays": changed(_LOCAL, ("return b, a", "return np.array([b, a])")),
        "bools": changed(_LOCAL, ("(1, 0) if a > b else (0, 1)", "(a > b, b > a)")),
        "bare numbers": changed(_LOCAL, ("(math.exp(a),)", "math.exp(a)")),
        "NumPy numbers": changed(_LOCAL, ("(math.exp(a),)", "np.exp(a)")),
        "zero for the constant": changed(_LOCAL, ("(math.exp(a),)", "math.exp(a), 0.0")),
        "None for the constant": changed(_LOCAL, ("(math.exp(a),)", "math.exp(a), None")),
        "both for pow": changed(
            _LOCAL, ("(b * a ** (b - 1),)", "b * a ** (b - 1), a**b * math.log(a)")
        ),
        "a table": "def local_derivatives(op, a, b):\n    return {\n"
        "        'add': (1, 1), 'mul': (b, a), 'max': (float(a > b), float(b > a)),\n"
        "        'min': (float(a < b), float(b < a)), 'exp': (math.exp(a),),\n"
        "        'pow': (b * a ** (b - 1),)}[op]",
        "match": "def local_derivatives(op, a, b):\n    match op:\n"
        "        case 'add': return 1, 1\n        case 'mul': return b, a\n"
        "        case 'max': return (1, 0) if a >= b else (0, 1)\n"
        "        case 'min': return (1, 0) if a <= b else (0, 1)\n"
        "        case 'exp': return math.e**a,\n        case _: return b * a**b / a,",
    },
    "sigmoid_neuron": {
        "lists": _NEURON,
        "arrays": changed(
            _NEURON,
            ("[x[0] * ddot, x[1] * ddot, ddot]", "ddot * np.array([*x, 1])"),
            ("[w[0] * ddot, w[1] * ddot]", "ddot * np.array(w[:2])"),
        ),
        "by s": changed(
            _NEURON,
            ("dden = -1 / den / den", "dden = -s * s"),
            ("ddot = -dneg", "ddot = s * (1 - s)"),
        ),
        "more keys": changed(_NEURON, ("return {", "return {'dsum': ddot, 'w': w, ")),
    },
    "sum_over_paths": {
        "recursion on itself": _PATHS,
        "memoized": """
def sum_over_paths(edges, src, dst):
    known = {dst: 1.0}
    def walk(node):
        if node not in known:
            known[node] = sum(d * walk(b) for a, b, d in edges if a == node)
        return known[node]
    return walk(src)""",
        "functools.cache": """
import functools
def sum_over_paths(edges, src, dst):
    @functools.cache
    def walk(node):
        return 1 if node == dst else sum(d * walk(b) for a, b, d in edges if a == node)
    return walk(src)""",
        "a stack of open paths": """
def sum_over_paths(edges, src, dst):
    total, todo = 0, [(src, 1)]
    while todo:
        node, product = todo.pop()
        if node == dst:
            total += product
        todo += [(b, product * d) for a, b, d in edges if a == node]
    return total""",
        "a matrix": """
def sum_over_paths(edges, src, dst):
    names = sorted({n for a, b, _ in edges for n in (a, b)} | {src, dst})
    A = np.zeros((len(names), len(names)))
    for a, b, d in edges:
        A[names.index(a), names.index(b)] += d
    return np.linalg.inv(np.eye(len(names)) - A)[names.index(src), names.index(dst)]""",
        "from the other end": """
def sum_over_paths(edges, src, dst):
    if src == dst:
        return 1
    return sum(sum_over_paths(edges, src, a) * d for a, b, d in edges if b == dst)""",
    },
    "topological_order": {
        "search in the list": _ORDER,
        "a tuple": changed(_ORDER, ("return order", "return tuple(order)")),
        "operands from the right": changed(
            _ORDER, ("in node.parents", "in reversed(node.parents)")
        ),
        "iterative": """
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(p, False) for p in node.parents]
    return order""",
        "Kahn from the result": """
from collections import deque
def topological_order(root):
    consumers, todo, nodes = {root: 0}, [root], [root]
    while todo:
        for p in todo.pop().parents:
            if p not in consumers:
                consumers[p] = 0
                todo.append(p)
            consumers[p] += 1
    order, ready = [], deque([root])
    while ready:
        node = ready.popleft()
        order.append(node)
        for p in node.parents:
            consumers[p] -= 1
            if consumers[p] == 0:
                ready.append(p)
    return order[::-1]""",
        "by depth": """
def topological_order(root):
    depth = {}
    def measure(node):
        if node not in depth:
            depth[node] = 1 + max([measure(p) for p in node.parents], default=0)
        return depth[node]
    measure(root)
    return sorted(depth, key=depth.get)""",
        "a dict as an ordered set": """
def topological_order(root):
    order = {}
    def visit(node):
        for p in node.parents:
            if p not in order:
                visit(p)
        order[node] = True
    visit(root)
    return list(order)""",
        "a generator inside": """
def topological_order(root):
    seen = set()
    def walk(node):
        if node not in seen:
            seen.add(node)
            for p in node.parents:
                yield from walk(p)
            yield node
    return [*walk(root)]""",
        "every path, then without repetition": """
def topological_order(root):
    before = [n for p in root.parents for n in topological_order(p)]
    return [*dict.fromkeys(before), root]""",
    },
}

WRONG = {
    "slope": {
        "the derivative for a tiny h of its own": (
            "def slope(f, x, h): return (f(x + 1e-6) - f(x)) / 1e-6", "Take the h you are given"),
        "a product": ("def slope(f, x, h): return (f(x + h) - f(x)) * h", "x from 3 to 3.001"),
        "f(h)": ("def slope(f, x, h): return f(h) / h", "takes x from 3 to 3.001"),
        "divided by x": ("def slope(f, x, h): return (f(x + h) - f(x)) / x", "Divide the change"),
        "right for the parabola only": ("def slope(f, x, h): return 2 * x + h", "Right at 2 of 5"),
        "a constant": ("def slope(f, x, h): return 6.001", "Right at 1 of 5"),
        "absolute": ("def slope(f, x, h): return abs(f(x + h) - f(x)) / h", "Right at 3 of 5"),
        "text": ("def slope(f, x, h): return '6.001'", "A number is expected"),
        "f itself": ("def slope(f, x, h): return f", "the function `square` itself"),
        "a new function": ("def slope(f, x, h): return lambda: f(x + h)", "parentheses missing"),
    },
    "forward_graph": {
        "a tuple": ("def forward_graph(x, y): return x + y, (x + y) * y", "A dict with `q`, `f`"),
        "a missing key": ("def forward_graph(x, y): return {'f': (x + y) * y}", "`q` is missing"),
        "other keys": (
            "def forward_graph(x, y): return {'Q': x + y, 'F': 1}", "`q`, `f` are missing"),
        "a difference": ("def forward_graph(x, y): return {'q': x - y, 'f': (x - y) * y}",
                         "q is what the plus makes: 2 + 3 = 5."),
        "a square": ("def forward_graph(x, y): return {'q': x + y, 'f': (x + y) ** 2}",
                     "Your q is right. f = q·y: 5 · 3 = 15."),
        "constants": ("def forward_graph(x, y): return {'q': 5.0, 'f': 15.0}", "Right at 1 of 6"),
        "texts": ("def forward_graph(x, y): return {'q': 'x + y', 'f': '(x + y)*y'}",
                  "For `q` a number is expected"),
    },
    "df_dx": {
        "x": ("def df_dx(x, y): return x", "Nudge x from 2 to 2.001, y stays"),
        "a constant": ("def df_dx(x, y): return 3.0", "Right at 1 of 6"),
        "zero": ("def df_dx(x, y): return 0", "zero everywhere"),
        "the sign": ("def df_dx(x, y): return -y", "right up to the sign"),
        "twice": ("def df_dx(x, y): return 2 * y", "2.0 times the right one"),
        "the absolute value": ("def df_dx(x, y): return abs(y)", "That is about -2 per unit"),
        "f": ("def df_dx(x, y): return (x + y) * y", "That is about 3 per unit of nudge."),
        "both": ("def df_dx(x, y): return y, x + 2*y", "A number is expected"),
        "the square": ("def df_dx(x, y): return y**2", "about 3 per unit"),
    },
    "df_dy": {
        "twice the direct path": ("def df_dy(x, y): return 2 * (x + y)", "about 8 per unit"),
        "a constant": ("def df_dy(x, y): return 8.0", "Right at 1 of 6"),
        "swapped": ("def df_dy(x, y): return y + 2 * x", "Nudge y from 3 to 3.001, x stays"),
        "a difference": ("def df_dy(x, y): return (x + y) - y", "about 8"),
        "zero": ("def df_dy(x, y): return 0.0", "zero everywhere"),
        "the mean of the paths": ("def df_dy(x, y): return (x + 2*y) / 2", "0.5 times the right"),
        "a rough nudge": ("def df_dy(x, y): return ((x+y+.01)*(y+.01) - (x+y)*y) / .01", "Nudge y"),
    },
    "local_derivatives": {
        "min and max swapped": (
            changed(_LOCAL, ("if a > b", "if a <= b"), ("if a < b", "if a >= b")),
            "`max`, ∂out/∂a: Nudge a from 2 to 2.001, b = 3 stays: the result goes from 3 to 3"),
        "the product itself": (changed(_LOCAL, ("return b, a", "return a * b, a * b")),
                               "the result goes from 6 to 6.003. That is about 3 per unit"),
        "one for all": ("def local_derivatives(op, a, b): return (1.0, 1.0)", "`mul`, ∂out/∂a"),
        "one number for two": (changed(_LOCAL, ("return b, a", "return b")),
                               "For `mul` a tuple (∂out/∂a, ∂out/∂b) is expected"),
        "three numbers": (changed(_LOCAL, ("return b, a", "return b, a, 0")),
                          "For `mul` a tuple (∂out/∂a, ∂out/∂b) is expected"),
        "a wrong second number": (changed(_LOCAL, ("(math.exp(a),)", "math.exp(a), 1.0")),
                                  "For `exp` one number is enough"),
        "nothing for exp": (changed(_LOCAL, ("return (math.exp(a),)", "return None")),
                            "is a `return` missing?"),
        "a dict": (changed(_LOCAL, ("return b, a", "return {'a': b, 'b': a}")), "A tuple of 2"),
        "a set": (changed(_LOCAL, ("return b, a", "return {b, a}")), "A tuple of 2"),
        "a text": (changed(_LOCAL, ("return b, a", "return 'ba'")), "A tuple of 2"),
        "texts": (changed(_LOCAL, ("return b, a", "return 'b', 'a'")),
                  "For `mul`, ∂out/∂a: A number is expected, but you give the text 'b'."),
        "log for exp": (changed(_LOCAL, ("(math.exp(a),)", "(math.log(a),)")), "`exp`, ∂out/∂a"),
        "pow by b": (changed(_LOCAL, ("b * a ** (b - 1)", "a**b * math.log(a)")), "`pow`, ∂out/∂a"),
    },
    "sigmoid_neuron": {
        "a missing key": (changed(_NEURON, ('"dden": dden, ', "")), "`dden` is missing"),
        "no bias": (changed(_NEURON, ("x[1] * ddot, ddot]", "x[1] * ddot]")),
                    "a tuple of 3 is expected"),
        "den without 1": (changed(_NEURON, ("den = 1 + e", "den = e")), "den = exp + 1."),
        "no upstream at exp": (changed(_NEURON, ("dneg = dexp * e", "dneg = e")),
                               "the forward line makes exp from neg, and upstream is dexp"),
        "the order of dw": (changed(_NEURON, ("[x[0] * ddot, x[1] * ddot, ddot]",
                                              "[ddot, x[0] * ddot, x[1] * ddot]")),
                            "w0 meets x0, w1 meets x1, w2 stands alone, and upstream is ddot"),
        "one at the bias": (changed(_NEURON, ("x[1] * ddot, ddot]", "x[1] * ddot, 1.0]")),
                            "w2 stands alone"),
        "tanh": (changed(_NEURON, ("s = 1 / den", "s = math.tanh(dot)")), "s = 1/den."),
        "a list": ("def sigmoid_neuron(w, x): return [1.0] * 14", "A dict with `p0`, `p1`"),
        "a constant": (changed(_NEURON, ("s = 1 / den", "s = 0.7310585786300049")),
                       "Right at 1 of 3"),
    },
    "sum_over_paths": {
        "the product of all edges": (
            "def sum_over_paths(edges, src, dst): return math.prod(d for *_, d in edges)",
            "From y to f: y→q→f with 1 · 3; y→f with 5. Multiply along each, then add."),
        "the sum of all edges": (
            "def sum_over_paths(edges, src, dst): return sum(d for *_, d in edges)", "From x to f"),
        "the largest path": (
            "def sum_over_paths(edges, src, dst):\n    if src == dst: return 1.0\n"
            "    return max([d * sum_over_paths(edges, b, dst) for a, b, d in edges if a == src],"
            " default=0.0)", "Multiply along each, then add. Yours is y→f alone."),
        "None where there is no path": (
            changed(_PATHS, ("    return total", "    return total or None")),
            "Something there is None"),
        "against the arrows": (
            "def sum_over_paths(edges, src, dst):\n    if src == dst: return 1.0\n"
            "    return sum(d * sum_over_paths(edges, a, dst) for a, b, d in edges if b == src)",
            "follow each edge from its start to its end"),
        "both ways": (
            changed(_PATHS, ("if start == src", "if src in (start, end)"),
                    ("(edges, end, dst)", "(edges, end if start == src else start, dst)")),
            "calls itself too deep"),
        "edges used up": (
            "def sum_over_paths(edges, src, dst):\n    if src == dst: return 1.0\n    total = 0.0\n"
            "    for e in list(edges):\n        if e[0] == src:\n            edges.remove(e)\n"
            "            total += e[2] * sum_over_paths(edges, e[1], dst)\n    return total",
            "Your code changes its input `edges`"),
        "sorted in place": (changed(_PATHS, ("    total =", "    edges.sort()\n    total =")),
                            "changes its input `edges`"),
        "a constant": ("def sum_over_paths(edges, src, dst): return 3.0", "Right at 1 of 17"),
    },
    "topological_order": {
        "only the root": ("def topological_order(root): return [root]", "Missing from the list: x"),
        "only the parents": ("def topological_order(root): return list(root.parents)", "Missing"),
        "numbers": (changed(_ORDER, ("order.append(node)", "order.append(node.data)")),
                    "The list holds 1.0, which is not a node of this graph."),
        "names": (changed(_ORDER, ("order.append(node)", "order.append(node.name)")), "not a node"),
        "a set": (changed(_ORDER, ("return order", "return set(order)")), "you give a set."),
        "an iterator": (changed(_ORDER, ("return order", "return reversed(order)")),
                        "A list is expected"),
        "nothing": (changed(_ORDER, ("return order", "")), "is a `return` missing?"),
        "without the root": (changed(_ORDER, ("return order", "return order[:-1]")), "Missing"),
        "sorted by number": (
            changed(_ORDER, ("return order", "return sorted(order, key=lambda n: n.data)")),
            "stands before its parent"),
        "sorted by address": (
            changed(_ORDER, ("return order", "return sorted(order, key=id)")), " before "),
        "a leaf at the end": (changed(_ORDER, ("return order", "return order[1:] + order[:1]")),
                              "Children stand before their parents"),
        "a list kept as a default": (
            "def topological_order(root, order=[]):\n    for p in root.parents:\n"
            "        if p not in order: topological_order(p)\n    order.append(root)\n"
            "    return list(order)", "Something is kept between the calls"),
        "marks on the nodes": (
            "def topological_order(root):\n    if getattr(root, 'done', False): return []\n"
            "    root.done = True\n"
            "    return [n for p in root.parents for n in topological_order(p)] + [root]",
            "a mark on the nodes"),
        "endless": (changed(_ORDER, ("visit(parent)", "visit(node)")), "calls itself too deep"),
        "a stranger": (changed(_ORDER, ("return order", "return order + [None]")), "not a node"),
        "lists in the list": (
            "def topological_order(root):\n"
            "    return [topological_order(p) for p in root.parents] + [root]",
            "Your list contains lists: use `+=` (extend)"),
        "copies of the nodes' names": (
            changed(_ORDER, ("order.append(node)", "order.append(node.name + '!')")), "not a node"),
        "the first parent only": (changed(_ORDER, ("in node.parents:", "in node.parents[:1]:")),
                                  "Missing from the list: two"),
    },
}  # fmt: skip

KNOWN = {
    "slope": {
        "central change": ("def slope(f, x, h): return f(x + h) - f(x - h)", "NODIVISION"),
        "central, turned around": ("def slope(f, x, h): return (f(x-h) - f(x+h)) / (2*h)", "SIGN"),
        "without parentheses": ("def slope(f, x, h): return f(x + h) - f(x) / h", "PRECEDENCE"),
        "half": ("def slope(f, x, h): return 0.5 * (f(x + h) - f(x)) / h", "HALFSTEP"),
    },
    "forward_graph": {
        "precedence": ("def forward_graph(x, y):\n    q = x + y\n    f = x + y * y\n"
                       "    return dict(q=q, f=f)", "PRECEDENCE"),
    },
    "df_dx": {
        "own operand": ("def df_dx(x, y):\n    q = x + y\n    return q * 1", "OWNDATA"),
        "last factor": ("df_dx = lambda x, y: 1", "NOUPSTREAM"),
    },
    "df_dy": {
        "path by path": ("def df_dy(x, y):\n    grad = x + y\n    return grad", "CHAINSUM"),
        "= for +=": ("def df_dy(x, y):\n    grad = (x + y) * 1\n    grad = y * 1\n    return grad",
                     "ASSIGN"),
        "product of the paths": ("df_dy = lambda x, y: (x + y) * y * 1", "PATHPRODUCT"),
    },
    "local_derivatives": {
        "own data in a table": (changed(_LOCAL, ("return b, a", "return [a, b]")), "OWNDATA"),
        "power": (changed(_LOCAL, ("b * a ** (b - 1)", "b * pow(a, b)")), "POWN"),
        "both through": (changed(_LOCAL, ("(1, 0) if a > b else (0, 1)", "(1, 1)")), "MAXBOTH"),
    },
    "sigmoid_neuron": {
        "the sign": (changed(_NEURON, ("dden = -1 / den / den", "dden = s * s")), "DIVSIGN"),
        "input of exp": (changed(_NEURON, ("dexp * e\n", "dexp * neg\n")), "EXPINPUT"),
        "no upstream": (changed(_NEURON, ("[x[0] * ddot, x[1] * ddot, ddot]", "[*x, 1]"),
                                ("[w[0] * ddot, w[1] * ddot]", "w[:2]")), "NOUPSTREAM"),
    },
    "sum_over_paths": {
        "a visited set": (
            "def sum_over_paths(edges, src, dst):\n    seen = set()\n    def walk(node):\n"
            "        if node == dst: return 1.0\n        if node in seen: return 0.0\n"
            "        seen.add(node)\n"
            "        return sum(d * walk(b) for a, b, d in edges if a == node)\n"
            "    return walk(src)", "VISITED"),
        "a dict of ends": (
            "def sum_over_paths(edges, src, dst):\n    if src == dst: return 1.0\n"
            "    next_ = {b: d for a, b, d in edges if a == src}\n"
            "    return sum(d * sum_over_paths(edges, b, dst) for b, d in next_.items())",
            "EDGEDICT"),
        "the first path": (changed(_PATHS, ("total += d", "return d")), "ONEPATH"),
        "the first path, else None": (
            changed(_PATHS, ("total += d", "return d"), ("    return total", "")), "ONEPATH"),
        "return inside the loop": (
            changed(_PATHS, ("    return total", "        return total")), "ONEPATH"),
        "no base case": (
            changed(_PATHS, ("    if src == dst:\n        return 1.0\n", "")), "NOBASE"),
        "a base of 0": (changed(_PATHS, ("return 1.0", "return 0.0")), "NOBASE"),
        "counting": (changed(_PATHS, ("total += d * ", "total += ")), "COUNT"),
    },
    "topological_order": {
        "breadth first": (
            "def topological_order(root):\n    order, queue = [], [root]\n    while queue:\n"
            "        node = queue.pop(0)\n        if node not in order:\n"
            "            order.append(node)\n"
            "            queue.extend(node.parents)\n    return order[::-1]", "ORDER"),
        "depth first, too early": (
            changed(_ORDER, ("        order.append(node)\n", ""),
                    ("        for parent", "        order.append(node)\n        for parent"),
                    ("return order", "return order[::-1]")), "ORDER"),
        "children first": (changed(_ORDER, ("return order", "return list(reversed(order))")),
                           "REVERSED"),
        "every path": (
            "def topological_order(root):\n"
            "    return [n for p in root.parents for n in topological_order(p)] + [root]",
            "NOVISIT"),
        "without leaves": (changed(_ORDER, ("        order.append(node)",
                                            "        if node.op: order.append(node)")), "MISSING"),
    },
}  # fmt: skip
