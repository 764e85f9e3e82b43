"""Week 10: backward through BatchNorm and LayerNorm, on paper and as code."""

from __future__ import annotations

import numpy as np
import torch

from helpers.agreement import agree
from helpers.exercise import Case, Wrong, exercise, paper
from helpers.graph import number
from helpers.weeks import week03_judge
from helpers.weeks import week10_cases as cases
from helpers.weeks import week10_rules as rules
from helpers.weeks.rewrite import rewritten

norm_paths = paper(
    "norm_paths",
    "D15 with a pencil: the three paths from one input x to the loss",
    answers=dict(
        dxh="g * gamma",
        dvar="-0.5 * inv**2 * gamma * S2",
        dmu="-inv * gamma * S1",
        dx="dxh * inv + dvar * 2 * xc / N + dmu / N",
    ),
    at=dict(
        xc=0.6, inv=1.25, xh="xc * inv", gamma=1.5, g=-0.8, N=4.0, S1=0.7, S2=-1.1,
    ),
    minutes=25,
    difficulty=3,
    hints=[
        "x̂ = xc·inv. Every sample of the column has the same inv and the same mean, so ∂L/∂σ² and "
        "∂L/∂μ are sums over the batch. S1 = Σ g and S2 = Σ g·x̂ are these sums, without gamma.",
        "inv = (σ² + ε)^(−½) has the slope −½·inv³. dvar = Σ dx̂·xc·(−½·inv³), and xc = x̂/inv, so "
        "one inv goes: −½·inv²·gamma·S2.",
        "The mean moves every x̂ by −inv; its path through σ² is 0, because Σ xc = 0. Then x reaches "
        "L directly (·inv), through σ² (·2·xc/N) and through μ (·1/N): add the three.",
    ],
    mistakes={
        "BNPATHS": (
            dict(dx="dxh * inv"),
            "That is the direct path. x also moves the mean and the variance of its whole column.",
        ),
        "VARPATH": (
            dict(dx="dxh * inv + dmu / N"),
            "The path through the variance is missing: σ² moves by 2·xc/N.",
        ),
        "MEANPATH": (
            dict(dx="dxh * inv + dvar * 2 * xc / N"),
            "The path through the mean is missing: μ moves by 1/N.",
        ),
        "MEANSUM": (
            dict(dx="dxh * inv + dvar * 2 * xc + dmu"),
            "Mean and variance are *means*: one x moves them by 1/N of what you have.",
        ),
        "MUNOTSHARED": (
            dict(dx="dxh * inv + dvar * 2 * xc / N + dmu"),
            "μ is a mean: one x moves it by 1/N. Your last term lacks it.",
        ),
        "SQUARE2": (
            dict(dx="dxh * inv + dvar * xc / N + dmu / N"),
            "σ² is the mean of (x − μ)², and a square has the slope 2·xc: the 2 is missing.",
        ),
        "BIASEDVAR": (
            dict(dx="dxh * inv + dvar * 2 * xc / (N - 1) + dmu / N"),
            "This variance divides by N, not by N − 1.",
        ),
        "DIVIDEDEARLY": (
            dict(dmu="-inv * gamma * S1 / N", dvar="-0.5 * inv**2 * gamma * S2 / N"),
            "All samples contribute, and their contributions *add up*. The 1/N comes one line later, "
            "where x moves μ and σ².",
        ),
        "NOGAMMA": (
            dict(dxh="g", dvar="-0.5 * inv**2 * S2", dmu="-inv * S1"),
            "y = gamma·x̂ + beta: on the way back everything behind y has the factor gamma.",
        ),
        "SIGN": (
            dict(dmu="inv * gamma * S1", dvar="0.5 * inv**2 * gamma * S2"),
            "A larger mean makes x̂ smaller, and so does a larger variance: a minus.",
        ),
        "ONESAMPLE": (
            dict(dmu="-inv * dxh", dvar="-0.5 * inv**2 * dxh * xh"),
            "That is what this one sample contributes. μ and σ² are shared by the whole column: "
            "sum over the batch, which S1 and S2 have done.",
        ),
        "INVCUBE": (
            dict(dvar="-0.5 * inv**3 * gamma * S2"),
            "inv³ belongs to Σ g·xc. S2 has x̂ = xc·inv in it, so one inv is used up.",
        ),
    },
)  # fmt: skip


