"""`progress()`: what is done, week by week, from the folder `progress/` and the weeks' lists."""

from __future__ import annotations

import html
import importlib
from dataclasses import dataclass

from helpers import memory, weeks
from helpers.verdict import effort


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its name, title, and for each exercise name, effort, minutes, attempts, day."""

    name: str
    title: str
    rows: list[tuple[str, str, float, int, str]]

    @property
    def done(self) -> int:
        return sum(bool(day) for *_, day in self.rows)

    @property
    def summary(self) -> str:
        minutes = sum(minutes for _, _, minutes, _, day in self.rows if not day)
        left = f", about {minutes:g} min to go" if minutes else ""
        return f"{self.title}: {self.done} of {len(self.rows)} exercises{left}"


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview that `progress()` shows."""

    weeks: list[Week]
    notes: list[str]

    def __repr__(self) -> str:
        lines = []
        for week in self.weeks:
            lines.append(week.summary)
            lines += [f"  {_state(*row)}" for row in week.rows]
        return "\n".join(lines + self.notes)

    def _repr_html_(self) -> str:
        parts = []
        for week in self.weeks:
            rows = "".join(f"<tr>{_cells(*row)}</tr>" for row in week.rows)
            parts.append(
                f'<div style="margin-top:8px"><b>{html.escape(week.summary)}</b></div>'
                f'<table style="margin:4px 0">{rows}</table>'
            )
        parts += [f"<div>{html.escape(note)}</div>" for note in self.notes]
        return "".join(parts)


def progress(week: str = "") -> Overview:
    """What is done, week by week; shown by a notebook as a table.

    Parameters
    ----------
    week : str, optional
        Only this one: "week01".
    """
    names = weeks.names()
    if week and week not in names:
        raise ValueError(f"There is no week {week!r}. There are: {', '.join(names)}.")
    found = []
    for name in [week] if week else names:
        module = importlib.import_module(f"{weeks.__name__}.{name}")
        title = (module.__doc__ or name).strip().partition("\n")[0].rstrip(".")
        found.append(Week(name, title, [_row(task) for task in getattr(module, "all", [])]))
    notes = memory.take_notes()
    if memory.folder() is None:
        notes.append("Progress is not kept here: AUTOGRAD_PROGRESS is off, or this is a test.")
    return Overview(found, notes)


def _row(task) -> tuple[str, str, float, int, str]:
    passed = memory.load_passed(task.week, task.name)
    tries = memory.attempts(task.week, task.name)
    done = passed.date if passed and passed.version >= task.version else ""
    return task.name, effort(task.difficulty, task.minutes), task.minutes, tries, done


def _state(name: str, effort: str, minutes: float, tries: int, day: str) -> str:
    history = day or ("tried" if tries else "")
    count = f" ({tries} attempts)" if tries > 1 else ""
    return f"{'✓' if day else '○'} {name} · {effort}{f' · {history}{count}' if history else ''}"


def _cells(name: str, effort: str, minutes: float, tries: int, day: str) -> str:
    history = day or ("tried" if tries else "")
    values = ("✓" if day else "○", name, effort, history, f"{tries}×" if tries else "")
    cell = '<td style="text-align:left;padding:1px 12px 1px 0">'
    return "".join(f"{cell}{html.escape(value)}</td>" for value in values)
