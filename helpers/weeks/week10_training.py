"""Week 10: one step of descent, the training loop, and Adam."""

from __future__ import annotations

from helpers.exercise import exercise
from helpers.weeks import week10_judge as judge
from helpers.weeks import week10_rules as rules
from helpers.weeks import week10_steps as steps
from helpers.weeks.rewrite import rewritten

sgd_step = exercise(
    minutes=6,
    difficulty=1,
    cases=steps.sgd_cases,
    hints=[
        "The gradient points uphill. Each parameter goes the other way, lr times as far.",
        "Walk through params, not through grads: grads holds dZ3 and others that no parameter has.",
        'return {name: p - lr * grads["d" + name] for name, p in params.items()}',
    ],
)(rules.sgd_step)

_MOVE = 'return {name: p - lr * grads["d" + name] for name, p in params.items()}'
for _code, _why, *_changes in [
    ("SIGN", "You climb: the step goes *against* the gradient.", ("p - lr", "p + lr")),
    ("NOLR", "The learning rate is missing.", ("lr * grads", "grads")),
    ("INPLACE", steps.TENSORS_CHANGED,
     (_MOVE, 'for name in params:\n        params[name] -= lr * grads["d" + name]\n    return params')),
    ("INPLACE", steps.DICT_CHANGED,
     (_MOVE, 'for name in grads:\n        if name[1:] in params:\n            params[name[1:]] = '
      "params[name[1:]] - lr * grads[name]\n    return params")),
    ("SHRINK", "You scale the parameter by its gradient. The step is subtracted.",
     ("p - lr * grads", "p * lr * grads")),
    ("WEIGHTSONLY", "Only the weights move. Biases are parameters, too.",
     ("for name, p in params.items()}", 'if name[0] == "W" else p for name, p in params.items()}')),
    ("GRADNAMES", "grads holds dZ3 and others, which no parameter has. Walk through params: W1's gradient is "
     'grads["dW1"].',
     (_MOVE, "return {name: params[name] - lr * g for name, g in grads.items()}")),
    ("GRADNAMES", "grads holds dZ3 and others, which no parameter has. Walk through params: W1's gradient is "
     'grads["dW1"].',
     (_MOVE, "return {name[1:]: params[name[1:]] - lr * g for name, g in grads.items()}")),
    ("GRADNAMES", "The keys of the result are those of params: W1, and not dW1.",
     ("{name: p", '{"d" + name: p')),
]:  # fmt: skip
    sgd_step.mistake(_code, _why)(rewritten(rules.sgd_step, *_changes))

train = exercise(
    minutes=20,
    difficulty=2,
    cases=steps.train_cases,
    judge=judge.run,
    version=2,
    hints=[
        "One turn of the loop for each batch: forward, note the loss, backward, step.",
        "The four functions are there: forward(params, X), loss_of(cache, t, lam), "
        "backward(cache, t, lam), sgd_step(params, grads, lr).",
        "`losses.append(loss_of(cache, t, lam).item())` before the step, and `params = "
        "sgd_step(params, grads, lr)`: the name moves on to the new parameters.",
    ],
)(rules.train)

