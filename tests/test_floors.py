"""The house: a room imports from its own floor or from those below, and there are no circles."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "helpers"
FLOORS = [
    "engine summary naming storage watch engine_reader torch_reader readers node pushes graph "
    "measure differences gradreport gradcheck directions fuzz data palette installation",
    "layout excerpt cards svg render truth faults plots mutants",
    "widgets memory agreement timelimit sandbox attempt portable cases faultline diagnosis verdict "
    "task formula paper exercise",
    "weeks overview",
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS, start=1) for room in rooms.split()}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room(module: str) -> str:
    return module.removeprefix("helpers.").partition(".")[0]


def imported(path: Path) -> set[str]:
    """The modules of helpers that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [n for n in names if module_file(n)] or [node.module]
            found.update(modules)
    return found


def module_file(module: str) -> Path | None:
    path = ROOT.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file if file.exists() else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_from_no_floor_above(path):
    own = room(".".join(("helpers", *path.relative_to(ROOT).with_suffix("").parts)))
    above = [m for m in imported(path) if FLOOR[room(m)] > FLOOR[own]]
    assert own in FLOOR and not above


def test_there_are_no_circles():
    graph = {path: {module_file(m) for m in imported(path)} - {path} for path in FILES}
    done: set[Path] = set()

    def visit(path, trail):
        assert path not in trail, " → ".join(p.name for p in [*trail, path])
        if path not in done:
            for other in graph.get(path, ()):
                visit(other, [*trail, path])
            done.add(path)

    for path in FILES:
        visit(path, [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400 or "weeks" in path.parts
    assert ast.get_docstring(ast.parse(text))
