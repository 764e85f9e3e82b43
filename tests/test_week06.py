"""Week 6: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; the network against PyTorch.
"""

import random
import re
from pathlib import Path

import nbformat
import pytest
import torch
from cells import written

from helpers.attempt import stub_of
from helpers.data import moons
from helpers.engine import fifty, scalar
from helpers.weeks import week06
from helpers.weeks import week06_models as models
from helpers.weeks import week06_network as network
from helpers.weeks.rewrite import rewritten
from helpers.widgets.learning_rate import LearningRate

TASKS = {task.name: task for task in week06.all}
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week06_network_on_your_engine.ipynb"
EXACT = 1e-12

RIGHT = {
    "Neuron": [
        """
        class Neuron:
            def __init__(self, n_in, rng, relu=True):
                self.p = [Value(rng.uniform(-1, 1)) for _ in range(n_in)] + [Value(0)]
                self.relu = relu
            def parameters(self):
                return self.p
            def __call__(self, xs):
                z = sum((w * x for w, x in zip(self.p, xs)), self.p[-1])
                return z.relu() if self.relu else z
        """,
        """
        class Neuron:
            def __init__(self, n_in, rng, relu=True):
                self.w = tuple(Value(rng.uniform(-1, 1)) for _ in range(n_in))
                self.b, self.relu = Value(0.0), relu
            @property
            def parameters(self):
                return self.w + (self.b,)
            def __call__(self, xs):
                z = self.w[0] * xs[0]
                for i in range(1, len(xs)):
                    z = z + self.w[i] * xs[i]
                z = z + self.b
                if self.relu:
                    return z.relu()
                return z
        """,
    ],
    "Layer": [
        """
        class Layer:
            def __init__(self, n_in, n_out, rng, relu=True):
                self.neurons = []
                for _ in range(n_out):
                    self.neurons.append(Neuron(n_in, rng, relu=relu))
            def parameters(self):
                return sum((n.parameters for n in self.neurons), [])
            def __call__(self, xs):
                return [n(xs) for n in self.neurons]
        """,
        """
        class Layer:
            def __init__(self, n_in, n_out, rng, relu=True):
                self.n = tuple(Neuron(n_in, rng, relu) for _ in range(n_out))
                self.parameters = [p for n in self.n for p in n.parameters]
            def __call__(self, xs):
                return tuple(n(xs) for n in self.n)
        """,
    ],
    "MLP": [
        """
        class MLP:
            def __init__(self, n_in, sizes, seed=0):
                rng, widths = random.Random(seed), [n_in, *sizes]
                self.layers = [Layer(a, b, rng) for a, b in zip(widths[:-2], widths[1:-1])]
                self.layers.append(Layer(*widths[-2:], rng, relu=False))
            def parameters(self):
                return [p for layer in self.layers for p in layer.parameters]
            def __call__(self, xs):
                for layer in self.layers:
                    xs = layer(xs)
                return xs if len(xs) > 1 else xs[0]
        """,
        """
        class MLP:
            def __init__(self, n_in, sizes, seed=0):
                rng = random.Random(seed)
                *hidden, last = sizes
                self.body, self.parameters, self.n_out = [], [], last
                for n in hidden:
                    self.body.append(Layer(n_in, n, rng))
                    n_in = n
                self.head = Layer(n_in, last, rng, relu=False)
                for layer in [*self.body, self.head]:
                    self.parameters += layer.parameters
            def __call__(self, xs):
                for layer in self.body:
                    xs = layer(xs)
                scores = self.head(xs)
                return scores if self.n_out > 1 else scores[0]
        """,
    ],
    "hinge_loss": [
        """
        def hinge_loss(scores, y):
            return sum((1 - yi * s).relu() for s, yi in zip(scores, y)) / len(y)
        """,
        """
        def hinge_loss(scores, y):
            total = Value(0.0)
            for i in range(len(y)):
                total = total + (scores[i] * (-y[i]) + 1).relu() / len(scores)
            return total
        """,
    ],
    "l2_penalty": [
        """
        def l2_penalty(params, lam):
            return lam * sum(p**2 for p in params)
        """,
        """
        def l2_penalty(params, lam):
            total = Value(0.0)
            for p in params:
                total = total + p * p * lam
            return total
        """,
    ],
    "sgd_step": [
        """
        def sgd_step(params, lr):
            for i in range(len(params)):
                params[i].data = params[i].data - params[i].grad * lr
        """,
        """
        def sgd_step(params, lr):
            for p in params:
                p.data += -lr * p.grad
            return params
        """,
    ],
    "training_step": [
        """
        def training_step(model, X, y):
            params = model.parameters()
            for p in params:
                p.grad = 0
            loss = hinge_loss([model(x) for x in X], y) + l2_penalty(params, 1e-4)
            loss.backward()
            for p in params:
                p.data -= 0.1 * p.grad
            return float(loss.data)
        """,
        """
        def training_step(model, X, y):
            scores = list(map(model, X))
            data = sum((1 + -yi * s).relu() for yi, s in zip(y, scores)) * (1 / len(X))
            loss = data + 1e-4 * sum(p * p for p in model.parameters)
            for p in model.parameters:
                p.grad = 0.0
            loss.backward()
            value = loss.data
            sgd_step(model.parameters, 0.1)
            return value
        """,
    ],
    "fix_the_loop": [
        """
        def fix_the_loop(params, loss_of, lr, steps):
            losses = []
            for p in params:
                p.grad = 0.0
            for step in range(steps):
                loss = loss_of()
                losses.append(loss.data)
                loss.backward()
                for p in params:
                    p.data -= lr * p.grad
                    p.grad = 0.0
            return losses
        """,
        """
        def fix_the_loop(params, loss_of, lr, steps):
            def step():
                for p in params:
                    p.grad = 0
                loss = loss_of()
                loss.backward()
                sgd_step(params, lr)
                return loss.data
            return tuple(step() for _ in range(steps))
        """,
    ],
    "momentum_step": [
        """
        def momentum_step(params, velocities, lr, beta=0.9):
            for i, p in enumerate(params):
                velocities[i] = beta * velocities[i] + p.grad
                p.data -= lr * velocities[i]
            return velocities
        """,
        """
        def momentum_step(params, velocities, lr, beta=0.9):
            new = tuple(p.grad + v * beta for p, v in zip(params, velocities))
            for p, v in zip(params, new):
                p.data = p.data - lr * v
            return new
        """,
    ],
}
WRONG = {  # pieces of the reference, exchanged; none of them is a known mistake
    "Neuron": [
        [("z.relu() if", "z.tanh() if")],
        [("Value(0.0)", "Value(1.5)")],
        [("z = z + w * x", "z = z - w * x")],
        [("[*self.weights, self.bias]", "[self.bias, *self.weights]")],
        [("rng.uniform(-1, 1)", "5.0 + rng.uniform(-1, 1)")],
    ],
    "Layer": [
        [("return [neuron(xs) for neuron in self.neurons]", "return self.neurons[0](xs)")],
        [("return [neuron(xs)", "return [neuron(xs[::-1])")],
        [("for neuron in self.neurons for p", "for neuron in self.neurons[::-1] for p")],
    ],
    "MLP": [
        [("xs[0] if len(xs) == 1 else xs", "xs[0]")],
        [("k < len(sizes) - 1", "k < len(sizes) - 2")],
        [("for layer in self.layers for p", "for layer in self.layers[::-1] for p")],
        [("random.Random(seed)", "random.Random()")],
    ],
    "hinge_loss": [
        [(" + 1.0", " + 2.0")],
        [("return total * (1.0 / len(scores))", "return total.data / len(scores)")],
        [(".relu() + total", ".relu() ** 2 + total")],
    ],
    "l2_penalty": [
        [("p * p", "p * p.data")],
        [("return total * lam", "return total.data * lam")],
        [("p * p + total", "p * p * p + total")],
    ],
    "sgd_step": [
        [("for p in params", "for p in params[1:]")],
        [("lr * p.grad", "lr * p.data")],
        [("lr * p.grad", "lr * abs(p.grad)")],
    ],
    "training_step": [
        [("return loss.data", "return None")],
        [("    sgd_step(model.parameters, 0.1)\n", "")],
        [("sgd_step(model.parameters, 0.1)", "sgd_step(model.parameters, 0.2)")],
        [("return loss.data", "return hinge_loss([model(x) for x in X], y).data")],
    ],
    "fix_the_loop": [
        [("range(steps)", "range(steps - 1)")],
        [("lr * p.grad", "lr")],
        [("losses.append(loss.data)", "losses.append(loss_of().data)")],
    ],
    "momentum_step": [
        [("p.data -= lr * v", "p.data += lr * v")],
        [("    return velocities", "    return None")],
        [("p.data -= lr * v", "p.data -= lr * (v + p.grad)")],
    ],
}
SLIPS = {  # of a learner's trial; pieces of the reference, exchanged, and what the verdict says
    "Neuron": [
        ("A bias starts at 0", [("Value(0.0)", "Value(rng.uniform(-1, 1))")]),
        ("begins with the bias", [("[*self.weights, self.bias]", "[self.bias, *self.weights]")]),
        ("not the nodes that the call computes with",
         [("[*self.weights, self.bias]", "[Value(p.data) for p in [*self.weights, self.bias]]")]),
        ("Bend once", [("z = z + w * x", "z = z + ((w * x).relu() if self.relu else w * x)")]),
        ("Bend once", [("z = self.bias\n", "z = Value(0.0)\n"),
                       ("return z.relu() if self.relu else z",
                        "return (z.relu() if self.relu else z) + self.bias")]),
        ("not with tanh", [("z.relu() if", "z.tanh() if")]),
        ("holds a list", [("[*self.weights, self.bias]", "[self.weights, self.bias]")]),
        ("list of one node", [("return z.relu() if self.relu else z",
                               "return [z.relu() if self.relu else z]")]),
    ],
    "Layer": [
        ("fresh generator", [("n_in, rng, relu)", "n_in, random.Random(5), relu)")]),
        ("all of the first neuron", [("for neuron in self.neurons for p in neuron.parameters]",
                                      "for n in self.neurons for p in n.weights] + "
                                      "[n.bias for n in self.neurons]")]),
        ("a *list* of one node", [("return [neuron(xs) for neuron in self.neurons]",
                                   "out = [neuron(xs) for neuron in self.neurons]\n"
                                   "        return out[0] if len(out) == 1 else out")]),
        ("reads *all* inputs", [("return [neuron(xs) for neuron in self.neurons]",
                                 "return sum([neuron(xs) for neuron in self.neurons])")]),
        ("reads *all* inputs", [("return [neuron(xs) for neuron in self.neurons]",
                                 "return [n([x]) for n, x in zip(self.neurons, xs * 5)]")]),
    ],
    "MLP": [
        ("starts the generator anew", [("n_in, n_out, rng,", "n_in, n_out, random.Random(seed),")]),
        ("list of one node", [("xs[0] if len(xs) == 1 else xs", "xs")]),
        ("Only the last layer bends", [("k < len(sizes) - 1", "k == len(sizes) - 1")]),
        ("layer by layer", [("in self.layers for p", "in self.layers[::-1] for p")]),
        ("make the generator from the seed", [("random.Random(seed)", "random.Random()")]),
        ("Another seed gives the same", [("random.Random(seed)", "random.Random(3)")]),
        ("reads the original input", [(" xs = layer(xs)\n", " out = layer(xs)\n"),
                                      ("xs[0] if len(xs) == 1 else xs",
                                       "out[0] if len(out) == 1 else out")]),
    ],
    "l2_penalty": [("is none left out", [("for p in params", "for p in params[:-1]")])],
    "sgd_step": [
        ("the network keeps the old ones",
         [("for p in params:\n        p.data -= lr * p.grad",
           "return [Value(p.data - lr * p.grad) for p in params]")]),
    ],
    "training_step": [
        ("(UPDATEFIRST)", [("    loss.backward()\n    sgd_step(model.parameters, 0.1)\n",
                            "    sgd_step(model.parameters, 0.1)\n    loss.backward()\n")]),
        ("For entry 0", [("for x in X], y)", "for x in X[:5]], y[:5])")]),
    ],
    "momentum_step": [
        ("a list of length 1", [("return velocities", "return (v for v in velocities)")]),
    ],
    "fix_the_loop": [
        ("keeps every graph alive", [("append(loss.data)", "append(loss)"),
                                     ("return losses", "return [each.data for each in losses]")]),
    ],
}  # fmt: skip


