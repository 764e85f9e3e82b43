"""Slips of week 8 as learners type them, each with the CODE and the words of its verdict."""

_CUBE = """
    import torch
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward({save})
            {cube}
        @staticmethod
        def backward(ctx, grad_output):
            x, = ctx.saved_tensors
            {back}
    """
_HVP = """
    import torch
    def hvp(f, x, v):
        {leaf}
        (g,) = torch.autograd.grad(f(x), x, create_graph=True)
        {then}
    """
_SAVED = """
    import torch
    from torch.utils.checkpoint import checkpoint
    def checkpoint_saved(f):
        X = torch.ones(100, 10, requires_grad=True)
        log = []
        def pack(t):
            log.append(t.nbytes)
            {give}
        sizes = []
        for run in (f, lambda x: checkpoint(f, x, use_reentrant=False)):
            {begin}
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                run(X)
            sizes.append(sum(log))
        return sizes
    """


def _cube(save="x", cube="return x ** 3", back="return grad_output * 3 * x ** 2"):
    return _CUBE.format(save=save, cube=cube, back=back)


def _hvp(
    leaf="x = x.clone().requires_grad_()",
    then="return torch.autograd.grad((g * v).sum(), x)[0]",
):
    return _HVP.format(leaf=leaf, then=then)


def _straight(line):
    return f"""
        def straight_through(x):
            {line}
        """


def _clip(line):
    return f"""
        import torch
        def clip_hook(t, c):
            {line}
        """


SLIPS = {
    "name_error": {
        "no branch for a float": (
            """
            def name_error(text):
                codes = {"leaf": "LEAFINPLACE", "inplace": "INPLACE", "second": "BACKWARD2",
                         "grad_fn": "NOGRAPH", "scalar": "NONSCALAR", "None": "REBIND",
                         "numpy": "REWRAP", "incorrect": "FNARITY", "invalid": "FNARITY",
                         "Inference": "DETACHDATA"}
                for words, code in codes.items():
                    if words in text:
                        return code
            """,
            "NOBRANCH",
            "None of your conditions fits this message: \"'float' object",
        ),
        "a code of their own": (
            """
            def name_error(text):
                return "LEAF_INPLACE" if "leaf" in text else "INPLACE"
            """,
            None,
            "It is LEAFINPLACE; you say 'LEAF_INPLACE'",
        ),
    },
    "clip_hook": {
        "clips t itself": (_clip("return t.clamp(-c, c)"), "CLIPSVALUE", "no hook is set"),
        "clips the norm": (
            _clip("return t.register_hook(lambda g: g * (c / g.norm()).clamp(max=1))"),
            "NORMCLIPPED",
            "each entry is clipped by itself",
        ),
    },
    "Cube": {
        "a sum": (
            _cube(back="return (grad_output * 3 * x ** 2).sum()"),
            "FNSHAPE",
            "has another shape than x",
        ),
        "a sum over rows": (
            _cube(back="return (grad_output * 3 * x ** 2).sum(0)"),
            "FNSHAPE",
            "one entry of the gradient for each of x",
        ),
        "a second gradient, None": (
            _cube(back="return grad_output * 3 * x ** 2, None"),
            "FNARITY",
            "yours returns 2",
        ),
        "no return in backward": (
            _cube(back="grad_output * 3 * x ** 2"),
            "NORETURN",
            "backward gives None",
        ),
        "no return in forward": (_cube(cube="x ** 3"), "NORETURN", "forward gives None"),
        "the slope is saved": (
            _cube(save="3 * x ** 2", back="return grad_output * x"),
            "SAVEDNEW",
            "Save x itself",
        ),
        "a copy is saved": (_cube(save="x.clone()"), "SAVEDNEW", "Save x itself"),
        "backward runs without recording": (
            _cube(back="with torch.no_grad(): return grad_output * 3 * x ** 2"),
            "NODOUBLE",
            "the second is not",
        ),
    },
    "hvp": {
        "a plain x": (_hvp(leaf=""), "NOLEAF", "`x = x.detach().requires_grad_()`"),
        "the caller's x": (_hvp(leaf="x.requires_grad_()"), "CHANGESX", "changes the caller's x"),
        "H by functional.hessian": (
            """
            import torch
            def hvp(f, x, v):
                n = x.numel()
                H = torch.autograd.functional.hessian(f, x).reshape(n, n)
                return (H @ v.flatten()).reshape(x.shape)
            """,
            "BUILDSH",
            "H·v takes two",
        ),
        "H by torch.func.hessian": (
            """
            import torch
            def hvp(f, x, v):
                H = torch.func.hessian(f)(x).reshape(x.numel(), -1)
                return (H @ v.flatten()).reshape(x.shape)
            """,
            "BUILDSH",
            "all rows of H at once",
        ),
        "row by row": (
            _hvp(
                then="""
        rows = [torch.autograd.grad(e, x, retain_graph=True)[0].flatten() for e in g.flatten()]
        return (torch.stack(rows) @ v.flatten()).reshape(x.shape)
                """
            ),
            "BUILDSH",
            "H·v takes two",
        ),
        "two backwards, one .grad": (
            """
            import torch
            def hvp(f, x, v):
                x = x.clone().requires_grad_()
                f(x).backward(create_graph=True)
                (x.grad * v).sum().backward()
                return x.grad
            """,
            "GRADPILED",
            "g + H·v",
        ),
        "the tuple": (_hvp(then="return torch.autograd.grad((g * v).sum(), x)"), "TUPLE", "`[0]`"),
        "g @ v": (_hvp(then="return torch.autograd.grad(g @ v, x)[0]"), "DOT", "for every shape"),
        "g.dot(v)": (_hvp(then="return torch.autograd.grad(g.dot(v), x)[0]"), "DOT", "a table"),
    },
    "checkpoint_saved": {
        "the log goes on": (
            _SAVED.format(give="return t.detach()", begin=""),
            "LOGKEPT",
            "contains the first",
        ),
        "pack gives nothing": (
            _SAVED.format(give="", begin="log.clear()"),
            "PACKNONE",
            "`return t.detach()`",
        ),
    },
    "straight_through": {
        "x.data": (_straight("x.data = x.data.round(); return x"), "DATAWRITTEN", "writes over x"),
        "nothing detached": (_straight("return x + (x.round() - x)"), "CANCELS", "+1 and once"),
        "round detached": (
            _straight("return x + (x.round().detach() - x)"),
            "CANCELS",
            "Detach the whole",
        ),
        "round alone": (_straight("return x.round()"), "ARGMAX", "round is flat"),
    },
}

