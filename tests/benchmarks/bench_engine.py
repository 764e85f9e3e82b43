"""The scalar engine beside micrograd: time, memory, depth, and which change gave what.

Every number comes from a fresh process that imports the engine and the network and nothing else.
Engines take turns, round by round; a ratio compares two engines within one round, and a table
shows the median with the smallest and the largest in brackets. Times are processor time, which
other programs disturb less. `make bench` runs this file, in about two minutes.

The engines are real ones: micrograd as it comes from PyPI, those of week 1 and week 5, and between
them the same source with a line or two changed.
"""

import ast
import bisect
import gc
import importlib
import importlib.metadata
import inspect
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

MICROGRAD, WEEK_1, OURS, DOT = "micrograd 0.1.0", "week 1", "week 5", "week 5, dot"
SLOTS = (
    '    """ stores a single scalar value and its gradient """\n',
    '    __slots__ = ("data", "grad", "_backward", "_prev", "_op")\n',
)
TUPLE = ("set(_children)", "_children")
NO_LAMBDA = ("self._backward = lambda: None", "self._backward = None")
NO_CALL = ("            v._backward()\n", "            if v._backward: v._backward()\n")
WEEK_1_SLOTS = (
    '    """A number that remembers how it was computed."""\n',
    '    __slots__ = ("data", "grad", "parents", "local_grads", "op")\n',
)
CLASS_CHECK = ("isinstance(other, Value)", "other.__class__ is Value")

# label: (what changed against the row above, the module, the changes of its source)
LADDER = {
    MICROGRAD: ("as it comes from PyPI", "micrograd.engine", ()),
    "+ slots": ("__slots__ in place of a dictionary", "micrograd.engine", (SLOTS,)),
    "+ tuple": ("parents in a tuple, not in a set", "micrograd.engine", (SLOTS, TUPLE)),
    "+ no lambda": (
        "no new `lambda: None` for each node",
        "micrograd.engine",
        (SLOTS, TUPLE, NO_LAMBDA, NO_CALL),
    ),
    WEEK_1: ("local derivatives in a tuple, no closures; no slots", "helpers.engine.fifty", ()),
    "week 1 + slots": ("__slots__ again", "helpers.engine.fifty", (WEEK_1_SLOTS,)),
    "week 1 + class": (
        "`other.__class__ is Value`, not isinstance",
        "helpers.engine.fifty",
        (WEEK_1_SLOTS, CLASS_CHECK),
    ),
    OURS: (
        "operands in slots, no tuples; no recursion; bad input refused",
        "helpers.engine.scalar",
        (),
    ),
    DOT: ("one node for each dot product", "helpers.engine.scalar", ()),
}
OFTEN = (MICROGRAD, OURS, DOT)  # in every round, the others in the first three
ROUNDS, FEWER_ROUNDS = 5, 3
PATIENCE = 110  # seconds; after that, no further round begins
STEPS = 3  # timed in each process, after one that is not; the collector's rhythm is about three
CHAINS = {1_000: 5, 10_000: 5, 100_000: 3, 1_000_000: 1}  # nodes: rounds
NODES = 100_000  # of the chain whose memory is measured; shorter ones are built as often as fits


def engine(label: str) -> type:
    """The `Value` of a row of the ladder."""
    _, name, changes = LADDER[label]
    module = importlib.import_module(name)
    if not changes:
        return module.Value
    source = Path(module.__file__).read_text(encoding="utf-8")
    for old, new in changes:
        if old not in source:
            raise ValueError(f"{name} has no {old!r} any more: the row {label!r} must follow.")
        source = source.replace(old, new)
    space: dict = {"__name__": label}
    exec(compile(source, label, "exec"), space)
    return space["Value"]


def network(label: str):
    """The network 2-16-16-1 on the engine of a row."""
    from helpers.engine import nn

    return nn.MLP(2, [16, 16, 1], Value=engine(label), affine=nn.Dot if label == DOT else nn.affine)


def training_step(model, xs, ys) -> float:
    """Forward, hinge loss and weight decay, backward, SGD; with what week 1's engine can do."""
    hinges = [(model(x) * -y + 1.0).relu() for x, y in zip(xs, ys)]
    squares = [p * p for p in model.parameters]
    total, decay = hinges[0], squares[0]
    for hinge in hinges[1:]:
        total = total + hinge
    for square in squares[1:]:
        decay = decay + square
    loss = total * (1.0 / len(xs)) + decay * 1e-4
    for p in model.parameters:
        p.grad = 0.0
    loss.backward()
    for p in model.parameters:
        p.data -= 0.1 * p.grad
    return loss.data