def _along(axis: int):
    """A judge of `(dX, dgamma, dbeta)`, where mean and variance are taken along this axis.

    A dX that is made of the right three paths in other shares, or of means along the other axis, is
    told so.
    """
    plain = week03_judge.arrays("dX", "dgamma", "dbeta", sizes=cases.norm_sizes)

    def judge(case: Case, expected, got) -> Wrong | str | None:
        said = plain(case, expected, got)
        if not isinstance(said, Wrong) or said.code or agree(expected[0], got[0]):
            return said
        dX = np.asarray(got[0], dtype=float)
        about = _about_paths(case, dX, axis) if dX.shape == tuple(expected[0].shape) else None
        return Wrong(f"`dX` has the right parts, but {about}", "BNPATHS") if about else said

    return judge


def _about_paths(case: Case, dX: np.ndarray, axis: int) -> str | None:
    """Which of the three paths of dX is wrong, and how; None if it is not made of them."""
    X, gamma, G = case.args
    inv = (X.var(axis, correction=0, keepdim=True) + 1e-5) ** -0.5
    Xh, dXh = (X - X.mean(axis, keepdim=True)) * inv, G * gamma
    parts = [inv * dXh]
    for along in (axis, 1 - axis):
        parts.append(-inv * dXh.mean(along, keepdim=True).expand(X.shape))
        parts.append(-inv * Xh * (dXh * Xh).mean(along, keepdim=True))
    parts.append(-inv * Xh * dXh * Xh / X.shape[axis])
    made_of = torch.stack([part.flatten() for part in parts], dim=1).numpy()
    shares, _, rank, _ = np.linalg.lstsq(made_of, dX.ravel())
    close = np.allclose(made_of @ shares, dX.ravel(), rtol=0, atol=1e-9 * np.abs(dX).max())
    if rank < len(parts) or not close or np.ptp(shares[:3]) < 1e-6:
        return None
    n = X.shape[axis]
    own = "of each entry stands alone: the mean over all that share it belongs there."
    if np.allclose(shares, (1 - 1 / n, 0, 1, 0, 0, 0)):
        return f"in the path through the mean the dX̂ {own}"
    if np.allclose(shares, (1, 1, 0, 0, 0, 1)):
        return f"in the path through the variance the dX̂·X̂ {own}"
    if abs(shares[5]) > 1e-6:
        return None
    said = []
    paths = ("the direct path", "the path through the mean", "the path through the variance")
    for path, share, other in zip(paths, shares, (0.0, *shares[3:5])):
        if abs(other) > 1e-6:
            said.append(f"the mean in {path} runs along the other axis: here it is dim={axis}.")
        elif abs(share - 1) > 1e-6:
            said.append(f"{path} {_share(share, n)}")
    return " And ".join(said) or None


def _share(share: float, n: int) -> str:
    if abs(share) < 1e-6:
        return "is missing."
    if abs(share + 1) < 1e-6:
        return "has the wrong sign."
    why = ": a sum stands where a mean belongs." if abs(share - n) < 1e-6 else "."
    return f"is {number(float(f'{share:.6g}'))} times the right one{why}"


batchnorm_backward = exercise(
    minutes=30,
    difficulty=3,
    cases=cases.norm_cases,
    judge=_along(0),
    hints=[
        "dgamma and dbeta first: gamma and beta are copied to every row, so sum over the rows, of "
        "G·X̂ and of G.",
        "X.var(dim=0, correction=0) divides by N. inv = 1/torch.sqrt(that + 1e-5).",
        "Your pencil line with sums for S1 and S2: dX = inv·(dX̂ − mean(dX̂) − X̂·mean(dX̂·X̂)), where "
        "dX̂ = G·gamma and the means run over the batch.",
    ],
)(rules.batchnorm_backward)