_SAVED_AT = "for value, version in node.saved:"
_FREE = "if node.saved and not retain_graph:"
_RAISE = (
    "                    raise RuntimeError(\n"
    '                        f"a saved value is at version {value.version}; not {version}."\n'
    "                    )\n"
)
_LEAF = '"a leaf that requires grad is being used in an in-place operation."'
ENGINES = {  # changes of the reference, and the words of the verdict
    "no checks, nothing freed": (
        [(_RAISE, "                    pass\n"), (_FREE, "if False:")],
        "`*` saved y at version 0, and y is at version 1 now",
    ),
    "the root is checked alone": (
        [(_SAVED_AT, _SAVED_AT[:-1] + " if node is self else []:"), (_FREE, "if False:")],
        "Look at every node on the way",
    ),
    "one factor is saved": (
        [("[other] * self.requires_grad + ", ""), (_FREE, "if False:")],
        "saves *both* factors",
    ),
    "a ValueError": (
        [(_RAISE, _RAISE.replace("RuntimeError", "ValueError"))],
        "`raise RuntimeError(",
    ),
    "no leaf in the words": ([(_LEAF, '"not here"')], "the word `leaf`"),
    "no version in the words": ([("at version", "at number")], "the word `version`"),
    "the version stays": (
        [("        self.version += 1\n", ""), (_FREE, "if False:")],
        "its version by one",
    ),
    "a sum saves": (
        [
            (
                "    __rmul__ = __mul__\n",
                "    __rmul__ = __mul__\n\n    def __add__(self, other):\n"
                "        return super().__add__(other).save(self, other)\n",
            ),
            ("self.version += 1", "self.version += 1.0"),
        ],
        "`+` saves nothing",
    ),
    "freed at the root": (
        [
            ("if node.saved is None:", 'if vars(self).get("done"):'),
            (_FREE, "self.done = not retain_graph\n            if False:"),
        ],
        "not to the root",
    ),
}