def code_lines(source: str) -> int:
    """The lines that hold code: not blank, no comment, no docstring."""
    documented = ast.Module, ast.ClassDef, ast.FunctionDef
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    docs = [node.body[0] for node in found if ast.get_docstring(node)]
    within = {k for doc in docs for k in range(doc.lineno, doc.end_lineno + 1)}
    lines = [line.strip() for line in source.splitlines()]
    return sum(bool(s) and s[0] != "#" and k not in within for k, s in enumerate(lines, start=1))


# ------------------------------------------------------------ measured in a process of its own


def measure_step(label: str, collector: str, xs: list, ys: list) -> dict:
    """Milliseconds of a training step, the mean of three, and the last loss."""
    model, times = network(label), []
    if collector == "off":
        gc.disable()
    for _ in range(1 + STEPS):
        start = time.process_time()
        loss = training_step(model, xs, ys)
        times.append(time.process_time() - start)
        if collector == "off":
            gc.collect()
    return {"ms": statistics.mean(times[1:]) * 1e3, "loss": loss}


def chain(value: type, n: int):
    """x·x·…·x."""
    y = x = value(1.0)
    for _ in range(n):
        y = y * x
    return y


def measure_chain(label: str, n: int) -> dict:
    """Microseconds for each node of a chain: build it, go backward, drop it."""
    value, times = engine(label), max(1, NODES // n)
    if label == MICROGRAD:
        sys.setrecursionlimit(10 * n)
    start = time.process_time()
    for _ in range(times):
        chain(value, n).backward()
    return {"us": (time.process_time() - start) / (times * n) * 1e6}


def measure_memory(label: str) -> dict:
    """For each node: bytes, objects that the collector visits, objects left in cycles."""
    value = engine(label)
    sys.setrecursionlimit(10 * NODES)
    tracemalloc.start()
    y = chain(value, NODES)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    y.backward()
    gc.collect()
    objects = len(gc.get_objects())
    gc.disable()
    del y
    left = gc.collect()
    objects -= len(gc.get_objects())
    return {"bytes": size / NODES, "objects": objects / NODES, "left": left / NODES}


def measure_peak(label: str) -> dict:
    """Bytes for each node at the fullest moment, the lists of the backward pass included."""
    value = engine(label)
    tracemalloc.start()
    chain(value, NODES).backward()
    return {"bytes": tracemalloc.get_traced_memory()[1] / NODES}


def measure_depth(label: str) -> dict:
    """The longest chain, of less than 5,000 nodes, that Python's own recursion limit allows."""
    value = engine(label)

    def fails(n: int) -> bool:
        try:
            chain(value, n).backward()
        except RecursionError:
            return True
        return False

    return {"nodes": bisect.bisect_left(range(5_000), True, key=fails) - 1}


# ------------------------------------------------------------ the processes, and the tables


def fresh(measurement: str, *arguments) -> dict:
    """Run a measurement of this file in a process of its own."""
    command, given = [sys.executable, __file__, measurement], json.dumps(arguments)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{measurement}{arguments[:2]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def ratios(base: list[float], times: list[float]) -> list[float]:
    return [b / t for b, t in zip(base, times)]


def spread(numbers: list[float], digits: int = 1) -> str:
    """The median, and the smallest and the largest in brackets."""
    low, middle, high = min(numbers), statistics.median(numbers), max(numbers)
    return f"{middle:.{digits}f}" + (
        f" [{low:.{digits}f}..{high:.{digits}f}]" if len(numbers) > 1 else ""
    )


def table(head: list[str], rows: list[list[str]], words: int = 1) -> None:
    """Print a table; its first and its last `words` columns stand left, the numbers right."""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    left = {0, *range(len(head) - words, len(head))}
    for row in [head, ["─" * w for w in widths], *rows]:
        cells = [
            c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths))
        ]
        print("  ".join(cells).rstrip())
    print()


def measure_ladder() -> dict[str, dict]:
    """The training step on every engine, with and without the collector, and their memory."""
    from helpers.data import moons

    X, t = moons(100)
    xs, ys = X.tolist(), [2.0 * int(k) - 1.0 for k in t]
    found: dict[str, dict] = {label: {"on": [], "off": []} for label in LADDER}
    losses = []
    start = time.perf_counter()
    for turn in range(ROUNDS):
        if turn >= FEWER_ROUNDS and time.perf_counter() - start > PATIENCE:
            break
        for label in LADDER if turn < FEWER_ROUNDS else OFTEN:
            for collector in ("on", "off"):
                got = fresh("measure_step", label, collector, xs, ys)
                found[label][collector].append(got["ms"])
                losses.append(got["loss"])
    if max(losses) - min(losses) > 1e-9:
        raise ValueError(f"The engines disagree on the loss: {min(losses)} to {max(losses)}.")
    for label in LADDER:
        found[label] |= fresh("measure_memory", label) if label != DOT else {}
    return found


