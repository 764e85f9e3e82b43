"""Week 11: how the size of signals and of gradients changes from layer to layer.

`init` and `gaussian_mean` are what the notebook has under these names: the references call them as a
learner's cell does.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week11_cases as cases
from helpers.weeks import week11_draws
from helpers.weeks import week11_judge as judge
from helpers.weeks.rewrite import rewritten

init = week11_draws.init.reference


def gaussian_mean(f, std):
    """E[f(z)] for z ~ N(0, std²), as a sum over a fine grid."""
    u = np.linspace(-8, 8, 2001)
    density = np.exp(-(u**2) / 2)
    return (f(std * u) * density).sum() / density.sum()


# ------------------------------------------------------------------ forward


@exercise(
    minutes=15,
    difficulty=2,
    cases=lambda: cases.signal_cases(std_per_layer.reference, ON_ITS_SIDE),
    version=3,
    judge=judge.near(cases.SLACK, lambda: std_per_layer.mistakes),
    hints=[
        "One loop over the layers: new weights, z = h @ W, h = act(z), and h.std() into a list.",
        "rng = np.random.default_rng(0); h = rng.standard_normal((200, 128)); in each layer "
        "W = init(kind, 128, 128, rng).",
        "relu is np.maximum(z, 0). After `depth` layers return the list, or np.array(stds).",
    ],
)
def std_per_layer(kind, act, depth):
    """The std of h after each of the layers 1, …, depth, of shape (depth,).

    A batch of 200 rows of 128 standard normal inputs; layers of 128 units without biases, each
    with weights of its own from init(kind, 128, 128, rng); act is "relu" or "tanh". Make one
    rng = np.random.default_rng(0) and draw all from it: the batch first, then the weights.
    """
    rng = np.random.default_rng(0)
    h = rng.standard_normal((200, 128))
    stds = []
    for _ in range(depth):
        z = h @ init(kind, 128, 128, rng)
        h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
        stds.append(h.std())
    return np.array(stds)


ON_ITS_SIDE = rewritten(std_per_layer.reference, ("(200, 128))", "(128, 200)).T"))

for _code, _why, *_changes in [
    ("PREACT", "That is the std of z, before the bend. Asked for is h = act(z).",
     ("stds.append(h.std())", "stds.append(z.std())")),
    ("SECONDMOMENT", "That is √E[h²]. For relu the mean is not 0, and a std leaves it out: h.std().",
     ("h.std()", "np.sqrt((h**2).mean())")),
    ("STDVAR", "That is the variance; asked for is the std, its square root.", ("h.std()", "h.var()")),
    ("SAMEWEIGHTS", "All layers have the same weights: `init` stands before the loop. Each layer needs a draw of "
     "its own.",
     ("    stds = []\n", "    stds = []\n    W = init(kind, 128, 128, rng)\n"),
     ("h @ init(kind, 128, 128, rng)", "h @ W")),
    ("SAMEINPUT", "Every layer starts from the input again. The h of one layer is the input of the next.",
     ("    stds = []\n", "    stds, x = [], h\n"), ("z = h @", "z = x @")),
    ("NOBEND", "The bend is missing: h is z itself in every layer.",
     ('np.maximum(z, 0) if act == "relu" else np.tanh(z)', "z")),
    ("ONEBEND", "Your network bends with tanh whatever act says. For \"relu\" it is np.maximum(z, 0).",
     ('np.maximum(z, 0) if act == "relu" else np.tanh(z)', "np.tanh(z)")),
    ("ONEBEND", "Your network bends with relu whatever act says. For \"tanh\" it is np.tanh(z).",
     ('np.maximum(z, 0) if act == "relu" else np.tanh(z)', "np.maximum(z, 0)")),
    ("PERUNIT", "You average the stds of single units. Asked for is one std over all entries of h: h.std().",
     ("h.std()", "h.std(axis=0).mean()")),
    ("PERUNIT", "This is the std within a row of h. Either your batch has a single row, where 200 are asked for, or you "
     "average the stds of single rows: take one std over all entries, h.std().",
     ("h.std()", "h.std(axis=1).mean()")),
    ("TRANSPOSE", "It is h @ W, without a transpose. W is square here, so no shape tells you.",
     ("h @ init(kind, 128, 128, rng)", "h @ init(kind, 128, 128, rng).T")),
    ("NORMALIZED", "You bring h back to std 1 in each layer. Let the signal run on as it is: its size is the question.",
     ("stds.append(h.std())", "stds.append(h.std())\n        h = h / h.std()")),
    ("INPUTFIRST", "You list the input as layer 0 and leave out the last layer. h of layer 1 is the first.",
     ("    stds = []\n", "    stds = [h.std()]\n"), ("np.array(stds)", "np.array(stds[:-1])")),
]:  # fmt: skip
    std_per_layer.mistake(_code, _why)(rewritten(std_per_layer.reference, *_changes))


def noisy(case, expected, got) -> str | None:
    """What to say where an average is right up to chance, or to a coarse grid."""
    near = np.shape(got) == np.shape(expected) and np.abs(np.divide(got, expected) - 1).max() < 0.02
    return "Close, but noisy or coarse: average by gaussian_mean, not by draws." if near else None


@exercise(
    minutes=20,
    difficulty=3,
    cases=cases.theory_cases,
    tolerance=1e-4,  # other ways to average over a normal distribution are welcome
    advice=noisy,
    hints=[
        "Carry one number from layer to layer: m = E[h²], which is 1 for the inputs. Then "
        "var_z = n·s²·m.",
        "linear: m = var_z. relu: m = var_z/2, and the mean of h is √(var_z/2π). tanh: m is "
        "gaussian_mean of tanh², with std √var_z.",
        "The std of h is √m where the mean is 0, and √(m − mean²) for relu. Carry m on, not the "
        "variance.",
    ],
)
def predict_std(act, s, n, depth):
    """The std of h after each layer by theory, for weights of std s and n units a layer.

    z of each unit counts as normal with mean 0. act is "linear", "relu" or "tanh"; the inputs
    have E[x²] = 1. Returns depth numbers; for tanh use gaussian_mean.
    """
    m, stds = 1.0, []
    for _ in range(depth):
        var_z, mean = n * s**2 * m, 0.0
        if act == "linear":
            m = var_z
        elif act == "relu":
            m, mean = var_z / 2, np.sqrt(var_z / (2 * np.pi))
        else:
            m = gaussian_mean(lambda z: np.tanh(z) ** 2, np.sqrt(var_z))
        stds.append(np.sqrt(m - mean**2))
    return np.array(stds)


for _code, _why, *_changes in [
    ("STDVAR", "You multiply by s where s² belongs: s is the std of the weights.", ("s**2", "s")),
    ("STDVAR", "These are variances; asked for are stds.", ("np.sqrt(m - mean**2)", "m - mean**2")),
    ("SECONDMOMENT", "relu: you carry the *variance* of h to the next layer. The next layer multiplies h with "
     "its mean: carry E[h²].",
     ("stds.append(np.sqrt(m - mean**2))", "m = m - mean**2\n        stds.append(np.sqrt(m))")),
    ("SECONDMOMENT", "relu: that is √E[h²]. The std leaves the mean out: √(E[h²] − mean²).",
     ("np.sqrt(m - mean**2)", "np.sqrt(m)")),
    ("ONETERM", "That is one term of z = Σ wᵢhᵢ: n of them add up, n·s²·m.", ("n * s**2 * m", "s**2 * m")),
    ("INPUTFIRST", "You list the input as layer 0 and leave out the last layer. h of layer 1 is the first.",
     ("m, stds = 1.0, []", "m, stds = 1.0, [1.0]"), ("np.array(stds)", "np.array(stds[:-1])")),
    ("RELUHALF", "relu: half of E[z²] is lost, and your factor ½ is missing.", ("m, mean = var_z / 2", "m, mean = var_z")),
    ("RELUHALF", "relu: half of E[z²] is lost, and your factor ½ is missing.",
     ("var_z / 2, np.sqrt(var_z / (2 * np.pi))", "var_z, np.sqrt(var_z / np.pi)")),
    ("RELUMEAN", "relu: you subtract the mean itself. A variance is E[h²] − mean², with the square.", ("mean**2", "mean")),
    ("RELUHALF", "relu: your ½ stands in the result only. Carry the halved E[h²] to the next layer.",
     ("m, mean = var_z / 2", "m, mean = var_z"), ("m - mean**2", "(m / 2 if act == 'relu' else m) - mean**2")),
    ("RELUMEAN", "relu: the mean of relu(z) is √(var_z/2π), with the 2: half of the z are 0.",
     ("(2 * np.pi)", "(np.pi)")),
    ("RELUMEAN", "relu: the mean of relu(z) is √(var_z/2π), half of that of |z|.",
     ("np.sqrt(var_z / (2 * np.pi))", "np.sqrt(2 * var_z / np.pi)")),
    ("TANHLINEAR", "tanh: you take tanh(z) ≈ z. For larger z it bends, and E[tanh²] is smaller.",
     ("gaussian_mean(lambda z: np.tanh(z) ** 2, np.sqrt(var_z))", "var_z")),
    ("TANHOFSTD", "tanh: tanh of the std is not the std of tanh. Average tanh² over all z.",
     ("gaussian_mean(lambda z: np.tanh(z) ** 2, np.sqrt(var_z))", "np.tanh(np.sqrt(var_z)) ** 2")),
    ("TANHVAR", "tanh: gaussian_mean is told the *std* of z, √var_z, not the variance.",
     ("** 2, np.sqrt(var_z))", "** 2, var_z)")),
    ("PREACT", "These are the stds of z. Asked for are those of h = act(z).",
     ("stds.append(np.sqrt(m - mean**2))", "stds.append(np.sqrt(var_z))")),
]:  # fmt: skip
    predict_std.mistake(_code, _why)(rewritten(predict_std.reference, *_changes))

# ------------------------------------------------------------------ backward

backward_variance = paper(
    "backward_variance",
    "C.0 backward, with a pencil: from ∂L/∂h of a layer to ∂L/∂x of its input",
    answers=dict(
        var_dz="m * v",
        var_dx="n_out * s**2 * var_dz",
        s2_linear="1 / n_out",
        s2_relu="2 / n_out",
        s2_xavier="2 / (n_in + n_out)",
        bound="sqrt(6 / (n_in + n_out))",
    ),
    at=dict(n_in=300.0, n_out=500.0, s=0.1, m=0.5, v=2.0),
    minutes=15,
    difficulty=2,
    hints=[
        "dz = φ′(z)·dh, entry by entry; dh has mean square v and does not know φ′: var_dz = m·v. Then "
        "dx = dz·Wᵀ: each entry of dx is a sum over the n_out *outputs*.",
        "The same sum as forward, with n_out in the place of n_in: n_out·s²·var_dz. relu lets half of "
        "the gradients through: m = ½.",
        "Forward wants 1/n_in, backward 1/n_out; the compromise is one over their mean. A uniform "
        "distribution on ±a has variance a²/3, so a = √(3·variance).",
    ],
    mistakes={
        "FANSWAP": (
            dict(var_dx="n_in * s**2 * var_dz", s2_linear="1 / n_in", s2_relu="2 / n_in"),
            "Backward, dx = dz·Wᵀ sums over the *outputs* of the layer: n_out of them.",
        ),
        "STDVAR": (
            dict(var_dz="sqrt(m * v)", var_dx="n_out * s * var_dz", s2_linear="1 / sqrt(n_out)",
                 s2_relu="sqrt(2 / n_out)", s2_xavier="sqrt(2 / (n_in + n_out))"),
            "Here stands a standard deviation where the variance belongs.",
        ),
        "ROOT": (
            dict(var_dx="s * sqrt(n_out * var_dz)", s2_relu="2 / sqrt(n_out)",
                 bound="6 / (n_in + n_out)"),
            "A root too many or too few: mean squares and variances have none, and a bound ±a, whose "
            "variance is a²/3, has one.",
        ),
        "UPSIDEDOWN": (
            dict(s2_linear="n_out", s2_relu="n_out / 2", s2_xavier="(n_in + n_out) / 2"),
            "That is upside down: the more terms in a sum, the smaller the weights.",
        ),
        "OTHERMEAN": (
            dict(s2_xavier="(1 / n_in + 1 / n_out) / 2"),
            "That is the mean of the two variances. Xavier takes one over the mean of the two *fans*.",
        ),
        "PUTIN": (
            dict(s2_relu="1 / (m * n_out)"),
            "The right idea. For relu you know m: put it in.",
        ),
        "XAVIERMEAN": (
            dict(s2_xavier="1 / (n_in + n_out)", bound="sqrt(3 / (n_in + n_out))"),
            "One over the *mean* of the two fans is wanted, and their mean is (n_in + n_out)/2.",
        ),
        "UNIFORMSTD": (
            dict(bound="sqrt(2 / (n_in + n_out))"),
            "That is the std. A uniform distribution on ±a has the smaller std a/√3.",
        ),
        "RELUHALF": (
            dict(var_dz="v", var_dx="n_out * s**2 * v", s2_relu="1 / n_out"),
            "The slope of the bend is missing, and with it m: where φ′ is 0, nothing gets back.",
        ),
    },
    advice=dict(
        var_dz="∂L/∂z = φ′(z)·∂L/∂h, entry by entry: two mean squares, multiplied.",
        var_dx="Follow one entry of dx: which products is it a sum of, and how many?",
        s2_linear="Set var_dx equal to v for m = 1, and solve for s².",
        s2_relu="Set var_dx equal to v for relu's m, and solve for s².",
        s2_xavier="Forward and backward want one over a fan each. Take the mean of the two fans first.",
        bound="Uniform on ±a has variance a²/3. Set it equal to s2_xavier, and solve for a.",
    ),
    lowest=0.25,
)  # fmt: skip


@exercise(
    minutes=25,
    difficulty=3,
    cases=cases.gradient_cases,
    version=3,
    judge=judge.near(cases.SLACK, lambda: grad_std_per_layer.mistakes, back=True),
    hints=[
        "Run forward first and keep every h and every W in a list. Then draw G = ∂L/∂h of the last "
        "layer, and walk back.",
        "One step back, from layer k+1 to layer k: G times the slope at layer k+1, then @ W.T of layer "
        "k+1. The slope is h > 0 for relu, 1 − h² for tanh, with the h of layer k+1.",
        "G of the last layer is the last entry of the result; fill it from behind, or reverse at the "
        "end. There are `depth` numbers and depth − 1 steps.",
    ],
)
def grad_std_per_layer(kind, act, depth):
    """The std of ∂L/∂h at each of the layers 1, …, depth, of shape (depth,).

    The network of std_per_layer. At the last layer ∂L/∂h is standard normal, of the shape of h,
    drawn from the same rng at the end of the way forward.
    """
    rng = np.random.default_rng(0)
    hs, Ws = [rng.standard_normal((200, 128))], []
    for _ in range(depth):
        Ws.append(init(kind, 128, 128, rng))
        z = hs[-1] @ Ws[-1]
        hs.append(np.maximum(z, 0) if act == "relu" else np.tanh(z))
    G = rng.standard_normal(hs[-1].shape)
    stds = [G.std()]
    for k in range(depth, 1, -1):
        slope = hs[k] > 0 if act == "relu" else 1 - hs[k] ** 2
        G = (G * slope) @ Ws[k - 1].T
        stds.append(G.std())
    return np.array(stds[::-1])


for _code, _why, *_changes in [
    ("TRANSPOSE", "Going back, it is G @ W.T. W is square here, so no shape tells you.", ("Ws[k - 1].T", "Ws[k - 1]")),
    ("ORDER", "The numbers stand in the order of the backward walk. Layer 1 comes first: reverse them.",
     ("np.array(stds[::-1])", "np.array(stds)")),
    ("ONELAYERTOOFAR", "Your numbers belong to the layers 0 to depth − 1. The gradient at the last layer is the one that you "
     "draw: its std comes first, then you step back.",
     ("stds = [G.std()]", "stds = []"), ("range(depth, 1, -1)", "range(depth, 0, -1)")),
    ("NOSLOPE", "The slope of the bend is missing: G times h > 0, or times 1 − h².", ("(G * slope)", "G")),
    ("RELUMASK", "relu: `h >= 0` is always true. Ask h > 0.", ("hs[k] > 0", "hs[k] >= 0")),
    ("ACTIVATIONINPUT", "tanh: the slope is 1 − h², with the square.", ("1 - hs[k] ** 2", "1 - hs[k]")),
    ("ACTIVATIONINPUT", "tanh: h is tanh(z) already. The slope is 1 − h², without another tanh.",
     ("1 - hs[k] ** 2", "1 - np.tanh(hs[k]) ** 2")),
    ("ACTIVATIONINPUT", "tanh: the slope is 1 − h² with h = tanh(z), not 1 − z².",
     ("1 - hs[k] ** 2", "1 - (hs[k - 1] @ Ws[k - 1]) ** 2")),
    ("ONEBEND", "You take relu's slope, h > 0, whatever act says. For \"tanh\" it is 1 − h².",
     ('hs[k] > 0 if act == "relu" else 1 - hs[k] ** 2', "hs[k] > 0")),
    ("NOBEND", "The way forward has no bend: h = act(z).",
     ('np.maximum(z, 0) if act == "relu" else np.tanh(z)', "z")),
    ("FORWARDORDER", "Your weights come in the order of the way forward. Going back, the last layer's come first.",
     ("Ws[k - 1].T", "Ws[depth - k].T")),
    ("PERUNIT", "You average the stds of single units. Asked for is one std over all entries: G.std().",
     ("G.std()", "G.std(axis=0).mean()")),
    ("PERUNIT", "You average the stds of single rows. Asked for is one std over all entries: G.std().",
     ("G.std()", "G.std(axis=1).mean()")),
    ("WRONGLAYER", "The slope is that of the layer *below*. From layer k+1 to layer k the gradient passes the bend of "
     "layer k+1.",
     ("hs[k] > 0", "hs[k - 1] > 0"), ("1 - hs[k] ** 2", "1 - hs[k - 1] ** 2")),
    ("SLOPEAFTER", "First the bend, then the weights: (G * slope) @ W.T. You multiply by the slope afterwards.",
     ("(G * slope) @ Ws[k - 1].T", "(G @ Ws[k - 1].T) * slope")),
    ("PREACT", "You take the std after the slope: that is ∂L/∂z. Asked for is ∂L/∂h, before it.",
     ("stds = [G.std()]", "stds = []"), ("range(depth, 1, -1)", "range(depth, 0, -1)"),
     ("(G * slope) @ Ws[k - 1].T\n        stds.append(G.std())",
      "G * slope\n        stds.append(G.std())\n        G = G @ Ws[k - 1].T")),
    ("PREACT", "From the second number on these are ∂L/∂z, and the last layer's slope is never used. ∂L/∂h of layer k is "
     "(∂L/∂h · slope) of layer k+1, @ W.T.",
     ("slope = hs[k] > 0", "slope = hs[k - 1] > 0"), ("1 - hs[k] ** 2", "1 - hs[k - 1] ** 2"),
     ("(G * slope) @ Ws[k - 1].T", "(G @ Ws[k - 1].T) * slope")),
    ("STDVAR", "These are variances; asked for are stds.", ("G.std()", "G.var()")),
    ("ONESMORE", "∂L/∂h of the last layer is standard normal. With ones, all units get the same gradient.",
     ("rng.standard_normal(hs[-1].shape)", "np.ones(hs[-1].shape)")),
    ("ONEROW", "∂L/∂h of the last layer has the shape of h, (200, 128). Yours is a single row, the same for all samples.",
     ("rng.standard_normal(hs[-1].shape)", "rng.standard_normal(128)")),
]:  # fmt: skip
    grad_std_per_layer.mistake(_code, _why)(rewritten(grad_std_per_layer.reference, *_changes))
