"""Distributions: what Keras says of them, what `compile` makes of them, and the same figures on parts of a model."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kerastorch import distribution
from kerastorch.distribution.distributions import options
from kerastorch.runtime.launch import run_on_ranks
from tests.support import sharded_jobs as jobs

CPUS = [f"cpu:{index}" for index in range(4)]


def _map(library: Any = distribution) -> Any:
    return library.LayoutMap(library.DeviceMesh((2, 2), ["batch", "model"], CPUS))


def test_distributions_say_what_kerass_say() -> None:
    for library in (distribution, keras.distribution):
        parallel = library.DataParallel(devices=CPUS)
        assert (parallel.num_model_replicas, parallel.batch_dim_name, parallel.num_processes) == (4, "batch", 1)
        assert parallel.data_shard_id == 0 and parallel.get_tensor_layout("a") is None
        assert parallel.get_data_layout((None, 3)).axes == ("batch", None)
        model = library.ModelParallel(layout_map=_map(library), batch_dim_name="model")
        assert (model.num_model_replicas, model.batch_dim_name) == (2, "model")
        with model.scope():
            assert library.distribution() is model
        assert library.distribution() is None
        with pytest.raises(ValueError):
            library.ModelParallel()
        with pytest.raises(ValueError):
            library.DataParallel(device_mesh="mesh")
    with pytest.warns(UserWarning, match="along the first dimension"):
        distribution.DataParallel(distribution.DeviceMesh((2, 2), ["a", "b"], CPUS))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="Unknown axis of the mesh"):
        distribution.ModelParallel(layout_map=_map(), batch_dim_name="rows")
    with pytest.raises(TypeError, match="unknown keyword argument"):
        distribution.ModelParallel(layout_map=_map(), layouts=1)
    with pytest.raises(ValueError, match="a Distribution or None"):
        distribution.set_distribution("ddp")  # type: ignore[arg-type]


def test_compile_follows_the_distribution_unless_it_is_told_otherwise() -> None:
    with distribution.DataParallel(devices=CPUS[:2]).scope():
        assert options(None, None, None)["devices"] == [0, 1]
        assert options(None, 3, None) == {"device": None, "devices": 3, "strategy": None}
        assert jobs.make()._compiled.plan.strategy.ranks == 2
        assert jobs.make(devices=1)._compiled.plan.strategy.ranks == 1
    assert jobs.make()._compiled.plan.strategy.ranks == 1


def test_a_model_in_parts_computes_the_same() -> None:
    found = run_on_ranks(4, jobs.model_parallel_on_ranks)
    assert found["two by two"] < 1e-12 and found["across"] < 1e-12
    assert found["local"] == [(5, 6), (4, 6), (5, 6), (4, 6)]
    assert "ModelParallel: expected a model without statistics" in found["refused"]
    assert "DTensor" in found["gathered"]


def test_a_launched_model_in_parts_comes_back_whole() -> None:
    layouts = distribution.LayoutMap(distribution.DeviceMesh((1, 2), ["batch", "model"], CPUS[:2]))
    layouts["dense.*/kernel"] = ("model", None)
    expected = jobs.train(jobs.make())
    with distribution.ModelParallel(layout_map=layouts).scope():
        assert jobs.difference(jobs.train(jobs.make()), expected) < 1e-12


def test_a_block_with_dropout_in_parts_draws_the_masks_of_one_device() -> None:
    found = run_on_ranks(2, jobs.block_on_ranks)
    assert len(found["told"]) == 2 and max(found["told"]) < 1e-12
    assert "expected processes that were seeded alike" in found["refused"]
    assert "set_random_seed" in found["refused"]
