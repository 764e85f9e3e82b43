"""Week 11: how large weights should be, with a pencil, and six ways to draw them."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week11_cases as cases
from helpers.weeks.rewrite import rewritten

SOLVE = "Set E[h²] after the layer equal to m, and solve for s²: m cancels."

forward_variance = paper(
    "forward_variance",
    "C.0 forward, with a pencil: z = Σ wᵢhᵢ over n inputs, then relu",
    answers=dict(
        var_z="n * s**2 * m",
        m_relu="var_z / 2",
        s2_linear="1 / n",
        s2_relu="2 / n",
    ),
    at=dict(n=100.0, s=0.2, m=1.5),
    minutes=15,
    difficulty=2,
    hints=[
        "One term first: w and h are independent and E[w] = 0. So E[wh] = 0, and the variance of wh is "
        "E[w²h²] = E[w²]·E[h²] = s²·m.",
        "Different terms are uncorrelated, so their variances add up: n of them. And z is symmetric "
        "around 0, so relu keeps exactly half of E[z²].",
        "The signal keeps its size if E[h²] after the layer equals m before it. Without a bend that is "
        "n·s²·m = m, with relu n·s²·m/2 = m.",
    ],
    mistakes={
        "STDVAR": (
            dict(var_z="n * s * m", m_relu="sqrt(var_z / 2)", s2_linear="1 / sqrt(n)",
                 s2_relu="sqrt(2 / n)"),
            "Here stands a standard deviation where the variance belongs: s is a std, s² a variance.",
        ),
        "ROOT": (
            dict(var_z="s * sqrt(n * m)", m_relu="sqrt(var_z) / 2", s2_relu="2 / sqrt(n)"),
            "Here stands a standard deviation where the variance belongs: no root is left in it.",
        ),
        "NOINPUT": (
            dict(var_z="n * s**2"),
            "The size of the inputs is missing: one term w·h has variance s²·m.",
        ),
        "MSQUARED": (
            dict(var_z="n * s**2 * m**2", s2_linear="1 / (n * m)", s2_relu="2 / (n * m)"),
            "m is E[h²], a mean square already: it stands in Var z once, and it cancels where the "
            "signal keeps its size.",
        ),
        "UPSIDEDOWN": (
            dict(s2_linear="n", s2_relu="n / 2"),
            "That is upside down: the more inputs a unit has, the smaller its weights.",
        ),
        "ONETERM": (
            dict(var_z="s**2 * m"),
            "That is the variance of one term w·h. z is a sum of n of them.",
        ),
        "NSQUARED": (
            dict(var_z="n**2 * s**2 * m"),
            "For independent terms the *variances* add up, not the standard deviations: n, not n².",
        ),
        "SECONDMOMENT": (
            dict(m_relu="var_z / 2 * (1 - 1 / pi)", s2_relu="2 / (n * (1 - 1 / pi))"),
            "That is the variance of relu(z). The next layer multiplies h itself, with its mean, so "
            "the second moment E[h²] counts: half of E[z²].",
        ),
        "RELUHALF": (
            dict(m_relu="var_z", s2_relu="1 / n"),
            "relu sets half of the z to 0, and what they carried is gone.",
        ),
    },
    advice=dict(
        var_z="One term w·h has variance s²·m. How many terms are there, and what do their variances do?",
        m_relu="z is symmetric around 0: which share of E[z²] comes from the z above 0?",
        s2_linear=SOLVE,
        s2_relu=SOLVE,
    ),
    lowest=0.25,
)  # fmt: skip


@exercise(
    minutes=20,
    difficulty=2,
    cases=cases.init_cases,
    version=3,
    hints=[
        "`rng.standard_normal((n_in, n_out))` has std 1. A factor in front of it is the std, so it is "
        "the square root of the variance.",
        "Variance 2/n_in means the factor np.sqrt(2 / n_in). Uniform: rng.uniform(-a, a, (n_in, n_out)) "
        "with a = 1/√n_in.",
        "np.linalg.qr of a normal matrix with n_in ≥ n_out gives Q with orthonormal columns. For "
        "n_in < n_out take the Q of an (n_out, n_in) matrix, and transpose it. Then times √2.",
    ],
)
def init(kind, n_in, n_out, rng):
    """Weights W (n_in, n_out), used as h @ W, drawn from the generator rng.

    Normal with mean 0: "small" std 0.01; "one" std 1; "xavier" variance 2/(n_in + n_out);
    "he" variance 2/n_in. "default": uniform from −1/√n_in to 1/√n_in.
    "orthogonal": √2 times orthonormal columns, or orthonormal rows if n_in < n_out.
    """
    if kind == "default":
        bound = 1 / np.sqrt(n_in)
        return rng.uniform(-bound, bound, (n_in, n_out))
    if kind == "orthogonal":
        tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))
        Q = np.linalg.qr(tall)[0]
        return np.sqrt(2) * (Q if n_in >= n_out else Q.T)
    variance = {"small": 0.01**2, "one": 1.0, "xavier": 2 / (n_in + n_out), "he": 2 / n_in}
    return np.sqrt(variance[kind]) * rng.standard_normal((n_in, n_out))


for _code, _why, *_changes in [
    ("STDVAR", "he: you multiply by the variance 2/n_in. The factor in front of a standard normal is the "
     "*std*: √(2/n_in).",
     ('"he": 2 / n_in', '"he": (2 / n_in) ** 2')),
    ("STDVAR", "You multiply by the variance. The factor in front of a standard normal is the *std*, its "
     "square root.",
     ("np.sqrt(variance[kind])", "variance[kind]")),
    ("STDVAR", "The std is √(2/n), all under the root. Yours is 2/√n, or its like: the 2 stands outside.",
     ('"xavier": 2 / (n_in + n_out), "he": 2 / n_in', '"xavier": 4 / (n_in + n_out), "he": 4 / n_in')),
    ("FANSWAP", "he: you divide by n_out. In h @ W each output sums over the n_in *rows* of W.",
     ('"he": 2 / n_in', '"he": 2 / n_out')),
    ("FANSWAP", "W has shape (n_out, n_in), as PyTorch keeps it. Here it is used as h @ W: (n_in, n_out).",
     ("rng.uniform(-bound, bound, (n_in, n_out))", "rng.uniform(-bound, bound, (n_out, n_in))"),
     ("if n_in >= n_out", "if n_in < n_out"),
     ("rng.standard_normal((n_in, n_out))", "rng.standard_normal((n_out, n_in))")),
    ("FANSWAP", "default: the bound is 1/√n_in. The fan-in is the number of *rows* here.",
     ("bound = 1 / np.sqrt(n_in)", "bound = 1 / np.sqrt(n_out)")),
    ("XAVIERMEAN", "xavier: 1/(n_in + n_out) is half of it. The variance is one over the *mean* of the two "
     "fans: 2/(n_in + n_out).",
     ("2 / (n_in + n_out)", "1 / (n_in + n_out)")),
    ("XAVIERMEAN", "xavier: you take 1/n_in. Xavier is the compromise of both directions: 2/(n_in + n_out).",
     ("2 / (n_in + n_out)", "1 / n_in")),
    ("UNIFORMSTD", "default: normal with std 1/√n_in. Asked for is *uniform* up to ±1/√n_in, whose std is "
     "smaller by √3.",
     ("rng.uniform(-bound, bound, (n_in, n_out))", "bound * rng.standard_normal((n_in, n_out))")),
    ("UNIFORMSTD", "default: your weights are never negative. rng.random() goes from 0 to 1; asked for is "
     "−bound to bound.",
     ("rng.uniform(-bound, bound,", "rng.uniform(0, bound,")),
    ("DEFAULTINIT", "default: you take the bound of a Kaiming uniform, √(6/n_in). nn.Linear's default is "
     "1/√n_in, a sixth of that variance.",
     ("bound = 1 / np.sqrt(n_in)", "bound = np.sqrt(6 / n_in)")),
    ("NOGAIN", "orthogonal: the factor √2 for relu is missing.", ("np.sqrt(2) * (Q", "(Q")),
    ("ORTHOWIDE", "orthogonal: for n_in < n_out no set of columns can be orthonormal, and Q comes out square. Make "
     "the *rows* so: Q of an (n_out, n_in) matrix, transposed.",
     ("(max(n_in, n_out), min(n_in, n_out))", "(n_in, n_out)"), ("(Q if n_in >= n_out else Q.T)", "Q")),
    ("GLOBALRNG", "You draw from np.random, not from the generator rng: nobody can repeat the run.",
     ("rng.", "np.random.")),
    ("RESEED", "You make a generator of your own, always from the same seed: every layer gets the *same* "
     "weights.",
     ('    if kind == "default":', '    rng = np.random.default_rng(0)\n    if kind == "default":')),
]:  # fmt: skip
    init.mistake(_code, _why)(rewritten(init.reference, *_changes))
