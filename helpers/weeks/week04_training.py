"""Week 4: gradient descent, and the first test of any network: a few samples by heart."""

from __future__ import annotations

from helpers.exercise import exercise
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.training_cases,
    judge=judge.trained,
    hints=[
        "One step: grads = grads_of(params, X, t); note the loss; then move every parameter against "
        "its gradient.",
        "The gradient of params[name] is grads['d' + name]. Make a *new* dict of parameters, so that "
        "all gradients of a step belong to the same ones.",
        "params = {name: p - lr * grads['d' + name] for name, p in params.items()}, after "
        "losses.append(grads['loss']).",
    ],
)
def train_two_layer(grads_of, params, X, t, lr, steps):
    """(params, losses) after gradient descent; losses[k] is the loss before step k.

    grads_of(params, X, t) gives a dict with loss and, for each name in params, "d" + name.
    """
    losses = []
    for _ in range(steps):
        grads = grads_of(params, X, t)
        losses.append(grads["loss"])
        params = {name: p - lr * grads["d" + name] for name, p in params.items()}
    return params, losses


for _code, _why, *_changes in [
    ("SIGN", "You go *up*: the gradient points to where the loss grows. Subtract it.",
     ("p - lr", "p + lr")),
    ("NOLR", "The learning rate does not appear: your steps are 1/lr times too long.",
     ("lr * grads", "grads")),
    ("STALE", "The gradients are computed once, before the loop. Every step needs those of its own "
     "parameters.",
     ("    for _ in range(steps):\n        grads = grads_of(params, X, t)\n",
      "    grads = grads_of(params, X, t)\n    for _ in range(steps):\n")),
    ("UPDATEFIRST", "You ask for the gradients again after each parameter's update, so the later ones "
     "belong to a mixture of old and new parameters. First all gradients, then all updates.",
     ("        params = {name: p - lr * grads[\"d\" + name] for name, p in params.items()}\n",
      "        for name in list(params):\n"
      "            new = params[name] - lr * grads_of(params, X, t)[\"d\" + name]\n"
      "            params = {**params, name: new}\n")),
    ("LATELOSS", "Your parameters are right, but the losses are those *after* each step; the loss "
     "before it is asked for, which `grads` already holds.",
     ("        losses.append(grads[\"loss\"])\n", ""),
     ("for name, p in params.items()}\n",
      "for name, p in params.items()}\n        losses.append(grads_of(params, X, t)[\"loss\"])\n")),
    ("INPLACE", "`-=` changes the caller's own arrays; dict(params) copies the dict and not the arrays in it. Make new "
     "ones: p - lr * gradient.",
     ("        params = {name: p - lr * grads[\"d\" + name] for name, p in params.items()}\n",
      "        for name in params:\n            params[name] -= lr * grads[\"d\" + name]\n")),
    ("KEYNAME", "grads has no such key: the gradient of params[name] is called grads['d' + name].",
     ("grads[\"d\" + name]", "grads[name]")),
    ("FIXEDNAMES", "You name the parameters yourself. Whoever calls decides which there are: run through params.",
     ("params = {name: p - lr * grads[\"d\" + name] for name, p in params.items()}",
      "params = {**params, \"W1\": params[\"W1\"] - lr * grads[\"dW1\"]}")),
    ("EARLYRETURN", "You return inside of the loop, after the first step.",
     ("    return params, losses", "        return params, losses")),
    ("FROMSTART", "Every step starts from the first parameters again: its result never becomes `params`.",
     ("        params = {", "        new = {"), ("return params, losses", "return new, losses")),
    ("LASTLOSS", "The parameters are right. `losses` holds the loss before *every* step, not the last one alone.",
     ("return params, losses", "return params, losses[-1:]")),
    ("EXTRASTEP", "You take one step too many.",
     ("range(steps)", "range(steps + 1)")),
    ("OLDLOST", "The old value is lost: a step is p − lr · gradient.",
     ("p - lr", "-lr")),
    ("PILEUP", "Each step adds to the gradients of the steps before. They belong to one step: start "
     "from new ones.",
     ("    losses = []\n",
      "    losses = []\n    total = {\"d\" + name: 0.0 for name in params}\n"),
     ("        losses.append", "        total = {k: v + grads[k] for k, v in total.items()}\n"
      "        losses.append"),
     ("lr * grads[", "lr * total[")),
]:  # fmt: skip
    train_two_layer.mistake(_code, _why)(rewritten(train_two_layer.reference, *_changes))


