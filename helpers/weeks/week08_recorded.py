"""Week 8, sections 9 and 10: a backward pass that is recorded itself, a forward pass that runs again."""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint

from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_memory import hook_gives_nothing
from helpers.weeks.week08_bending import numbers

# ------------------------------------------------------------------ double backward


def _quartic(x):
    return (x**4).sum() + (x[0] * x[1]) ** 2


def _coupled(x):
    A = numbers(3, 3, seed=11)
    return ((A @ x).tanh() ** 2).sum() + x.prod()


def _table(x):
    return ((x @ x.T) ** 2).sum() + x.exp().sum()


def _chain(x):
    return (x[1:] * x[:-1]).sum() + (x**3).sum()


MOST = 6  # backward passes; H·v takes two, whatever the size, and H itself one for each row


def _hvp_case(label, f, shape, seed):
    def run(hvp):
        x, v = numbers(*shape, seed=seed), numbers(*shape, seed=seed + 1)
        with_graph, passes = [], []

        def watched(x):
            value = f(x)
            with_graph.append(value.requires_grad)
            if x.requires_grad:
                x.register_hook(lambda g: passes.append(None))
            return value

        try:
            got = hvp(watched, x, v)
        except RuntimeError as error:
            said = _why_hvp_fails(str(error), any(with_graph))
            if said:
                return said
            raise
        if x.requires_grad:
            return Wrong(_CHANGESX, "CHANGESX")
        if len(passes) > MOST:
            return Wrong(
                f"Your code runs {len(passes)} backward passes for {x.numel()} numbers: it builds H row by row. "
                "H·v takes two, whatever the size: differentiate g·v.",
                "BUILDSH",
            )
        if isinstance(got, tuple | list) and len(got) == 1:
            return Wrong(_TUPLE, "TUPLE")
        return got.detach().tolist() if isinstance(got, torch.Tensor) else got

    return Case(label, run)


_NOLEAF = (
    "x comes as a plain tensor that requires no grad, so f(x) has no graph to go back through. Begin with a leaf of "
    "your own: `x = x.detach().requires_grad_()`."
)
_CHANGESX = (
    "Your code changes the caller's x: from now on it requires grad. Make a leaf of your own: "
    "`x = x.detach().requires_grad_()`."
)
_TUPLE = "`torch.autograd.grad` gives a tuple, one gradient for each input. Take its entry: `[0]`."
_DOT = "`@` of two vectors is a number; x may be a table. `(g * v).sum()` is right for every shape."


def _why_hvp_fails(said: str, has_graph: bool) -> Wrong | None:
    """What stands behind an error of PyTorch."""
    if "require grad" in said and not has_graph:
        return Wrong(_NOLEAF, "NOLEAF")
    if "cannot be multiplied" in said or "1D tensors expected" in said:
        return Wrong(_DOT, "DOT")
    if "vmap" in said:  # `_coupled` draws its A, which vmap does not do
        return Wrong(
            "Your code computes all rows of H at once (vmap). H·v takes two backward passes and never has "
            "more than vectors in hand: differentiate g·v.",
            "BUILDSH",
        )
    return None


@exercise(
    minutes=15,
    difficulty=2,
    cases=[
        _hvp_case("f = Σx⁴ + (x₀x₁)²", _quartic, (2,), 21),
        _hvp_case("f = Σtanh(Ax)² + Πx", _coupled, (3,), 23),
        _hvp_case("f = Σxᵢxᵢ₊₁ + Σx³, 12 numbers", _chain, (12,), 27),
        _hvp_case("f = Σ(XXᵀ)² + Σexp(X), X (2, 3)", _table, (2, 3), 25),
    ],
    version=2,
    hints=[
        "H·v is the gradient of g·v, where g is the gradient of f and v is a constant.",
        "The first grad must be recorded itself, so that there is something to go back through: create_graph=True.",
        "(g,) = torch.autograd.grad(f(x), x, create_graph=True); then torch.autograd.grad((g * v).sum(), x).",
    ],
)
def hvp(f, x, v):
    """H·v, where H is the Hessian of f at x, without building H; x and v have the same shape."""
    x = x.detach().requires_grad_()
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    (Hv,) = torch.autograd.grad((g * v).sum(), x)
    return Hv


