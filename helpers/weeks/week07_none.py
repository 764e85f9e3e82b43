"""Week 7, section 10: eight programs after which `w.grad` is None, and why."""

from __future__ import annotations

from helpers.agreement import show
from helpers.exercise import Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week07_table import plainly, table_case

SETUP = """\
x = torch.tensor([1.0, -2.0, 0.5])
b = torch.zeros(3, requires_grad=True)
"""
SNIPPETS = {
    "A": """\
w = torch.ones(3, requires_grad=True) * 0.1
loss = (w * x + b).sum()
loss.backward()""",
    "B": """\
w = torch.ones(3, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.1)
loss = (w * x + b).sum()
loss.backward()
optimizer.step()
optimizer.zero_grad()""",
    "C": """\
w = torch.ones(3, requires_grad=True)
h = torch.tensor((w * x).tolist())
loss = (h + b).sum()
loss.backward()""",
    "D": """\
w = torch.ones(3, requires_grad=True)
h = w * x
h = x + b
loss = h.sum()
loss.backward()""",
    "E": """\
w = torch.ones(3, requires_grad=True)
loss = (w * x + b).sum()
torch.autograd.grad(loss, [w, b])""",
    "F": """\
w = torch.ones(3)
loss = (w * x + b).sum()
loss.backward()""",
    "G": """\
w = torch.ones(3, requires_grad=True)
loss = (w * x + b).sum()
loss.backward(inputs=[b])""",
    "H": """\
w = torch.ones(3, requires_grad=True)
loss = (w * x + b).sum()
loss.backward""",
}
REASONS = {
    "NOTCALLED": "backward never ran",
    "NOTASKED": "w does not require grad",
    "NONLEAF": "w is no leaf, and only leaves keep their gradient",
    "CUT": "the path from w to the loss is cut: what stands in its place has no history",
    "UNUSED": "w does not take part in the loss at all",
    "LEFTOUT": "backward was told to fill other leaves only",
    "RETURNED": "the gradients were computed and returned, not stored",
    "CLEARED": "the gradient was there, and somebody has set it back",
}
ANSWERS = {"A": "NONLEAF", "B": "CLEARED", "C": "CUT", "D": "UNUSED", "E": "RETURNED",
           "F": "NOTASKED", "G": "LEFTOUT", "H": "NOTCALLED"}  # fmt: skip
_QUESTIONS = {
    "A": "Print w.grad_fn.",
    "B": "Print w.grad after each line.",
    "C": "Print h.grad_fn.",
    "D": "Follow the names: which value does h hold in the last line but one?",
    "E": "Print what the last line gives.",
    "F": "Print w.requires_grad.",
    "G": "Print b.grad, too, and read the last line again.",
    "H": "Print b.grad, too, and look closely at the last line.",
}
_CONFUSIONS = {  # what a learner says instead, and what shows that it is another reason
    "NONLEAF": ("A", "NOTASKED", "w.requires_grad is True: the product asks for a gradient, as its factor does. Print w.grad_fn."),
    "CLEARED": ("B", "NOTCALLED", "backward() did run there: after it, w.grad is x. Print w.grad after each line."),
    "CUT": ("C", "UNUSED", "The numbers of w do reach the loss: change w, and the loss changes. What does not pass is the history."),
    "UNUSED": ("D", "CUT", "Nothing is detached there, and every tensor has its history. But is w·x in it?"),
    "RETURNED": ("E", "NOTCALLED", "A backward pass did run, and both gradients were computed. Print what the last line gives."),
}  # fmt: skip


def _explain(letter: str, said: object) -> str | Wrong:
    code = str(said).strip().upper()
    if code not in REASONS:
        return f"{letter}: {show(said, 30)} is not in the table. It has {', '.join(REASONS)}."
    for known, (where, claimed, why) in _CONFUSIONS.items():
        if (letter, code) == (where, claimed):
            return Wrong(f"{letter} is not {code}. {why}", known)
    return f"{letter} is not {code} ({REASONS[code]}). {_QUESTIONS[letter]}"


@exercise(
    minutes=15,
    difficulty=2,
    cases=[table_case("the eight programs", ANSWERS, _explain)],
    judge=plainly,
    hints=[
        "Ask in this order: does w require grad? Is it a leaf? Did a backward pass run? Does a path lead from the loss back "
        "to w? Was it told to fill w? Is the gradient still there?",
        "Run a snippet and print `w.requires_grad`, `w.is_leaf`, `b.grad`, and `walk(loss.grad_fn)`: is the AccumulateGrad "
        "node of w among the nodes?",
        "In A a grad_fn tells it, in C a missing one. In D a name is used twice. E and H never fill anything, for two "
        "different reasons; B fills and empties.",
    ],
)
def why_none():
    """The reason why `w.grad` is None after each program, as {"A": CODE, …, "H": CODE}."""
    return {
        "A": "NONLEAF",  # w is the result of a product
        "B": "CLEARED",  # zero_grad() sets it to None
        "C": "CUT",  # a list of floats has no history
        "D": "UNUSED",  # h is overwritten
        "E": "RETURNED",  # autograd.grad gives them back
        "F": "NOTASKED",  # nobody has asked w to
        "G": "LEFTOUT",  # inputs=[b]
        "H": "NOTCALLED",  # the parentheses are missing
    }


for _code, (_letter, _claimed, _why) in _CONFUSIONS.items():
    why_none.mistake(_code, f"{_letter} is not {_claimed}. {_why}")(
        rewritten(why_none.reference, (f'"{_letter}": "{_code}"', f'"{_letter}": "{_claimed}"'))
    )
