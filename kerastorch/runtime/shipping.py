"""Sending objects to processes of our own: code by value where it has no file, arrays once for all of them.

What is written here is read by processes that this one starts, in a folder that only this user can enter, and is
removed with it. It is no file format, and nothing else is ever read this way.
"""

from __future__ import annotations

import io
import pickle
import shutil
import tempfile
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kerastorch.base import errors

SMALL = 1 << 16  # bytes: smaller arrays travel within the message
_MEMORY = Path("/dev/shm")


def folder(size: int) -> Path:
    """A new folder that no other user can read; in memory where there is room for `size` bytes."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * size
    return Path(tempfile.mkdtemp(prefix="kerastorch-", dir=_MEMORY if roomy else None))


def dump(value: Any, path: Path) -> None:
    """Write any object, large arrays beside it: each once, however often it occurs.

    Args:
        value: The object. Functions and classes of a script or a notebook travel by value (needs `cloudpickle`).
        path: The file.

    Raises:
        TypeError: Something in it cannot travel.
        ImportError: It holds code of the script itself, and `cloudpickle` is not installed.
    """
    with path.open("wb") as file:
        try:
            _pickler()(file, path).dump(value)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise errors.type_error(
                "What is sent to the processes of a run",
                expected="objects that can be pickled",
                received=errors.Said(str(error)),
                remedy="Open files, generators and locks inside the process: in a Dataset, or a callback's "
                "`on_train_begin`; or start the script with `torchrun`, so that nothing needs to travel.",
            ) from error


def can_travel(value: Any) -> bool:
    """Whether an object can be pickled."""
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError):
        return False
    return True


def load(path: Path) -> Any:
    """Read what `dump` wrote; large arrays stay in their files and are shared by all who read them."""
    with path.open("rb") as file:
        return _Unpickler(file, path).load()


def _pickler() -> Any:
    try:
        from cloudpickle import Pickler
    except ImportError:
        Pickler = _ByName

    class Shipping(Pickler):  # type: ignore[misc]
        """A pickler that puts large arrays into files of their own."""

        def __init__(self, file: Any, path: Path) -> None:
            super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
            self.path = path
            self.sent: dict[int, tuple[Any, ...]] = {}
            self.kept: list[Any] = []  # an id stays unique while its object lives

        def persistent_id(self, value: Any) -> tuple[Any, ...] | None:
            if not (_is_large_array(value) or _is_large_tensor(value)):
                return None
            if id(value) not in self.sent:
                self.kept.append(value)
                self.sent[id(value)] = self._send(value)
            return self.sent[id(value)]

        def _send(self, value: Any) -> tuple[Any, ...]:
            if isinstance(value, np.memmap) and _maps_whole_file_part(value):
                return ("array", str(value.filename), value.dtype.str, value.shape, value.offset)
            kind = "tensor" if isinstance(value, Tensor) else "array"
            array = value.numpy() if isinstance(value, Tensor) else value
            name = self.path.with_name(f"{self.path.stem}-{len(self.sent)}.array")
            np.ascontiguousarray(array).tofile(name)
            return (kind, str(name), array.dtype.str, array.shape, 0)

    return Shipping


class _ByName(pickle.Pickler):
    """Stands in for cloudpickle's: code travels by the name of its module alone."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, (type, FunctionType)) and (value.__module__ == "__main__" or "<" in value.__qualname__):
            raise errors.import_error(
                f"Sending {value.__qualname__!r} of the script to the processes of a run",
                expected="`cloudpickle`, which sends code by value",
                received=errors.Said("none: it is not installed"),
                remedy="Run `pip install cloudpickle`, move the code into a module, or start with `torchrun`.",
            )
        return NotImplemented


def _is_large_array(value: Any) -> bool:
    return type(value) in (np.ndarray, np.memmap) and not value.dtype.hasobject and value.nbytes > SMALL


def _is_large_tensor(value: Any) -> bool:
    if type(value) is not Tensor or isinstance(value, nn.Parameter) or value.requires_grad:
        return False
    plain = value.device.type == "cpu" and value.layout is torch.strided and value.dtype is not torch.bfloat16
    return plain and value.numel() * value.element_size() > SMALL


def _maps_whole_file_part(value: Any) -> bool:
    """Whether the array is what `np.memmap` gave, not a view into it."""
    return value.filename is not None and value.flags.c_contiguous and not isinstance(value.base, np.memmap)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file)
        self.path = path
        self.arrays: dict[tuple[Any, ...], Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return _storage_on_host
        return super().find_class(module, name)

    def persistent_load(self, key: tuple[Any, ...]) -> Any:
        if key not in self.arrays:
            kind, name, dtype, shape, offset = key
            # Copy on write: a process may change its view, no other sees it.
            mapped = np.memmap(name, dtype=dtype, mode="c", shape=shape, offset=offset)
            of_ours = Path(name).parent == self.path.parent
            array = mapped.view(np.ndarray) if of_ours else mapped  # the user's file stays on disk
            self.arrays[key] = torch.from_numpy(array) if kind == "tensor" else array
        return self.arrays[key]


def _storage_on_host(data: bytes) -> Any:
    """A tensor's memory on the host: on its sender's accelerator every rank would take room, and a context."""
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
