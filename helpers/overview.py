"""`progress()` and `certificate()`: what is done, from the folder `progress/` and the weeks' lists.

`progress` lists every exercise, week by week; `certificate` sums up the course on one page: months,
exit tests, engines, the capstone.
"""

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
        notes.append(OFF)
    return Overview(found, notes)


ENGINES = (("week05", "Value", "scalar engine"), ("week09", "Tensor", "tensor engine"))
OFF = "Progress is not kept here: AUTOGRAD_PROGRESS is off, or this is a test."
CAPSTONES = "week12"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The page that `certificate()` shows.

    Attributes
    ----------
    complete : bool
        True where every exercise is passed, of the capstones those of one.
    lines : list of (str, str)
        What it is about, and what is done.
    notes : list of str
    """

    complete: bool
    lines: list[tuple[str, str]]
    notes: list[str]

    @property
    def title(self) -> str:
        done = "✓ complete" if self.complete else "○ under way"
        return f"Autograd from scratch · {done}"

    def __repr__(self) -> str:
        rows = [f"  {name:<16} {said}" for name, said in self.lines]
        return "\n".join([self.title, *rows, *self.notes])

    def _repr_html_(self) -> str:
        cell = '<td style="text-align:left;padding:2px 16px 2px 0">'
        rows = "".join(
            f"<tr>{cell}<b>{html.escape(name)}</b></td>{cell}{html.escape(said)}</td></tr>"
            for name, said in self.lines
        )
        notes = "".join(f"<div>{html.escape(note)}</div>" for note in self.notes)
        return (
            '<div style="border:2px solid currentColor;border-radius:8px;padding:10px 18px;'
            f'max-width:640px"><div style="font-size:120%"><b>{html.escape(self.title)}</b></div>'
            f'<table style="margin:8px 0 4px">{rows}</table>{notes}</div>'
        )


def certificate() -> Certificate:
    """The course on one page, from what was passed in the notebooks: nothing else counts.

    Months with their exit tests, the engines, the capstone, the days. Where progress is not kept,
    it says so and counts nothing.
    """
    if memory.folder() is None:
        return Certificate(False, [], [OFF])
    modules = {name: importlib.import_module(f"{weeks.__name__}.{name}") for name in weeks.names()}
    capstones = getattr(modules.get(CAPSTONES), "CAPSTONES", {})
    optional = [task for tasks in capstones.values() for task in tasks]
    lines, complete, days = [], True, []
    for month in (1, 2, 3):
        numbers = range(4 * month - 3, 4 * month + 1)
        tasks = [task for n in numbers for task in getattr(modules.get(f"week{n:02}"), "all", [])]
        tasks = [task for task in tasks if task not in optional]
        passed = [day for task in tasks if (day := _day(task))]
        days += passed
        complete = complete and len(passed) == len(tasks)
        exam = "".join(
            f" · exit test {'passed on ' + day if (day := _day(task)) else 'still to come'}"
            for task in tasks
            if task.name == "exit_test"
        )
        lines.append((f"Month {month}", f"{len(passed)} of {len(tasks)} exercises{exam}"))
    for week, name, what in ENGINES:
        task = getattr(modules.get(week), name, None)
        day = _day(task) if task else ""
        said = f"your own, passed on {day}" if day else "the course's, so far"
        lines.append((what.capitalize(), said))
    finished = [_of_capstone(title, tasks) for title, tasks in capstones.items()]
    days += [day for task in optional if (day := _day(task))]
    begun = [said for done, said in finished if done]
    lines.append(("Capstone", "; ".join(begun) or "not begun"))
    complete = complete and any(done == 1.0 for done, _ in finished)
    lines.append(("Days", f"{min(days)} to {max(days)}" if days else "none yet"))
    return Certificate(complete, lines, memory.take_notes())


def _of_capstone(title: str, tasks: list) -> tuple[float, str]:
    """The share of its milestones that is passed, and that in words."""
    passed = [day for task in tasks if (day := _day(task))]
    share = len(passed) / len(tasks)
    said = f"{title}: {len(passed)} of {len(tasks)} milestones"
    return share, said + (f", passed on {max(passed)}" if share == 1 else "")


def _day(task) -> str:
    """The day on which a task passed today's check; empty where it did not."""
    passed = memory.load_passed(task.week, task.name)
    return passed.date if passed and passed.version >= task.version else ""


def _row(task) -> tuple[str, str, float, int, str]:
    tries = memory.attempts(task.week, task.name)
    return task.name, effort(task.difficulty, task.minutes), task.minutes, tries, _day(task)


def _state(name: str, effort: str, minutes: float, tries: int, day: str) -> str:
    history = day or ("tried" if tries else "")
    count = f" ({tries} attempts)" if tries > 1 else ""
    return f"{'✓' if day else '○'} {name} · {effort}{f' · {history}{count}' if history else ''}"


def _cells(name: str, effort: str, minutes: float, tries: int, day: str) -> str:
    history = day or ("tried" if tries else "")
    values = ("✓" if day else "○", name, effort, history, f"{tries}×" if tries else "")
    cell = '<td style="text-align:left;padding:1px 12px 1px 0">'
    return "".join(f"{cell}{html.escape(value)}</td>" for value in values)
