"""`DataParallel` and `ModelParallel`, and the one that counts: what `compile` does unless it is told otherwise."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kerastorch.base import errors
from kerastorch.distribution.devices import list_devices
from kerastorch.distribution.layout import DeviceMesh, LayoutMap, TensorLayout
from kerastorch.runtime.strategies import StrategyOptions
from kerastorch.runtime.world import World

_current: list[Any] = [None]


class Distribution:
    """The base of distributions: where a model's variables and its data lie.

    Args:
        device_mesh: The devices.
        batch_dim_name: The mesh's dimension along which batches are cut.
        auto_shard_dataset: Accepted for Keras's sake: each process always takes its rows of every batch.
    """

    def __init__(
        self, device_mesh: DeviceMesh, batch_dim_name: str | None = None, auto_shard_dataset: bool = True
    ) -> None:
        self.device_mesh, self.batch_dim_name = device_mesh, batch_dim_name
        self.auto_shard_dataset = auto_shard_dataset

    @property
    def num_processes(self) -> int:
        """The number of processes that take part now."""
        world = World.here()
        return 1 if world is None else world.size

    @property
    def num_model_replicas(self) -> int:
        """How many copies of the model there are."""
        raise NotImplementedError

    @property
    def data_shard_id(self) -> int:
        """Which part of every batch this process takes."""
        world = World.here()
        return 0 if world is None else world.rank * self.num_model_replicas // max(self.num_model_replicas, world.size)

    def get_data_layout(self, data_shape: Sequence[int | None]) -> TensorLayout:
        """The layout of a batch: cut along its first dimension."""
        return TensorLayout([self.batch_dim_name, *[None] * (len(data_shape) - 1)], self.device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout of a variable (an object with `path` and `shape`); whole by default."""
        return TensorLayout([None] * len(variable.shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout of a tensor between layers; None where nothing is asked for."""
        return None

    def distribute_dataset(self, dataset: Any) -> Any:
        """The dataset itself: `fit` lets each process take its rows of every batch."""
        return dataset

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Let this be the distribution that counts, for a while."""
        before = distribution()
        set_distribution(self)
        try:
            yield
        finally:
            set_distribution(before)

    def strategy(self) -> StrategyOptions:
        """How a run is to be done."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self.device_mesh}>"


class DataParallel(Distribution):
    """Each device holds the model and trains on its part of every batch.

    Args:
        device_mesh: A mesh of one dimension; of more, the first one counts.
        devices: Or the devices.
        auto_shard_dataset: Accepted for Keras's sake.

    Raises:
        ValueError: `device_mesh` is no mesh.

    Example:
        >>> with DataParallel(devices=["cpu:0", "cpu:1"]).scope():
        ...     distribution().num_model_replicas
        2
    """

    def __init__(self, device_mesh: Any = None, devices: Any = None, auto_shard_dataset: bool = True) -> None:
        if device_mesh is not None and not isinstance(device_mesh, DeviceMesh):
            raise errors.value_error(
                "`device_mesh` of DataParallel", expected="a keras.distribution.DeviceMesh", received=device_mesh
            )
        if device_mesh is None:
            found = list(devices) if devices is not None and len(devices) else list_devices()
            device_mesh = DeviceMesh((len(found),), ["batch"], found)
        elif device_mesh.devices.ndim != 1:
            warnings.warn(f"DataParallel cuts batches along the first dimension of {device_mesh} only.", stacklevel=2)
        super().__init__(device_mesh, device_mesh.axis_names[0], auto_shard_dataset)

    @property
    def num_model_replicas(self) -> int:
        return int(self.device_mesh.devices.size)

    def strategy(self) -> StrategyOptions:
        return StrategyOptions("ddp")


class ModelParallel(Distribution):
    """Variables are cut along some dimensions of the mesh, batches along another.

    Args:
        layout_map: Paths of variables -> layouts; a variable without one is whole on every device.
        batch_dim_name: The mesh's dimension along which batches are cut; default the first.
        auto_shard_dataset: Accepted for Keras's sake.
        **kwargs: `device_mesh` of older scripts; that of `layout_map` counts.

    Raises:
        ValueError: `layout_map` is missing or no LayoutMap, or the mesh has no such dimension.

    Example:
        >>> layouts = LayoutMap(DeviceMesh((1, 2), ["batch", "model"], ["cpu:0", "cpu:1"]))
        >>> layouts[".*/kernel"] = (None, "model")
        >>> ModelParallel(layout_map=layouts).num_model_replicas
        1
    """

    def __init__(
        self,
        *,
        layout_map: LayoutMap | None = None,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("device_mesh", None)
        if kwargs:
            known = ["layout_map", "batch_dim_name", "auto_shard_dataset"]
            raise errors.unexpected_keywords("ModelParallel", kwargs, known)
        if not isinstance(layout_map, LayoutMap):
            raise errors.value_error("`layout_map` of ModelParallel", expected="a LayoutMap", received=layout_map)
        mesh = layout_map.device_mesh
        name = batch_dim_name or mesh.axis_names[0]
        if name not in mesh.axis_names:
            raise errors.unknown_name("axis of the mesh", name, list(mesh.axis_names))
        super().__init__(mesh, name, auto_shard_dataset)
        self.layout_map = layout_map

    @property
    def num_model_replicas(self) -> int:
        return int(self.device_mesh.shape[list(self.device_mesh.axis_names).index(str(self.batch_dim_name))])

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        found: TensorLayout | None = self.layout_map[variable.path]
        return super().get_variable_layout(variable) if found is None else found

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        return self.layout_map[path]  # type: ignore[no-any-return]

    def strategy(self) -> StrategyOptions:
        return StrategyOptions("tensor", {"distribution": self})


def distribution() -> Distribution | None:
    """The distribution that counts, or None.

    Example:
        >>> distribution() is None
        True
    """
    return _current[0]  # type: ignore[no-any-return]


def set_distribution(value: Distribution | None) -> None:
    """Let a distribution count: models that are compiled from now on use it, unless `compile` says otherwise.

    Args:
        value: The distribution; None for none.

    Raises:
        ValueError: It is something else.

    Example:
        >>> set_distribution(None)
    """
    if value is not None and not isinstance(value, Distribution):
        raise errors.value_error("`value` of set_distribution", expected="a Distribution or None", received=value)
    _current[0] = value


def options(device: Any, devices: Any, strategy: Any) -> dict[str, Any]:
    """The options of `compile`; where they say nothing of several devices, as the distribution that counts says.

    Example:
        >>> options("cpu", None, None)
        {'device': 'cpu', 'devices': None, 'strategy': None}
    """
    current = distribution()
    if current is None or devices is not None or strategy is not None:
        return {"device": device, "devices": devices, "strategy": strategy}
    names = [str(name) for name in current.device_mesh.devices.flat]
    world = World.here()
    started = world is not None and world.size > 1
    indices = None if started else [int(name.partition(":")[2] or 0) for name in names]
    kind = names[0].partition(":")[0].replace("gpu", "cuda")
    return {"device": kind if device is None else device, "devices": indices, "strategy": current.strategy()}
