"""HDF5 files of weights: written plainly, read with suspicion.

A file can name other files (external links and storage, virtual datasets), hold cycles, ask for filters that HDF5 would
load as libraries, or declare more than it holds. All of this is refused while the file is listed, before data is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import h5py
import numpy as np
import torch

from kerastorch.base import errors
from kerastorch.saving.states import Declared, Values

MAX_OBJECTS = 1_000_000
MAX_DEPTH = 200
# Chunks are read whole: one may exceed the array that it belongs to by this much.
_SPARE_BYTES = 1 << 24
# Filters that are part of HDF5 and h5py; others would be looked for among the machine's plugins.
_FILTERS = {"1": "gzip", "2": "shuffle", "3": "fletcher32", "32000": "lzf", "lzf": "lzf"}
_TROUBLE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


class Refused(Exception):
    """What a file holds and must not; its text names the object."""


Inventory = dict[str, dict[str, h5py.Dataset]]
"""Path of an object -> name of a value -> where it lies."""


def write(file: h5py.File, path: str, values: Values, name: str | None) -> None:
    """Write one object's values.

    Args:
        file: An HDF5 file open for writing.
        path: The object's path; empty for the model.
        values: Arrays by name.
        name: The object's name, kept as an attribute; None for none.
    """
    if not values and name is None:
        return
    group = file.create_group(f"{path}/vars" if path else "vars")
    if name is not None:
        group.attrs["name"] = name
    for key, value in values.items():
        group.create_dataset(key, data=value)


@contextmanager
def opened(file: BinaryIO | str, subject: str) -> Iterator[h5py.File]:
    """Open an HDF5 file to read it.

    Args:
        file: Its path, or an open file.
        subject: What to call it in errors.

    Raises:
        ValueError: It is damaged, no HDF5 file, or holds what is refused.
    """
    try:
        handle = h5py.File(file, "r")
    except FileNotFoundError:
        raise
    except _TROUBLE as error:
        raise damaged(subject, error) from error
    with handle:
        try:
            yield handle
        except Refused as refused:
            raise errors.value_error(
                subject,
                expected="an HDF5 file of plain arrays",
                received=errors.Said(str(refused)),
                remedy="Do not use this file if you do not know where it comes from.",
            ) from None


@contextmanager
def reading(subject: str) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into one clear error."""
    try:
        yield
    except _TROUBLE as error:
        raise damaged(subject, error) from error


def damaged(subject: str, error: BaseException) -> ValueError:
    """The error for a file that cannot be read."""
    return errors.value_error(
        subject,
        expected="a whole HDF5 file",
        received=errors.Said(f"one that cannot be read ({error})"),
        remedy="It may be cut off or damaged: save or copy it again.",
    )


def inventory(file: h5py.File, subject: str) -> Inventory:
    """List every array of a file without reading any.

    Args:
        file: The open file.
        subject: What to call it in errors.

    Raises:
        ValueError: The file is damaged.
        Refused: It holds links, foreign storage, or types and filters that weights do not need.
    """
    with reading(subject):
        return _list(file)


def _list(file: h5py.File) -> Inventory:
    found: Inventory = {}
    seen: set[int] = set()
    pending: list[tuple[str, h5py.Group, int]] = [("", file["/"], 0)]
    count = 0
    while pending:
        path, group, depth = pending.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or depth > MAX_DEPTH:
            raise Refused(f"groups inside themselves, or more than {MAX_DEPTH} deep, at {path[-80:]!r}")
        seen.add(address)
        count += len(group)
        if count > MAX_OBJECTS:
            raise Refused(f"more than {MAX_OBJECTS} objects")
        for key in group:
            where = f"{path}/{key}" if path else key
            item = _hard_linked(group, key, where)
            if isinstance(item, h5py.Dataset):
                _check_dataset(item, where)
                owner, _, last = path.rpartition("/")
                if last != "vars":
                    raise Refused(f"an array outside of a `vars` group, {where[-80:]!r}")
                found.setdefault(owner, {})[key] = item
            else:
                pending.append((where, item, depth + 1))
    return found


def _hard_linked(group: h5py.Group, key: str, where: str) -> h5py.Group | h5py.Dataset:
    link = group.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise Refused(f"a link to another place, {where[-80:]!r} ({type(link).__name__})")
    item = group[key]
    if not isinstance(item, (h5py.Group, h5py.Dataset)):
        raise Refused(f"neither group nor array, {where[-80:]!r}")
    return item


def _check_dataset(item: h5py.Dataset, where: str) -> None:
    where = where[-80:]
    plist = item.id.get_create_plist()
    if plist.get_external_count():
        raise Refused(f"an array kept in another file, {where!r}")
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        raise Refused(f"a virtual array, {where!r}")
    if item.shape is None or not _is_number(item.dtype):
        raise Refused(f"an array that holds no numbers ({item.dtype}), {where!r}")
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    strange = [code for code in filters if str(code) not in _FILTERS]
    if strange:
        raise Refused(f"an array packed with the unknown filter {strange[0]}, {where!r}")
    if item.chunks is not None and math.prod(item.chunks) * item.dtype.itemsize > _nbytes(item) + _SPARE_BYTES:
        raise Refused(f"an array in pieces larger than itself, {where!r}")


def _is_number(dtype: np.dtype[Any]) -> bool:
    plain = dtype.metadata is None or not {"vlen", "ref"} & set(dtype.metadata)
    return plain and dtype.subdtype is None and (dtype.kind in "fiubc" or _is_bfloat16(dtype))


def _is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Keras writes bfloat16 as two opaque bytes."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None


def _nbytes(item: h5py.Dataset) -> int:
    return math.prod(item.shape) * int(item.dtype.itemsize)


def declared(items: Mapping[str, h5py.Dataset]) -> dict[str, Declared]:
    """Shapes and dtypes of one object's arrays, as the file states them."""
    return {
        key: Declared(tuple(item.shape), "bfloat16" if _is_bfloat16(item.dtype) else item.dtype.name)
        for key, item in items.items()
    }


def read(items: Mapping[str, h5py.Dataset], subject: str) -> Values:
    """Read one object's arrays; their shapes must have been checked.

    Raises:
        ValueError: The file is damaged.
    """
    with reading(subject):
        return {key: _read(item) for key, item in items.items()}


def _read(item: h5py.Dataset) -> np.ndarray[Any, Any]:
    value = item[()]
    if _is_bfloat16(item.dtype):
        bits = np.frombuffer(np.asarray(value).tobytes(), np.int16).reshape(item.shape)
        return torch.from_numpy(bits.copy()).view(torch.bfloat16).float().numpy()
    array = np.asarray(value)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