_FORWARD = "        _, cache = forward(params, X)\n"
_GRADS = "        grads = backward(cache, t, lam)\n"
_STEP = "        params = sgd_step(params, grads, lr)\n"
_LOSS = "        losses.append(loss_of(cache, t, lam).item())\n"
for _code, _why, *_changes in [
    ("STALE", "All gradients belong to the parameters of the start. Each step needs a forward pass with "
     "the parameters of *now*.",
     ("    losses = []\n", "    losses, first = [], params\n"),
     ("forward(params, X)", "forward(first, X)")),
    ("UPDATEFIRST", "You take the step before backward, with the gradients of the batch before. A batch's "
     "own gradients come first, then its step.",
     ("    losses = []\n", "    losses, grads = [], None\n"),
     (_GRADS + _STEP, f"        if grads:\n    {_STEP}{_GRADS}")),
    ("UPDATEFIRST", "You ask for new gradients after each single parameter, so later ones belong to a "
     "mixture of old and new. First all gradients, then all updates.",
     (_GRADS + _STEP,
      "        for name in params:\n"
      "            grads = backward(forward(params, X)[1], t, lam)\n"
      "            params = {**params, name: params[name] - lr * grads['d' + name]}\n")),
    ("LATELOSS", "Your parameters are right. The losses are those *after* each step; the loss before it "
     "is asked for, which this cache already holds.",
     (_LOSS, ""),
     (_STEP, f"{_STEP}        losses.append(loss_of(forward(params, X)[1], t, lam).item())\n")),
    ("FIRSTBATCH", "You train on the first batch again and again.",
     (_FORWARD, "        X, t = data[0]\n" + _FORWARD)),
    ("NOPENALTY", "The penalty does not arrive: `lam` must go into the loss *and* into backward.",
     ("loss_of(cache, t, lam)", "loss_of(cache, t, 0.0)"),
     ("backward(cache, t, lam)", "backward(cache, t, 0.0)")),
    ("NOPENALTY", "The losses are right, but the gradients lack the penalty: `lam` goes into backward, "
     "too.",
     ("backward(cache, t, lam)", "backward(cache, t, 0.0)")),
    ("NOPENALTY", "The parameters are right, but your losses lack the penalty: `lam` goes into loss_of, "
     "too.",
     ("loss_of(cache, t, lam)", "loss_of(cache, t, 0.0)")),
    ("LOST", "The step is lost: `sgd_step` gives *new* parameters, and nobody takes them.",
     ("params = sgd_step", "sgd_step")),
    ("LOST", "Every step starts from the parameters that came in, so only the last one counts: "
     "`params = sgd_step(params, …)` moves the name on.",
     ("params = sgd_step", "moved = sgd_step"), ("return params, losses", "return moved, losses")),
    ("EARLYRETURN", "You return after the first batch: `return` stands inside the loop.",
     ("    return params, losses", "        return params, losses")),
    ("STALE", "The cache is made once, before the loop. Each batch needs a forward pass of its own.",
     ("    for X, t in data:\n" + _FORWARD, _FORWARD[4:].replace("X)", "data[0][0])") + "    for X, t in data:\n")),
    ("LASTBATCH", "You skip the smaller last batch. It needs nothing of its own: dZ3's 1/N copes with it.",
     (_FORWARD, "        if len(t) < len(data[0][1]):\n            continue\n" + _FORWARD)),
    ("LASTBATCH", "You shorten the step of the smaller last batch. dZ3's 1/N copes with its size already.",
     ("grads, lr)", "grads, lr * len(t) / len(data[0][1]))")),
    ("LASTBATCH", "Your parameters are right. But the loss of the smaller last batch is scaled by its size; "
     "it is a mean already.",
     (".item()", ".item() * len(t) / len(data[0][1])")),
    ("FIXEDLAM", "`lam` is an argument, and your code uses 1e-3, whatever it is.",
     ("cache, t, lam)", "cache, t, 1e-3)")),
    ("FIXEDLR", "`lr` is an argument, and your code uses 0.3, whatever it is.", ("grads, lr)", "grads, 0.3)")),
    ("PILEUP", "Gradients of earlier batches are still in there. Each step uses those of its own batch.",
     ("    losses = []\n", "    losses, total = [], {}\n"),
     (_STEP, "        total = {k: total.get(k, 0) + g for k, g in grads.items()\n"
      '                 if k[1:] in params}\n        params = sgd_step(params, total, lr)\n')),
]:  # fmt: skip
    train.mistake(_code, _why)(rewritten(rules.train, *_changes))

adam_step = exercise(
    minutes=25,
    difficulty=2,
    cases=steps.adam_cases,
    judge=judge.path,
    version=3,
    hints=[
        "Two running averages for each parameter: m of its gradient (9 parts old, 1 part new), v of "
        "its square (999 parts old, 1 part new).",
        "Both start at 0, so they are too small at first. Divide m by 1 − 0.9ᵏ and v by 1 − 0.999ᵏ, "
        "where k counts the steps *including* this one.",
        "The step is lr · m̂ / (√v̂ + 1e-8), with eps outside the root. Return "
        'moved, {"step": step, "m": m, "v": v}.',
    ],
)(rules.adam_step)

