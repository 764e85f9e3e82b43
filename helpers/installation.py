"""Is everything installed that the course needs? Asked by the first notebook.

The versions in requirements.txt are the ones that the stored outputs come from. Another version
often works; a missing package does not. Every answer says what to do.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NEEDED = ("jupyterlab", "ipywidgets", "anywidget", "numpy", "torch", "matplotlib", "pygraphviz")
REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"


def check_versions() -> None:
    """Print one line for Python and for each package: ✓, or what to do."""
    right = (3, 11) <= sys.version_info[:2] < (3, 14)
    print("✓ Python" if right else f"✗ Python {sys.version.split()[0]}: 3.11 to 3.13 is needed.")
    wanted = dict(re.findall(r"^(\w+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE))
    for package in NEEDED:
        print(_line(package, wanted[package]))


def _line(package: str, wanted: str) -> str:
    try:
        found = version(package).partition("+")[0]  # 2.13.0+cpu is 2.13.0
    except PackageNotFoundError:
        return f"✗ {package} is missing. In a terminal: pip install {package}=={wanted}"
    if found != wanted:
        return f"○ {package} {found}: the course was written with {wanted}; outputs may differ."
    return f"✓ {package} {found}"
