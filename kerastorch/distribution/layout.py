"""Where the parts of a tensor lie: `DeviceMesh`, `TensorLayout`, `LayoutMap`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from kerastorch.base import errors
from kerastorch.distribution.devices import list_devices
from kerastorch.nn.keras_tensor import KerasTensor


class DeviceMesh:
    """Devices in a grid, whose dimensions have names.

    Args:
        shape: The grid's shape.
        axis_names: The names of its dimensions.
        devices: The devices, as many as the grid has places; default `list_devices()`.

    Raises:
        ValueError: The arguments do not fit each other.

    Example:
        >>> DeviceMesh((2, 2), ["batch", "model"], [f"cpu:{i}" for i in range(4)]).devices[1].tolist()
        ['cpu:2', 'cpu:3']
    """

    def __init__(self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None) -> None:
        if not shape or not axis_names or len(shape) != len(axis_names):
            raise errors.value_error(
                "`shape` and `axis_names` of DeviceMesh",
                expected="as many sizes as names, at least one",
                received=(tuple(shape or ()), tuple(axis_names or ())),
            )
        found = np.array(list_devices() if devices is None else devices)
        if math.prod(shape) != found.size:
            raise errors.value_error(
                "`shape` of DeviceMesh",
                expected=f"room for the {found.size} devices",
                received=tuple(shape),
                remedy="Give as many `devices` as the mesh has places.",
            )
        self.shape, self.axis_names = shape, axis_names
        self.devices = found.reshape(shape)
        self._backend_mesh: Any = None

    @property
    def backend_mesh(self) -> Any:
        """Torch's mesh of the processes, one for each device.

        Raises:
            ValueError: This is no process of so many that have met.
        """
        if self._backend_mesh is None:
            met = dist.get_world_size() if dist.is_initialized() else 1
            if met != self.devices.size:
                raise errors.value_error(
                    f"{self!r}",
                    expected=f"{self.devices.size} processes that have met, one for each device",
                    received=met,
                    remedy="Start the script with `torchrun`, or let `fit` start them: `compile(devices=...)`.",
                )
            from torch.distributed.device_mesh import init_device_mesh

            kind = "cuda" if str(self.devices.flat[0]).startswith("gpu") else "cpu"
            self._backend_mesh = init_device_mesh(kind, tuple(self.shape), mesh_dim_names=tuple(self.axis_names))
        return self._backend_mesh

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_backend_mesh": None}

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={tuple(self.shape)}, axis_names={list(self.axis_names)}>"


class TensorLayout:
    """Along which dimension of the mesh each dimension of a tensor is cut.

    Args:
        axes: For each dimension of the tensor a name of the mesh's dimensions, or None for one that is whole.
        device_mesh: The mesh; it may be given later.

    Raises:
        ValueError: The mesh has no dimension of such a name.

    Example:
        >>> TensorLayout([None, "model"]).axes
        (None, 'model')
    """

    def __init__(self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None) -> None:
        self.axes = tuple(axes)
        self._device_mesh = device_mesh
        self._check_axes()

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise errors.value_error(
                "`device_mesh` of a TensorLayout", expected="to be set once", received=errors.Said(repr(mesh))
            )
        self._device_mesh = mesh
        self._check_axes()

    @property
    def backend_layout(self) -> Any:
        """Torch's (mesh, placements)."""
        if self._device_mesh is None:
            raise errors.value_error("A TensorLayout", expected="one with a `device_mesh`", received=None)
        return self._device_mesh.backend_mesh, self.placements()

    def placements(self, dimensions: Sequence[int] | None = None) -> tuple[Any, ...]:
        """Torch's placements, one for each dimension of the mesh.

        Args:
            dimensions: Where each dimension of torch's layout comes from in Keras's.
        """
        from torch.distributed.tensor import Replicate, Shard

        axes = [self.axes[d] for d in dimensions] if dimensions else list(self.axes)
        names: Sequence[str] = self._device_mesh.axis_names if self._device_mesh is not None else ()
        return tuple(Shard(axes.index(name)) if name in axes else Replicate() for name in names)

    def _check_axes(self) -> None:
        if self._device_mesh is None:
            return
        names = [axis for axis in self.axes if axis is not None]
        for name in names:
            if name not in self._device_mesh.axis_names:
                raise errors.unknown_name("axis of the mesh", name, list(self._device_mesh.axis_names))
        if len(set(names)) < len(names):
            raise errors.value_error("`axes` of TensorLayout", expected="each name once", received=self.axes)

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self._device_mesh}>"


class LayoutMap(MutableMapping[str, TensorLayout]):
    """Paths of variables -> layouts; the keys are regular expressions that match a whole path.

    Args:
        device_mesh: The mesh of layouts that have none.

    Example:
        >>> layouts = LayoutMap(DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"]))
        >>> layouts[".*dense.*/kernel"] = (None, "model")
        >>> layouts["dense_1/kernel"].axes, layouts["dense_1/bias"]
        ((None, 'model'), None)
    """

    def __init__(self, device_mesh: DeviceMesh) -> None:
        self.device_mesh = device_mesh
        self._layouts: dict[str, TensorLayout] = {}

    def __getitem__(self, key: str) -> Any:
        """The layout of a path; None where no key matches.

        Raises:
            ValueError: Several keys match.
        """
        if key in self._layouts:
            return self._layouts[key]
        matching = [pattern for pattern in self._layouts if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise errors.value_error(
                f"LayoutMap for path {key!r}", expected="one key that matches", received=errors.Said(str(matching))
            )
        return self._layouts[matching[0]] if matching else None

    def __setitem__(self, key: str, layout: Any) -> None:
        if key in self._layouts:
            raise errors.value_error("LayoutMap", expected="a key that is not there yet", received=key)
        made = TensorLayout(layout) if isinstance(layout, tuple) else layout
        if not isinstance(made, TensorLayout):
            raise errors.value_error(
                f"LayoutMap[{key!r}]", expected="a TensorLayout, or a tuple of names and None", received=layout
            )
        if made.device_mesh is None:
            made.device_mesh = self.device_mesh
        self._layouts[key] = made

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)


def distribute_tensor(tensor: Any, layout: TensorLayout) -> Any:
    """Lay a tensor out over the mesh of `layout`.

    Args:
        tensor: The values: whole, the same in every process. A symbolic tensor comes back as it is.
        layout: The layout.

    Returns:
        A `torch.distributed.tensor.DTensor`; the tensor itself where the mesh is one device.

    Raises:
        ValueError: This is no process of so many that have met.

    Example:
        >>> mesh = DeviceMesh((1,), ["model"], ["cpu:0"])
        >>> distribute_tensor(torch.ones(4), TensorLayout(["model"], mesh)).shape
        torch.Size([4])
    """
    if isinstance(tensor, KerasTensor):
        return tensor
    value = tensor if isinstance(tensor, Tensor) else torch.as_tensor(tensor)
    if layout.device_mesh is not None and layout.device_mesh.devices.size == 1:
        return value
    mesh, placements = layout.backend_layout
    from torch.distributed.tensor import DTensor
    from torch.distributed.tensor import distribute_tensor as distribute

    if isinstance(value, DTensor):
        return value.redistribute(mesh, placements)
    return distribute(value, mesh, placements, src_data_rank=None)
