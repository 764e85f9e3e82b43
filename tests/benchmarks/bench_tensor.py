"""The tensor engine beside hand-written NumPy and PyTorch, on a 3-layer network; gradient checks.

All of them take the same SGD steps on the same batch, one thread each, in one process, in turns:
a block of steps of each engine makes a round. A ratio compares two engines within one round; a
table shows the median over the rounds, with the smallest and the largest in brackets.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import inspect
import platform
import statistics
import time

import numpy as np
import torch
from bench_engine import code_lines, spread, table

from helpers.data import digits
from helpers.directions import gradcheck_complex
from helpers.engine import tensor
from helpers.engine.tensor import Tensor, affine

torch.set_num_threads(1)
ROUNDS, DIGIT_ROUNDS, BLOCK = 11, 9, 0.06  # rounds, and the seconds that a block lasts about
SMALL, LARGE = "64-128-64-10, batch 64", "784-256-128-10, batch 128"
SIZES = {SMALL: ([64, 128, 64, 10], 64), LARGE: ([784, 256, 128, 10], 128)}
DTYPES = ("float32", "float64")
LR, EPOCHS, BATCH = 0.2, 20, 64  # of the digits
CHECKED = {"91": [4, 5, 6, 4], "1,242": [16, 24, 24, 10], "17,226": [64, 128, 64, 10],
           "235,146": [784, 256, 128, 10]}  # parameters: sizes  # fmt: skip
TORCH, LEAN, HAND = "PyTorch, nn and SGD", "PyTorch, lean", "NumPy by hand"
AFFINE, BASIC, COMPOSED = "Tensor, affine node", "Tensor, basic ops", "Tensor, composed loss"


def weights(sizes, dtype, seed=0):
    """W1, b1, W2, b2, W3, b3: normal with variance 2/fan-in, and 0."""
    rng = np.random.default_rng(seed)
    params = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        params += [rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in), np.zeros(n_out)]
    return [p.astype(dtype) for p in params]


# ------------------------------------------------------------------ one SGD step on each engine


def by_hand(params):
    """The step as one writes it with NumPy alone."""
    W1, b1, W2, b2, W3, b3 = params

    def step(X, t):
        rows = np.arange(len(t))
        H1 = np.maximum(X @ W1 + b1, 0)
        H2 = np.maximum(H1 @ W2 + b2, 0)
        Z3 = H2 @ W3 + b3
        shifted = Z3 - Z3.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -log_p[rows, t].mean()
        dZ3 = np.exp(log_p)
        dZ3[rows, t] -= 1
        dZ3 /= len(t)
        dZ2 = (dZ3 @ W3.T) * (H2 > 0)
        dZ1 = (dZ2 @ W2.T) * (H1 > 0)
        grads = X.T @ dZ1, dZ1.sum(0), H1.T @ dZ2, dZ2.sum(0), H2.T @ dZ3, dZ3.sum(0)
        for p, g in zip(params, grads):
            p -= LR * g
        return float(loss)

    step.params = lambda: params
    return step


def on_tensor(params, layer=affine, loss=Tensor.cross_entropy):
    """The step on the course's engine."""
    leaves = [Tensor(p) for p in params]
    W1, b1, W2, b2, W3, b3 = leaves

    def step(X, t):
        h = layer(layer(X, W1, b1).relu(), W2, b2).relu()
        out = loss(layer(h, W3, b3), t)
        out.backward()
        for p in leaves:
            p.data -= LR * p.grad
            p.grad = None
        return float(out.data)

    step.params = lambda: [p.data for p in leaves]
    return step


def plain_layer(X, W, b):
    return X @ W + b


def composed(Z, t):
    """The cross-entropy from exp, sum, log and an index: a graph of seven nodes."""
    shifted = Z - Z.data.max(axis=1, keepdims=True)
    log_p = shifted - shifted.exp().sum(axis=1, keepdims=True).log()
    return -log_p[np.arange(len(t)), t].mean()


