"""What a graph of PyTorch saves for its backward pass, measured.

A hook sees each tensor that an operation saves and puts a probe in its place; a weak reference to
the probe tells when PyTorch lets go of it. Which operation saved it is found by asking each node
for what it has saved: the hook is called again. `helpers.widgets.memory_meter` shows the result.
"""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, field

from helpers.torch_reader import SAVED_OPERANDS


@dataclass(eq=False)
class Block:
    """One place in memory that the graph holds.

    Attributes
    ----------
    name : str
        The input that lies there, or what it is the result of.
    bytes : int
    yours : bool
        True for an input: it exists without the graph, too.
    probes : set of int
        The saved tensors that lie there.
    holders : list of int
        The operations that saved it, by their place in the forward pass.
    """

    name: str
    bytes: int
    yours: bool
    probes: set[int] = field(default_factory=set)
    holders: list[int] = field(default_factory=list)


class _Probe:
    """Stands in for a saved tensor, so that a weak reference can watch it."""

    def __init__(self, number: int, tensor):
        self.number = number
        self.tensor = tensor


class Probes:
    """All tensors that a forward pass saves, and whether they are still held."""

    def __init__(self):
        self._refs: list[weakref.ref] = []
        self._read: list[int] = []  # numbers of the saved tensors that somebody has looked at

    def watching(self):
        from torch.autograd.graph import saved_tensors_hooks

        return saved_tensors_hooks(self._pack, self._unpack)

    def _pack(self, tensor):
        probe = _Probe(len(self._refs), tensor.detach())
        self._refs.append(weakref.ref(probe))
        return probe

    def _unpack(self, probe):
        self._read.append(probe.number)
        return probe.tensor

    def alive(self) -> set[int]:
        return {k for k, ref in enumerate(self._refs) if ref() is not None}

    def blocks(self, ops: list, leaves: dict) -> list[Block]:
        """The places in memory that these operations hold."""
        found: dict[int, Block] = {}
        own = {leaf.untyped_storage().data_ptr(): name for name, leaf in leaves.items()}
        for k, op in enumerate(ops):
            for name in dir(op):
                if not name.startswith("_saved_") and name != "saved_tensors":
                    continue
                self._read.clear()
                getattr(op, name)  # asks for the saved tensor, so that _unpack is called
                for number in list(self._read):
                    storage = self._refs[number]().tensor.untyped_storage()
                    place = storage.data_ptr()
                    if place not in found:
                        called = own.get(place) or _origin(op, name)
                        found[place] = Block(called, storage.nbytes(), place in own)
                    found[place].probes.add(number)
                    if k not in found[place].holders:
                        found[place].holders.append(k)
        return list(found.values())

    def backward(self, root, ops: list, retain: bool) -> list[tuple[object, set[int]]]:
        """Run backward; each operation in the order of the engine, with what was held after it."""
        seen: list[tuple[object, set[int]]] = []
        hooks = [
            op.register_prehook(lambda *_, op=op: seen.append((op, self.alive()))) for op in ops
        ]
        root.backward(retain_graph=retain)
        for hook in hooks:
            hook.remove()
        after = [alive for _, alive in seen[1:]] + [self.alive()]
        return [(op, alive) for (op, _), alive in zip(seen, after)]


def operations(root) -> list:
    """The operations of a graph, in the order in which they were computed."""
    if getattr(root, "grad_fn", None) is None:
        raise ValueError(
            "The result of f has no grad_fn: no graph was recorded. Give f an input that requires "
            "grad."
        )
    if root.numel() != 1:
        raise ValueError(
            f"The result of f has the shape {tuple(root.shape)}; backward() starts from one number."
        )
    found, todo = {root.grad_fn}, [root.grad_fn]
    while todo:
        for parent, _ in todo.pop().next_functions:
            if parent is not None and parent not in found:
                found.add(parent)
                todo.append(parent)
    ops = [node for node in found if not hasattr(node, "variable")]
    return sorted(ops, key=lambda node: node._sequence_nr())


def _origin(op, name: str) -> str:
    """What a saved tensor is, by the name under which it was saved."""
    inputs = [edge[0] for edge in op.next_functions]
    slot = SAVED_OPERANDS.get(name)
    if slot is not None and -len(inputs) <= slot < len(inputs):
        made_by = inputs[slot]
        if made_by is not None and not hasattr(made_by, "variable"):
            return f"result of {op_name(made_by)}"
    if "result" in name or "output" in name:
        return f"result of {op_name(op)}"
    what = re.sub(r"^_?saved_", "", name)
    return f"{'constant' if slot is not None else what} of {op_name(op)}"


def op_name(node) -> str:
    """`"log_softmax"` for the node LogSoftmaxBackward0."""
    name = re.sub(r"Backward\d*$", "", class_name(node))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def class_name(node) -> str:
    """`"LogSoftmaxBackward0"`, PyTorch's own name of a node."""
    return node.name().rpartition("::")[2]
