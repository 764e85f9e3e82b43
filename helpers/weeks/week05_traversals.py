"""Week 5, section 4: five engines that walk the graph wrongly, each with a number of its own.

`traversals` maps what is wrong to week 1's engine with that one change, and "right" to the engine
itself. On the diamond at x = 2, where 20 is right, the gradients are 8, 18, 12, 42 and 52.
"""

from __future__ import annotations

from helpers.engine import fifty
from helpers.weeks.rewrite import rewritten

_PASS = """        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""
_VISIT = """            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
"""
_AS_MET = """            if node not in seen:
                seen.add(node)
                order.insert(0, node)
                for parent in node.parents:
                    visit(parent)
"""
_RECURSION = """        self.grad = 1.0

        def push(node):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
            for parent in node.parents:
                push(parent)

        push(self)
"""
_ADD = "                parent.grad += local * node.grad\n"
_ASSIGN_IN_MUL = """                old = 0.0 if node.op == "*" else parent.grad
                parent.grad = old + local * node.grad
"""

traversals = {
    "right": fifty.Value,
    "= for +=": rewritten(fifty.Value, ("parent.grad += local", "parent.grad = local")),
    "= in * only": rewritten(fifty.Value, (_ADD, _ASSIGN_IN_MUL)),
    "as met": rewritten(fifty.Value, (_VISIT, _AS_MET)),
    "no visited set": rewritten(fifty.Value, ("if node not in seen:", "if True:")),
    "plain recursion": rewritten(fifty.Value, (_PASS, _RECURSION)),
}
