"""Week 8, sections 2 and 6: which in-place changes PyTorch refuses, and what its messages mean."""

from __future__ import annotations

from helpers.agreement import agree, show
from helpers.exercise import Arguments, Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week08_messages import MESSAGES

# How each operation is written, with u (3,), or (2, 2) for @; w requires grad, too.
OPERATIONS = {
    "add": "u + w", "mul": "u * w", "mul_const": "u * 3", "div": "u / w", "pow": "u ** 3",
    "exp": "u.exp()", "log": "u.log()", "sqrt": "u.sqrt()", "tanh": "u.tanh()",
    "sigmoid": "u.sigmoid()", "relu": "u.relu()", "gelu": "torch.nn.functional.gelu(u)",
    "sum": "u.sum()", "mean": "u.mean()", "var": "u.var()", "max": "u.max()", "amax": "u.amax(0)",
    "softmax": "u.softmax(0)", "log_softmax": "u.log_softmax(0)", "logsumexp": "u.logsumexp(0)",
    "mm": "u[None] @ w[:, None]", "index": "u[torch.tensor([0, 0])]",
}  # fmt: skip


def program(op: str) -> str:
    """The program that `op`, as "exp output", stands for."""
    name, changed = op.split()
    target = "u" if changed == "input" else "y"
    return (
        "x = torch.tensor([0.5, 1.0, 2.0], requires_grad=True)\n"
        "w = torch.tensor([2.0, 3.0, 4.0], requires_grad=True)\n"
        f"u = x.clone()\ny = {OPERATIONS[name]}\n{target}.add_(1)\ny.sum().backward()"
    )


def _advice(case, expected, got) -> str:
    name, changed = case.args[0].split()
    if got not in ("ok", "error"):
        return f'Answer "ok" or "error", not {got!r}.'
    saved = _SAVED[name] or "nothing"
    return f"{name} saves {saved}. Changing the {changed} is therefore: {expected}."


_SAVED = {
    **dict.fromkeys(("add", "mul_const", "sum", "mean", "index"), ""),
    **dict.fromkeys(("mul", "div", "pow", "log", "gelu", "var", "mm"), "its input"),
    **dict.fromkeys(
        ("exp", "sqrt", "tanh", "sigmoid", "relu", "softmax", "log_softmax"), "its output"
    ),
    **dict.fromkeys(("max", "amax", "logsumexp"), "its input and its output"),
}


@exercise(
    minutes=25,
    difficulty=2,
    cases=[
        Arguments(f"{name} {changed}", args=(f"{name} {changed}",))
        for name in OPERATIONS
        for changed in ("input", "output")
    ],
    advice=_advice,
    hints=[
        "One question decides: is the tensor that changes one of those that the operation saved? What it "
        "saved is what its local derivative needs.",
        "The slope of exp is its output, that of log is 1 over its input. Sums, means, indexing and + need "
        "no numbers at all. `u * 3` needs the 3 only.",
        "Five save nothing: add, mul_const, sum, mean, index. Three save both: max, amax, logsumexp. Each of the "
        "others saves one. Which? Write its derivative down: is it shorter with u, or with y?",
    ],
)
def predict_inplace(op):
    """ "ok" or "error": does backward still work after an in-place change?

    op is as "exp output": y = u.exp(), then y changes; with "exp input" u changes.
    """
    name, changed = op.split()
    if name in ("add", "mul_const", "sum", "mean", "index"):
        saved = []
    elif name in ("mul", "div", "pow", "log", "gelu", "var", "mm"):
        saved = ["input"]
    elif name in ("max", "amax", "logsumexp"):
        saved = ["input", "output"]
    else:
        saved = ["output"]
    return "error" if changed in saved else "ok"


_RETURN = 'return "error" if changed in saved else "ok"'

