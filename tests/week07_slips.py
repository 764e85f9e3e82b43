"""Slips of week 7 as learners type them, each with the CODE and the words of its verdict."""

_STACK = """
    def walk(fn):
        order, seen, stack = [], set(), [(fn, False)]
        while stack:
            n, done = stack.pop()
            if done:
                order.append(n)
            elif {new}:
                seen.add({key})
                stack.append((n, True))
                for p, _ in n.next_functions:
                    stack.append((p, False))
        return order[::-1]
    """
_DRIVE = """
    import torch
    from helpers.weeks.week07_graph import walk
    def my_backward(loss):
        arrived, out = {{loss.grad_fn: {one}}}, {{}}
        for n in walk(loss.grad_fn):
            if hasattr(n, "variable"):
                {leaf}
                continue
            pushed = n(arrived[n])
            pushed = pushed if isinstance(pushed, tuple) else (pushed,)
            for (p, i), a in zip(n.next_functions, pushed):
                {none}
                {sum}
                {add}
        return out
    """
_SAVED = """
    import torch
    def saved_bytes(f, x):
        {log}
        def pack(t):
            {note}
            {give}
        {before}
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            {inside}
        return {total}
    """
_LOOP = """
    import torch
    def fix_loop(params, train_loss, test_loss, lr, steps):
        total = 0.0
        for _ in range(steps):
            {clear}
            loss = train_loss()
            loss.backward()
            {between}
            {update}
            {keep}
            {test}
        return {mean}, test
    """


def _walk(new="n is not None and n not in seen", key="n"):
    return _STACK.format(new=new, key=key)


def _drive(**changes):
    lines = dict(
        one="torch.ones_like(loss)",
        leaf="out[n.variable] = arrived[n]",
        none="if p is None: continue",
        sum="a = a.sum_to_size(p._input_metadata[i].shape)",
        add="arrived[p] = arrived.get(p, 0) + a",
    )
    return _DRIVE.format(**lines | changes)


def _saved(**changes):
    lines = dict(
        log="log = {}",
        note="log[t.data_ptr()] = t.nbytes",
        give="return t.detach()",
        before="",
        inside="y = f(x)",
        total="sum(log.values())",
    )
    return _SAVED.format(**lines | changes)


def _loop(**changes):
    lines = dict(
        clear="for p in params: p.grad = None",
        between="",
        update="with torch.no_grad(): [p.sub_(lr * p.grad) for p in params]",
        keep="total += loss.item()",
        test="with torch.no_grad(): test = test_loss().item()",
        mean="total / steps",
    )
    return _LOOP.format(**lines | changes)