for _code, _why, *_changes in [
    ("NOCORRECTION", "The corrections are missing. m and v start at 0; without division by 1 − βᵏ the "
     "first steps have the wrong length.",
     (" / (1 - 0.9**step)", ""), (" / (1 - 0.999**step)", "")),
    ("NOCORRECTION", "v is not corrected: divide it by 1 − 0.999ᵏ. At the first step it is 1000 times too "
     "small.",
     (" / (1 - 0.999**step)", "")),
    ("NOCORRECTION", "m is not corrected: divide it by 1 − 0.9ᵏ.", (" / (1 - 0.9**step)", "")),
    ("STEPCOUNT", steps.FIRST_STEP,
     ('step = state["step"] + 1', 'step = state["step"]'), ('{"step": step,', '{"step": step + 1,')),
    ("STEPCOUNT", "The first step is right, and the count never grows: put the new `step` into the "
     "state.",
     ('{"step": step,', '{"step": state["step"],')),
    ("STEPCOUNT", "The count in your state grows, and your corrections do not use it: 1 − 0.9ᵏ and "
     "1 − 0.999ᵏ, where k is the new `step`.",
     ("0.9**step", "0.9"), ("0.999**step", "0.999")),
    ("STEPCOUNT", "`step` grows inside the loop, once for each parameter: after one step of Adam it is 2. "
     "Count before the loop.",
     ('step = state["step"] + 1', 'step = state["step"]'),
     ('        g = grads["d" + name]\n', '        g = grads["d" + name]\n        step += 1\n')),
    ("LARGEST", "v keeps the largest it has been. An average also falls, when the gradients get smaller.",
     ("= 0.999 * state[\"v\"][name] + 0.001 * g**2",
      "= torch.maximum(state[\"v\"][name], 0.999 * state[\"v\"][name] + 0.001 * g**2)")),
    ("ONEDICT", "m and v are one and the same dict, so v overwrites m. Make two: `m, v = {}, {}`.",
     ("m, v, moved = {}, {}, {}", "m, moved = {}, {}\n    v = m")),
    ("EPSINSIDE", "eps stands inside the root. Outside it is: √v̂ + eps. Where gradients are tiny the "
     "difference is large.",
     ("v_hat.sqrt() + 1e-8", "(v_hat + 1e-8).sqrt()")),
    ("NOEPS", "eps is missing: √v̂ + 1e-8. A gradient that is 0 from the start would divide by 0.",
     ("v_hat.sqrt() + 1e-8", "v_hat.sqrt()")),
    ("NOTANAVERAGE", "m takes up the whole gradient. An average keeps 9 parts of the old and takes 1 part "
     "of the new one: 0.9·m + 0.1·g.",
     ("0.1 * g", "1.0 * g")),
    ("NOEPS", "eps is added to the whole quotient. It belongs to the divisor, in parentheses: (√v̂ + 1e-8).",
     ("/ (v_hat.sqrt() + 1e-8)", "/ v_hat.sqrt() + 1e-8")),
    ("NOEPS", "That is the paper's shortcut lr·√(1 − 0.999ᵏ)/(1 − 0.9ᵏ) with √v + eps: its eps is another one. Here eps "
     "is added to √v̂, after the correction.",
     ("/ (1 - 0.9**step)", "/ (1 - 0.9**step) * (1 - 0.999**step) ** 0.5"), (" / (1 - 0.999**step)", "")),
    ("NOLR", "The learning rate is missing.", ("lr * m_hat", "m_hat")),
    ("NOROOT", "Without the root the step has the wrong unit: m̂/√v̂ has none, which is Adam's point.",
     ("v_hat.sqrt()", "v_hat")),
    ("NOSQUARE", "v averages the *squares* of the gradients; yours averages their absolute values.",
     ("0.001 * g**2", "0.001 * g.abs()")),
    ("BETAS", "The two betas are exchanged: 0.9 belongs to m, 0.999 to v.",
     ('0.9 * state["m"][name] + 0.1 * g', '0.999 * state["m"][name] + 0.001 * g'),
     ('0.999 * state["v"][name] + 0.001 * g**2', '0.9 * state["v"][name] + 0.1 * g**2'),
     ("0.9**step", "_"), ("0.999**step", "0.9**step"), ("(1 - _)", "(1 - 0.999**step)")),
    ("NOEPS", "eps is a floor under √v̂ in your code. It is *added*: √v̂ + 1e-8.",
     ("(v_hat.sqrt() + 1e-8)", "v_hat.sqrt().clamp(min=1e-8)")),
    ("CORRECTEDSTATE", "The first step is right. But the state keeps m̂ and v̂, so the next step corrects what "
     "is corrected already. Return m and v.",
     ('{"step": step, "m": m, "v": v}', '{"step": step, "m": {n: x / (1 - 0.9**step) for n, x in m.items()}, '
      '"v": {n: x / (1 - 0.999**step) for n, x in v.items()}}')),
    ("BETAS", "The two corrections are exchanged: 1 − 0.9ᵏ belongs to m, 1 − 0.999ᵏ to v.",
     ("0.9**step", "_"), ("0.999**step", "0.9**step"), ("(1 - _)", "(1 - 0.999**step)")),
    ("STEPCOUNT", "Your k is one too large: at the first step, where state[\"step\"] is 0, it is 1.",
     ("0.9**step", "0.9**(step + 1)"), ("0.999**step", "0.999**(step + 1)")),
    ("WEIGHTSONLY", "Only the weights move. Biases are parameters, too.",
     ("moved[name] = p -", 'moved[name] = p if name[0] == "b" else p -')),
    ("FORGETFUL", "The first step is right; after it the averages are lost. Return the new m and v in "
     "the state.",
     ('{"step": step, "m": m, "v": v}', '{**state, "step": step}')),
    ("INPLACE", steps.TENSORS_CHANGED, ("moved[name] = p - ", "moved[name] = p.sub_("), ("1e-8)", "1e-8))")),
    ("INPLACE", steps.DICT_CHANGED, ("moved[name] =", "params[name] ="), ("return moved", "return params")),
    ("SIGN", "You climb: the step goes *against* m̂.", ("p - lr", "p + lr")),
    ("SGD", "That is plain descent. Adam divides by √v̂.", ("m_hat / (v_hat.sqrt() + 1e-8)", "g")),
]:  # fmt: skip
    adam_step.mistake(_code, _why)(rewritten(rules.adam_step, *_changes))
