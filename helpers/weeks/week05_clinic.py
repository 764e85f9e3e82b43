"""Week 5, section 9: six engines, one bug in each. The learner says which, by its CODE or its line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from helpers import memory
from helpers.agreement import show
from helpers.exercise import Mistake
from helpers.task import Task, week_of
from helpers.verdict import Verdict
from helpers.weeks import week05_engines

engines = {letter: getattr(week05_engines, letter) for letter in "ABCDEF"}

BUGS = {
    "INTERMEDIATE": (
        "nodes in the middle keep their gradients from the pass before",
        "one backward is right, and a second one adds too much",
    ),
    "NOUPSTREAM": (
        "an operation pushes its local derivative alone",
        "this operation is right where it is the last one, and wrong where something follows",
    ),
    "ORDER": (
        "a node pushes before all its consumers have pushed to it",
        "a graph is wrong only where a node in the *middle* is used more than once",
    ),
    "MUTATED": (
        "an operation looks up its operands' values when it pushes",
        "every check of a gradient passes, until a number is changed between forward and backward",
    ),
    "CLOSURE": (
        "functions made in a loop all see its last turn",
        "of two operands the last one gets both contributions, and the first one nothing",
    ),
    "ALIAS": (
        "two nodes share one gradient buffer",
        "what is added to one node shows up in another, too",
    ),
    "ASSIGN": (
        "`=` where `+=` belongs",
        "a node that is used twice keeps only its last contribution: x·x at 3 gives 3",
    ),
    "EDGEDICT": (
        "an operand used twice is kept once, in a set or a dict",
        "x·x at 3 gives 3, and (x + y)·y is right",
    ),
    "OWNDATA": (
        "a product gives each operand its own value",
        "(x + y)·y is wrong, and x·x is right",
    ),
    "NOVISIT": (
        "a shared node pushes once for every path to it",
        "gradients on the diamond are too *large*: 42 instead of 20",
    ),
    "NOSEED": ("the result's own gradient is not set to 1", "every gradient is 0"),
    "REFLECTED": (
        "5 − x comes out as x − 5",
        "the *value* is wrong, and every gradient check passes",
    ),
}


CHECKED = "What does the gradient check show?"
WHERE = {  # the two whose every single gradient is right
    "A": "Two rows of the chart are no gradient checks. Look at 'backward twice'.",
    "D": "Two rows of the chart are no gradient checks. Look at 'a changed between'.",
}


class Bug(NamedTuple):
    """What is wrong with an engine: its CODE, the method, the lines that tell, and why."""

    code: str
    method: str
    lines: tuple[str, ...]
    why: str


class Clinic(Task):
    """An exercise in finding bugs; its answers are CODEs, or lines of the engines' source.

    Attributes
    ----------
    bugs : dict
        From an engine's letter to its `Bug`.
    mistakes : list of Mistake
        Known confusions; each attempt is a dict of answers.
    """

    def __init__(
        self, name: str, title: str, week: str, minutes: float, hints: Iterable[str],
        bugs: Mapping[str, Bug], confusions: Mapping[tuple[str, str], str],
    ):  # fmt: skip
        super().__init__(name, title, week, minutes, 3, hints)
        self.bugs = dict(bugs)
        self._confusions = dict(confusions)
        self.mistakes = [
            Mistake(bugs[letter].code, why, {letter: said})
            for (letter, said), why in confusions.items()
        ]

    def check(self, **answers: object) -> Verdict:
        """Check the answers, as in `check(A="ASSIGN", B="self.grad += out.grad")`.

        A CODE, or the line that is wrong (with the name of its method before it, if you like);
        `...` or nothing for an engine that is still open.
        """
        verdict = self._complete(self._examine(answers))
        if verdict.status == "passed":
            entered = ", ".join(f"{letter}={said!r}" for letter, said in answers.items())
            memory.save_passed(self.week, self.name, entered, self.version)
        return replace(verdict, notes=tuple(memory.take_notes()))

    def solution_source(self) -> str:
        """The CODE of every engine, with the reason."""
        return "".join(
            f"{letter}: {bug.code}, in {bug.method}: `{bug.lines[0]}`\n   {bug.why}\n"
            for letter, bug in self.bugs.items()
        )

    def solution_cell(self) -> str:
        """A notebook cell with this exercise solved."""
        answers = ", ".join(f'{letter}="{bug.code}"' for letter, bug in self.bugs.items())
        return f"ex.{self.name}.check({answers})\n"

    def self_check(self) -> list[str]:
        """What is wrong with the exercise itself, in sentences; an empty list is good."""
        right = {letter: bug.code for letter, bug in self.bugs.items()}
        found = []
        if self._examine(right).status != "passed":
            found.append(f"{self.name}: the right answers do not pass.")
        if self._examine({}).status != "not attempted":
            found.append(f"{self.name}: no answers are taken for an attempt.")
        for mistake in self.mistakes:
            verdict = self._examine(right | mistake.attempt)
            if verdict.mistake != mistake.code:
                found.append(f"{self.name}: {mistake.attempt} is taken for {verdict}")
        return found

    def _examine(self, answers: Mapping[str, object]) -> Verdict:
        """The bare verdict on these answers."""
        unknown = [letter for letter in answers if letter not in self.bugs]
        if unknown:
            message = f"There is no engine `{unknown[0]}`; there are {', '.join(self.bugs)}."
            return Verdict(status="failed", message=message)
        given = {letter: said for letter, said in answers.items() if said is not ...}
        wrong = {k: why for k in self.bugs if k in given and (why := self._wrong(k, given[k]))}
        right = [letter for letter in self.bugs if letter in given and letter not in wrong]
        so_far = f" Right so far: {', '.join(right)}." if right else ""
        if wrong:
            letter, (message, code) = next(iter(wrong.items()))
            more = f" {', '.join([*wrong][1:])}: not right either." if len(wrong) > 1 else ""
            return Verdict(status="failed", message=message + more + so_far, mistake=code)
        still_open = [letter for letter in self.bugs if letter not in given]
        if still_open:
            message = f"Still open: {', '.join(still_open)}.{so_far}"
            return Verdict(status="not attempted", message=message)
        found = [f"{letter} · {bug.code}: {bug.why}" for letter, bug in self.bugs.items()]
        message = "\n".join([f"All {len(right)} found.", *found])
        return Verdict(status="passed", message=message)

    def _wrong(self, letter: str, said: object) -> tuple[str, str | None] | None:
        """A sentence on a wrong answer, with the CODE where the confusion is known; None if right."""
        bug = self.bugs[letter]
        said = list(said)[-1] if isinstance(said, tuple | list) and said else said
        if not isinstance(said, str) or not said.strip():
            return f"For {letter} give a CODE of the table, or a line of its source; you give " \
                   f"{show(said)}.", None  # fmt: skip
        code = said.strip().upper()
        if code == bug.code or _bare(said) in map(_bare, bug.lines):
            return None
        if code in BUGS:
            known = self._confusions.get((letter, code))
            why = known or "Put the numbers that you measured beside that."
            return f"{letter} is not {code}: with that bug, {BUGS[code][1]}. {why}", \
                   bug.code if known else None  # fmt: skip
        return self._about_a_line(letter, said, bug), None

    def _about_a_line(self, letter: str, said: str, bug: Bug) -> str:
        """What to say about an answer that is no CODE: a line, the name of a method, or neither."""
        if _bare(said) in (_bare(bug.method), _bare(bug.method.strip("_"))):
            return f"{letter}: `{bug.method}`, yes. Which bug is it? Give its CODE, or the line."
        lines = _source_lines(engines[letter])
        if _bare(said) in map(_bare, lines):
            return f"{letter}: that line does what it should. {WHERE.get(letter, CHECKED)}"
        return f"{letter}: `{show(said)[1:-1]}` is no CODE of the table and no line of its source."


def _bare(line: str) -> str:
    """A line without spaces, comments and capitals."""
    return "".join(line.partition("#")[0].split()).lower()


def _source_lines(engine: type) -> list[str]:
    return [line for line in inspect.getsource(engine).splitlines() if line.strip()]


clinic = Clinic(
    "clinic",
    "Six engines, one bug in each: find it by a gradient check, then by reading.",
    week_of(globals()),
    60,
    [
        "Print the chart of an engine first. Which rows are wrong, and what do these rows have in common "
        "that the right ones lack? Only then open its source.",
        "Two engines pass every check of a single gradient. Run backward twice; change a leaf's number "
        "between forward and backward.",
        "B: look at the only operation that is wrong when something follows it. C: only the diamond is "
        "wrong. E: x gets nothing, y gets both. F: y gets what belongs to x.",
    ],
    bugs={
        "A": Bug(
            "INTERMEDIATE", "backward",
            ("self.grad = 1.0", "for node in reversed(order_of(self)):",
             "parent.grad += local * node.grad"),
            "The leaves must accumulate, but a node in the middle belongs to one pass: set it to 0 before.",
        ),
        "B": Bug(
            "NOUPSTREAM", "tanh", ("self.grad += 1.0 - t**2",),
            "tanh pushes its local derivative without `* out.grad`.",
        ),
        "C": Bug(
            "ORDER", "backward",
            ("for node in nodes:", "nodes.append(parent)", "nodes, seen = [self], {self}",
             "for parent in node.parents:", "if parent not in seen:"),
            "The nodes stand level by level, as they were met, and not in topological order.",
        ),
        "D": Bug(
            "MUTATED", "__mul__",
            ("self.grad += other.data * out.grad", "other.grad += self.data * out.grad"),
            "The product looks up `.data` when it pushes; it must keep the numbers of the forward pass.",
        ),
        "E": Bug(
            "CLOSURE", "__init__",
            ("self.pushes.append(lambda: parent.receive(local * self.grad))",
             "for parent, local in zip(parents, local_grads):"),
            "Both functions use `parent` and `local` as they are after the loop: the last operand.",
        ),
        "F": Bug(
            "ALIAS", "receive",
            ("self.grad = amount", "self.grad += amount",
             'return F(self.data + other.data, (self, other), lambda g: (g, g))'),
            "The first contribution is kept, not copied: it is another node's buffer, and `+=` changes both.",
        ),
    },
    confusions={
        ("A", "NOVISIT"): "A's diamond is right, and so is its first pass. Only the second adds too much.",
        ("A", "ASSIGN"): "A adds up properly within one pass. What is left over when the next one begins?",
        ("B", "OWNDATA"): "B's products are right. Which operation loses the factor 3 of y?",
        ("B", "ORDER"): "B's diamond is right.",
        ("C", "NOVISIT"): "12 is too *small*: something came too late and was never passed on.",
        ("C", "NOUPSTREAM"): "In C tanh(x)·y is right, so upstream is used.",
        ("D", "INTERMEDIATE"): "D's second pass is right, 72. What else happens between forward and backward?",
        ("D", "OWNDATA"): "D's (x + y)·y is right: it swaps. But *when* does it look at the other operand?",
        ("E", "NOSEED"): "In E something does arrive, and all of it at the last operand.",
        ("E", "OWNDATA"): "In E x + y is wrong, too, and a sum does not use values at all.",
        ("F", "ASSIGN"): "F's x·x and x + x are right. In (x + y) + x, y has a gradient that belongs to x.",
        ("F", "NOVISIT"): "F's diamond is right. In (x + y) + x, y has a gradient that belongs to x.",
    },
)  # fmt: skip
