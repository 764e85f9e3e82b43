"""Week 8, sections 7 to 11: hooks, functions of one's own, double backward, checkpoints, detours."""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint

from helpers.exercise import Case, exercise
from helpers.weeks.rewrite import rewritten


def numbers(*shape: int, seed: int = 0, spread: float = 1.0) -> torch.Tensor:
    """Seeded float64 numbers, away from half-integers and zero."""
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=made, dtype=torch.float64) * spread
    return x.round(decimals=1) + 0.03


def _first_line(action) -> str:
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return "no error"


# ------------------------------------------------------------------ hooks


def _clipped(shape, c, seed):
    def run(clip_hook):
        x = numbers(*shape, seed=seed).requires_grad_()
        s = x * 3.0
        t = x * 2.0  # made later, so its node runs first
        value = t.detach().clone()
        handle = clip_hook(t, c)
        out = t + s  # + hands the same gradient to both
        upstream = 3.0 * numbers(*shape, seed=seed + 1)
        (grad,) = torch.autograd.grad(out, x, upstream.clone(), retain_graph=True)
        facts = {"gradient of x": grad.tolist(), "t is unchanged": bool((t == value).all())}
        facts["remove() of what is returned"] = _first_line(lambda: handle.remove())
        (grad,) = torch.autograd.grad(out, x, upstream.clone())
        return facts | {"gradient of x after remove()": grad.tolist()}

    return Case(f"t = 2x, L = t + 3x, x of shape {shape}, c = {c}", run)


@exercise(
    minutes=10,
    difficulty=1,
    cases=[_clipped((3,), 1.0, 1), _clipped((2, 3), 0.5, 3), _clipped((3, 3), 2.0, 5)],
    hints=[
        "t.register_hook(function) calls the function with ∂L/∂t when it has arrived. What the function returns "
        "takes its place.",
        "Return a new tensor; the gradient that you are given may belong to others, too.",
        "return t.register_hook(lambda g: g.clamp(-c, c))",
    ],
)
def clip_hook(t, c):
    """From now on each entry of ∂L/∂t is clipped to [−c, c]; returns the handle of the hook."""
    return t.register_hook(lambda g: g.clamp(-c, c))


for _code, _why, _old, _new in [
    ("HOOKINPLACE", "Your hook changes the gradient in place. + gives the *same* tensor to both operands, so the "
     "other one is clipped as well. Return a new tensor: g.clamp(…), without the underscore.",
     "g.clamp(", "g.clamp_("),
    ("HOOKRETURNSNONE", "Your hook returns None, which means: leave the gradient as it is.",
     "lambda g: g.clamp(-c, c)", "lambda g: (g.clamp(-c, c), None)[1]"),
    ("ONESIDED", "Negative entries pass unclipped. Both sides: from −c to c.", "clamp(-c, c)", "clamp(max=c)"),
    ("NOHANDLE", "The hook works, and nobody can remove it again: return what register_hook gives.",
     "return t.register_hook", "t.register_hook"),
    ("CLIPSVALUE", "You clip t, the value of the forward pass. The gradient is asked for.",
     "return t.register_hook(lambda g: g.clamp(-c, c))",
     "t.data.clamp_(-c, c)\n    return t.register_hook(lambda g: g)"),
    ("SCALED", "You multiply the gradient by c. Only what is beyond ±c changes.", "g.clamp(-c, c)", "g * c"),
]:  # fmt: skip
    clip_hook.mistake(_code, _why)(rewritten(clip_hook.reference, (_old, _new)))


# ------------------------------------------------------------------ a function of one's own