def each(table):
    return [
        pytest.param(name, entry, id=f"{name} {k}")
        for name, entries in table.items()
        for k, entry in enumerate(entries)
    ]


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "Neuron", "Layer", "MLP", "hinge_loss", "l2_penalty", "sgd_step", "training_step",
        "fix_the_loop", "momentum_step",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_the_reference_passes(name):
    assert TASKS[name].check(TASKS[name].reference).status == "passed"


@pytest.mark.parametrize("name", TASKS)
def test_a_known_mistake_is_named_and_explained_by_its_own_words(name):
    for mistake in TASKS[name].mistakes:
        verdict = TASKS[name].check(mistake.attempt)
        assert (verdict.status, verdict.mistake) == ("failed", mistake.code), verdict
        assert verdict.message.startswith(mistake.explanation), verdict


@pytest.mark.parametrize("name", TASKS)
def test_the_stub_is_not_attempted(name):
    assert TASKS[name].check(stub_of(TASKS[name].reference)).status == "not attempted"


@pytest.mark.parametrize(("name", "source"), each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    known = {key: value for key, value in vars(network).items() if key not in (name, "MLP")}
    known = {key: value for key, value in known.items() if not key.startswith("__")}
    verdict = TASKS[name].check(written(source, name, **known))
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(("name", "changes"), each(WRONG))
def test_an_unlisted_wrong_answer_fails(name, changes):
    verdict = TASKS[name].check(rewritten(TASKS[name].reference, *changes))
    assert verdict.status == "failed"
    assert len(str(verdict)) > 20


@pytest.mark.parametrize(("name", "slip"), each(SLIPS))
def test_a_slip_of_the_trial_is_explained(name, slip):
    said, changes = slip
    verdict = TASKS[name].check(rewritten(TASKS[name].reference, *changes))
    assert verdict.status == "failed"
    assert said in verdict.message, verdict


def test_parameters_without_a_call_are_found_out_where_the_own_mlp_has_a_method():
    class MLP(network.MLP):
        def __init__(self, n_in, sizes, seed=0):
            super().__init__(n_in, sizes, seed)
            self.listed, self.__dict__["parameters"] = self.parameters, None
            del self.__dict__["parameters"]

        def parameters(self):
            return self.listed

    step = rewritten(network.training_step)
    step.__globals__["MLP"] = MLP
    verdict = TASKS["training_step"].check(step)
    assert verdict.status == "failed" and "`model.parameters()`" in verdict.message


@pytest.mark.parametrize("name", TASKS)
def test_the_reference_passes_on_the_engine_of_week_1(name, monkeypatch):
    monkeypatch.setattr(network, "Value", fifty.Value)
    assert TASKS[name].check(rewritten(TASKS[name].reference)).status == "passed"


def test_some_neurons_of_the_cases_are_on_and_some_are_off():
    outputs = {case.run(network.Neuron)["outputs"][0] > 0 for case in models.neuron_cases()[3:]}
    assert outputs == {True, False}


def test_moons_network_has_337_parameters():
    assert len(network.MLP(2, [16, 16, 1]).parameters) == 337


# ------------------------------------------------------------------ against PyTorch


def in_torch(model, sizes):
    """The same network as tensors, a weight matrix and a bias for each layer."""
    numbers, tensors = iter([p.data for p in model.parameters]), []
    for a, b in zip(sizes, sizes[1:]):
        rows = torch.tensor([[next(numbers) for _ in range(a + 1)] for _ in range(b)])
        tensors += [rows[:, :-1].clone().requires_grad_(), rows[:, -1].clone().requires_grad_()]
    return tensors


def torch_loss(tensors, X, y, lam):
    for k in range(0, len(tensors), 2):
        X = X @ tensors[k].T + tensors[k + 1]
        X = X.relu() if k < len(tensors) - 2 else X
    return (1 - y * X[:, 0]).relu().mean() + lam * sum((p**2).sum() for p in tensors)


def flat(tensors):
    return [
        number
        for W, b in zip(tensors[::2], tensors[1::2])
        for number in torch.cat([W, b[:, None]], dim=1).flatten().tolist()
    ]


@pytest.fixture
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("sizes", [[2, 3, 1], [3, 4, 4, 1]], ids=str)
def test_training_steps_follow_pytorch(sizes, float64):
    rng = random.Random(1)
    X = [[rng.uniform(-2, 2) for _ in range(sizes[0])] for _ in range(7)]
    y = [1, -1, -1, 1, 1, -1, 1]
    model = network.MLP(sizes[0], sizes[1:], seed=3)
    tensors = in_torch(model, sizes)
    optimizer = torch.optim.SGD(tensors, lr=0.1)
    for _ in range(5):
        loss = torch_loss(tensors, torch.tensor(X), torch.tensor(y), 1e-4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert network.training_step(model, X, y) == pytest.approx(loss.item(), rel=EXACT)
        assert [p.data for p in model.parameters] == pytest.approx(flat(tensors), rel=1e-11)


def test_momentum_step_follows_pytorch(float64):
    params = [scalar.Value(x) for x in (0.5, -1.0, 2.0)]
    tensor = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([tensor], lr=0.1, momentum=0.9)
    velocities = [0.0] * 3
    for step in range(6):
        grads = [0.3 * step - 1.0, 0.7, -0.2 * step]
        tensor.grad = torch.tensor(grads)
        optimizer.step()
        for p, grad in zip(params, grads):
            p.grad = grad
        velocities = network.momentum_step(params, velocities, 0.1, 0.9)
        assert [p.data for p in params] == pytest.approx(tensor.tolist(), rel=EXACT)


def test_moons_loss_has_the_value_and_gradients_of_pytorch(float64):
    X, t = moons(20)
    y = (2 * t - 1).tolist()
    model = network.MLP(2, [16, 16, 1])
    tensors = in_torch(model, [2, 16, 16, 1])
    network.training_step(model, X.tolist(), y)
    torch_loss(tensors, torch.tensor(X), torch.tensor(y), 1e-4).backward()
    right = flat([tensor.grad for tensor in tensors])
    assert [p.grad for p in model.parameters] == pytest.approx(right, rel=1e-10, abs=1e-15)


# ------------------------------------------------------------------ what the notebook says


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook):
    found = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    return "".join(found)


def prose(notebook):
    return " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_the_notebook_reaches_every_point(notebook):
    assert "50 of 50 right" in outputs(notebook) and "**50 of 50**" in prose(notebook)


def test_the_notebook_follows_pytorch_loss_by_loss(notebook):
    assert "losses below 1e-9: True" in outputs(notebook)


def test_the_asked_number_of_nodes_is_the_counted_one(notebook):
    counted = int(
        re.search(r"your graph     : ([\d,]+) nodes", outputs(notebook))[1].replace(",", "")
    )
    asked = next(cell.source for cell in notebook.cells if "nodes of a step" in cell.source)
    answer = int(re.search(r'answer="([\d,]+)"', asked)[1].replace(",", ""))
    assert round(counted, -3) == answer


def test_a_second_backward_doubles_the_cleared_leaf_in_week_1_and_not_in_week_5(notebook):
    assert "week 1's engine: (4.0, 24.0)\nweek 5's engine: (2.0, 12.0)" in outputs(notebook)


# ------------------------------------------------------------------ the learning-rate explorer


def bowl(a, b):
    return a * a * 0.5 + b * b * 4.0


def test_a_descent_on_a_parabola_is_the_closed_form():
    widget = LearningRate(bowl, (-1.8, 0.9), rates=[0.1], steps=10)
    right = [(-1.8 * 0.9**k, 0.9 * 0.2**k) for k in range(11)]
    for point, closed in zip(widget.path, right, strict=True):
        assert point == pytest.approx(closed, rel=EXACT)
    assert widget.losses == pytest.approx([bowl(*point) for point in right], rel=EXACT)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.1, "falls at every step"),
        (0.24, "falls"),
        (0.25, "w₂ jumps between 0.9 and −0.9 for ever: the loss stays at 3.24."),
        (0.26, "diverges"),
    ],
)
def test_the_steepest_curvature_decides_what_diverges(rate, words):
    assert words in LearningRate(bowl, (-1.8, 0.9), rates=[rate]).text


def test_a_descent_that_overflows_ends_where_it_does():
    widget = LearningRate(bowl, (-1.8, 0.9), rates=[5.0], steps=200)
    assert len(widget.path) < 200 and max(widget.losses) < 1e31


def test_every_engine_draws_the_same_paths():
    runs = [
        LearningRate(bowl, (-1.8, 0.9), rates=[0.2, 0.3], engine=engine).data
        for engine in (fifty.Value, scalar.Value)
    ]
    assert runs[0] == runs[1]


def test_no_rate_is_refused():
    with pytest.raises(ValueError, match="at least one learning rate"):
        LearningRate(bowl, (1.0, 1.0), rates=[])
