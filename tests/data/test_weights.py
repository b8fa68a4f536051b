"""Class weights and sample weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data.batch import Batch
from kerastorch.data.convert import to_rows
from kerastorch.data.weights import ClassWeights, check_sample_weight, spread


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=30),
    table=st.lists(st.floats(0, 10, width=32), min_size=5, max_size=5),
    shape=st.sampled_from(["flat", "column", "float", "one-hot"]),
)
def test_class_weights_agree_with_keras(labels, table, shape):
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    y = np.array(labels)
    y = {"flat": y, "column": y[:, None], "float": y.astype("float32"), "one-hot": np.eye(5, dtype="float32")[y]}[shape]
    class_weight = dict(enumerate(table))
    theirs = class_weight_to_sample_weights(y, class_weight)
    ours = ClassWeights(class_weight).of(to_rows(y, "`y`"))
    assert np.array_equal(ours.numpy(), theirs) and ours.dtype == torch.float32


@pytest.mark.parametrize(
    ("class_weight", "says"),
    [
        ([1, 2], "a dict"),
        ({}, "a weight for every class"),
        ({"cat": 1.0}, "integer classes"),
        ({-1: 1.0}, "received -1"),
        ({True: 1.0}, "integer classes"),
        ({0: -1.0}, r"class_weight\[0\]"),
        ({0: float("nan")}, "finite"),
        ({0: "1"}, "finite"),
    ],
)
def test_wrong_tables_are_refused(class_weight, says):
    if class_weight == {0: "1"}:
        class_weight = {0: "one"}
    with pytest.raises((TypeError, ValueError), match=says):
        ClassWeights(class_weight)


def test_a_class_without_weight_is_named():
    for y in (torch.tensor([0, 3]), torch.tensor([0, 9]), torch.tensor([0, -1])):
        with pytest.raises(ValueError, match=rf"weights for \[0, 5\] but not for class {int(y[1])}"):
            ClassWeights({0: 1.0, 5: 2})(y, "`y`")
    with pytest.raises(ValueError, match="one-hot rows"):
        ClassWeights({0: 1.0})(torch.zeros(2, 3, 4), "`y`")


def test_batches_are_weighed():
    weigh = ClassWeights({0: 1.0, 1: 5.0}).weigh
    batch = weigh(Batch(np.zeros((2, 1)), np.array([1, 0]), None, 2), "Batch 0")
    assert batch.sample_weight.tolist() == [5, 1] and batch.size == 2
    with pytest.raises(ValueError, match="received both"):
        weigh(Batch(np.zeros(2), np.zeros(2), np.ones(2), 2), "Batch 0")
    with pytest.raises(ValueError, match="2 targets"):
        weigh(Batch(np.zeros(2), [np.zeros(2), np.zeros(2)], None, 2), "Batch 0")
    with pytest.raises(ValueError, match="no `y`"):
        weigh(Batch(np.zeros(2), None, None, 2), "Batch 0")


def test_one_weight_for_several_targets():
    weight, y = np.ones(3), {"a": np.zeros(3), "b": np.zeros(3)}
    assert spread(weight, y) == {"a": weight, "b": weight}
    assert spread(weight, np.zeros(3)) is weight and spread(None, y) is None
    nested = {"a": weight, "b": None}
    assert spread(nested, y) is nested
    with pytest.raises(ValueError, match="leaves at"):
        spread({"a": weight}, y)


@pytest.mark.parametrize("wrong", [-0.5, float("nan")])
def test_wrong_weights_are_named(wrong):
    weights = np.ones(1000)
    check_sample_weight("`sample_weight`", to_rows(weights, ""))
    weights[77] = wrong
    with pytest.raises(ValueError, match=rf"{wrong} at index \(77,\)"):
        check_sample_weight("`sample_weight`", to_rows(weights, ""))
