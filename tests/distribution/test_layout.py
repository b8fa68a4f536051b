"""Meshes, layouts and maps as Keras has them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kerastorch
from kerastorch import distribution

CPUS = [f"cpu:{index}" for index in range(4)]


def _both(make: Any) -> list[Any]:
    """What each library makes of it, or the kind of error."""
    found = []
    for library in (distribution, keras.distribution):
        try:
            found.append(make(library))
        except Exception as error:
            found.append(type(error))
    return found


@pytest.mark.parametrize("shape", [(4,), (2, 2), (3,), (), (2, 2, 1)])
@pytest.mark.parametrize("names", [["batch"], ["batch", "model"], []])
def test_a_mesh_is_kerass(shape: Any, names: Any) -> None:
    ours, theirs = _both(lambda library: library.DeviceMesh(shape, names, CPUS).devices.tolist())
    assert ours == theirs


def test_a_layout_is_kerass() -> None:
    for axes in ((None, "model"), ("batch", None), ("nowhere",), []):
        ours, theirs = _both(
            lambda library, axes=axes: (
                library.TensorLayout(axes, library.DeviceMesh((4, 1), ["batch", "model"], CPUS)).axes
            )
        )
        assert ours == theirs
    mesh = distribution.DeviceMesh((4,), ["model"], CPUS)
    layout = distribution.TensorLayout(["model"])
    layout.device_mesh = mesh
    with pytest.raises(ValueError, match="set once"):
        layout.device_mesh = mesh
    with pytest.raises(ValueError, match="each name once"):
        distribution.TensorLayout(["model", "model"], mesh)
    with pytest.raises(ValueError, match="one with a `device_mesh`"):
        _ = distribution.TensorLayout(["model"]).backend_layout


def test_layouts_become_torchs_placements() -> None:
    from torch.distributed.tensor import Replicate, Shard

    mesh = distribution.DeviceMesh((2, 2), ["batch", "model"], CPUS)
    layout = distribution.TensorLayout((None, "model"), mesh)
    assert layout.placements() == (Replicate(), Shard(1))
    assert layout.placements((1, 0)) == (Replicate(), Shard(0))  # a kernel, as torch stores it


@pytest.mark.parametrize("path", ["dense/kernel", "dense_1/bias", "my/dense/kernel", "conv/kernel", "exact"])
def test_a_map_finds_what_kerass_finds(path: str) -> None:
    def look(library: Any) -> Any:
        layouts = library.LayoutMap(library.DeviceMesh((4, 1), ["batch", "model"], CPUS))
        layouts[".*dense.*/kernel"] = (None, "model")
        layouts["dense_1/bias"] = library.TensorLayout(("model",))
        layouts["my/.*"] = ("batch",)
        layouts["exact"] = (None,)
        found = layouts[path]
        return len(layouts), list(layouts), None if found is None else (found.axes, found.device_mesh is not None)

    ours, theirs = _both(look)
    assert ours == theirs


def test_a_map_refuses_what_keras_refuses() -> None:
    layouts = distribution.LayoutMap(distribution.DeviceMesh((4,), ["model"], CPUS))
    layouts["a"] = ("model",)
    with pytest.raises(ValueError, match="not there yet"):
        layouts["a"] = ("model",)
    with pytest.raises(ValueError, match="a TensorLayout, or a tuple"):
        layouts["b"] = ["model"]
    del layouts["a"]
    assert "a" not in list(layouts)


def test_tensors_go_to_where_they_can() -> None:
    one = distribution.TensorLayout(["model"], distribution.DeviceMesh((1,), ["model"], ["cpu:0"]))
    assert torch.equal(distribution.distribute_tensor(np.ones(2), one), torch.ones(2, dtype=torch.float64))
    symbolic = kerastorch.KerasTensor((2,))
    assert distribution.distribute_tensor(symbolic, one) is symbolic
    many = distribution.TensorLayout(["model"], distribution.DeviceMesh((4,), ["model"], CPUS))
    with pytest.raises(ValueError, match="4 processes that have met"):
        distribution.distribute_tensor(torch.ones(4), many)
