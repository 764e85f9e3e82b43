"""`Versions(pow=..., exp=...)`: small PyTorch programs, line by line, with each tensor's counter.

Everything shown is read from PyTorch after each line: `_version` of the tensors that have a name,
and what their `grad_fn` nodes have saved. Whether a saved tensor is still good is found by asking
for it: PyTorch answers with the tensor, or with the error that backward would raise.
"""

from __future__ import annotations

import ast
from dataclasses import asdict, dataclass, field

from helpers.widgets.front import FrontWidget


@dataclass
class Step:
    """What is there after one line of a program."""

    line: int  # the line that has run; 0 before the first
    words: str
    error: str = ""
    tensors: list[dict] = field(default_factory=list)
    saved: list[dict] = field(default_factory=list)


class Versions(FrontWidget):
    """Step through programs, and see version counters beside what the graph has saved.

    Parameters
    ----------
    **programs : str
        PyTorch code by label, a statement a line; `torch` is there. A program ends at its first
        error.

    Attributes
    ----------
    runs : dict of str to list of Step
        What was measured, by label.

    Raises
    ------
    ValueError
        If there is no program, or one of them is not Python.

    Examples
    --------
    >>> code = "x = torch.ones(2, requires_grad=True); y = x.exp(); y.add_(1); y.sum().backward()"
    >>> Versions(exp=code).runs["exp"][3].saved
    [{'holder': 'ExpBackward0', 'tensor': 'y', 'at': 0, 'now': 1, 'state': 'changed'}]
    """

    scripts = ("page.js", "versions.js")
    styles = ("widget.css", "versions.css")

    def __init__(self, **programs: str):
        if not programs:
            raise ValueError('Versions needs a program, as in Versions(exp="x = torch.ones(2)").')
        self.runs = {label: _Run(code).steps for label, code in programs.items()}
        variants = [
            {"label": label, "lines": _lines(code), "steps": [asdict(s) for s in self.runs[label]]}
            for label, code in programs.items()
        ]
        super().__init__(data={"variants": variants}, state={"variant": 0, "step": 0})

    @property
    def text(self) -> str:
        parts = []
        for variant in self.data["variants"]:
            parts.append(f"{variant['label']}:")
            for step in variant["steps"][1:]:
                parts.append(f"  {variant['lines'][step['line'] - 1]:40}  {step['words']}")
                parts += [f"    ✗ {step['error']}"] if step["error"] else []
        return "\n".join(parts)


def _lines(code: str) -> list[str]:
    try:
        return [ast.unparse(statement) for statement in ast.parse(code).body]
    except SyntaxError as error:
        raise ValueError(f"This program is not Python: {error}") from None


class _Run:
    """One program, run line by line in names of its own."""

    def __init__(self, code: str):
        import torch

        self._torch, self._names = torch, {"torch": torch}
        self._held: dict = {}  # (node, attribute) -> its row
        self._known: dict[str, int] = {}  # version of each tensor after the line before
        self._grads: dict[str, list] = {}
        self.steps = [Step(0, "Nothing has run yet.")]
        for number, line in enumerate(_lines(code), start=1):
            error = self._run(line)
            self.steps.append(self._look(number, error))
            if error:
                break

    def _run(self, line: str) -> str:
        try:
            exec(line, self._names)
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return ""

    def _look(self, number: int, error: str) -> Step:
        tensors = {n: t for n, t in self._names.items() if isinstance(t, self._torch.Tensor)}
        words = self._about_versions(tensors)
        words += self._about_saved(tensors)
        for name, t in tensors.items():
            if t.is_leaf and t.grad is not None and t.grad.tolist() != self._grads.get(name):
                self._grads[name] = t.grad.tolist()
                entries = ", ".join(f"{x:.4g}" for x in t.grad.flatten().tolist())
                words.append(f"{name}.grad = [{entries}].")
        if error:
            words.append("PyTorch refuses.")
        rows = [
            {"name": name, "made": t.grad_fn.name() if t.grad_fn else "leaf", "version": t._version}
            for name, t in tensors.items()
        ]
        saved = [dict(row) for row in self._held.values()]
        return Step(number, " ".join(words) or "No counter moves.", error, rows, saved)

    def _about_versions(self, tensors: dict) -> list[str]:
        words = []
        for name, t in tensors.items():
            before = self._known.get(name)
            if before is None:
                words.append(f"{name} is new, at version {t._version}.")
            elif t._version != before:
                words.append(f"{name} was changed in place: version {before} → {t._version}.")
            self._known[name] = t._version
        return words

    def _about_saved(self, tensors: dict) -> list[str]:
        words, freed = [], False
        for node in self._nodes(tensors):
            for attribute in dir(node):
                if attribute.startswith("_saved_") and (node, attribute) not in self._held:
                    row = self._row(node, attribute, tensors)
                    if row:
                        self._held[node, attribute] = row
                        words.append(
                            f"{row['holder']} keeps {row['tensor']}, at version {row['at']}."
                        )
        for (node, attribute), row in self._held.items():
            before, row["state"] = row["state"], _state(node, attribute)
            freed = freed or (row["state"] == "freed" != before)
            if row["tensor"] in tensors:
                row["now"] = tensors[row["tensor"]]._version
        return words + ["The saved values are freed."] * freed

    def _nodes(self, tensors: dict) -> list:
        found, stack = [], [t.grad_fn for t in tensors.values()]
        while stack:
            node = stack.pop(0)
            if node is not None and node not in found:
                found.append(node)
                stack += [parent for parent, _ in node.next_functions]
        return found

    def _row(self, node, attribute: str, tensors: dict) -> dict | None:
        """What a node has saved under an attribute, if it is a tensor that has a name."""
        try:
            value = getattr(node, attribute)
        except RuntimeError:  # freed already, or changed: it had no name when it was saved
            return None
        if not isinstance(value, self._torch.Tensor):
            return None
        for name, t in tensors.items():
            if t.data_ptr() == value.data_ptr():
                at = value._version
                return {"holder": node.name(), "tensor": name, "at": at, "now": at, "state": "same"}
        return None


def _state(node, attribute: str) -> str:
    """ "same", "changed" or "freed", as PyTorch says when it is asked for a saved value."""
    try:
        getattr(node, attribute)
    except RuntimeError as error:
        return "changed" if "modified by an inplace" in str(error) else "freed"
    return "same"
