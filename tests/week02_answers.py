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

# name, line, formula, CODE
LINES = [
    ("step_theory", "trunc_forward", "h*h*M2/2", "NUMERATOR"),
    ("step_theory", "round_forward", "noise + noise", "NUMERATOR"),
    ("step_theory", "trunc_central", "M3*h**3/6", "POWERLEFT"),
    ("step_theory", "best_forward", "4*noise/M2", "NOROOT"),
    ("step_theory", "best_central", "(6*noise/M3)**(1/3)", "BALANCED"),
    ("step_theory", "best_central", "(3*noise/M3)**1/3", "PRECEDENCE"),
    ("dual_rules", "dadd", "1", "LOCALONLY"),
    ("dual_rules", "dsub", "da", "OTHERSIDE"),
    ("dual_rules", "dmul", "db*a", "OTHERSIDE"),
    ("dual_rules", "dmul", "(a + da)*(b + db) - a*b", "EPSILONSQUARED"),
    ("dual_rules", "ddiv", "da/b", "OTHERSIDE"),
    ("dual_rules", "ddiv", "(da - a*db)/b", "DIVONCE"),
    ("dual_rules", "ddiv", "da*b - a*db/b^2", "BRACKETS"),
    ("dual_rules", "dexp", "exp(da)", "OFTANGENT"),
    ("dual_rules", "dexp", "a*exp(a - 1)*da", "POWERRULE"),
    ("dual_rules", "dtanh", "1 - tanh(a)^2*da", "BRACKETS"),
    ("dual_rules", "dtanh", "da*(1 - tanh(a))", "NOSQUARE"),
    ("price", "central_differences", "n", "ONESIDE"),
    ("price", "complex_steps", "1", "ALLNUDGES"),
    ("price", "complex_steps", "n + 1", "NOSUBTRACTION"),
    ("price", "dual_passes", "n + n", "TWOSIDES"),
    ("price", "reverse_passes", 2, "THEREANDBACK"),
    ("price", "reverse_passes_m_outputs", "n*m", "EVERYPAIR"),
]

# name, CODE, words, cell
WRONG = {
    "h behind f": (
        "forward_difference", "OUTPUTNUDGE", "Nudge the input",
        "def forward_difference(f, x, h):\n    return (f(x) + h - f(x)) / h"),
    "divided by the place": (
        "forward_difference", "WRONGDIVISOR", "Divide by h",
        "def forward_difference(f, x, h):\n    return (f(x + h) - f(x)) / (x + h)"),
    "another value": (
        "forward_difference", None, "Here f(1.9) = 3.059, f(2) = 4, f(2.1) = 5.061",
        "def forward_difference(f, x, h):\n    return (f(x + h) - f(h)) / h"),
    "rounded": (
        "forward_difference", None, "without rounding",
        "def forward_difference(f, x, h):\n    return round((f(x + h) - f(x)) / h, 4)"),
    "the second derivative": (
        "central_difference", "SECOND", "how f bends",
        "def central_difference(f, x, h):\n    return (f(x + h) + f(x - h) - 2 * f(x)) / (h * h)"),
    "no parentheses": (
        "central_difference", "PARENTHESES", "binds before minus",
        "def central_difference(f, x, h):\n    return f(x + h) - f(x - h) / (2 * h)"),
    "half a step over two": (
        "central_difference", None, "how far are they apart",
        "def central_difference(f, x, h):\n    return (f(x + h / 2) - f(x - h / 2)) / (2 * h)"),
    "the place in the list": (
        "best_step", "INDEX", "the step that stands there",
        """
        def best_step(f, df, x, dtype):
            x, hs = dtype(x), [dtype(10.0**-k) for k in range(1, 16)]
            return np.argmin([abs((f(x + h) - f(x - h)) / (2 * h) - df(x)) for h in hs])
        """),
    "back to x only": (
        "numerical_gradient", "HALFWAY", "only h apart",
        """
        def numerical_gradient(f, x, h=1e-5):
            x = np.array(x, dtype=float)
            grad = np.zeros_like(x)
            for i in np.ndindex(x.shape):
                x[i] += h
                up = f(x)
                x[i] -= h
                grad[i] = (up - f(x)) / (2 * h)
            return grad
        """),
    "all entries at once": (
        "numerical_gradient", None, "That is one number",
        "def numerical_gradient(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)"),
    "rows, in the array's own type": (
        "numerical_gradient", None, "x[i] is a whole row here",
        """
        def numerical_gradient(f, x, h=1e-5):
            grad = np.zeros_like(x)
            for i in range(len(x)):
                up, down = x.copy(), x.copy()
                up[i] += h
                down[i] -= h
                grad[i] = (f(up) - f(down)) / (2 * h)
            return grad
        """),
    "a flat result": (
        "numerical_gradient", "FLATRESULT", "`.reshape(x.shape)`",
        """
        def numerical_gradient(f, x, h=1e-5):
            x, slopes = x.astype(float), []
            for i in range(x.size):
                up, down = x.copy(), x.copy()
                up.flat[i] += h
                down.flat[i] -= h
                slopes.append((f(up) - f(down)) / (2 * h))
            return np.array(slopes)
        """),
    "two loops": (
        "numerical_gradient", "TWOAXES", "any shape",
        """
        def numerical_gradient(f, x, h=1e-5):
            x = x.astype(float)
            grad = np.zeros(x.shape)
            for i in range(x.shape[0]):
                for j in range(x.shape[1]):
                    up, down = x.copy(), x.copy()
                    up[i, j] += h
                    down[i, j] -= h
                    grad[i, j] = (f(up) - f(down)) / (2 * h)
            return grad
        """),
    "the imaginary part forgotten": (
        "complex_step", "NOTREAL", "`.imag` first",
        "def complex_step(f, x):\n    return f(x + 1j * 1e-30) / 1e-30"),
    "the size of the imaginary part": (
        "complex_step", "SIGNLOST", "forgets the sign",
        "def complex_step(f, x):\n    return np.abs(f(x + 1j * 1e-20).imag) / 1e-20"),
    "both sides": (
        "complex_step", "BOTHSIDES", "twice the slope",
        "def complex_step(f, x):\n    return (f(x + 1e-30j) - f(x - 1e-30j)).imag / 1e-30"),
    "from 0": (
        "complex_step", "BASELOST", "x is missing",
        "def complex_step(f, x):\n    return f(1e-30j).imag / 1e-30"),
    "a whole Dual": (
        "jvp", "ISDUAL", "`.tangent`",
        "def jvp(f, x, v):\n    return f(*map(Dual, x, v))"),
    "all slopes": (
        "jvp", "WHOLEGRADIENT", "one number, and one pass",
        """
        def jvp(f, x, v):
            slopes = []
            for i in range(len(x)):
                inputs = [Dual(a, 1.0 if i == j else 0.0) for j, a in enumerate(x)]
                slopes.append(f(*inputs).tangent)
            return slopes
        """),
    "tangents of the inputs": (
        "jvp", "STARTSUM", "f is never run",
        "def jvp(f, x, v):\n    return sum(Dual(a, b).tangent for a, b in zip(x, v))"),
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
