"""What all merge layers share: shapes, masks, and the short way."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.layers.merging.merge import Merge, spread
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.tracking import live


@pytest.mark.parametrize(
    ("shapes", "wanted"),
    [
        ([(None, 3), (None, 3)], (None, 3)),
        ([(2, 3), (None, 3)], (2, 3)),
        ([(None, 3, 4), (None, 4)], (None, 3, 4)),
        ([(None, 3, 1), (None, 1, 4)], (None, 3, 4)),
        ([(None, None, 4), (None, 3, 4)], (None, None, 4)),
        ([(5,), (5,)], (5,)),
    ],
)
def test_shapes_like_keras(shapes: Any, wanted: Any) -> None:
    import keras

    assert layers.Add().compute_output_shape(shapes) == wanted
    assert keras.layers.Add().compute_output_shape(shapes) == wanted
    assert layers.Add()([KerasTensor(s) for s in shapes]).shape == wanted


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 4)], [(2, 3), (3, 3)], [(2, 3, 4), (2, 3)]])
def test_unfit_shapes_are_named(shapes: Any) -> None:
    with pytest.raises(ValueError, match="shapes that are equal, or 1"):
        layers.Add()([torch.zeros(s) for s in shapes])


def test_one_tensor_is_no_list() -> None:
    with pytest.raises(ValueError, match=r"Add\(\)\(\[a, b\]\)"):
        layers.Add()(torch.zeros(2, 3))


def test_tuples_arrays_and_single_inputs() -> None:
    assert layers.Add()((torch.ones(2), torch.ones(2).numpy())).tolist() == [2.0, 2.0]
    assert layers.Add()([torch.ones(2)]).tolist() == [1.0, 1.0]


def test_merges_do_not_switch_masks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "on", False)
    layers.Add(), layers.Concatenate(), layers.Maximum()
    assert not live.on
    layers.Masking()
    assert live.on


def test_the_short_way_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [torch.randn(2, 3), torch.randn(2, 3)]
    layer = layers.Add()
    first = layer(inputs)  # builds
    monkeypatch.setattr(live, "on", False)
    short = layer(inputs)
    monkeypatch.setattr(live, "on", True)
    assert torch.equal(short, first) and torch.equal(layer(inputs), first)


def test_hooks_see_merges() -> None:
    layer, seen = layers.Add(), []
    layer.register_forward_hook(lambda module, args, output: seen.append(output))
    layer([torch.ones(1), torch.ones(1)])
    layer([torch.ones(1), torch.ones(1)])
    assert len(seen) == 2


def test_spread() -> None:
    mask = torch.tensor([[True, False]])
    assert spread(mask, torch.zeros(1, 2, 3)).tolist() == [[[True] * 3, [False] * 3]]  # type: ignore[union-attr]
    assert spread(None, torch.zeros(1)) is None


def test_a_subclass_writes_one_method() -> None:
    class First(Merge):
        def _merge(self, inputs: Any) -> Any:
            return inputs[0]

    assert First()([torch.ones(1), torch.zeros(1)]).tolist() == [1.0]
