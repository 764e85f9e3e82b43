"""Week 2: wrong answers as a tired learner types them first, with what their verdict must say.

Each entry is the exercise's name, a CODE or None, words of the verdict, and the cell. A class is
given as the changes to a right one.
"""

RIGHT_DUAL = """
class Dual:
    def __init__(self, data, tangent=0.0):
        self.data, self.tangent = data, tangent

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data + other.data, self.tangent + other.tangent)

    def __sub__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data - other.data, self.tangent - other.tangent)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data * other.data, self.tangent * other.data + self.data * other.tangent)

    def __truediv__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        top = self.tangent * other.data - self.data * other.tangent
        return Dual(self.data / other.data, top / other.data**2)

    def tanh(self):
        return Dual(math.tanh(self.data), self.tangent / math.cosh(self.data) ** 2)

    def exp(self):
        return Dual(math.exp(self.data), math.exp(self.data) * self.tangent)
"""
_EXP = "Dual(math.exp(self.data), math.exp(self.data) * self.tangent)"
_TANH = "Dual(math.tanh(self.data), self.tangent / math.cosh(self.data) ** 2)"
_OTHER = "        other = other if isinstance(other, Dual) else Dual(other)\n"

# changes to RIGHT_DUAL, CODE, words
DUALS = {
    "exp without a tangent": ([(_EXP, "Dual(math.exp(self.data))")], "ZEROTANGENT", "exp returns"),
    "tanh without a tangent": ([(_TANH, "Dual(math.tanh(self.data))")], "ZEROTANGENT", "tanh ret"),
    "both without a tangent": (
        [(_EXP, "Dual(math.exp(self.data))"), (_TANH, "Dual(math.tanh(self.data))")],
        "ZEROTANGENT",
        "tanh and exp",
    ),
    "exp with its slope alone": ([(" * self.tangent)", ")")], "NOCHAIN", "exp loses the tangent"),
    "tanh with its slope alone": ([("self.tangent / math", "1 / math")], "NOCHAIN", "tanh loses"),
    "exp passes the tangent on": (
        [("math.exp(self.data) * self.tangent", "self.tangent")],
        "NOLOCAL",
        "exp passes",
    ),
    "exp of the tangent": (
        [("math.exp(self.data) * self.tangent", "math.exp(self.tangent)")],
        None,
        "compare it with your line `dexp`",
    ),
    "exp is a number": ([(_EXP, "math.exp(self.data)")], "NOTDUAL", "exp(b) gives 0.27"),
    "a sum is a tuple": (
        [("return Dual(self.data + other.data, self.tangent + other.tangent)",
          "return self.data + other.data, self.tangent + other.tangent")],
        "NOTDUAL",
        "a + b gives (-0.5, 1.9)",
    ),
    "b is forgotten in a quotient": (
        [("self.tangent * other.data - self.data * other.tangent", "self.tangent * other.data")],
        "ONESIDE",
        "b moves, too",
    ),
    "a quotient over b": ([("top / other.data**2", "top / other.data")], "DIVSQUARE", "over b²"),
    "a quotient turned around": ([("top / other", "-top / other")], None,
                                 "`__truediv__`: its sign is turned around"),
    "one product in a quotient lacks its factor": (
        [("self.tangent * other.data - ", "self.tangent - ")], None, "your line `ddiv`"),
    "sub turned around": (
        [("self.tangent - other.tangent", "other.tangent - self.tangent")], None,
        "`__sub__`: its sign is turned around"),
    "numbers are not expected": ([(_OTHER, "")], "PLAINNUMBER", "Make it a Dual first"),
    "a sum in place": (
        [("return Dual(self.data + other.data, self.tangent + other.tangent)",
          "self.data += other.data\n        self.tangent += other.tangent\n        return self")],
        "INPLACE",
        "return a new Dual",
    ),
}  # fmt: skip

# name, CODE, words, cell
WRONG = {
    "a small number added": (
        "relative_error", "FLOOR", "closer than they are",
        "def relative_error(a, b):\n"
        "    return np.abs(a - b) / (np.maximum(np.abs(a), np.abs(b)) + 1e-12)"),
    "a small number added, for numbers only": (
        "relative_error", None, "You divide by about 1e-12 more than the larger",
        "def relative_error(a, b):\n"
        "    return abs(a - b) / (max(abs(a), abs(b)) + 1e-12)"),
    "another small number": (
        "relative_error", None, "You divide by about 1e-09 more than the larger",
        "def relative_error(a, b):\n"
        "    return np.abs(a - b) / (np.maximum(np.abs(a), np.abs(b)) + 1e-9)"),
    "a floor": (
        "relative_error", "FLOOR", "would count as equal",
        "def relative_error(a, b):\n"
        "    return np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b)))"),
    "the mean size": (
        "relative_error", "MEANSIZE", "the larger of the two",
        "def relative_error(a, b):\n"
        "    size = (np.abs(a) + np.abs(b)) / 2\n"
        "    return np.abs(a - b) / np.where(size == 0, 1, size)"),
    "one size, guarded": (
        "relative_error", None, "so you divide by 2.7; the larger of |a| and |b| is 3.",
        "def relative_error(a, b):\n"
        "    return np.where(b == 0, 0, np.abs(a - b) / np.abs(b))"),
    "one-sided, and restored by subtracting": (
        "numerical_gradient", None, "as a one-sided difference is",
        """
        def numerical_gradient(f, x, h=1e-5):
            if x.dtype != float:
                x = x.astype(float)
            grad, start = np.zeros(x.shape), f(x)
            for i in np.ndindex(x.shape):
                x[i] += h
                grad[i] = (f(x) - start) / h
                x[i] -= h
            return grad
        """),
}  # fmt: skip