class Cube(torch.autograd.Function):
    """x³, with a backward pass of its own."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2


def _cube_gradient(shape, seed):
    def run(cube):
        x = numbers(*shape, seed=seed).requires_grad_()
        y = cube.apply(x)
        (grad,) = torch.autograd.grad(y, x, numbers(*shape, seed=seed + 1))
        return {"value": y.tolist(), "gradient": grad.tolist()}

    return Case(f"values and gradients, shape {shape}", run)


def _cube_checks(cube):
    x = numbers(4, seed=6).requires_grad_()
    return {
        "gradcheck": torch.autograd.gradcheck(cube.apply, x, raise_exception=False),
        "gradgradcheck": torch.autograd.gradgradcheck(cube.apply, x, raise_exception=False),
    }


def _cube_changed(cube):
    x = numbers(3, seed=7).requires_grad_()
    u = x * 2.0
    y = cube.apply(u)
    u.add_(1.0)
    said = _first_line(lambda: y.sum().backward())
    return {"error after u.add_(1)": "modified by an inplace" in said}


cube = exercise(
    minutes=15,
    difficulty=2,
    cases=[
        _cube_gradient((3,), 1),
        _cube_gradient((2, 3), 3),
        Case("gradcheck and gradgradcheck", _cube_checks),
        Case("u is changed after Cube.apply(u)", _cube_changed),
    ],
    required=("forward", "backward"),
    hints=[
        "forward computes and saves; backward takes the upstream gradient and gives upstream · local.",
        "ctx.save_for_backward(x) keeps a tensor with its version; in backward `(x,) = ctx.saved_tensors`.",
        "return grad_output * 3 * x**2, with operations of PyTorch, so that backward has a gradient, too.",
    ],
)(Cube)

_BACK = "return grad_output * 3 * x**2"
for _code, _why, *_changes in [
    ("NOUPSTREAM", "That is the local derivative alone. Times the upstream gradient.",
     (_BACK, "return 3 * x**2 + 0 * grad_output")),
    ("POWERRULE", "The derivative of x³ is 3x²: the factor 3 is missing.", (_BACK, "return grad_output * x**2")),
    ("FNARITY", "backward must return one gradient for each input of forward, here one; yours returns two.",
     (_BACK, "return grad_output * 3 * x**2, grad_output")),
    ("NOSAVE", "Keeping x as `ctx.x` works until somebody changes it in place: no version is checked, and the gradient is "
     "silently wrong. save_for_backward checks.",
     ("ctx.save_for_backward(x)", "ctx.x = x"), ("(x,) = ctx.saved_tensors", "x = ctx.x")),
    ("NODOUBLE", "The first derivative is right, the second is not: your backward cuts x off from its history. With "
     "operations of PyTorch on the saved tensor itself, autograd can differentiate backward.",
     ("(x,) = ctx.saved_tensors", "x = ctx.saved_tensors[0].detach()")),
    ("SAVEDOUTPUT", "You save x³ and use it as if it were x.",
     ("ctx.save_for_backward(x)\n        return x**3",
      "y = x**3\n        ctx.save_for_backward(y)\n        return y")),
]:  # fmt: skip
    cube.mistake(_code, _why)(rewritten(Cube, *_changes))


# ------------------------------------------------------------------ double backward


def _quartic(x):
    return (x**4).sum() + (x[0] * x[1]) ** 2


def _coupled(x):
    A = numbers(3, 3, seed=11)
    return ((A @ x).tanh() ** 2).sum() + x.prod()


def _table(x):
    return ((x @ x.T) ** 2).sum() + x.exp().sum()


def _hvp_case(label, f, shape, seed):
    def run(hvp):
        x, v = numbers(*shape, seed=seed), numbers(*shape, seed=seed + 1)
        got = hvp(f, x, v)
        return got.detach().tolist() if isinstance(got, torch.Tensor) else got

    return Case(label, run)


@exercise(
    minutes=15,
    difficulty=2,
    cases=[
        _hvp_case("f = Σx⁴ + (x₀x₁)²", _quartic, (2,), 21),
        _hvp_case("f = Σtanh(Ax)² + Πx", _coupled, (3,), 23),
        _hvp_case("f = Σ(XXᵀ)² + Σexp(X), X (2, 3)", _table, (2, 3), 25),
    ],
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
    ("SQUAREDGRAD", "You differentiate g·g. That is 2·H·g; v is asked for.", ("(g * v)", "(g * g)")),
]:  # fmt: skip
    hvp.mistake(_code, _why)(rewritten(hvp.reference, *_changes))


# ------------------------------------------------------------------ checkpoints


@exercise(
    minutes=15,
    difficulty=2,
    cases=[
        Case("tanh, sigmoid", lambda g: g(lambda x: x.tanh().sigmoid())),
        Case("four operations", lambda g: g(lambda x: x.tanh().sigmoid().relu().exp())),
        Case("in float64", lambda g: g(lambda x: x.double().tanh().sigmoid().tanh())),
        Case("a narrow layer", lambda g: g(lambda x: x[:, :2].tanh().exp().sigmoid())),
    ],
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
    ("NOGRADX", "X requires no grad in your code, so nothing is saved for it.", (", requires_grad=True", "")),
]:  # fmt: skip
    checkpoint_saved.mistake(_code, _why)(rewritten(checkpoint_saved.reference, *_changes))


# ------------------------------------------------------------------ a detour around a step


def _straight(shape, seed):
    def run(straight_through):
        x = numbers(*shape, seed=seed, spread=2.0).requires_grad_()
        y = straight_through(x)
        if not y.requires_grad:
            return {"value": y.tolist(), "gradient": "none: the result has no history"}
        (grad,) = torch.autograd.grad(y, x, numbers(*shape, seed=seed + 1), allow_unused=True)
        value = y.tolist()
        return {"value": value, "gradient": None if grad is None else grad.tolist()}

    return Case(f"x of shape {shape}", run)


@exercise(
    minutes=10,
    difficulty=2,
    cases=[_straight((3,), 31), _straight((2, 3), 33), _straight((3, 3), 35)],
    hints=[
        "Forward round(x), backward as if nothing had been done. What may you add to x that changes the value and "
        "has no gradient?",
        "The difference round(x) − x, detached: a constant for autograd.",
        "return x + (x.round() - x).detach()",
    ],
)
def straight_through(x):
    """round(x) on the way forward; on the way back the gradient passes as through x."""
    return x + (x.round() - x).detach()


for _code, _why, _new in [
    ("ARGMAX", "round is flat between its steps: its gradient is 0 everywhere, and nothing is learned. Like argmax.",
     "x.round()"),
    ("NOROUND", "The gradient passes, and the value is not rounded.", "x * 1.0"),
    ("DETACHDATA", "Everything is detached: the result has no history at all.", "x.round().detach()"),
    ("DOUBLED", "The value is off by x: subtract x again, inside the detached part.", "x + x.round().detach()"),
]:  # fmt: skip
    straight_through.mistake(_code, _why)(
        rewritten(straight_through.reference, ("x + (x.round() - x).detach()", _new))
    )
