"""Week 8, section 4: what a fact that differs from PyTorch's says about the learner's engine."""

from __future__ import annotations

from helpers.agreement import agree

WORDS = {
    "INPLACE": "version",
    "LEAFINPLACE": "leaf",
    "BACKWARD2": "freed, or second time",
}
SAVES = {  # what stands in the label: what was saved and has changed
    "w = exp(z)": "`*` saved y at version 0, and y is at version 1 now. Look at every node on the way, not at the root "
    "alone",
    "z = y·y": "`*` saved y at version 0, and y is at version 1 now",
    "z = a·y": "`*` saves *both* factors: y is needed for the slope towards a",
    "y = exp(": "exp saves its output, and that has changed",
    "y = tanh(": "tanh saves its output, and that has changed",
    "b.add_": "`*` saved b, and b has changed since",
    "retain_graph": "`*` saved h, and h has changed since",
}
COPIED = {  # the gradient of a where the numbers of before were kept
    "y = a·b, z = y·y, y.add_(1), z.backward()": 2 * 0.7 * 1.2**2
}
HARMLESS = (
    "(An engine that keeps copies of the numbers, or the slopes, is never hurt, and pays with memory; PyTorch keeps "
    "references, and its rule is asked for.)"
)


def what_the_script_tests(case, expected, got) -> str | None:
    """What the first wrong fact of a script says."""
    if not isinstance(got, dict):
        return None
    wrong = [k for k in expected if k not in got or not agree(expected[k], got[k])]
    key = min(wrong, key=lambda k: not k.startswith("version"))  # the version first
    if key not in got:
        return None
    right, said = expected[key], got[key]
    if not isinstance(right, str) or not isinstance(said, str):
        return _of_a_number(case.label, key, right, said)
    if said not in ("no error", *WORDS):
        kind, _, text = said.partition(": ")
        if right == "no error":
            return "Nothing is wrong with this one: no error is expected."
        if kind != "RuntimeError":
            return "PyTorch raises a RuntimeError there: `raise RuntimeError(…)`."
        return f"The error is right. Its message must contain the word `{WORDS[right]}`: it tells the reasons apart."
    if right == "INPLACE":
        reason = next((why for part, why in SAVES.items() if part in case.label), None)
        copies = agree(COPIED.get(case.label), got["grad of a"])
        return (
            f"{reason or 'The operation saved what changed'}: backward must raise a RuntimeError whose message "
            f"has the word `version`.{' ' + HARMLESS if copies else ''}"
        )
    if said == "INPLACE" and "y = u + a" in case.label:
        return "`+` saves nothing: its slopes are 1, whatever the operands are."
    if said == "INPLACE":
        return "What changed was not needed: the operation that is refused must not have saved it."
    if right == "BACKWARD2" and key == "second root":
        return (
            "Both roots go back through exp(a·b), and the first pass has freed what it saved. What is freed "
            "belongs to the node that saved it, not to the root."
        )
    if right == "BACKWARD2":
        return (
            "The first pass has freed what the nodes saved, unless retain_graph is True: the second must raise a "
            "RuntimeError whose message has the word `freed`."
        )
    if said == "BACKWARD2" and "a + b" in case.label:
        return (
            "`+` has saved nothing, so nothing is missing at the second pass. What is freed belongs to the node "
            "that saved it, not to the root."
        )
    if said == "BACKWARD2":
        return "Nothing is missing there: retain_graph=True, or nothing was saved that had to be freed."
    return None


def _of_a_number(label: str, key: str, right: object, said: object) -> str | None:
    if key.startswith("version"):
        return "add_ changes *this* node: its data, and its version by one. No new node."
    if not isinstance(right, float) or not isinstance(said, float):
        return None
    if "a + b" in label and abs(said) < abs(right):
        return "A leaf's grad is overwritten by the second pass. It adds up, over paths and over passes."
    if key.startswith("grad") and any(w in label for w in ("twice", "retain_graph", "two more")):
        return (
            "The first pass has left something in the middle, and the second pushes it again. Only leaves add up: "
            "in the middle grad begins at 0 in every pass."
        )
    if key.startswith("grad") and label.startswith(("gradients", "used twice")):
        return "Some nodes are used more than once there: what arrives at a node adds up."
    if key.startswith("grad") and ".add_(" in label:
        return (
            "If a gradient is wrong: an operation of the engine below may read a number on the way back that has "
            "changed since. exp, tanh, sigmoid and relu need their output alone."
        )
    return None
