"""Outputs gathered batch by batch, whatever their number of rows, shapes, nesting and dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kerastorch as keras
from kerastorch import layers
from kerastorch.models.collector import Collector
from tests.parity.fits import X, pair, quietly


def gathered(samples: int | None, batches: list[Any], sizes: list[int] | None = None) -> Any:
    collect = Collector(samples)
    for batch, size in zip(batches, sizes or [len(b) for b in batches], strict=True):
        collect(batch, size)
    return collect.result()


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6), told=st.sampled_from([None, -1, 0, 2]))
def test_rows_come_in_order_whatever_number_was_announced(sizes: list[int], told: int | None) -> None:
    batches = list(torch.arange(2.0 * sum(sizes)).reshape(-1, 2).split(sizes))
    samples = None if told is None else max(sum(sizes) + told, 1)
    np.testing.assert_array_equal(gathered(samples, batches), torch.cat(batches).numpy())


@given(
    rows=st.lists(st.integers(0, 7), min_size=1, max_size=5),
    sizes=st.lists(st.integers(1, 4), min_size=5, max_size=5),
    known=st.booleans(),
)
def test_an_output_may_have_other_rows_than_its_batch(rows: list[int], sizes: list[int], known: bool) -> None:
    batches = list(torch.arange(1.0, sum(rows) + 1).split(rows))
    used = sizes[: len(rows)]
    np.testing.assert_array_equal(gathered(sum(used) if known else None, batches, used), torch.cat(batches).numpy())


@pytest.mark.parametrize("samples", [None, 5, 3])
def test_nested_outputs_keep_their_structure(samples: int | None) -> None:
    def outputs(start: int, stop: int) -> Any:
        rows = torch.arange(start, stop)
        return {"a": rows.double(), "b": (rows[:, None] * torch.ones(3), [rows])}

    found = gathered(samples, [outputs(0, 3), outputs(3, 5)], [3, 2])
    assert (found["a"].dtype, found["b"][0].shape, found["b"][1][0].dtype) == (np.float64, (5, 3), np.int64)
    assert isinstance(found["b"], tuple)
    np.testing.assert_array_equal(found["b"][1][0], np.arange(5))


@pytest.mark.parametrize("samples", [None, 4])
@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [("bfloat16", "float32"), ("float16", "float16"), ("float64", "float64"), ("bool", "bool"), ("int32", "int32")],
)
def test_dtypes_are_numpy_s(samples: int | None, dtype: str, wanted: str) -> None:
    batches = [torch.ones(2, 3, dtype=getattr(torch, dtype))] * 2
    found = gathered(samples, batches)
    assert (found.dtype, found.shape) == (np.dtype(wanted), (4, 3))
    assert found.all()


@pytest.mark.parametrize("samples", [None, 4])
def test_scalars_make_one_row_a_batch(samples: int | None) -> None:
    found = gathered(samples, [torch.tensor(1.0), torch.tensor(2.0)], [2, 2])
    np.testing.assert_array_equal(found, [1.0, 2.0])
    assert gathered(samples, [torch.tensor(3.0)], [4]) == 3.0


@pytest.mark.parametrize("samples", [None, 4])
def test_rows_of_different_shapes_are_refused(samples: int | None) -> None:
    with pytest.raises(ValueError, match="dimension"):
        gathered(samples, [torch.zeros(2, 3), torch.zeros(2, 4)])


def test_without_batches_there_are_no_rows() -> None:
    assert Collector(None).result().shape == (0,)
    assert gathered(None, [torch.zeros(0, 3)]).shape == (0, 3)
    assert gathered(2, [torch.zeros(0, 3)]).shape == (0, 3)


def test_gradients_and_later_changes_of_a_batch_do_not_reach_the_result() -> None:
    batch = torch.ones(2, 3, requires_grad=True)
    collect = Collector(2)
    collect(batch, 2)
    with torch.no_grad():
        batch.zero_()
    assert collect.result().all()


def test_predict_of_a_short_last_batch_is_keras_s() -> None:
    def make(k: Any) -> Any:
        inputs = k.Input((4,))
        return k.Model(inputs, {"a": k.layers.Dense(3)(inputs), "b": [inputs, k.layers.Dense(1)(inputs)]})

    ours, theirs = pair(make)
    mine, wanted = ours.predict(X, batch_size=17, verbose=0), quietly(lambda: theirs.predict(X, 17, verbose=0))
    np.testing.assert_allclose(mine["a"], wanted["a"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(mine["b"][0], wanted["b"][0])
    np.testing.assert_allclose(mine["b"][1], wanted["b"][1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 2])
def test_predict_of_fewer_or_more_rows_than_came_in_is_keras_s(rows: int) -> None:
    def make(k: Any) -> Any:
        class Rows(k.Model):  # type: ignore[name-defined, misc]
            def call(self, x: Any) -> Any:
                return k.ops.sum(x, axis=0, keepdims=True) if rows == 1 else k.ops.concatenate([x, x], axis=0)

        return Rows()

    ours, theirs = make(keras), make(quietly(lambda: __import__("keras")))
    mine, wanted = ours.predict(X, 16, verbose=0), quietly(lambda: theirs.predict(X, 16, verbose=0))
    assert mine.shape == wanted.shape == ((3, 4) if rows == 1 else (80, 4))
    np.testing.assert_allclose(mine, wanted, rtol=1e-5)


def test_a_generator_of_unknown_length() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Rescaling(2.0)])
    found = model.predict((X[i : i + 7] for i in range(0, 40, 7)), verbose=0)
    np.testing.assert_array_equal(found, X * 2)
