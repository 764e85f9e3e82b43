"""The clock of an exit test: it runs from `start` until the exercise is passed."""

from __future__ import annotations

import time

from helpers.exercise import Exercise
from helpers.verdict import Note


class Clock:
    """Says how long an exercise took, against the minutes that it has.

    Parameters
    ----------
    exercise : Exercise
    now : function
        The time in seconds.

    Examples
    --------
    >>> from helpers.weeks import week04 as ex
    >>> clock = Clock(ex.exit_test)
    >>> clock.start().title
    'The clock runs: 30 minutes.'
    >>> clock.stop(ex.exit_test.reference).title
    '○ exit_test is not passed yet.'
    """

    def __init__(self, exercise: Exercise, now=time.monotonic):
        self._exercise = exercise
        self._now = now
        self._began: float | None = None

    @property
    def _month(self) -> int:
        return int(self._exercise.week.removeprefix("week")) // 4  # it ends with an exit test

    def start(self) -> Note:
        """Begin; a second start begins anew."""
        self._began = self._now()
        return Note(
            f"The clock runs: {self._exercise.minutes:g} minutes.",
            "Run the cell of the test as often as you like. A hint or a look above is allowed, and "
            "means: once more in a week.",
        )

    def stop(self, attempt: object) -> Note:
        """Say how long it took, if what the exercise's cell has bound is the learner's own.

        Parameters
        ----------
        attempt : function
            What the name of the exercise stands for in the notebook.
        """
        name, limit = self._exercise.name, self._exercise.minutes
        if attempt is self._exercise.reference:
            return Note(f"○ {name} is not passed yet.", "The clock goes on.")
        if self._began is None:
            return Note(f"✓ {name} is passed.", "The clock was not started.")
        minutes = (self._now() - self._began) / 60
        took = f"{minutes:.0f} minutes" if minutes >= 1.5 else "about a minute"
        if minutes <= limit:
            return Note(f"✓ Passed in {took} of {limit:g}.", f"Month {self._month} is yours.")
        return Note(
            f"✓ Passed in {took}; {limit:g} was the mark.",
            "It is right, and that is what counts. Once more in a week, from a blank cell.",
        )
