"""`MutationBoard(tests)`: 33 wrong backward passes, and which test kills which.

A test is a function of a backward pass that raises an exception where it finds something. Each runs
once on each mutant of `helpers.mutants`, and on the right backward pass, when the board is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from helpers import mutants
from helpers.widgets.front import FrontWidget

LONGEST = 120  # characters of what a test says


class MutationBoard(FrontWidget):
    """A card for each mutant; a click shows its changed line and what each test says of it.

    Parameters
    ----------
    tests : dict of str to function
        Tests by label. A test is called with a backward pass, and kills it by any exception.

    Attributes
    ----------
    killed : dict of str to int
        How many of the 33 each test kills.
    alive : list of str
        The mutants that no test kills.
    right_lives : bool
        False where some test kills the right backward pass, too.

    Raises
    ------
    ValueError
        If there is no test, or one is no function.

    Examples
    --------
    >>> def finite(backward):
    ...     cache = mutants.forward(mutants.start(), np.ones((2, 64)))[1]
    ...     assert np.isfinite(backward(cache, np.array([0, 1]), 0.1)["dW1"]).all()
    >>> MutationBoard({"finite": finite}).killed
    {'finite': 0}
    """

    scripts = ("page.js", "mutation_board.js")
    styles = ("widget.css", "mutation_board.css")

    def __init__(self, tests: Mapping[str, Callable]):
        if not tests or not all(callable(test) for test in tests.values()):
            raise ValueError('MutationBoard needs tests by label, as in {"shapes": shapes_fit}.')
        right = [_said(test, mutants.backward) for test in tests.values()]
        cards = [
            {
                "name": mutant.name,
                "code": mutant.code,
                "old": mutant.old,
                "new": mutant.new,
                "said": [_said(test, mutant.backward) for test in tests.values()],
            }
            for mutant in mutants.MUTANTS
        ]
        data = {"tests": list(tests), "cards": cards, "right": right}
        super().__init__(data=data, state={"test": -1, "card": 0})

    @property
    def killed(self) -> dict[str, int]:
        cards = self.data["cards"]
        labels = enumerate(self.data["tests"])
        return {label: sum(bool(card["said"][i]) for card in cards) for i, label in labels}

    @property
    def alive(self) -> list[str]:
        return [card["name"] for card in self.data["cards"] if not any(card["said"])]

    @property
    def right_lives(self) -> bool:
        return not any(self.data["right"])

    @property
    def text(self) -> str:
        total = len(self.data["cards"])
        lines = [f"{label:16} kills {n} of {total}" for label, n in self.killed.items()]
        lines.append(f"alive after all: {', '.join(self.alive) or 'none'}")
        for label, said in zip(self.data["tests"], self.data["right"]):
            lines += [f"✗ {label} kills the right backward pass, too: {said}"] if said else []
        return "\n".join(lines)


def _said(test: Callable, backward: Callable) -> str:
    """What a test says against a backward pass, in a line; empty where it lets it live."""
    with np.errstate(all="ignore"):
        try:
            test(backward)
        except Exception as error:
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            words = (str(error).strip().splitlines() or ["It raises, without a word."])[0]
            return f"{kind}{words}"[:LONGEST]
    return ""