for _code, _why, *_changes in [
    ("INPLACE", "You expect an error from every in-place change. PyTorch refuses only where the *saved* tensor "
     "changed: after `u + w` nothing was saved, so you may write over either.",
     (_RETURN, 'return "error"')),
    ("INPLACE", "You expect no error at all. exp saved its output; write over it, and its slope is lost. The "
     "version counter tells, and backward refuses.",
     (_RETURN, 'return "ok"')),
    ("SAVEDSWAPPED", "It is the other way round: exp saves its *output*, log its *input*.",
     ("changed in saved", 'saved and changed not in saved')),
    ("INPUTSAVED", "You expect that every operation saves its input. exp, tanh, relu, softmax write their slope "
     "with their *output*, and keep that instead.",
     (_RETURN, 'return "error" if changed == "input" else "ok"')),
    ("OUTPUTSAVED", "You expect that every operation saves its output. log and pow write their slope with their "
     "*input*.",
     (_RETURN, 'return "error" if changed == "output" else "ok"')),
    ("RELUINPUT", "All right but relu: it keeps its result, because result > 0 gives the same mask as input > 0.",
     (_RETURN, 'if name == "relu":\n        saved = ["input"]\n    ' + _RETURN)),
    ("CONSTSAVED", "All right but `u * 3`: u would be needed for the gradient of 3, and nobody asks for that one.",
     (_RETURN, 'if name == "mul_const":\n        saved = ["input"]\n    ' + _RETURN)),
    ("BOTHSAVED", "max, amax and logsumexp save both: they compare, or combine, their input with their output.",
     ('saved = ["input", "output"]', 'saved = ["input"]')),
]:  # fmt: skip
    predict_inplace.mistake(_code, _why)(rewritten(predict_inplace.reference, *_changes))


def _message_case(title: str, code: str, text: str) -> Case:
    def run(name_error):
        said = name_error(text)
        if said is None:
            return Wrong(
                f"None of your conditions fits this message: {show(text, 110)} It is {code}. Choose words "
                "that stand in it.",
                "NOBRANCH",
            )
        if not agree(code, said):
            return Wrong(f"{show(text, 110)} It is {code}; you say {show(said, 30)}.")
        return said

    return Case(title, run)


@exercise(
    minutes=15,
    difficulty=1,
    cases=[_message_case(title, code, text) for title, (code, _, text) in MESSAGES.items()],
    hints=[
        "Choose for each code a few words that stand in its messages and in no other. `if words in text`.",
        "Order matters: the message about a leaf also says `in-place`, the one about saved values says "
        "`inplace operation` and `version`. Ask for `leaf Variable` first.",
        "leaf Variable · modified by an inplace · second time · does not require grad · only for scalar · "
        "NoneType · numpy() or 'float' object · incorrect number or invalid gradient · Inference tensors.",
    ],
)
def name_error(text):
    """The CODE of a PyTorch error message.

    One of INPLACE, LEAFINPLACE, BACKWARD2, NOGRAPH, NONSCALAR, REBIND, REWRAP, FNARITY, DETACHDATA.
    """
    words = {
        "leaf Variable": "LEAFINPLACE",
        "modified by an inplace": "INPLACE",
        "second time": "BACKWARD2",
        "does not require grad and": "NOGRAPH",
        "only for scalar": "NONSCALAR",
        "'NoneType'": "REBIND",
        "numpy()": "REWRAP",
        "'float' object": "REWRAP",
        "incorrect number of gradients": "FNARITY",
        "invalid gradient": "FNARITY",
        "Inference tensors": "DETACHDATA",
    }
    for part, code in words.items():
        if part in text:
            return code


for _code, _why, *_changes in [
    ("LEAFINPLACE", "You call every in-place message INPLACE. The one about a *leaf* is another rule: a leaf that "
     "requires grad may not change while PyTorch records, whether it was saved or not.",
     ('"leaf Variable": "LEAFINPLACE"', '"leaf Variable": "INPLACE"')),
    ("INPLACE", "You take a changed saved value for a changed leaf. The message has the words `modified by an "
     "inplace operation` and two versions: a tensor that backward needed is no longer what it was.",
     ('"modified by an inplace": "INPLACE"', '"modified by an inplace": "LEAFINPLACE"')),
    ("FREEDORCHANGED", "`second time` means that the saved values were *freed*, by an earlier backward. Nothing has "
     "changed in place.",
     ('"second time": "BACKWARD2"', '"second time": "INPLACE"')),
    ("NOGRAPH", "`does not require grad and does not have a grad_fn` is NOGRAPH: there is nothing to go back through, "
     "whatever the shape.",
     ('"does not require grad and": "NOGRAPH"', '"does not require grad and": "NONSCALAR"')),
    ("REBIND", "A `NoneType` in arithmetic is a `.grad` that nobody filled: w became a result, a non-leaf.",
     ('"\'NoneType\'": "REBIND"', '"\'NoneType\'": "NOGRAPH"')),
    ("FNARITY", "A wrong *shape* belongs to FNARITY, too: backward must return one gradient for each input of "
     "forward, in that input's shape.",
     ('"invalid gradient": "FNARITY"', '"invalid gradient": "NONSCALAR"')),
]:  # fmt: skip
    name_error.mistake(_code, _why)(rewritten(name_error.reference, *_changes))
