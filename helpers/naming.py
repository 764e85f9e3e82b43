"""What a learner calls the values of a graph: names found in their own variables.

A node that carries a name or a label keeps it. Otherwise the variable that holds it gives the name;
otherwise the list that holds it (`w[2]`); otherwise the variable of the very array inside it.
"""

from __future__ import annotations

import sys


def callers_variables() -> dict[str, object]:
    """The variables where the learner called from: the first frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "helpers":
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def names_of(reader, variables: dict[str, object], order: list) -> dict[int, str]:
    """The names of the objects in `order`, by id; an object without a name is left out.

    Parameters
    ----------
    reader : Reader
        Knows an object's own name, which object a variable stands for, and the array inside.
    variables : dict
        Names and what they hold. Those that start with "_", and IPython's `In` and `Out`, are
        passed over.
    order : list
        The objects of the graph.
    """
    found = {id(obj): own for obj in order if (own := reader.own_name(obj))}
    wanted = {id(reader.key(obj)): id(obj) for obj in order}
    public = [(n, v) for n, v in variables.items() if n[:1] not in "_@." and n not in ("In", "Out")]
    listed = [(n, v) for n, v in public if isinstance(v, (list, tuple)) and len(v) <= 1000]
    inside = [(f"{n}[{i}]", item) for n, v in listed for i, item in enumerate(v)]
    for name, value in (*public, *inside):
        place = wanted.get(id(reader.key_of_variable(value)))
        if place is not None:
            found.setdefault(place, name)
    inner = {id(array): id(obj) for obj in order if (array := reader.array(obj)) is not None}
    for name, value in public:
        if id(value) in inner:
            found.setdefault(inner[id(value)], name)
    return found
