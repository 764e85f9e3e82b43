"""How PyTorch's own graph is read: from a tensor's `grad_fn` down to `AccumulateGrad`.

The nodes are PyTorch's; `next_functions` leads from each to its operands. PyTorch does not keep
the values of a graph, only what its backward needs: a value is shown where a leaf, a variable or a
saved tensor still holds it. The backward pass is driven from here: each node is called in turn.
"""

from __future__ import annotations

import math

from helpers.summary import Summary, short
from helpers.watch import Write

SAVED_OPERANDS = {"_saved_self": 0, "_saved_other": 1, "_saved_mat1": 1, "_saved_mat2": -1}


class TorchReader:
    """Reads PyTorch's graph through `next_functions`, and drives its nodes one at a time."""

    engine = "PyTorch"
    epsilon = 2.0**-23

    def __init__(self, root):
        import torch

        self.torch = torch
        if root.grad_fn is None:
            why = (
                "is a leaf, nothing was computed from others to make it"
                if root.requires_grad
                else "has no grad_fn, so PyTorch recorded no graph that leads to it"
            )
            raise ValueError(
                f"This tensor {why}. Create the leaves with requires_grad=True, and pass the "
                "result of the computation itself: not its .data, .detach() or .item()."
            )
        self.root = root
        self.start = root.grad_fn
        self._edges: dict[int, tuple] = {}
        self._held: dict[int, object] = {id(root.grad_fn): root}  # results still in a variable
        self._values: dict[int, object] | None = None

    # ------------------------------------------------------------------ one node

    def edges(self, fn) -> tuple:
        """The edges to the operands that want a gradient: pairs (node, number of its output)."""
        if id(fn) not in self._edges:
            kept = tuple(edge for edge in fn.next_functions if edge[0] is not None)
            self._edges[id(fn)] = (fn, kept)  # holding fn keeps its id valid
        return self._edges[id(fn)][1]

    def parents(self, fn) -> list:
        return [parent for parent, _ in self.edges(fn)]

    def op(self, fn) -> str:
        return "" if hasattr(fn, "variable") else fn.name().rpartition("::")[2]

    def value(self, fn) -> float | Summary | None:
        if hasattr(fn, "variable"):
            return short(fn.variable.detach())
        if self._values is None:
            self._values = dict(self._held)
            for user, _ in list(self._edges.values()):
                self._read_saved(user)
        outputs = fn._input_metadata
        if len(outputs) != 1 or outputs[0] is None:
            return None  # several outputs have no one value
        shape, kept = tuple(outputs[0].shape), self._values.get(id(fn))
        if kept is not None and tuple(kept.shape) == shape:
            return short(kept.detach())
        return Summary(shape, None) if math.prod(shape) != 1 else None

    def _read_saved(self, fn) -> None:
        """Forward values of inner nodes, as far as `fn` saved them for its backward."""
        inputs = [edge[0] for edge in fn.next_functions]
        for name, slot in SAVED_OPERANDS.items():
            kept = self._saved(fn, name)
            if kept is not None and inputs and -len(inputs) <= slot < len(inputs):
                self._values.setdefault(id(inputs[slot]), kept)
        if (kept := self._saved(fn, "_saved_result")) is not None:
            self._values.setdefault(id(fn), kept)

    def _saved(self, fn, name):
        try:
            kept = getattr(fn, name, None)
        except RuntimeError:  # freed by an earlier backward, or changed in place
            return None
        return kept if isinstance(kept, self.torch.Tensor) else None

    def grad(self, fn) -> float | Summary | None:
        grad = fn.variable.grad if hasattr(fn, "variable") else None
        return None if grad is None else short(grad.detach())

    def own_name(self, fn) -> str:
        return ""

    def key(self, fn) -> object:
        return getattr(fn, "variable", fn)

    def key_of_variable(self, value) -> object:
        if not isinstance(value, self.torch.Tensor):
            return None
        if value.grad_fn is None:
            return value
        self._held.setdefault(id(value.grad_fn), value)
        return value.grad_fn

    def array(self, obj) -> None:
        return None  # a variable that holds a tensor is found by its key

    # ------------------------------------------------------------------ its backward pass

    def observe(self, nodes) -> tuple[list[Write], list, float | Summary | None]:
        """Call PyTorch's nodes in reverse topological order, adding up what they return.

        Leaves are not written: `AccumulateGrad` is where the amounts arrive, and is not called.
        Hooks on tensors are not called either.
        """
        if self.root.numel() != 1:
            raise ValueError(
                f"The backward pass starts from one number; this result has the shape "
                f"{tuple(self.root.shape)}. Make one number of it, for example with .sum(): with a "
                "gradient of ones for each entry you would silently get the gradient of that sum."
            )
        index = {id(node.obj): node.index for node in nodes}
        leaves = [node.obj.variable for node in nodes if hasattr(node.obj, "variable")]
        saved = [leaf.grad for leaf in leaves]
        seed = self.torch.ones_like(self.root)
        arrived = {(nodes[-1].index, self.root.output_nr): seed}
        writes: list[Write] = []
        try:
            for leaf in leaves:
                leaf.grad = None  # a node that runs a backward pass inside would add to it
            for node in reversed(nodes):
                if node.parents:
                    self._push(node, index, arrived, writes)
        finally:
            for leaf, grad in zip(leaves, saved):
                leaf.grad = grad
        final: list = [0.0] * len(nodes)
        for (k, _), grad in sorted(arrived.items(), key=lambda item: item[0], reverse=True):
            final[k] = short(grad)
        return writes, final, short(seed)

    def _push(self, node, index, arrived, writes) -> None:
        """Call one node with what has arrived at it, and add what it returns to its operands."""
        outputs = range(len(node.obj._input_metadata))
        upstream = [arrived.get((node.index, i)) for i in outputs]
        came = [grad for grad in upstream if grad is not None]
        if not came:
            return
        one = short(came[0]) if len(came) == 1 else None
        for slot, (edge, grad) in enumerate(zip(self.edges(node.obj), self._call(node, upstream))):
            if grad is None:
                continue
            key = index[id(edge[0])], edge[1]
            grad = self._fitted(grad, edge)
            before = arrived.get(key)
            arrived[key] = grad if before is None else before + grad
            was = 0.0 if before is None else short(before)
            numbers = one, was, short(arrived[key]), short(grad)
            writes.append(Write(key[0], node.index, *numbers, slot=slot))

    def _fitted(self, grad, edge):
        """A gradient in the shape and type of its operand, as PyTorch's engine does it.

        The node of a broadcasting op returns the gradient in the shape of its result.
        """
        meta = edge[0]._input_metadata[edge[1]]
        return grad.sum_to_size(meta.shape).to(meta.dtype)

    def _call(self, node, upstream: list) -> list:
        """What the node returns for the operands that want a gradient, given its upstream."""
        fn = node.obj
        grads = [
            self.torch.zeros(tuple(meta.shape), dtype=meta.dtype, device=meta.device)
            if grad is None and meta is not None
            else grad
            for grad, meta in zip(upstream, fn._input_metadata)
        ]
        try:
            with self.torch.no_grad():
                out = fn(*grads) if callable(fn) else fn.apply(*grads)
        except RuntimeError as error:
            if "second time" not in str(error):
                raise
            raise ValueError(
                f"`{node.label}` ({node.op}) cannot run backward again: an earlier backward() "
                "has freed the values that it saved. Run the forward pass again, or call "
                "backward(retain_graph=True) the first time."
            ) from None
        out = out if isinstance(out, tuple) else (out,)
        wanted = getattr(fn, "needs_input_grad", None)  # of an autograd.Function, for each argument
        if wanted is None:
            wanted = [parent is not None for parent, _ in fn.next_functions]
        return [grad for grad, want in zip(out, wanted) if want]

    def locals_at(self, nodes, node) -> dict[int, float]:
        """The local derivatives of a scalar node: PyTorch's own function, called with 1."""
        metas = node.obj._input_metadata
        if not node.parents or len(metas) != 1 or math.prod(metas[0].shape) != 1:
            return {}
        one = self.torch.ones(tuple(metas[0].shape), dtype=metas[0].dtype, device=metas[0].device)
        grads = self._call(node, [one])
        return {s: g.item() for s, g in enumerate(grads) if g is not None and g.numel() == 1}
