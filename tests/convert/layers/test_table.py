"""Every layer of the library is written, plainly or kept."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from kerastorch.convert.layers import table
from tests.convert.running import check_format, one, same

# Layers that need other inputs than one tensor, or none at all, and bases; each is tested elsewhere or has no call.
APART = {
    "Input", "InputLayer", "InputSpec", "Layer", "Wrapper", "Lambda", "TorchModuleWrapper", "Dot", "Embedding",
    "EinsumDense", "SpectralNormalization", "Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout",
}  # fmt: skip
ARGUMENTS: dict[str, Any] = {
    "Dense": (2,), "Activation": ("relu",), "RepeatVector": (2,), "Reshape": ((-1,),), "Rescaling": (2.0,),
    "Permute": ((2, 1),), "UnitNormalization": (), "GroupNormalization": (1,), "ActivityRegularization": (0.1,),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({v.__name__ for v in vars(layers).values() if isinstance(v, type)} - APART))
def test_every_layer(name: str) -> None:
    kind = getattr(layers, name)
    rank = next((int(part) for part in name if part.isdigit()), 2 if name == "Permute" else 1)
    rank = rank - 1 if name == "Permute" else rank if name[-1] == "D" or "D" in name and name[-1] == "e" else 0
    rank = 1 if name == "Permute" else rank
    spatial = "Dropout" in name
    conv = "Conv" in name
    given = ARGUMENTS.get(name, (0.0,) if spatial else (3,) if conv and "Depthwise" in name else (4, 3) if conv else ())
    shape = (6,) * rank + (4,)
    if name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"):
        x = keras.Input((4,))
        same(keras.Model(x, kind(*given)([x, layers.Dense(4)(x)])), torch.randn(3, 4))
        return
    kept = kind not in table._EMITTERS
    source = one(kind(*given), *shape, plain=not kept)
    assert kept == ("keras.layers" in source.text)
    check_format(source.file())


def test_a_model_inside_a_model_is_a_class() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="network")
    a, b = keras.Input((4,)), keras.Input((4,))
    source = same(keras.Model([a, b], inner(a) - inner(b)), torch.randn(2, 4), torch.randn(2, 4))
    assert "class Network_(nn.Module)" in source.text and source.text.count("Network_()") == 1


def test_masks_that_layers_of_users_make_are_said_to_be_left_out() -> None:
    class Odd(keras.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 1.0

        def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
            return inputs[..., 0] > 0

    x = keras.Input((5, 2))

    source = network(keras.Model(x, layers.GlobalAveragePooling1D()(Odd()(x))))
    assert any("all steps count" in note for note in source.notes)
