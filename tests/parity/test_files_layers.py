"""Every layer goes through files both ways: Keras writes and we read, we write and Keras reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch.base import registry
from tests.saving import files

# Keras 3.15 on NumPy 2: its variables have the `__array__` of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

IMAGE, LINE, VOLUME, FLAT = (7, 6, 4), (7, 4), (5, 5, 5, 2), (6,)

# name, arguments, input shapes (without the batch)
LAYERS: list[tuple[str, dict[str, Any], list[tuple[int, ...]]]] = [
    ("Activation", {"activation": "gelu"}, [FLAT]),
    ("ActivityRegularization", {"l1": 0.1}, [FLAT]),
    ("Add", {}, [FLAT, FLAT]),
    ("AlphaDropout", {"rate": 0.3, "seed": 1}, [FLAT]),
    ("Average", {}, [FLAT, FLAT]),
    ("AveragePooling1D", {"pool_size": 3, "padding": "same"}, [LINE]),
    ("AveragePooling2D", {"pool_size": 2, "strides": 3}, [IMAGE]),
    ("AveragePooling3D", {"pool_size": 2, "padding": "same"}, [VOLUME]),
    ("BatchNormalization", {"momentum": 0.8}, [IMAGE]),
    ("Concatenate", {"axis": 1}, [LINE, LINE]),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "activation": "relu"}, [LINE]),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, [LINE]),
    ("Conv2D", {"filters": 6, "kernel_size": (3, 2), "strides": 2, "padding": "same", "groups": 2}, [IMAGE]),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (3, 2), "strides": 2, "output_padding": 1}, [IMAGE]),
    ("Conv3D", {"filters": 3, "kernel_size": 2, "use_bias": False}, [VOLUME]),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2}, [VOLUME]),
    ("Cropping1D", {"cropping": (1, 2)}, [LINE]),
    ("Cropping2D", {"cropping": ((1, 2), (0, 1))}, [IMAGE]),
    ("Cropping3D", {"cropping": 1}, [VOLUME]),
    ("Dense", {"units": 3, "activation": "softmax", "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, [LINE]),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, [LINE]),
    ("DepthwiseConv2D", {"kernel_size": (3, 2), "depth_multiplier": 2, "padding": "same"}, [IMAGE]),
    ("Dot", {"axes": 2, "normalize": True}, [LINE, LINE]),
    ("Dropout", {"rate": 0.3}, [FLAT]),
    ("ELU", {"alpha": 0.5}, [FLAT]),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, [LINE]),
    ("Embedding", {"input_dim": 5, "output_dim": 3, "mask_zero": True}, [(4,)]),
    ("Flatten", {}, [IMAGE]),
    ("GaussianDropout", {"rate": 0.3}, [FLAT]),
    ("GaussianNoise", {"stddev": 0.3, "seed": 3}, [FLAT]),
    ("GlobalAveragePooling1D", {}, [LINE]),
    ("GlobalAveragePooling2D", {"keepdims": True}, [IMAGE]),
    ("GlobalAveragePooling3D", {}, [VOLUME]),
    ("GlobalMaxPooling1D", {}, [LINE]),
    ("GlobalMaxPooling2D", {}, [IMAGE]),
    ("GlobalMaxPooling3D", {}, [VOLUME]),
    ("GroupNormalization", {"groups": 2}, [IMAGE]),
    ("Identity", {}, [FLAT]),
    ("LayerNormalization", {"axis": [1, 2]}, [LINE]),
    ("LeakyReLU", {"negative_slope": 0.2}, [FLAT]),
    ("Masking", {"mask_value": 0.5}, [LINE]),
    ("MaxPooling1D", {"pool_size": 3}, [LINE]),
    ("MaxPooling2D", {"pool_size": (2, 3), "padding": "same"}, [IMAGE]),
    ("MaxPooling3D", {"pool_size": 2}, [VOLUME]),
    ("Maximum", {}, [FLAT, FLAT]),
    ("Minimum", {}, [FLAT, FLAT]),
    ("Multiply", {}, [FLAT, FLAT]),
    ("PReLU", {"shared_axes": [1]}, [LINE]),
    ("Permute", {"dims": (2, 1)}, [LINE]),
    ("RMSNormalization", {}, [FLAT]),
    ("ReLU", {"max_value": 0.7, "negative_slope": 0.1}, [FLAT]),
    ("RepeatVector", {"n": 3}, [FLAT]),
    ("Rescaling", {"scale": 0.5, "offset": 1.0}, [FLAT]),
    ("Reshape", {"target_shape": (2, -1)}, [FLAT]),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2}, [LINE]),
    ("SeparableConv2D", {"filters": 3, "kernel_size": (2, 3), "padding": "same"}, [IMAGE]),
    ("Softmax", {"axis": -1}, [FLAT]),
    ("SpatialDropout1D", {"rate": 0.3}, [LINE]),
    ("SpatialDropout2D", {"rate": 0.3}, [IMAGE]),
    ("SpatialDropout3D", {"rate": 0.3}, [VOLUME]),
    ("Subtract", {}, [FLAT, FLAT]),
    ("UnitNormalization", {}, [FLAT]),
    ("UpSampling1D", {"size": 2}, [LINE]),
    ("UpSampling2D", {"size": (2, 3)}, [IMAGE]),
    ("UpSampling3D", {"size": 2}, [VOLUME]),
    ("ZeroPadding1D", {"padding": (1, 2)}, [LINE]),
    ("ZeroPadding2D", {"padding": ((1, 2), (0, 1))}, [IMAGE]),
    ("ZeroPadding3D", {"padding": 1}, [VOLUME]),
]
# Bases, wrappers of code or of other layers; these have tests of their own.
ELSEWHERE = {"InputLayer", "Lambda", "Layer", "SpectralNormalization", "TorchModuleWrapper", "Wrapper"}


def _data(name: str, shapes: list[tuple[int, ...]]) -> Any:
    generator = np.random.default_rng(2)
    if name == "Embedding":
        return generator.integers(0, 5, (3, *shapes[0])).astype("int32")
    made = [generator.uniform(0.1, 1.0, (3, *shape)).astype("float32") for shape in shapes]
    return made if len(made) > 1 else made[0]


@pytest.mark.parametrize(("name", "arguments", "shapes"), LAYERS, ids=[name for name, _, _ in LAYERS])
def test_a_layer_goes_both_ways(name: str, arguments: dict[str, Any], shapes: Any, tmp_path: Path) -> None:
    def make(library: Any) -> Any:
        kind = "int32" if name == "Embedding" else "float32"
        inputs = [library.Input(shape, dtype=kind) for shape in shapes]
        layer = getattr(library.layers, name)(**arguments)
        return library.Model(inputs if len(inputs) > 1 else inputs[0], layer(inputs if len(inputs) > 1 else inputs[0]))

    files.both_ways(make, _data(name, shapes), tmp_path)


def test_spectral_normalization_goes_both_ways(tmp_path: Path) -> None:
    def make(library: Any) -> Any:
        inner = library.layers.Conv2D(3, 2)
        return library.Sequential([library.Input(IMAGE), library.layers.SpectralNormalization(inner)])

    files.both_ways(make, _data("", [IMAGE]), tmp_path)


def test_every_layer_is_in_the_table() -> None:
    known = {cls.__name__ for cls in registry._builtin["layers"].values()}
    assert known - {name for name, _, _ in LAYERS} - ELSEWHERE == set()
