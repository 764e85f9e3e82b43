"""The folder `progress/`: what a learner has passed and predicted, kept between sessions.

One JSON file for each week, and one for the predictions, beside `helpers/` and ignored by git. The
environment variable AUTOGRAD_PROGRESS moves the folder, or turns it "off"; in tests and on CI it is
off unless a folder is named. Nothing here ever fails a cell: a file that cannot be read is set
aside under another name, never deleted; a folder that cannot be written is reported.
`take_notes()` gives those sentences. What is kept is shown by `helpers.overview`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

FORMAT = 1
_notes: dict[str, bool] = {}  # what went wrong with the folder, and whether it was told


@dataclass(frozen=True, slots=True)
class Passed:
    """A passed exercise: the learner's source, the day, and the version of the check."""

    source: str
    date: str
    version: int


def folder() -> Path | None:
    """Where progress is kept, or None where it is off."""
    wish = os.environ.get("AUTOGRAD_PROGRESS", "")
    if wish.strip().lower() == "off":
        return None
    if wish:
        return Path(wish).expanduser()
    on_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    if on_ci or "PYTEST_CURRENT_TEST" in os.environ:
        return None
    return Path(__file__).resolve().parent.parent / "progress"


def save_passed(week: str, name: str, source: str, version: int = 1) -> None:
    """Keep the source of a passed exercise; a newer one replaces it."""
    record = asdict(Passed(source, date.today().isoformat(), version))
    _change(week, lambda data: data["exercises"].setdefault(name, {}).update(passed=record))


def load_passed(week: str, name: str) -> Passed | None:
    """The kept source of a passed exercise, or None."""
    record = _read(week)["exercises"].get(name, {}).get("passed")
    return Passed(**record) if record else None


def count_attempt(week: str, name: str) -> None:
    """Count one attempt that was checked."""

    def more(data: dict) -> None:
        entry = data["exercises"].setdefault(name, {})
        entry["attempts"] = entry.get("attempts", 0) + 1

    _change(week, more)


def attempts(week: str, name: str) -> int:
    """How often this exercise was checked, over all sessions."""
    return _read(week)["exercises"].get(name, {}).get("attempts", 0)


def save_prediction(key: str, record: dict) -> None:
    """Keep one answer to a `predict` question."""
    _change("predictions", lambda data: data["predictions"].update({key: record}))


def load_predictions() -> dict[str, dict]:
    """All predictions by key."""
    return _read("predictions")["predictions"]


def take_notes() -> list[str]:
    """What went wrong with the folder, in sentences for the learner, each of them once."""
    notes = [note for note, told in _notes.items() if not told]
    _notes.update(dict.fromkeys(notes, True))
    return notes


def _note(sentence: str) -> None:
    _notes.setdefault(sentence, False)


def _change(file: str, change: Callable[[dict], object]) -> None:
    """Read, change and write one file; the write is atomic."""
    place = folder()
    if place is None:
        return
    data = _load(file)
    if data is None:
        return
    change(data)
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix=f".{file}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(data, stream, ensure_ascii=False, indent=1)
            os.replace(name, place / f"{file}.json")
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        _note(
            f"Your progress is not kept: the folder {place} cannot be written ({_reason(error)}). "
            "Set AUTOGRAD_PROGRESS to a folder of your own, or to off."
        )


def _read(file: str) -> dict:
    """The contents of one file; empty where there is none that can be read."""
    return _load(file) or _empty(file)


def _empty(file: str) -> dict:
    return {"format": FORMAT, _key(file): {}}


def _key(file: str) -> str:
    return "predictions" if file == "predictions" else "exercises"


def _load(file: str) -> dict | None:
    """The contents of one file, empty where it was set aside; None where it must stay as it is."""
    place = folder()
    if place is None:
        return None
    path = place / f"{file}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _empty(file)
    except OSError as error:
        _note(f"Your progress in {path} cannot be read ({_reason(error)}).")
        return None
    except (ValueError, RecursionError):  # neither text nor JSON
        data = None
    if _is_ours(data, _key(file)):
        return data
    return _empty(file) if _set_aside(path) else None


def _is_ours(data: object, key: str) -> bool:
    """True for a file that this module wrote, or could have written."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return False
    entries = data.get(key)
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        return False
    if key == "predictions":
        return True
    return all(_is_entry(entry) for entry in entries.values())


def _is_entry(entry: dict) -> bool:
    passed = entry.get("passed")
    kinds = {"source": str, "date": str, "version": int}
    return isinstance(entry.get("attempts", 0), int) and (
        passed is None
        or isinstance(passed, dict)
        and passed.keys() == kinds.keys()
        and all(isinstance(passed[name], kind) for name, kind in kinds.items())
    )


def _set_aside(path: Path) -> bool:
    """Rename a file that is not ours; it is never deleted and never overwritten."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}.set-aside-{stamp}.json")
    try:
        path.rename(aside)
    except OSError as error:
        _note(f"{path} is not a progress file and cannot be moved ({_reason(error)}).")
        return False
    _note(
        f"{path.name} in your progress folder could not be read as progress; it now lies beside as "
        f"{aside.name}, and a new file is begun."
    )
    return True


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