def in_torch(params):
    """The step as PyTorch's tutorials write it."""
    layers = []
    for W, b in zip(params[::2], params[1::2]):
        layer = torch.nn.Linear(*W.shape, dtype=torch.from_numpy(W).dtype)
        layer.weight.data, layer.bias.data = torch.tensor(W.T.copy()), torch.tensor(b)
        layers += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def step(X, t):
        loss = torch.nn.functional.cross_entropy(model(X), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    step.params = lambda: [p.detach().numpy().T for p in model.parameters()]
    return step


def in_lean_torch(params):
    """The step with as little of PyTorch around it as can be."""
    leaves = [torch.tensor(p, requires_grad=True) for p in params]
    W1, b1, W2, b2, W3, b3 = leaves

    def step(X, t):
        h = torch.addmm(b2, torch.addmm(b1, X, W1).relu(), W2).relu()
        loss = torch.nn.functional.cross_entropy(torch.addmm(b3, h, W3), t)
        grads = torch.autograd.grad(loss, leaves)
        with torch.no_grad():
            torch._foreach_add_(leaves, grads, alpha=-LR)
        return loss.item()

    step.params = lambda: [p.detach().numpy() for p in leaves]
    return step


ENGINES = {
    HAND: by_hand,
    AFFINE: on_tensor,
    BASIC: lambda params: on_tensor(params, plain_layer),
    COMPOSED: lambda params: on_tensor(params, plain_layer, composed),
    LEAN: in_lean_torch,
    TORCH: in_torch,
}


# ------------------------------------------------------------------ measuring


def timed(step, X, t, times):
    """Seconds of one step, the mean over a block."""
    start = time.process_time()
    for _ in range(times):
        step(X, t)
    return (time.process_time() - start) / times


def measure_steps(sizes, batch, dtype):
    """For each engine: the seconds of a step, round by round."""
    rng = np.random.default_rng(1)
    X, t = rng.standard_normal((batch, sizes[0])).astype(dtype), rng.integers(10, size=batch)
    in_torch = torch.tensor(X), torch.tensor(t)
    batches = {e: in_torch if e in (LEAN, TORCH) else (X, t) for e in ENGINES}
    steps = {e: make(weights(sizes, dtype)) for e, make in ENGINES.items()}
    losses = {e: [step(*batches[e]) for _ in range(5)] for e, step in steps.items()}
    close = 1e-4 if dtype == "float32" else 1e-10
    for e, found in losses.items():
        np.testing.assert_allclose(found, losses[HAND], rtol=close, err_msg=e)
    times = {e: max(1, round(BLOCK / timed(steps[e], *batches[e], 20))) for e in ENGINES}
    found = {e: [] for e in ENGINES}
    for _ in range(ROUNDS):
        for e in ENGINES:
            found[e].append(timed(steps[e], *batches[e], times[e]))
    return found


def ratio(found, a, b):
    """How many times as long `a` takes as `b`, round by round."""
    return [x / y for x, y in zip(found[a], found[b])]


# ------------------------------------------------------------------ a whole training run


def measure_digits(dtype):
    """For each engine: the seconds of 20 epochs, and of those until 97% of the test digits."""
    X, t, X_test, t_test = digits()
    X, X_test, job = X.astype(dtype), X_test.astype(dtype), {}
    found = {e: {"all": [], "97%": []} for e in ENGINES}
    for _ in range(DIGIT_ROUNDS):
        for e, make in ENGINES.items():
            seconds, reached, job[e] = train(e, make, X, t, X_test, t_test)
            found[e]["all"].append(seconds)
            found[e]["97%"].append(reached)
    for e, shares in job.items():
        if max(abs(np.subtract(shares, job[HAND]))) > 0.006:  # two of 360 digits, in float32
            raise ValueError(f"{e} learns something else: {shares} instead of {job[HAND]}.")
    return found, job[HAND]


def train(engine, make, X, t, X_test, t_test):
    """Train on the digits; the accuracy is measured after each epoch, outside the clock."""
    params = weights([64, 128, 64, 10], X.dtype)
    step, order = make(params), np.random.default_rng(2)
    if engine in (TORCH, LEAN):
        X, t = torch.tensor(X), torch.tensor(t)
    seconds, reached, shares = 0.0, None, []
    for _ in range(EPOCHS):
        batches = np.split(order.permutation(len(t)), range(BATCH, len(t), BATCH))
        start = time.process_time()
        for rows in batches:
            step(X[rows], t[rows])
        seconds += time.process_time() - start
        shares.append(accuracy(step.params(), X_test, t_test))
        if reached is None and shares[-1] >= 0.97:
            reached = seconds
    return seconds, reached, shares


def accuracy(params, X, t):
    W1, b1, W2, b2, W3, b3 = params
    Z = np.maximum(np.maximum(X @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3
    return (Z.argmax(axis=1) == t).mean()


# ------------------------------------------------------------------ the complex-step check


def tanh_network(sizes, batch=32):
    """A loss of the parameters that takes complex numbers too, its gradient, and a start."""
    rng = np.random.default_rng(0)
    X, t = rng.standard_normal((batch, sizes[0])), rng.integers(sizes[-1], size=batch)
    rows = np.arange(batch)

    def forward(W1, b1, W2, b2, W3, b3):
        H1 = np.tanh(X @ W1 + b1)
        H2 = np.tanh(H1 @ W2 + b2)
        Z = H2 @ W3 + b3
        shifted = Z - Z.real.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return H1, H2, log_p

    def loss(*params):
        return -forward(*params)[2][rows, t].mean()

    def gradient(W1, b1, W2, b2, W3, b3):
        H1, H2, log_p = forward(W1, b1, W2, b2, W3, b3)
        dZ = np.exp(log_p)
        dZ[rows, t] -= 1
        dZ /= batch
        dA2 = (dZ @ W3.T) * (1 - H2 * H2)
        dA1 = (dA2 @ W2.T) * (1 - H1 * H1)
        return X.T @ dA1, dA1.sum(0), H1.T @ dA2, dA2.sum(0), H2.T @ dZ, dZ.sum(0)

    return loss, gradient, weights(sizes, "float64")


def seconds_of(job):
    """Seconds that a job takes, the mean over a block."""
    job()
    times, start = 0, time.process_time()
    while time.process_time() - start < BLOCK:
        job()
        times += 1
    return (time.process_time() - start) / times


def measure_check(sizes):
    """Passes that three directions cost, the largest error, and whether a slip is seen."""
    loss, gradient, params = tanh_network(sizes)
    grads = gradient(*params)
    passes = []
    for _ in range(ROUNDS):
        check = seconds_of(lambda: gradcheck_complex(loss, grads, *params))
        passes.append(check / seconds_of(lambda: gradient(*params)))
    error = max(e.error for e in gradcheck_complex(loss, grads, *params, directions=50).entries)
    wrong = [g.copy() for g in grads]
    wrong[0][0, 0] += 1e-12 * np.sqrt(sum((g * g).sum() for g in grads))
    return passes, error, not gradcheck_complex(loss, wrong, *params).ok


def gradient_error(sizes):
    """The gradient entry by entry, by the complex step: its relative error, against by hand."""
    loss, gradient, params = tanh_network(sizes)
    square = total = 0.0
    for k, by_hand in enumerate(gradient(*params)):
        for index in np.ndindex(by_hand.shape):
            nudged = [p.astype(complex) for p in params]
            nudged[k][index] += 1e-30j
            square += (loss(*nudged).imag / 1e-30 - by_hand[index]) ** 2
            total += by_hand[index] ** 2
    return np.sqrt(square / total)


# ------------------------------------------------------------------ the tables


def print_steps():
    """The tables of one training step. Returns the measured times."""
    every = {}
    for label, (sizes, batch) in SIZES.items():
        for dtype in DTYPES:
            every[label, dtype] = found = measure_steps(sizes, batch, dtype)
            rows = [
                [e, f"{statistics.median(found[e]) * 1e6:.0f}"]
                + [spread(ratio(found, e, base), 2) for base in (HAND, LEAN, TORCH)]
                for e in ENGINES
            ]
            print(f"One SGD step, {label}, {dtype}; {ROUNDS} rounds.\n")
            head = ["engine", "µs", "times by hand", "times PyTorch, lean", "times PyTorch, nn"]
            table(head, rows, words=0)
    return every


def print_digits():
    """The table of whole training runs. Returns the measured times."""
    every = {}
    for dtype in DTYPES:
        found, shares = measure_digits(dtype)
        every[dtype] = {e: found[e]["97%"] for e in ENGINES}
        first = next(k for k, share in enumerate(shares, start=1) if share >= 0.97)
        print(f"The digits, {dtype}: {EPOCHS} epochs, batch {BATCH}; {DIGIT_ROUNDS} rounds.")
        print(f"97% of the test digits after epoch {first}, at the end {shares[-1]:.2%}.\n")
        rows = [
            [
                e,
                f"{statistics.median(found[e]['all']):.3f}",
                f"{statistics.median(found[e]['97%']):.3f}",
            ]
            + [spread(ratio(every[dtype], e, base), 2) for base in (HAND, TORCH)]
            for e in ENGINES
        ]
        head = ["engine", "s", "s to 97%", "times by hand", "times PyTorch, nn"]
        table(head, rows, words=0)
    return every


def print_checks():
    """The table of the complex-step check. Returns passes, errors and what was seen."""
    found = {n: measure_check(sizes) for n, sizes in CHECKED.items()}
    print("The complex-step check, three directions, float64, batch 32; one entry off by 1e-12.\n")
    rows = [
        [n, spread(passes), f"{error:.1e}", "seen" if seen else "not seen"]
        for n, (passes, error, seen) in found.items()
    ]
    head = ["parameters", "cost in forward and backward passes", "error/‖g‖, 50 directions", "slip"]
    table(head, rows, words=0)
    return found.values()


def print_goals(steps, job, checks):
    def worst(engine, base):
        return max(statistics.median(ratio(steps[SMALL, d], engine, base)) for d in DTYPES)

    whole = max(statistics.median(ratio(job[d], AFFINE, TORCH)) for d in DTYPES)
    lines, error = code_lines(inspect.getsource(tensor)), gradient_error(CHECKED["1,242"])
    cost = max(statistics.median(passes) for passes, _, _ in checks)
    seen = all(seen for _, _, seen in checks)
    goals = [
        ("Tensor with an affine node, batch 64: times by hand", 1.15, worst(AFFINE, HAND)),
        ("Tensor with basic ops, batch 64: times by hand", 1.4, worst(BASIC, HAND)),
        ("by hand, batch 64: times PyTorch, lean", 0.6, worst(HAND, LEAN)),
        ("Tensor, batch 64: times PyTorch, lean", 0.6, worst(AFFINE, LEAN)),
        ("Tensor, digits to 97%: times PyTorch, nn", 0.45, whole),
        ("lines of code", 250, lines),
        ("gradient by the complex step, 1,242 parameters: error", 1e-15, error),
        ("complex-step check: cost in passes", 20, cost),
        ("complex-step check: one entry off by 1e-12 is missed", 0, int(not seen)),
    ]
    print("Of float32 and float64, the larger median.\n")
    rows = [
        [what, f"≤ {most:g}", f"{got:.3g}", "✓" if got <= most else "✗"]
        for what, most, got in goals
    ]
    table(["what", "goal", "measured", ""], rows)


def main():
    start = time.perf_counter()
    versions = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__}"
    )
    print(f"{versions}, one thread.\n")
    print_goals(print_steps(), print_digits(), print_checks())
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
