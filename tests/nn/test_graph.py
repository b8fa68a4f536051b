"""Recording calls, and the straight-line code that comes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import fx, nn

from kerastorch import layers
from kerastorch.layers import Dense, Input
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor


def _compile(inputs: Any, outputs: Any) -> fx.GraphModule:
    """What a functional model does: give each layer a key and emit."""
    root, keys = nn.Module(), {}
    for node in graph.history(graph.symbolic_leaves(outputs), graph.symbolic_leaves(inputs)):
        if isinstance(node.target, nn.Module) and id(node.target) not in keys:
            keys[id(node.target)] = f"m{len(keys)}"
            root.add_module(keys[id(node.target)], node.target)
    return graph.Emitter(root, keys).emit(inputs, outputs)


def test_layers_operators_and_torch_functions() -> None:
    x = Input((4,))
    hidden = Dense(3, activation="relu")
    head = Dense(2)
    h = hidden(x)
    y = head(torch.cat([h, torch.sin(h) * 2 + 1], dim=-1))[:, :1].squeeze(-1)
    module = _compile(x, y)
    data = torch.randn(5, 4)
    h_real = hidden(data)
    wanted = head(torch.cat([h_real, torch.sin(h_real) * 2 + 1], dim=-1))[:, 0]
    torch.testing.assert_close(module(data), wanted)
    assert " for " not in module.code and "m0(" in module.code
    assert {id(p) for p in module.parameters()} == {id(p) for p in (*hidden.parameters(), *head.parameters())}


def test_structures_in_and_out() -> None:
    inputs = {"a": Input((2,)), "b": [Input((2,)), Input((2,))]}
    outputs = {"sum": inputs["a"] + inputs["b"][0], "rest": (inputs["b"][1], inputs["a"] * 2)}
    module = _compile(inputs, outputs)
    a, b, c = torch.randn(3, 1, 2)
    found = module({"a": a, "b": [b, c]})
    torch.testing.assert_close(found["sum"], a + b)
    torch.testing.assert_close(found["rest"], (c, a * 2))


def test_unused_inputs_may_be_there() -> None:
    a, b = Input((2,)), Input((2,))
    module = _compile([a, b], a + 1)
    assert module([torch.zeros(1, 2), torch.zeros(1, 2)]).tolist() == [[1.0, 1.0]]


def test_shared_layers_are_called_twice() -> None:
    shared, a, b = Dense(3), Input((2,)), Input((2,))
    module = _compile([a, b], shared(a) - shared(b))
    x = torch.randn(4, 2)
    assert torch.count_nonzero(module([x, x])) == 0
    assert module.code.count("m0(") == 2 and len(list(module.parameters())) == 2


def test_constants_travel_with_the_module() -> None:
    x = Input((2,))
    weight = nn.Parameter(torch.ones(2))
    module = _compile(x, x * torch.tensor([1.0, 2.0]) + np.array([1.0, 1.0], "float32") + weight)
    assert module(torch.ones(1, 2)).tolist() == [[3.0, 4.0]]
    assert any(p is weight for p in module.parameters())
    assert len(list(module.buffers())) == 2 and len(module.state_dict()) == 1


def test_slices_by_symbolic_values_and_keyword_arguments() -> None:
    x = Input((3,))
    y = torch.nn.functional.softmax(x, dim=-1).sum(dim=-1, keepdim=True).expand(-1, 3)[..., None]
    assert y.shape == (None, 3, 1)
    assert _compile(x, y)(torch.randn(2, 3)).shape == (2, 3, 1)


def test_several_outputs_of_one_node() -> None:
    x = Input((4,))
    a, b = torch.split(x, [1, 3], dim=1)
    found = _compile(x, b.sum(dim=1, keepdim=True) + a)(torch.ones(2, 4))
    assert found.tolist() == [[4.0], [4.0]]


def test_masks_become_edges() -> None:
    class Count(layers.Layer):
        def call(self, inputs: Any, mask: Any = None) -> Any:
            return mask.sum(dim=-1)

    x = Input((3, 2))
    y = Count()(layers.Dropout(0.1)(layers.Masking()(x)))
    data = torch.tensor([[[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]])
    assert _compile(x, y)(data).tolist() == [2]


def test_outputs_carry_their_masks() -> None:
    x = Input((3, 2))
    found = _compile(x, layers.Masking()(x))(torch.tensor([[[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]]))
    assert found._keras_mask.tolist() == [[True, False, True]]


def test_merges_of_masked_inputs() -> None:
    a, b = Input((3, 2)), Input((3, 2))
    y = layers.Maximum()([layers.Masking()(a), layers.Masking()(b)])
    x1, x2 = torch.randn(2, 3, 2), -torch.randn(2, 3, 2).abs()
    x1[:, 1], x2[:, 2] = 0, 0
    wanted = layers.Maximum()([layers.Masking()(x1), layers.Masking()(x2)])
    found = _compile([a, b], y)([x1, x2])
    torch.testing.assert_close(found, wanted)
    assert found._keras_mask.tolist() == wanted._keras_mask.tolist()


def test_a_disconnected_graph_names_the_tensor() -> None:
    x, forgotten = Input((2,), name="x"), Input((2,), name="forgotten")
    with pytest.raises(ValueError, match=r"Graph disconnected: 'forgotten'.*\['x'\]"):
        graph.history([x + forgotten], [x])
    with pytest.raises(ValueError, match="Graph disconnected"):
        graph.history([KerasTensor((2,))], [x])


def test_cut_out_of_a_larger_graph() -> None:
    x = Input((2,))
    middle = x * 2
    module = _compile(middle, middle + 1)
    assert module(torch.ones(1, 2)).tolist() == [[2.0, 2.0]]


def test_history_is_in_order_and_only_what_is_needed() -> None:
    x = Input((2,))
    a = x + 1
    b = a * 2
    x - 5  # recorded, not needed
    assert [n.name.split("_")[0] for n in graph.history([b], [x])] == ["add", "mul"]


def test_deep_graphs_do_not_recurse() -> None:
    x = Input((2,))
    y = x
    for _ in range(1500):
        y = torch.neg(y)
    assert len(graph.history([y], [x])) == 1500


@pytest.mark.parametrize("channels", [64, 512])
def test_four_unknown_dimensions(channels: int) -> None:
    """Volumes of any size: the sizes that are tried must not overflow."""
    x = KerasTensor((None, None, None, None, channels))
    assert (x + 1).shape == x.shape
    assert (x[..., :9].unsqueeze(0) + KerasTensor((None, 1, 1, 1, 1, 1))).shape == (*[None] * 5, 9)


def test_a_size_is_found_out_not_guessed() -> None:
    x = KerasTensor((None, None, 6))
    assert x.reshape(-1, 6).shape == (None, 6)
    assert x.flatten(1).shape == (None, None)
    assert x.transpose(0, 2).shape == (6, None, None)
    assert torch.nn.functional.max_pool2d(KerasTensor((None, 3, None, 9)), 3).shape == (None, 3, None, 3)


def test_plain_values_come_through() -> None:
    assert graph.infer(lambda t: (t, 3, "x"), (KerasTensor((None, 2)),), {}, "f")[1:] == (3, "x")


def test_the_generated_code_compiles() -> None:
    x = Input((4,))
    module = _compile(x, Dense(2)(layers.Flatten()(x)) + 1)
    data = torch.randn(3, 4)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(data), module(data))