_DX = "inv * (dXh - dXh.mean(dim=0) - Xh * (dXh * Xh).mean(dim=0))"
for _code, _why, *_changes in [
    ("BNPATHS", "dX has the direct path alone. Mean and variance depend on X, too. A sign of it: the "
     "columns of your dX do not sum to 0.",
     (_DX, "inv * dXh")),
    ("BNPATHS", "dX lacks the path through the variance: − X̂·mean(dX̂·X̂).",
     (_DX, "inv * (dXh - dXh.mean(dim=0))")),
    ("BNPATHS", "dX lacks the path through the mean: − mean(dX̂). A sign of it: the columns of your dX do "
     "not sum to 0.",
     (_DX, "inv * (dXh - Xh * (dXh * Xh).mean(dim=0))")),
    ("BIASEDVAR", "Your variance divides by N − 1, torch's default. BatchNorm divides by N: "
     "correction=0.",
     (", correction=0", "")),
    ("NOGAMMA", "dX lacks the factor gamma: dX̂ = G·gamma.", ("dXh = G * gamma", "dXh = G * 1.0")),
    ("MEANSUM", "dX subtracts *sums* where means belong: each X moves mean and variance by 1/N.",
     (_DX, "inv * (dXh - dXh.sum(dim=0) - Xh * (dXh * Xh).sum(dim=0))")),
    ("RAWX", "X stands where X̂ belongs, in dX and in dgamma.",
     (" - Xh * (dXh * Xh)", " - X * (dXh * X)"), ("(G * Xh)", "(G * X)")),
    ("NORMAXIS", "That is LayerNorm: it normalizes the rows. BatchNorm normalizes each *column*: mean and "
     "variance over dim=0.",
     ("X.var(dim=0", "X.var(keepdim=True, dim=1"), ("X.mean(dim=0)", "X.mean(dim=1, keepdim=True)"),
     ("dXh.mean(dim=0)", "dXh.mean(dim=1, keepdim=True)"),
     ("(dXh * Xh).mean(dim=0)", "(dXh * Xh).mean(dim=1, keepdim=True)")),
    ("NORMAXIS", "X̂ is LayerNorm's: mean and variance of the rows. BatchNorm takes those of each *column*: "
     "dim=0.",
     ("X.var(dim=0", "X.var(keepdim=True, dim=1"), ("X.mean(dim=0)", "X.mean(dim=1, keepdim=True)")),
]:  # fmt: skip
    batchnorm_backward.mistake(_code, _why)(rewritten(rules.batchnorm_backward, *_changes))

layernorm_backward = exercise(
    minutes=15,
    difficulty=2,
    cases=cases.norm_cases,
    judge=_along(1),
    hints=[
        "The same formula along the other axis, for dX. But along which axis are gamma and beta "
        "copied?",
        "Means of dX̂ and of dX̂·X̂ over dim=1, with keepdim=True so that they stay columns.",
        "gamma has one entry for each *feature*, shared by all rows: dgamma and dbeta still sum over "
        "dim=0.",
    ],
)(rules.layernorm_backward)

