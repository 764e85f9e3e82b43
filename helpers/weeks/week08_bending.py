"""Week 8, sections 7, 8 and 11: hooks, functions of one's own, and a detour around a step."""

from __future__ import annotations

import torch

from helpers.agreement import show
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_graph import walk


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
    ("CLIPSVALUE", "You clip t, a value of the forward pass, and no hook is set. The gradient is asked for, when it arrives: "
     "`t.register_hook`.",
     "t.register_hook(lambda g: g.clamp(-c, c))", "t.clamp(-c, c)"),
    ("NORMCLIPPED", "You shrink the whole gradient where its *norm* is above c, as clip_grad_norm_ does. Here each entry is "
     "clipped by itself: g.clamp(-c, c).",
     "g.clamp(-c, c)", "g * min(1.0, c / g.norm().item())"),
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
        given = []
        y = _noting(cube, given).apply(x)
        if y is None:
            return Wrong("forward gives None: is a `return` missing there?", "NORETURN")
        try:
            (grad,) = torch.autograd.grad(y, x, numbers(*shape, seed=seed + 1))
        except RuntimeError:
            if given:
                return _misfit(given[-1], x) or Wrong(f"backward gives {show(given[-1], 40)}.")
            raise
        return _misfit(given[-1], x) or {"value": y.tolist(), "gradient": grad.tolist()}

    return Case(f"values and gradients, shape {shape}", run)


def _noting(cube: type, given: list) -> type:
    """The same function; what its backward gives is noted."""

    def backward(ctx, *upstream):
        given.append(cube.backward(ctx, *upstream))
        return given[-1]

    return type(cube)(cube.__name__, (cube,), {"backward": staticmethod(backward)})


def _misfit(given: object, x: torch.Tensor) -> Wrong | None:
    """What is wrong with the kind of thing that backward gives."""
    given = given if isinstance(given, tuple) else (given,)
    if len(given) != 1:
        return Wrong(
            "backward must return one gradient for each input of forward, here one; yours returns "
            f"{len(given)}.",
            "FNARITY",
        )
    if given[0] is None:
        return Wrong("backward gives None: is a `return` missing there?", "NORETURN")
    if isinstance(given[0], torch.Tensor) and given[0].shape != x.shape:
        return Wrong(
            f"The gradient that backward gives has the shape {tuple(given[0].shape)}, and x has "
            f"{tuple(x.shape)}: one entry of the gradient for each of x, no sum over them.",
            "FNSHAPE",
        )
    return None


_NODOUBLE = (
    "The first derivative is right, the second is not: what your backward computes with has no history. "
    "Save x itself, `ctx.save_for_backward(x)`, and compute with operations of PyTorch on what "
    "`ctx.saved_tensors` gives; then autograd can differentiate backward, too."
)


def _cube_checks(cube):
    x = numbers(4, seed=6).requires_grad_()
    if not torch.autograd.gradcheck(cube.apply, x, raise_exception=False):
        return {"gradcheck": False}
    if not torch.autograd.gradgradcheck(cube.apply, x, raise_exception=False):
        return Wrong(_NODOUBLE, "NODOUBLE")
    return {"gradcheck": True}


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
    version=2,
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
    ("FNARITY", "backward must return one gradient for each input of forward, here one; yours returns 2.",
     (_BACK, "return grad_output * 3 * x**2, None")),
    ("FNSHAPE", "The gradient that backward gives has another shape than x: one entry of the gradient for each of x, "
     "no sum over them.",
     (_BACK, "return (grad_output * 3 * x**2).sum()")),
    ("NOSAVE", "Keeping x as `ctx.x` works until somebody changes it in place: no version is checked, and the gradient is "
     "silently wrong. save_for_backward checks.",
     ("ctx.save_for_backward(x)", "ctx.x = x"), ("(x,) = ctx.saved_tensors", "x = ctx.x")),
    ("NODOUBLE", _NODOUBLE,
     ("(x,) = ctx.saved_tensors", "x = ctx.saved_tensors[0].detach()")),
    ("SAVEDNEW", "You save a new tensor, made inside forward, where nothing is recorded: it has no history, so that "
     "backward cannot be differentiated again, and a later change of x goes unseen. Save x itself.",
     ("save_for_backward(x)", "save_for_backward(3 * x**2)"), (_BACK, "return grad_output * x")),
    ("SAVEDOUTPUT", "You save x³ and use it as if it were x.",
     ("ctx.save_for_backward(x)\n        return x**3",
      "y = x**3\n        ctx.save_for_backward(y)\n        return y")),
]:  # fmt: skip
    cube.mistake(_code, _why)(rewritten(Cube, *_changes))


# ------------------------------------------------------------------ a detour around a step


def _straight(shape, seed):
    def run(straight_through):
        x = numbers(*shape, seed=seed, spread=2.0).requires_grad_()
        before = x.tolist()
        y = straight_through(x)
        if y is x or x.tolist() != before:
            return Wrong(
                "Your code writes over x: whoever called it still needs those numbers, and `.data` moves no "
                "version counter that could tell. Give a new tensor.",
                "DATAWRITTEN",
            )
        if not y.requires_grad:
            return {"value": y.tolist(), "gradient": "none: the result has no history"}
        (grad,) = torch.autograd.grad(y, x, numbers(*shape, seed=seed + 1), allow_unused=True)
        if grad is not None and not grad.any() and _edges_to(x, y) > 1:
            return Wrong(_CANCELS, "CANCELS")
        value = y.tolist()
        return {"value": value, "gradient": None if grad is None else grad.tolist()}

    return Case(f"x of shape {shape}", run)


_CANCELS = (
    "x stands in it twice, once with +1 and once with −1, and the two slopes cancel. Detach the whole "
    "difference: (round(x) − x)."
)


def _edges_to(x: torch.Tensor, y: torch.Tensor) -> int:
    """How many edges lead to x in the graph of y."""
    parents = [parent for node in walk(y.grad_fn) for parent, _ in node.next_functions]
    return sum(getattr(parent, "variable", None) is x for parent in parents)


@exercise(
    minutes=10,
    difficulty=2,
    cases=[_straight((3,), 31), _straight((2, 3), 33), _straight((3, 3), 35)],
    version=2,
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
    ("CANCELS", _CANCELS, "x + (x.round() - x)"),
    ("DATAWRITTEN", "Your code writes over x: whoever called it still needs those numbers, and `.data` moves no version counter "
     "that could tell. Give a new tensor.",
     "x.data.copy_(x.data.round())"),
    ("NOROUND", "The gradient passes, and the value is not rounded.", "x * 1.0"),
    ("DETACHDATA", "Everything is detached: the result has no history at all.", "x.round().detach()"),
    ("DOUBLED", "The value is off by x: subtract x again, inside the detached part.", "x + x.round().detach()"),
]:  # fmt: skip
    straight_through.mistake(_code, _why)(
        rewritten(straight_through.reference, ("x + (x.round() - x).detach()", _new))
    )