def print_ladder(found: dict[str, dict]) -> None:
    base = found[MICROGRAD]
    print("Which change gave what. One training step: network 2-16-16-1, 100 points of two moons;")
    print(
        "the collector on, as Python starts, and off. Memory: a chain of products, for each node."
    )
    print(f"{MICROGRAD} and week 5: {len(base['on'])} rounds, the others {FEWER_ROUNDS}.\n")
    rows = []
    for label, (change, *_) in LADDER.items():
        row, cells = found[label], [label]
        for collector in ("on", "off"):
            cells.append(f"{statistics.median(row[collector]):.1f}")
            cells.append(spread(ratios(base[collector], row[collector])))
        cells += [f"{row[key]:.0f}" if key in row else "" for key in ("bytes", "objects", "left")]
        rows.append([*cells, change])
    head = ["engine", "ms, on", "times as fast", "ms, off", "times as fast"]
    table([*head, "bytes", "objects", "in cycles", "what changed against the row above"], rows)


def print_chains() -> None:
    found = {n: {MICROGRAD: [], OURS: []} for n in CHAINS}
    for n, rounds in CHAINS.items():
        for _ in range(rounds):
            for label in (MICROGRAD, OURS):
                found[n][label].append(fresh("measure_chain", label, n)["us"])
    print("Chains x·x·…·x: build, go backward, drop. Microseconds for each node, collector on.\n")
    rows = []
    for n, times in found.items():
        medians = [f"{statistics.median(times[label]):.2f}" for label in (MICROGRAD, OURS)]
        fast = spread(ratios(times[MICROGRAD], times[OURS]))
        rows.append([f"{n:,}", *medians, fast, f"{CHAINS[n]}"])
    table(["nodes", "micrograd*", "week 5", "times as fast", "rounds"], rows, words=0)
    depth, limit = fresh("measure_depth", MICROGRAD)["nodes"], sys.getrecursionlimit()
    print(
        f"* At Python's own recursion limit, {limit}, micrograd ends at a chain of {depth} nodes;"
    )
    print("  here its limit is raised. Week 5's engine has no recursion.\n")


def print_goals(found: dict[str, dict]) -> None:
    from helpers.engine import scalar

    plain, dot = (ratios(found[MICROGRAD]["on"], found[label]["on"]) for label in (OURS, DOT))
    lines, memory = code_lines(inspect.getsource(scalar)), found[OURS]
    peak = fresh("measure_peak", OURS)["bytes"]
    left = round(memory["left"] * NODES)
    goals = [
        ("times micrograd, plain operations", "≥ 8", spread(plain), statistics.median(plain) >= 8),
        ("  the same, stretch", "≥ 15", spread(plain), statistics.median(plain) >= 15),
        ("times micrograd, dot products", "≥ 40", spread(dot), statistics.median(dot) >= 40),
        ("lines of code", "≤ 100", f"{lines}", lines <= 100),
        ("bytes for each node", "≤ 220", f"{memory['bytes']:.0f}", memory["bytes"] <= 220),
        ("  the same, lists of the backward pass included", "", f"{peak:.0f}", peak <= 220),
        ("objects left in reference cycles", "0", f"{left}", left == 0),
        ("nodes at Python's own recursion limit", "1,000,000", f"{max(CHAINS):,}", True),
    ]
    rows = [[what, goal, measured, "✓" if ok else "✗"] for what, goal, measured, ok in goals]
    table(["week 5's engine, collector on", "goal", "measured", ""], rows)


def main() -> None:
    start = time.perf_counter()
    micrograd = importlib.metadata.version("micrograd")
    print(
        f"Python {platform.python_version()}, micrograd {micrograd}, {os.cpu_count()} processors."
    )
    print(f"Garbage collector where it is on: thresholds {gc.get_threshold()}, Python's own.\n")
    found = measure_ladder()
    print_ladder(found)
    print_chains()
    print_goals(found)
    print("A line of code is one that is not blank, no comment and no docstring.")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(globals()[sys.argv[1]](*json.load(sys.stdin))))
    else:
        main()
