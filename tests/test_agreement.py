"""Two results agree when they mean the same number, in whatever form; nothing else does."""

import math
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from helpers.agreement import agree, show

SAME = {
    "int for float": (2.0, 2),
    "NumPy float": (0.5, np.float64(0.5)),
    "NumPy int": (2.0, np.int64(2)),
    "0-d array": (0.5, np.array(0.5)),
    "array of one": (0.5, np.array([0.5])),
    "torch scalar": (0.5, torch.tensor(0.5)),
    "torch scalar with history": (0.5, torch.tensor(0.5, requires_grad=True) * 1),
    "Fraction": (0.5, Fraction(1, 2)),
    "Decimal": (0.5, Decimal("0.5")),
    "complex without imaginary part": (0.5, 0.5 + 0j),
    "rounding": (0.3, 0.1 + 0.2),
    "rounding near zero": (0.0, 1e-17),
    "list for tuple": ((1.0, 2.0), [1.0, 2.0]),
    "array for tuple": ((1.0, 2.0), np.array([1.0, 2.0])),
    "tensor for tuple": ((1.0, 2.0), torch.tensor([1.0, 2.0])),
    "deque for list": ([1.0, 2.0], deque([1.0, 2.0])),
    "list for array": (np.eye(2), [[1, 0], [0, 1]]),
    "keys in another order": ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}),
    "a kind of dict": ({"a": 1.0}, OrderedDict(a=1)),
    "more keys": ({"a": 1.0}, {"a": 1.0, "b": 7.0}),
    "NaN where NaN is right": (math.nan, math.nan),
    "infinity where it is right": (math.inf, math.inf),
    "None where it is right": (None, None),
    "text": ("ok", "ok"),
}
DIFFERENT = {
    "another number": (2.0, 2.1),
    "just outside": (1.0, 1.0 + 1e-9),
    "small where zero is right": (0.0, 1e-9),
    "bool for a number": (1.0, True),
    "NumPy bool for a number": (1.0, np.True_),
    "text for a number": (1.0, "1.0"),
    "None for a number": (1.0, None),
    "NaN": (1.0, math.nan),
    "NumPy NaN": (1.0, np.float64("nan")),
    "infinity": (1.0, math.inf),
    "minus infinity": (math.inf, -math.inf),
    "an integer too large for a float": (1.0, 10**400),
    "imaginary": (1.0, 1 + 1j),
    "a function": (1.0, math.sin),
    "a class": (1.0, float),
    "a generator": ((1.0, 2.0), (x for x in (1.0, 2.0))),
    "a set": ((1.0, 2.0), {1.0, 2.0}),
    "too short": ((1.0, 2.0), (1.0,)),
    "too long": ((1.0,), (1.0, 2.0)),
    "tuple for a number": (1.0, (1.0,)),
    "number for a tuple": ((1.0,), 1.0),
    "another order": ((1.0, 2.0), (2.0, 1.0)),
    "a missing key": ({"a": 1.0, "b": 2.0}, {"a": 1.0}),
    "a list for a dict": ({"a": 1.0}, [1.0]),
    "shape": (np.ones((2, 3)), np.ones((3, 2))),
    "a flat array": (np.ones((2, 2)), np.ones(4)),
    "a ragged list": (np.ones((2, 2)), [[1, 1], [1]]),
    "one array for arrays of several shapes": ((np.ones((2, 2)), np.ones(2)), np.ones((2, 2))),
    "an array of objects": (np.ones(2), np.array([object(), 1.0])),
    "text for text": ("ok", "error"),
    "number for text": ("ok", 1.0),
    "number for bool": (True, 1),
    "number for None": (None, 0.0),
}


@pytest.mark.parametrize("expected, got", SAME.values(), ids=SAME)
def test_agrees_with(expected, got):
    assert agree(expected, got)


@pytest.mark.parametrize("expected, got", DIFFERENT.values(), ids=DIFFERENT)
def test_differs_from(expected, got):
    assert not agree(expected, got)


@pytest.mark.parametrize("expected, got", DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_a_sentence(expected, got):
    message = agree(expected, got).message
    assert message.endswith(".") and " at 0x" not in message and not message[0].islower()


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None
    __lt__ = __gt__ = __le__ = __ge__ = __eq__


class Chameleon(float):
    """A float that claims to be equal to everything, and to be any other number."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

    def __float__(self):
        return 2.0

    def __abs__(self):
        return 0.0


class Echo(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


class Same(int):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


@pytest.mark.parametrize("cheat", [AlwaysEqual(), Chameleon(7.0), Same(7)])
def test_an_object_that_claims_to_be_equal_is_not_believed(cheat):
    assert not agree(2.0, cheat)
    assert not agree((2.0, 1.0), (cheat, 1.0))
    assert not agree({"q": 2.0}, {"q": cheat})


def test_a_text_that_claims_to_be_equal_is_not_believed():
    assert not agree("ok", Echo("error"))


def test_an_object_that_converts_to_a_float_is_not_a_number():
    class Value:
        def __float__(self):
            return 2.0

    assert not agree(2.0, Value())


def test_names_where_in_a_result_the_difference_is():
    assert agree({"dx": (1.0, 2.0)}, {"dx": (1.0, 3.0)}).message == (
        "For entry 1 of `dx`, 2.0 is expected, but you give 3.0."
    )


def test_a_node_in_place_of_its_number_is_recognized():
    class Value:
        data, grad = 2.0, 0.0

    assert "is its `.data` meant?" in agree(2.0, Value()).message


SHOWN = {
    "short floats as they are": (0.1, "0.1"),
    "long floats without rounding noise": (0.1 + 0.2, "0.3"),
    "a tuple of one": ((1.0,), "(1.0,)"),
    "a NumPy float": (np.float64(2.5), "2.5"),
    "a small array": (np.array([1.0, 2.0]), "array([1.0, 2.0])"),
    "a large array": (np.zeros((5, 4)), "array of shape (5, 4)"),
    "a set in order": ({"b", "a"}, "{'a', 'b'}"),
    "an empty set": (set(), "an empty set"),
    "a function": (math.sin, "the function `sin` itself (are its parentheses missing?)"),
    "an integer too long to print": (10**5000, "an integer of 16610 bits"),
    "an object": (object(), "an object object"),
    "a range": (range(3), "range(0, 3)"),
}


@pytest.mark.parametrize("value, text", SHOWN.values(), ids=SHOWN)
def test_shows(value, text):
    assert show(value) == text


def test_shows_a_list_that_holds_itself():
    endless = []
    endless += [endless, endless]
    assert len(show(endless)) == 90


def test_shows_an_object_whose_repr_raises_by_its_kind():
    class Odd:
        def __repr__(self):
            raise ValueError

    assert show(Odd()) == "an Odd object"


def test_a_very_long_result_is_cut_to_one_line():
    assert len(show(list(range(10**6)))) == 90
