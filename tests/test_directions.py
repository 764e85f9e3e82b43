"""The complex step along random directions: exact, cheap at any size, and it sees every entry."""

import numpy as np
import pytest
import torch

from helpers import complex_step, mutants
from helpers.directions import gradcheck_complex

ALL = [(64, 48, 48, 10), (64, 256, 128, 10)]
LAM = 1e-3


def problem(sizes=ALL[0], N=32):
    rng = np.random.default_rng(5)
    params = {n: p + 0.1 * rng.standard_normal(p.shape) for n, p in mutants.start(sizes).items()}
    X, t = rng.standard_normal((N, sizes[0])), rng.integers(0, sizes[-1], N)
    grads = mutants.backward(mutants.forward(params, X)[1], t, LAM)

    def loss(*arrays):
        loss.calls += 1
        return mutants.loss(dict(zip(params, arrays, strict=True)), X, t, LAM)

    loss.calls = 0
    return params, X, t, [grads["d" + name] for name in params], loss


def norm(grads):
    return np.sqrt(sum((g * g).sum() for g in grads))


def test_the_slope_along_a_direction_is_pytorchs_to_1e_15():
    params, X, t, _, loss = problem()
    leaves = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    H1 = torch.tanh(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
    H2 = torch.relu(H1 @ leaves["W2"] + leaves["b2"])
    scores = H2 @ leaves["W3"] + leaves["b3"]
    penalty = LAM / 2 * sum((leaves[name] ** 2).sum() for name in mutants.LAYERS)
    (torch.nn.functional.cross_entropy(scores, torch.tensor(t)) + penalty).backward()
    grads = [leaf.grad.numpy() for leaf in leaves.values()]
    report = gradcheck_complex(loss, grads, *params.values(), directions=20)
    length = np.sqrt(sum(p.size for p in params.values()))  # of a direction of signs
    assert max(e.error for e in report.entries) / length < 1e-15


def test_the_whole_gradient_by_the_complex_step_is_exact_to_1e_15():
    params, X, t, grads, _ = problem((6, 5, 5, 4), N=8)
    off = 0.0
    for k, (name, p) in enumerate(params.items()):
        measured = complex_step(lambda z, n=name: mutants.loss({**params, n: z}, X, t, LAM), p)
        off += ((measured - grads[k]) ** 2).sum()
    assert np.sqrt(off) < 1e-15 * norm(grads)


@pytest.mark.parametrize("sizes", ALL)
def test_three_directions_cost_three_calls_at_any_size(sizes):
    params, _, _, grads, loss = problem(sizes)
    assert gradcheck_complex(loss, grads, *params.values())
    assert loss.calls == 3


class Counted(np.ndarray):
    """An array that counts the real multiplications in its matrix products."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) for x in inputs]
        out = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            real = 4 if np.iscomplexobj(out) else 1
            Counted.products += real * out.size * plain[0].shape[-1]
        return out.view(Counted) if isinstance(out, np.ndarray) else out


def products_of(action):
    Counted.products = 0
    action()
    return Counted.products


@pytest.mark.parametrize("sizes", ALL)
def test_three_directions_cost_at_most_20_forward_backward_passes(sizes):
    params, X, t, grads, _ = problem(sizes)
    watched = {name: p.view(Counted) for name, p in params.items()}
    X = X.view(Counted)

    def loss(*arrays):
        return complex(mutants.loss(dict(zip(params, arrays, strict=True)), X, t, LAM))

    once = products_of(lambda: mutants.backward(mutants.forward(watched, X)[1], t, LAM))
    checked = products_of(lambda: gradcheck_complex(loss, grads, *params.values()))
    assert 0 < checked <= 20 * once


@pytest.mark.parametrize("seed", range(10))
def test_one_entry_off_by_1e_12_of_the_norm_is_found(seed):
    params, _, _, grads, loss = problem()
    rng = np.random.default_rng(seed)
    k = rng.integers(len(grads))
    place = tuple(rng.integers(n) for n in grads[k].shape)
    wrong = [g.copy() for g in grads]
    wrong[k][place] += 1e-12 * norm(grads)
    assert gradcheck_complex(loss, grads, *params.values(), directions=1, seed=seed)
    assert not gradcheck_complex(loss, wrong, *params.values(), directions=1, seed=seed)


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_every_wrong_backward_is_caught(mutant):
    params, X, t, _, loss = problem()
    grads = mutant.backward(mutants.forward(params, X)[1], t, LAM)
    assert not gradcheck_complex(loss, [grads["d" + n] for n in params], *params.values())


def test_a_gradient_that_is_not_a_number_differs():
    assert (
        gradcheck_complex(lambda x: (x * x).sum(), [[np.nan, 2.0]], [1.0, 1.0]).verdict == "differ"
    )


def test_a_lost_imaginary_part_gets_a_sentence():
    with pytest.raises(ValueError, match="imaginary part.*got lost"):
        gradcheck_complex(lambda x: abs(x).sum(), [[1.0, 1.0]], [1.0, 2.0])


def test_no_direction_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        gradcheck_complex(lambda x: x.sum(), [[1.0]], [1.0], directions=0)
