"""What `@op` does with what comes in: symbolic arguments, arrays, weak numbers."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from kerastorch import ops
from kerastorch.base import registry
from kerastorch.nn import graph
from kerastorch.ops import _symbolic


class Symbol:
    """The least that overrides torch functions: it writes down what it is handed."""

    seen: ClassVar[list[tuple[Any, tuple[Any, ...], dict[str, Any]]]] = []

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> str:
        cls.seen.append((func, args, kwargs or {}))
        return "recorded"


@pytest.fixture(autouse=True)
def _forget() -> None:
    Symbol.seen.clear()


X = Symbol()
CALLS = {
    "add": ((X, 2), {}),
    "matmul": ((X, X), {}),
    "sum": ((X,), {"axis": 1}),
    "concatenate": (([X, X],), {"axis": 0}),
    "stack": (((X, np.ones(2)),), {}),
    "einsum": (("ij->ji", X), {}),
    "meshgrid": ((X, X), {}),
    "where": ((np.ones(2), X, 0.0), {}),
    "clip": ((X, 0, 1), {}),
    "one_hot": ((X, 3), {}),
    "fft": (((X, X),), {}),
    "conv": ((X,), {"kernel": np.ones((1, 1, 1))}),
    "get_item": ((X, (slice(None), 0)), {}),
    "cast": ((X, "float32"), {}),
    "stop_gradient": ((X,), {}),
    "select": (([X], [X]), {}),
    "dot_product_attention": ((X, X, X), {"mask": X}),
    "linalg.norm": ((X,), {}),
    "image.resize": ((X, (2, 2)), {}),
    "take": ((np.ones(3),), {"indices": X}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_symbolic_argument_records_one_node_with_the_plain_function(name: str) -> None:
    function = ops
    for part in name.split("."):
        function = getattr(function, part)
    args, kwargs = CALLS[name]
    assert function(*args, **kwargs) == "recorded"
    assert len(Symbol.seen) == 1
    target, seen_args, seen_kwargs = Symbol.seen[0]
    assert target is function.raw
    assert seen_kwargs.keys() == kwargs.keys() and len(seen_args) == len(args)


def test_arrays_and_lists_beside_a_symbol_are_recorded_as_tensors_and_numbers_as_they_are() -> None:
    ops.add(X, [1.0, 2.0])
    ops.concatenate([X, np.ones(2)])
    ops.multiply(3, X)
    (_, added, _), (_, joined, _), (_, scaled, _) = Symbol.seen
    assert isinstance(added[1], torch.Tensor) and added[0] is X
    assert isinstance(joined[0][1], torch.Tensor) and joined[0][0] is X
    assert scaled == (3, X)


def test_creation_has_nothing_to_record() -> None:
    assert ops.zeros((2,)).tolist() == [0, 0]
    assert Symbol.seen == []


def test_shape_of_a_symbol_is_its_shape() -> None:
    X.shape = (None, 3)
    assert ops.shape(X) == (None, 3)
    assert ops.convert_to_tensor(X) is X and Symbol.seen == []


def test_parameters_run_at_once_and_get_gradients() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    ops.sum(ops.square(weight)).backward()
    assert weight.grad.tolist() == [2, 2]
    assert type(ops.add(weight, 1)) is torch.Tensor


def test_fx_tracing_keeps_an_operation_whole() -> None:
    graph = torch.fx.symbolic_trace(lambda x: ops.softmax(ops.add(x, [1.0, 2.0]), axis=0))
    targets = [node.target for node in graph.graph.nodes if node.op == "call_function"]
    assert targets == [ops.add.raw, ops.softmax.raw]


def test_every_operation_runs_compiled_without_a_break() -> None:
    def several(x: torch.Tensor) -> torch.Tensor:
        return ops.sum(ops.softmax(ops.matmul(x, ops.transpose(x)) + 1, axis=-1), axis=0)

    x = torch.ones(2, 3)
    compiled = torch.compile(several, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), several(x))


def test_plain_function_is_registered_and_pickles() -> None:
    assert registry.builtin("ops", "add") is ops.add.raw
    assert registry.builtin("ops", "swish") is ops.silu.raw
    assert pickle.loads(pickle.dumps(ops.add.raw)) is ops.add.raw


def test_new_tensors_go_to_the_device_of_the_others() -> None:
    meta = torch.ones(2, device="meta")
    assert ops.add(meta, np.ones(2)).device.type == "meta"
    assert ops.maximum(meta, 0.0).device.type == "meta"


def test_a_device_mode_changes_neither_recording_nor_creation() -> None:
    with torch.device("meta"):
        assert ops.arange(3).is_meta and ops.zeros(2).is_meta and ops.convert_to_tensor([1.0]).is_meta
        assert ops.add(ops.eye(2), np.ones((2, 2))).is_meta and ops.repeat(ops.eye(2), [1, 2], axis=0).shape == (3, 2)
        ops.add(X, 1)
    assert [seen[0] for seen in Symbol.seen] == [ops.add.raw]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int8"])
def test_python_numbers_are_weak(dtype: str) -> None:
    x = ops.ones(2, dtype)
    for function in (ops.add, ops.multiply, ops.maximum, ops.minimum, ops.subtract):
        assert ops.dtype(function(x, 2)) == dtype
        assert ops.dtype(function(2, x)) == dtype
        assert ops.dtype(function(x[0], 2)) == dtype


def test_camel_case() -> None:
    assert _symbolic.camel_case("log_softmax") == "LogSoftmax"


def test_recorded_by_keras_tensors() -> None:
    x = graph.KerasTensor((None, 6))
    out = ops.softmax(ops.reshape(x, (-1, 2, 3)), axis=-1)
    assert out.shape == (None, 2, 3) and out.node.target is ops.softmax.raw
    assert ops.shape(x) == (None, 6)
    assert ops.concatenate([x, x], axis=1).shape == (None, 12)
    assert ops.one_hot(ops.argmax(x, axis=-1), 4).shape == (None, 4)
    assert ops.image.resize(graph.KerasTensor((None, 8, 8, 3)), (4, 4)).shape == (None, 4, 4, 3)
    assert ops.conv(graph.KerasTensor((None, 8, 8, 3)), np.ones((3, 3, 3, 5), "float32"), 2, "same").shape == (
        None,
        4,
        4,
        5,
    )
    assert [part.shape for part in ops.split(x, 2, axis=1)] == [(None, 3), (None, 3)]
    assert ops.top_k(x, 2)[0].shape == (None, 2)
    values, indices = ops.top_k(x, 2)
    assert indices.dtype == "int64"
    assert ops.matmul(x, np.ones((6, 4), "float32")).dtype == "float32"
    assert ops.add(x, 1).node.args[1] == 1
