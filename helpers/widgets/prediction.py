"""`predict(question, choices, answer)`: a prediction is committed before the answer is shown.

With each prediction goes how sure the learner was. `helpers.memory` keeps it, and `calibration()`
compares, over all of them, how sure with how often right.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from dataclasses import dataclass
from datetime import date
from html import escape

import traitlets

from helpers import memory
from helpers.palette import TINTS
from helpers.verdict import prose
from helpers.widgets.front import FrontWidget

ABOVE_CHANCE = (50, 60, 75, 90, 99)  # percent
ENOUGH = 5  # predictions, before anything is said about the learner
_session: dict[
    str, dict
] = {}  # what was committed since Python started, also where nothing is kept


def predict(
    question: str, choices: list[str], answer: str, because: str = "", *, name: str | None = None
) -> Prediction:
    """Ask for a prediction; the answer appears once the learner has committed to one.

    Parameters
    ----------
    question : str
        May hold `code` in back quotes, as may all of these texts.
    choices : list of str
    answer : str
        The right one of `choices`.
    because : str
        Why; shown with the answer.
    name : str, optional
        Under which the prediction is kept; by default made from the question and its choices.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        If `answer` is not one of `choices`, or there are not two different ones.

    Examples
    --------
    >>> p = predict("Which is larger, e² or 7?", ["e²", "7"], "e²", "e² is 7.389.")
    >>> p.commit("7", 60)
    'Not this time: you said 7, 60 % sure. The answer is e². e² is 7.389.'
    """
    choices = [str(choice) for choice in choices]
    if len(set(choices)) < 2 or len(set(choices)) < len(choices):
        raise ValueError(f"A prediction needs at least two different choices, got {choices!r}.")
    if answer not in choices:
        raise ValueError(f"The answer must be one of the choices {choices!r}, got {answer!r}.")
    return Prediction(question, choices, answer, because, name or _key(question, choices))


class Prediction(FrontWidget):
    """One question with its choices; made by `predict`.

    Attributes
    ----------
    committed : bool
    right : bool or None
        None before the commit.
    """

    scripts = ("page.js", "answer.js", "prediction.js")
    styles = ("widget.css", "answer.css", "prediction.css")

    def __init__(self, question: str, choices: list[str], answer: str, because: str, name: str):
        self.question, self.choices, self.name = question, choices, name
        self._answer, self._because = answer, because
        kept = _kept().get(name, {})
        state = {}
        if kept.get("choice") in choices:
            state = {"choice": choices.index(kept["choice"]), "confidence": kept["confidence"]}
        secret = json.dumps({"answer": choices.index(answer), "because": because})
        data = {
            "question": question,
            "choices": choices,
            "confidences": sorted({round(100 / len(choices)), *ABOVE_CHANCE}),  # chance first
            "sealed": base64.b64encode(secret.encode()).decode(),  # not to be read by accident
        }
        super().__init__(data=data, state=state)
        self.observe(self._keep, names="state")

    @property
    def committed(self) -> bool:
        return bool(self.state)

    @property
    def right(self) -> bool | None:
        return self.choices[self.state["choice"]] == self._answer if self.committed else None

    def commit(self, choice: str, confidence: int) -> str:
        """Commit to one of the choices, `confidence` percent sure; returns the answer in words.

        A second commit changes nothing.
        """
        if choice not in self.choices:
            raise ValueError(f"Choose one of {self.choices!r}, got {choice!r}.")
        levels = self.data["confidences"]
        if confidence not in levels:
            known = ", ".join(map(str, levels))
            raise ValueError(f"How sure you are is one of {known} (percent), got {confidence!r}.")
        self.state = {"choice": self.choices.index(choice), "confidence": confidence}
        return self._outcome()

    @traitlets.validate("state")
    def _once(self, proposal):
        return self.state or proposal["value"]

    def _keep(self, _change) -> None:
        record = {
            "question": self.question,
            "choice": self.choices[self.state["choice"]],
            "confidence": self.state["confidence"],
            "right": self.right,
            "date": date.today().isoformat(),
        }
        _session[self.name] = record
        memory.save_prediction(self.name, record)

    def _outcome(self) -> str:
        said = f"you said {self.choices[self.state['choice']]}, {self.state['confidence']} % sure."
        start = f"Right: {said}" if self.right else f"Not this time: {said}"
        answer = "" if self.right else f" The answer is {self._answer}."
        return f"{start}{answer} {self._because}".strip()

    @property
    def text(self) -> str:
        lines = [self.question, *(f"  ○ {choice}" for choice in self.choices)]
        end = self._outcome() if self.committed else "Run this notebook to commit to an answer."
        return "\n".join([*lines, end])


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `calibration()` shows.

    Attributes
    ----------
    levels : dict
        Confidence in percent to (right, all).
    sentence : str
    notes : list of str
    """

    levels: dict[int, tuple[int, int]]
    sentence: str
    notes: list[str]

    def __repr__(self) -> str:
        lines = [self.sentence]
        for level, (right, count) in self.levels.items():
            bar = "█" * round(10 * right / count)
            lines.append(f"  {level} % sure  {bar:·<10}  right in {right} of {count}")
        return "\n".join(lines + self.notes)

    def _repr_html_(self) -> str:
        rows = "".join(_row(level, *counts) for level, counts in self.levels.items())
        legend = "A dashed line is where the bar ends if you are right as often as you said."
        table = f'<table style="margin:6px 0">{rows}</table><div>{legend}</div>' if rows else ""
        notes = "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        return f"<div>{prose(self.sentence)}</div>{table}{notes}"