for _code, _why, *_changes in [
    ("NOCREATEGRAPH", "The gradient g has no history: PyTorch records its own backward pass only with create_graph=True.",
     (", create_graph=True", "")),
    ("DIAGONALONLY", "You differentiate Σg and multiply by v afterwards. That weighs the sums of the rows of H. v belongs "
     "into the sum: (g·v).",
     ("(g * v).sum(), x)", "g.sum(), x)"), ("return Hv", "return Hv * v")),
    ("GRADIENTONLY", "g·v is the first derivative along v. One more grad of it gives H·v.",
     ("return Hv", "return g * v")),
    ("FORGOTV", "v has no part in your result: that is H times a vector of ones.", ("(g * v).sum()", "g.sum()")),
    ("NOLEAF", _NOLEAF, ("x = x.detach().requires_grad_()", "pass")),
    ("CHANGESX", _CHANGESX, ("x = x.detach().requires_grad_()", "x.requires_grad_()")),
    ("TUPLE", _TUPLE, ("return Hv", "return (Hv,)")),
    ("DOT", _DOT, ("(g * v).sum()", "g @ v")),
    ("BUILDSH", "Your code builds H, one backward pass for each of its rows. H·v takes two passes, whatever the size: "
     "differentiate g·v.",
     ("(Hv,) = torch.autograd.grad((g * v).sum(), x)",
      "rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in g.flatten()]"),
     ("return Hv", "return sum(row * weight for row, weight in zip(rows, v.flatten()))")),
    ("GRADPILED", "x.grad still holds g from the first pass, and backward adds to it: yours is g + H·v. "
     "`torch.autograd.grad` gives each gradient by itself.",
     ("(g,) = torch.autograd.grad(f(x), x, create_graph=True)", "f(x).backward(create_graph=True)"),
     ("(Hv,) = torch.autograd.grad((g * v).sum(), x)", "(x.grad * v).sum().backward()"),
     ("return Hv", "return x.grad")),
    ("SQUAREDGRAD", "You differentiate g·g. That is 2·H·g; v is asked for.", ("(g * v)", "(g * g)")),
]:  # fmt: skip
    hvp.mistake(_code, _why)(rewritten(hvp.reference, *_changes))


# ------------------------------------------------------------------ checkpoints


def _checkpoint_case(label, f):
    def run(checkpoint_saved):
        results = []

        def watched(x):
            results.append(f(x))
            return results[-1]

        sizes = checkpoint_saved(watched)
        return hook_gives_nothing(results[:]) or sizes

    return Case(label, run)


@exercise(
    minutes=15,
    difficulty=2,
    cases=[
        _checkpoint_case("tanh, sigmoid", lambda x: x.tanh().sigmoid()),
        _checkpoint_case("four operations", lambda x: x.tanh().sigmoid().relu().exp()),
        _checkpoint_case("in float64", lambda x: x.double().tanh().sigmoid().tanh()),
        _checkpoint_case("a narrow layer", lambda x: x[:, :2].tanh().exp().sigmoid()),
    ],
    version=2,
    hints=[
        "torch.autograd.graph.saved_tensors_hooks(pack, unpack) calls pack with each tensor that is saved.",
        "Count t.nbytes in pack. Run f(X) once as it is, and once as checkpoint(f, X, use_reentrant=False).",
        "pack must give a tensor back: return t.detach(). unpack is lambda t: t. Only the forward pass runs.",
    ],
)
def checkpoint_saved(f):
    """(plain, checkpointed): bytes that are saved for backward in f(X), and under a checkpoint.

    X = torch.ones(100, 10, requires_grad=True).
    """
    X = torch.ones(100, 10, requires_grad=True)

    def saved(run):
        sizes = []

        def pack(t):
            sizes.append(t.nbytes)
            return t.detach()

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            run()
        return sum(sizes)

    return saved(lambda: f(X)), saved(lambda: checkpoint(f, X, use_reentrant=False))


for _code, _why, *_changes in [
    ("COUNTSNUMBERS", "You count numbers. A float32 has 4 bytes, a float64 has 8: t.nbytes.",
     ("t.nbytes", "t.nelement()")),
    ("COUNTSTENSORS", "You count tensors; their bytes are asked for.", ("sum(sizes)", "len(sizes)")),
    ("NOCHECKPOINT", "Both figures are without a checkpoint.",
     ("checkpoint(f, X, use_reentrant=False)", "f(X)")),
    ("SWAPPED", "The two figures are in the wrong order: plain first.",
     ("return saved(lambda: f(X)), saved(lambda: checkpoint(f, X, use_reentrant=False))",
      "return saved(lambda: checkpoint(f, X, use_reentrant=False)), saved(lambda: f(X))")),
    ("LOGKEPT", "The second figure contains the first: the log goes on from run to run. Begin a new one for each.",
     ("    def saved(run):\n        sizes = []\n", "    sizes = []\n\n    def saved(run):")),
    ("PACKNONE", "pack gives nothing back, so that a backward pass through this graph would fail. What pack returns is "
     "kept in place of the tensor: `return t.detach()`.",
     ("            return t.detach()\n", "")),
    ("NOGRADX", "X requires no grad in your code, so nothing is saved for it.", (", requires_grad=True", "")),
]:  # fmt: skip
    checkpoint_saved.mistake(_code, _why)(rewritten(checkpoint_saved.reference, *_changes))