@exercise(
    minutes=10,
    difficulty=1,
    cases=cases.overfit_cases,
    hints=[
        "Take the first n samples of X and t, and train on nothing else.",
        "It is the loop of train_two_layer on X[:n], t[:n]. Afterwards ask for the loss once more.",
        "few, labels = X[:n], t[:n]; train; return grads_of(params, few, labels)['loss'].",
    ],
)
def overfit_small_batch(grads_of, params, X, t, n, lr, steps):
    """The loss on the first n samples, after `steps` steps of descent on these n alone."""
    few, labels = X[:n], t[:n]
    for _ in range(steps):
        grads = grads_of(params, few, labels)
        params = {name: p - lr * grads["d" + name] for name, p in params.items()}
    return grads_of(params, few, labels)["loss"]


for _code, _why, *_changes in [
    ("WHOLESET", "You train on all samples. The question is whether the network can learn n of them by "
     "heart.",
     ("few, labels = X[:n], t[:n]", "few, labels = X, t")),
    ("HELDOUT", "You measure on all samples. Overfitting shows on those that it trained on.",
     ("return grads_of(params, few, labels)", "return grads_of(params, X, t)")),
    ("LATELOSS", "That is the loss *before* the last step. Ask once more with the final parameters.",
     ("return grads_of(params, few, labels)[\"loss\"]", "return grads[\"loss\"]")),
    ("TRAINALL", "You train on all samples and measure on the first n. Train on these n alone: can the network learn "
     "them by heart?",
     ("grads = grads_of(params, few, labels)", "grads = grads_of(params, X, t)")),
    ("STEPCOUNT", "n is the number of samples; there are `steps` steps.",
     ("range(steps)", "range(n)")),
    ("LABELSLEFT", "X is cut to n samples, and t is not.",
     ("few, labels = X[:n], t[:n]", "few, labels = X[:n], t")),
    ("ONESAMPLE", "X[n] is one single row. The first n are X[:n].",
     ("few, labels = X[:n], t[:n]", "few, labels = X[n], t[n]")),
    ("WHOLEDICT", "That is the whole dict. Asked for is its loss: [\"loss\"].",
     ("return grads_of(params, few, labels)[\"loss\"]", "return grads_of(params, few, labels)")),
    ("INPLACE", "`-=` changes the caller's own arrays; dict(params) copies the dict and not the arrays in it. Make new "
     "ones: p - lr * gradient.",
     ("        params = {name: p - lr * grads[\"d\" + name] for name, p in params.items()}\n",
      "        for name in params:\n            params[name] -= lr * grads[\"d\" + name]\n")),
    ("LASTFEW", "These are the last n samples; the first n are asked for.",
     ("X[:n], t[:n]", "X[-n:], t[-n:]")),
    ("SIGN", "You go *up*: the gradient points to where the loss grows. Subtract it.",
     ("p - lr", "p + lr")),
    ("STALE", "The gradients are computed once, before the loop. Every step needs those of its own "
     "parameters.",
     ("    for _ in range(steps):\n        grads = grads_of(params, few, labels)\n",
      "    grads = grads_of(params, few, labels)\n    for _ in range(steps):\n")),
]:  # fmt: skip
    overfit_small_batch.mistake(_code, _why)(rewritten(overfit_small_batch.reference, *_changes))