def calibration() -> Calibration:
    """How sure you were against how often you were right, over all predictions that are kept."""
    records = _kept().values()
    levels = {}
    for level in sorted({record["confidence"] for record in records}):
        hits = [record["right"] for record in records if record["confidence"] == level]
        levels[level] = sum(hits), len(hits)
    return Calibration(levels, _sentence(levels), memory.take_notes())


def _sentence(levels: dict[int, tuple[int, int]]) -> str:
    if not levels:
        return "No prediction is kept yet. Commit to some in the notebooks, and come back."
    right, count = (sum(column) for column in zip(*levels.values()))
    often = max(levels, key=lambda level: (levels[level][1], level))
    total = f"You were right in {right} of {count}"
    part = f"; when you said {often} %, in {levels[often][0]} of {levels[often][1]}"
    start = f"{total}{part * (len(levels) > 1)}."
    if count < ENOUGH:
        return f"{start} That is too few to say more."
    # the number of hits, if the confidences were true, has this mean and variance
    expected = sum(n * level / 100 for level, (_, n) in levels.items())
    spread = math.sqrt(sum(n * level / 100 * (1 - level / 100) for level, (_, n) in levels.items()))
    promised = f"By your own confidence, about {expected:.0f} should be right"
    if right < expected - 1.64 * spread:
        return f"{start} {promised}: you are surer than you are right."
    if right > expected + 1.64 * spread:
        return f"{start} {promised}: you know more than you think."
    return f"{start} {promised}; that agrees, within chance."


def _row(level: int, right: int, count: int) -> str:
    """One confidence as a bar, with a mark where it would be if the confidence were true."""
    width, size = 160, "height:14px;width"
    mark = f"position:absolute;top:-3px;height:20px;left:{width * level / 100:.0f}px"
    bar = (
        f'<div style="{size}:{width}px;position:relative;border:1px solid {TINTS["neutral"].hue}">'
        f'<div style="{size}:{width * right / count:.0f}px;background-color:{TINTS["data"].hue}">'
        f'</div><div style="{mark};border-left:2px dashed {TINTS["neutral"].hue}"></div></div>'
    )
    cell = '<td style="text-align:left;padding:2px 12px 2px 0">'
    return (
        f"<tr>{cell}{level} % sure</td>{cell}{bar}</td>{cell}right in {right} of {count}</td></tr>"
    )


def _kept() -> dict[str, dict]:
    """All predictions that can be read, from the folder and from this session."""
    found = {**memory.load_predictions(), **_session}
    return {name: record for name, record in found.items() if _is_whole(record)}


def _is_whole(record: dict) -> bool:
    return (
        isinstance(record.get("choice"), str)
        and isinstance(record.get("right"), bool)
        and record.get("confidence") in range(1, 100)
    )


def _key(question: str, choices: list[str]) -> str:
    """A short name for a question: its first words, and a checksum of all of it."""
    words = re.sub(r"\W+", "-", question.lower()).strip("-")
    return f"{words[:40]}-{zlib.crc32(json.dumps([question, choices]).encode()):08x}"
