"""Execute notebooks again, store their outputs, and normalize everything else.

    python tools/refresh.py            all notebooks
    python tools/refresh.py week01     those whose name contains "week01"

A second run changes nothing: kernel and language metadata are fixed, cell ids kept or derived from
the cell's place, timings, widget state and widget views left out. A cell that asks for a prediction
has its source folded away, and the output that reveals the answer is folded until its cell is run.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
# Names a widget of a kernel that is gone; without it the page shows the output's HTML, which works.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
HIDDEN = {"jupyter": {"source_hidden": True}, "tags": ["prediction"]}
FOLDED = {"jupyter": {"outputs_hidden": True}}  # JupyterLab shows it again when the cell is run
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3",
        store_widget_state=False, record_timing=False, coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    client.execute()
    normalize(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def normalize(notebook) -> None:
    """Keep what a reader or a test needs, and nothing that differs from run to run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    taken = set()
    revealing = _revealing(notebook.cells)
    for place, cell in enumerate(notebook.cells):
        if not cell.get("id") or cell["id"] in taken:
            cell["id"] = f"cell-{place:03d}"
        taken.add(cell["id"])
        hidden = HIDDEN if _asks(cell) else {}  # its source holds the answer
        cell.metadata = nbformat.from_dict(FOLDED if place in revealing else hidden)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def _revealing(cells) -> set[int]:
    """The first output below each prediction, unless a heading or an exercise comes before it."""
    found, awaited = set(), False
    for place, cell in enumerate(cells):
        ends = r"^#+ " if cell.cell_type == "markdown" else r"^(@ex\.|ex\.\w+\.check\()"
        if _asks(cell):
            awaited = True
        elif re.search(ends, cell.source, re.MULTILINE):
            awaited = False
        elif awaited and cell.get("outputs"):
            found.add(place)
            awaited = False
    return found


def _asks(cell) -> bool:
    return cell.source.startswith("predict(")


def main() -> None:
    os.environ["AUTOGRAD_PROGRESS"] = "off"
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if wanted in path.name:
            refresh(path)
            print("refreshed", path.name)


if __name__ == "__main__":
    main()