_LX = "inv * (dXh - about_mean - Xh * about_spread)"
for _code, _why, *_changes in [
    ("NORMAXIS", "That is BatchNorm: it normalizes the columns. LayerNorm normalizes each *row*: mean "
     "and variance over dim=1.",
     ("dim=1", "dim=0")),
    ("BNPATHS", "dX has the direct path alone. Mean and variance of a row depend on X, too. A sign of "
     "it: the rows of your dX do not sum to 0.",
     (_LX, "inv * dXh")),
    ("BNPATHS", "dX lacks the path through the variance: − X̂·mean(dX̂·X̂).",
     (_LX, "inv * (dXh - about_mean)")),
    ("BNPATHS", "dX lacks the path through the mean: − mean(dX̂). A sign of it: the rows of your dX do "
     "not sum to 0.",
     (_LX, "inv * (dXh - Xh * about_spread)")),
    ("BIASEDVAR", "Your variance divides by D − 1, torch's default. LayerNorm divides by D: "
     "correction=0.",
     (", correction=0", "")),
    ("NORMAXIS", "Mean and variance are those of the whole X, one number each. Every *row* has its own: "
     "dim=1, keepdim=True.",
     ("X.var(dim=1, correction=0, keepdim=True)", "X.var(correction=0)"),
     ("X.mean(dim=1, keepdim=True)", "X.mean()")),
    ("NORMAXIS", "In dX the means are those of the whole X. Every *row* has its own: dim=1, keepdim=True.",
     ("dXh.mean(dim=1, keepdim=True)", "dXh.mean()"),
     ("(dXh * Xh).mean(dim=1, keepdim=True)", "(dXh * Xh).mean()")),
    ("MEANSUM", "You divide by len(X), the number of rows. A row has X.shape[1] entries, and their mean is "
     "meant.",
     ("dXh.mean(dim=1, keepdim=True)", "dXh.sum(dim=1, keepdim=True) / len(X)"),
     ("(dXh * Xh).mean(dim=1, keepdim=True)", "(dXh * Xh).sum(dim=1, keepdim=True) / len(X)")),
    ("NOGAMMA", "dX lacks the factor gamma, and it belongs *inside* the means: dX̂ = G·gamma.",
     ("dXh = G * gamma", "dXh = G * 1.0")),
    ("GAMMAOUTSIDE", "gamma is multiplied at the end. It differs from feature to feature, so it belongs "
     "into dX̂ = G·gamma, before the means over the row.",
     ("dXh = G * gamma", "dXh = G * 1.0"), (_LX, f"gamma * {_LX}")),
    ("KEEPDIM", "Means over dim=1 have the shape (N,) and line up with the *columns*. `keepdim=True` keeps "
     "them columns; for a square X no error tells you.",
     (", keepdim=True", "")),
    ("DBAXIS", "dgamma and dbeta are summed over the features. gamma is shared by the *rows*: sum over "
     "dim=0.",
     ("(G * Xh).sum(dim=0), G.sum(dim=0)", "(G * Xh).sum(dim=1), G.sum(dim=1)")),
]:  # fmt: skip
    layernorm_backward.mistake(_code, _why)(rewritten(rules.layernorm_backward, *_changes))

for _code, _why, *_changes in [
    ("NOEPS", "The 1e-5 under the root is missing. Where the variance is near it, that shows.",
     (" + 1e-5", "")),
    ("NOEPS", "The 1e-5 stands beside the root. It belongs under it, with the variance.",
     (" + 1e-5)", ".sqrt() + 1e-5)"), ("torch.sqrt(", "(")),
    ("NOEPS", "The number under the root is another one: 1e-5.", (" + 1e-5", " + 1e-8")),
    ("BIASEDVAR", "X.std divides by one less, and the 1e-5 is not under its root: X̂ has 1/√(σ² + 1e-5), where σ² "
     "is X.var(…, correction=0).",
     ("torch.sqrt(X.var(", "(X.std("), (", correction=0", ""), (" + 1e-5", "")),
    ("BIASEDVAR", "X.std divides by one less, and the 1e-5 belongs under the root, not beside it.",
     ("torch.sqrt(X.var(", "(X.std("), (", correction=0", "")),
    ("NOINV", "dX lacks the factor inv in front.", ("dX = inv * (", "dX = 1.0 * (")),
    ("RAWX", "dgamma is made of X. gamma is multiplied with X̂, so that is in its gradient.",
     ("(G * Xh)", "(G * X)")),
    ("GAMMATWICE", "dgamma is made of dX̂, which has gamma in it already. Take G, the gradient of "
     "Y = gamma·X̂ + beta itself.",
     ("(G * Xh)", "(dXh * Xh)")),
    ("GAMMATWICE", "In dX gamma stands twice: in front, and in dX̂ = G·gamma.",
     ("dX = inv * (", "dX = gamma * inv * (")),
    ("GAMMATWICE", "dbeta is made of dX̂, which has gamma in it. beta is added to Y: sum G.",
     ("G.sum(dim=0)", "dXh.sum(dim=0)")),
    ("MEANSUM", "dgamma and dbeta are means over the batch. gamma and beta are copied to every row, and "
     "copies *sum* on the way back.",
     ("(G * Xh).sum(dim=0), G.sum(dim=0)", "(G * Xh).mean(dim=0), G.mean(dim=0)")),
]:  # fmt: skip
    for _task in (batchnorm_backward, layernorm_backward):
        _task.mistake(_code, _why)(rewritten(_task.reference, *_changes))
