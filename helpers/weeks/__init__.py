"""One module a week: its exercises, their solutions, and the mistakes that they know by name."""

from __future__ import annotations

import pkgutil
import re


def names() -> list[str]:
    """The weeks that there are, in order: "week00", "week01", …"""
    found = (info.name for info in pkgutil.iter_modules(__path__))
    return [name for name in found if re.fullmatch(r"week\d\d", name)]