SLIPS = {
    "walk": {
        "marked when pushed": (
            """
            def walk(fn):
                order, seen, stack = [], {fn}, [(fn, False)]
                while stack:
                    n, done = stack.pop()
                    if done:
                        order.append(n)
                        continue
                    stack.append((n, True))
                    for p, _ in n.next_functions:
                        if p is not None and p not in seen:
                            seen.add(p)
                            stack.append((p, False))
                return order[::-1]
            """,
            "MARKEDEARLY",
            "when you *push* it",
        ),
        "no question after None": (_walk(new="n not in seen"), "NONEEDGE", "skip it"),
        "no question after None, recursion": (
            """
            def walk(fn):
                out = [fn]
                for p, _ in fn.next_functions:
                    out += [n for n in walk(p) if n not in out]
                return out
            """,
            "ORDER",
            "`AccumulateGrad of y` stands before `AddBackward0`",
        ),
        "visited by name": (
            _walk(new="n is not None and n.name() not in seen", key="n.name()"),
            "SEENBYNAME",
            "not their names",
        ),
        "in preorder": (
            """
            def walk(fn):
                out, stack = [], [fn]
                while stack:
                    n = stack.pop()
                    if n is not None and n not in out:
                        out.append(n)
                        stack += [p for p, _ in n.next_functions]
                return out
            """,
            "ORDER",
            "In (x + y)·y the node of y",
        ),
    },
    "predict_leaf": {
        "all the other way round": (
            """
            from helpers.weeks.week07 import LEAVES
            def predict_leaf():
                return {key: not right for key, (right, _) in LEAVES.items()}
            """,
            None,
            "the other way round",
        )
    },
    "freed_after_backward": {
        "all the other way round": (
            """
            from helpers.weeks.week07 import FREED
            def freed_after_backward():
                return {key: not right for key, (right, _) in FREED.items()}
            """,
            None,
            "the other way round",
        )
    },
    "my_backward": {
        "adds in place": (
            _drive(add="arrived[p] = arrived[p].add_(a) if p in arrived else a"),
            "INPLACESUM",
            "+ hands one tensor to both",
        ),
        "path by path, recursively": (
            """
            import torch
            def my_backward(loss):
                out = {}
                def push(n, g):
                    if hasattr(n, "variable"):
                        out[n.variable] = out.get(n.variable, 0) + g
                        return
                    pushed = n(g)
                    pushed = pushed if isinstance(pushed, tuple) else (pushed,)
                    for (p, i), a in zip(n.next_functions, pushed):
                        if p is not None:
                            push(p, a.sum_to_size(p._input_metadata[i].shape))
                push(loss.grad_fn, torch.ones_like(loss))
                return out
            """,
            "EACHPATH",
            "call each node once",
        ),
        "path by path": (
            """
            import torch
            def my_backward(loss):
                out, stack = {}, [(loss.grad_fn, torch.ones_like(loss))]
                while stack:
                    n, g = stack.pop()
                    if hasattr(n, "variable"):
                        out[n.variable] = g + out[n.variable] if n.variable in out else g
                        continue
                    pushed = n(g)
                    pushed = pushed if isinstance(pushed, tuple) else (pushed,)
                    for (p, i), a in zip(n.next_functions, pushed):
                        if p is not None:
                            stack.append((p, a.sum_to_size(p._input_metadata[i].shape)))
                return out
            """,
            "EACHPATH",
            "call each node once",
        ),
        "overwrites, and sums nothing": (
            _drive(sum="", add="arrived[p] = a"),
            None,
            "a second contribution erases the first",
        ),
        "None is followed": (_drive(none=""), "NONEEDGE", "an edge that leads to None"),
        "None is a key": (_drive(none="", sum=""), "NONEEDGE", "an edge that leads to None"),
        "writes .grad by an assignment": (
            _drive(leaf="out[n.variable] = n.variable.grad = arrived[n]"),
            "WRITESGRAD",
            "so does an assignment",
        ),
        "a one in float32": (_drive(one="torch.tensor(1.0)"), "FLOAT32", "torch.ones_like(loss)"),
        "sums at the leaves only": (
            _drive(sum="", leaf="out[n.variable] = arrived[n].sum_to_size(n.variable.shape)"),
            "UNBROADCAST",
            "Sum it on every edge",
        ),
        "sums the first axis, at leaves": (
            _drive(sum="a = a.sum(0) if hasattr(p, 'variable') and a.dim() > 1 else a"),
            "UNBROADCAST",
            "Sum it on every edge",
        ),
    },
    "saved_bytes": {
        "f(x) before the hooks": (
            _saved(before="y = f(x)", inside="y"),
            "OUTSIDE",
            "*inside* the `with` block",
        ),
        "a set of sizes": (
            _saved(log="log = set()", note="log.add(t.nbytes)", total="sum(log)"),
            "SETOFSIZES",
            "one entry in a set",
        ),
        "ids": (_saved(note="log[id(t)] = t.nbytes"), "IDREUSED", "gets the same number"),
        "equal values are one": (
            _saved(
                log="log = []",
                note="any(torch.equal(t, s) for s in log) or log.append(t.detach())",
                total="sum(t.nbytes for t in log)",
            ),
            "EQUALVALUES",
            "two blocks of memory",
        ),
        "without x": (
            _saved(note="if t.data_ptr() != x.data_ptr(): log[t.data_ptr()] = t.nbytes"),
            "INPUTSKIPPED",
            "You leave out x itself",
        ),
        "pack gives nothing": (_saved(give=""), "PACKNONE", "`return t.detach()`"),
    },
    "fix_loop": {
        "set to zero before the update": (
            _loop(between="[p.grad.zero_() for p in params]"),
            "CLEAREDTOOEARLY",
            "between backward() and the update",
        ),
        "the mean is a tensor": (
            _loop(keep="total += loss.detach()"),
            "TENSOR",
            "The mean training loss is a tensor",
        ),
        "the test loss is a tensor": (
            _loop(test="with torch.no_grad(): test = test_loss()"),
            "TENSOR",
            "The last test loss is a tensor",
        ),
        "a test loss with its graph": (
            _loop(test="test = test_loss()"),
            "EVALNOGRAD",
            "Put it under `torch.no_grad()`",
        ),
        "not divided": (_loop(mean="total"), "SUM", "divide by steps"),
        "tested before the update": (
            _loop(
                between="with torch.no_grad(): test = test_loss().item()",
                test="",
            ),
            "TESTEDEARLY",
            "after the last update",
        ),
        "updated while PyTorch records": (
            _loop(update="[p.sub_(lr * p.grad) for p in params]"),
            "LEAFINPLACE",
            "Put it under `torch.no_grad()`",
        ),
        "uphill": (
            _loop(update="with torch.no_grad(): [p.add_(lr * p.grad) for p in params]"),
            "CLIMBS",
            "You climb",
        ),
        "another name p": (
            _loop(update="for p in params: p = p - lr * p.grad"),
            "REBIND",
            "gives it the name p",
        ),
    },
}

_WANTED = "wanted = Value.recording and any(p.requires_grad for p in self.parents)"
_LEAF = "            super().__init__(data)  # nobody will ask where it came from: a leaf\n"
_NO_GRAD = (
    "        before, Value.recording = Value.recording, False\n        try:\n            yield\n"
    "        finally:\n            Value.recording = before\n"
)
NAIVE = (
    _NO_GRAD,
    "        Value.recording = False\n        yield\n        Value.recording = True\n",
)
ENGINES = {  # two slips at once: changes of the reference, and the words on the first of them
    "the flag is only stored": (
        [(_WANTED, "wanted = False"), (_LEAF, "            pass\n"), NAIVE],
        "as soon as *one* of its parents does",
    ),
    "all for any": (
        [("any(", "all("), NAIVE],
        "`all(…)` of nothing is True",
    ),
    "the history stays": ([(_LEAF, "            pass\n"), NAIVE], "leave it without parents"),
    "constants collect": ([("node.grad = 0.0", "pass"), NAIVE], "set grad back to 0.0"),
    "no_grad without before and finally": ([NAIVE], "Put back what was there before"),
    "a ValueError": ([("raise RuntimeError(", "raise ValueError("), NAIVE], "records again"),
    "a ValueError alone": ([("raise RuntimeError(", "raise ValueError(")], "`raise RuntimeError("),
    "detach cuts self": (
        [("return Value(self.data)", "self.parents = ()\n        return self"), NAIVE],
        "detach() gives the very same node",
    ),
    "detach with its history": (
        [("return Value(self.data)", "return self * 1.0"), NAIVE],
        "`Value(self.data)` is such a leaf",
    ),
    "a leaf raises": (
        [("if not self.requires_grad:\n", "if not self.parents:\n")],
        "not where it has no parents",
    ),
}
