"""Arrays of every kind as torch tensors: shared where possible, read in blocks where not.

A `Rows` stands for one array of the user's. Blocks of its rows come out as tensors of the right dtype; the array
itself is never copied as a whole when it is large, read-only or memory-mapped.
"""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, nested, policy

CAST_AT_ONCE = 64 << 20  # bytes: NumPy floats up to this size are cast once, larger arrays block by block
FAULT_ROWS = 64  # rows gathered from a file before its pages are given back (each row may fault in 2 MiB)
RELEASE_ABOVE = 128 << 20  # bytes: the pages of smaller files are kept
CHUNK = 4 << 20  # bytes: how much of an array is scanned or moved at a time


class Rows(ABC):
    """One array of shape (length, ...), read in blocks of rows.

    Attributes:
        shape: The array's shape.
        dtype: The dtype of the blocks.
        device: Where the rows (and so the index of `take`) live.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device = torch.device("cpu")

    @abstractmethod
    def take(self, index: Tensor) -> Tensor:
        """The rows at `index`, an int64 tensor of shape (rows,), as a new tensor."""

    @abstractmethod
    def slice(self, start: int, stop: int) -> Tensor:
        """The rows from `start` to before `stop`; a view where the memory may be written to."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Tensor:
        """As `slice`, uncast and only to be read from, before the next call."""

    @property
    def views(self) -> bool:
        """Whether `slice` hands out views: no memory is taken and nothing copied."""
        return False

    @property
    def row_bytes(self) -> int:
        """The size of a row of a block."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def chunks(self, size: int = CHUNK) -> Iterator[tuple[int, Tensor]]:
        """The whole array in pieces of about `size` bytes, only to be read: (first row, rows)."""
        step = max(1, size // max(1, self.row_bytes))
        for start in range(0, self.shape[0], step):
            yield start, self.read(start, min(start + step, self.shape[0]))

    def moved(self, device: torch.device) -> TensorRows:
        """The same rows, whole, on another device; the host holds a piece at a time."""
        whole = torch.empty(self.shape, dtype=self.dtype, device=device)
        for start, piece in self.chunks(16 * CHUNK):
            whole[start : start + piece.shape[0]].copy_(piece)
        return TensorRows(whole, self.dtype)


class TensorRows(Rows):
    """The rows of a tensor, which may share a NumPy array's memory.

    Args:
        tensor: The rows.
        dtype: What blocks are cast to.
        shared: Whether `slice` may hand out views of `tensor` itself.
        mapping: The memory map of a file behind `tensor`, whose pages are given back after each block.
    """

    def __init__(
        self, tensor: Tensor, dtype: torch.dtype, *, shared: bool = True, mapping: mmap.mmap | None = None
    ) -> None:
        self.tensor, self.dtype, self.shared, self.mapping = tensor, dtype, shared, mapping
        self.shape = tuple(tensor.shape)
        self.device = tensor.device

    @property
    def views(self) -> bool:
        return self.shared and self.tensor.dtype is self.dtype

    def take(self, index: Tensor) -> Tensor:
        if self.mapping is None:
            return self.tensor.index_select(0, index).to(self.dtype)
        pieces = []
        for part in torch.split(index, FAULT_ROWS):
            pieces.append(self.tensor.index_select(0, part).to(self.dtype))
            release(self.mapping)
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def slice(self, start: int, stop: int) -> Tensor:
        view = self.tensor[start:stop]
        if self.shared:
            return view.to(self.dtype)
        block = view.to(self.dtype, copy=True)
        release(self.mapping)
        return block

    def read(self, start: int, stop: int) -> Tensor:
        release(self.mapping)
        return self.tensor[start:stop]


class ArrayRows(Rows):
    """The rows of an array that torch cannot share: reversed, of foreign byte order, or of an unknown float type.

    Args:
        array: The rows.
        dtype: What blocks are cast to.
        mapping: The memory map of a file behind `array`.
    """

    def __init__(self, array: np.ndarray[Any, Any], dtype: torch.dtype, mapping: mmap.mmap | None = None) -> None:
        self.array, self.dtype, self.mapping = array, dtype, mapping
        self.shape = tuple(array.shape)
        wide = array.dtype.kind == "f" and array.dtype.itemsize > 8
        self._native = np.dtype(np.float64) if wide else array.dtype.newbyteorder("=")

    def take(self, index: Tensor) -> Tensor:
        step = index.numel() if self.mapping is None else FAULT_ROWS
        return torch.cat([self._block(self.array[part.numpy()]) for part in torch.split(index, step)])

    def slice(self, start: int, stop: int) -> Tensor:
        return self._block(self.array[start:stop])

    def read(self, start: int, stop: int) -> Tensor:
        return self.slice(start, stop)

    def _block(self, rows: np.ndarray[Any, Any]) -> Tensor:
        block = torch.from_numpy(np.array(rows, dtype=self._native, order="C")).to(self.dtype)
        release(self.mapping)
        return block


def release(mapping: mmap.mmap | None) -> None:
    """Give a file's pages back to the system, which keeps them cached as long as it has room."""
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


def place(name: str, path: nested.Path) -> str:
    """How an error writes a place in a structure.

    Example:
        >>> place("x", ("images", 0))
        "`x['images'][0]`"
    """
    return f"`{name}{''.join(f'[{key!r}]' for key in path)}`"


def to_rows(value: Any, where: str) -> Rows:
    """Any array as `Rows`.

    Args:
        value: A tensor, NumPy array, memory map, pandas object, or anything with `__array__`.
        where: What an error calls it.

    Returns:
        The rows, sharing memory with `value` where that can be.

    Raises:
        TypeError: It is no array.
        ValueError: An array that no model computes with (strings, objects, complex, sparse, without rows).

    Example:
        >>> rows = to_rows(np.zeros((5, 2)), "`x`")
        >>> rows.slice(0, 3).dtype, rows.shape
        (torch.float32, (5, 2))
    """
    if isinstance(value, Tensor):
        return TensorRows(_checked_tensor(value, where), value.dtype)
    array = to_numpy(value, where)
    target = target_dtype(array.dtype)
    mapping, mapped = find_mapping(array)
    try:
        tensor = _share(array)
    except (TypeError, ValueError):
        return ArrayRows(array, target, mapping)
    if tensor.dtype != target and not mapped and array.nbytes <= CAST_AT_ONCE:
        tensor, mapped = tensor.to(target), False
        return TensorRows(tensor, target)
    return TensorRows(tensor, target, shared=array.flags.writeable and not mapped, mapping=mapping)


def to_tensor(value: Any, where: str, floatx: torch.dtype | None = None) -> Tensor:
    """A batch's array as a tensor: NumPy floats become floatx, tensors stay as they are.

    Args:
        value: A tensor, an array, or anything with `__array__`.
        where: What an error calls it.
        floatx: The dtype of floats; default `floatx()`.

    Raises:
        TypeError: It is no array.
        ValueError: An array that no model computes with.

    Example:
        >>> to_tensor(np.ones(2), "`y`")
        tensor([1., 1.])
    """
    if isinstance(value, Tensor):
        return _checked_tensor(value, where)
    array = to_numpy(value, where)
    target = floatx if floatx is not None and array.dtype.kind == "f" else target_dtype(array.dtype)
    try:
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
    except (TypeError, ValueError):
        return ArrayRows(array, target).slice(0, len(array))
    return tensor.to(target)


def target_dtype(dtype: np.dtype[Any]) -> torch.dtype:
    """What a NumPy dtype becomes: floats become floatx, all others stay."""
    if dtype.kind == "f":
        return dtypes.torch_dtype(policy.floatx())
    return dtypes.torch_dtype(dtype.newbyteorder("="))


def to_numpy(value: Any, where: str) -> np.ndarray[Any, Any]:
    """An array-like as a NumPy array, without a copy where it is one.

    Raises:
        TypeError: It is no array.
        ValueError: An array that no model computes with.
    """
    if isinstance(value, np.ndarray):
        array = value
    elif type(value).__module__.partition(".")[0] == "pandas":
        array = _from_pandas(value, where)
    elif type(value).__module__.startswith("scipy.sparse"):
        raise errors.type_error(
            where,
            expected="a dense array",
            received=errors.Said(f"a sparse matrix of shape {tuple(value.shape)}"),
            remedy="Call `.toarray()` on it, or yield dense batches from a generator.",
        )
    elif hasattr(value, "__array__"):
        array = np.asarray(value)
    else:
        raise not_an_array(value, where)
    return _checked_array(array, where)


def not_an_array(value: Any, where: str) -> TypeError:
    """The refusal of what is neither an array nor data of another kind."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return errors.type_error(
        where,
        expected="a NumPy array, a torch tensor or a pandas object (or lists or dicts of them)",
        received=value,
        remedy="A list is taken for several arrays: turn lists of numbers into one array with `np.array(...)`."
        if number
        else "Turn it into a NumPy array or a torch tensor first.",
    )


_KINDS = {
    "O": "objects",
    "U": "strings",
    "S": "byte strings",
    "T": "strings",
    "M": "dates",
    "m": "time spans",
    "V": "records",
}


def _checked_array(array: np.ndarray[Any, Any], where: str) -> np.ndarray[Any, Any]:
    kind = array.dtype.kind
    remedy = ""
    if kind in _KINDS:
        remedy = f"It holds {_KINDS[kind]}: turn them into numbers first."
        if kind == "O":
            remedy = (
                "Rows of different lengths make such an array: pad them with `keras.utils.pad_sequences`; "
                "numbers inside it need `.astype('float32')`."
            )
    elif kind == "c":
        remedy = "Pass real and imaginary parts as two real arrays."
    elif array.ndim == 0:
        remedy = "Give it a first dimension, one entry for each sample."
    elif isinstance(array, np.ma.MaskedArray):
        remedy = "Masked arrays are not understood: fill the masked entries with `.filled(value)`."
    if remedy:
        expected = "an array of real numbers, of shape (samples, ...)"
        raise errors.value_error(where, expected=expected, received=array, remedy=remedy)
    return array


def _checked_tensor(tensor: Tensor, where: str) -> Tensor:
    remedy = ""
    if tensor.is_nested:
        raise errors.value_error(
            where,
            expected="a dense tensor of real numbers, of shape (samples, ...)",
            received=errors.Said("a nested (ragged) tensor"),
            remedy="Pad it: `tensor.to_padded_tensor(0)`.",
        )
    if tensor.is_complex():
        remedy = "Pass real and imaginary parts as two real tensors."
    elif tensor.layout != torch.strided:
        remedy = "Sparse and ragged tensors are not understood: call `.to_dense()` on it, or pad it."
    elif tensor.dim() == 0:
        remedy = "Give it a first dimension, one entry for each sample."
    if remedy:
        expected = "a dense tensor of real numbers, of shape (samples, ...)"
        raise errors.value_error(where, expected=expected, received=tensor, remedy=remedy)
    return tensor.detach() if tensor.requires_grad else tensor


def _from_pandas(value: Any, where: str) -> np.ndarray[Any, Any]:
    """Columns of numbers and booleans as one array; pandas alone would make objects of such a mixture."""
    columns = list(value.dtypes.items()) if value.ndim == 2 else [(value.name, value.dtype)]
    if any(hasattr(dtype, "categories") or dtype.kind not in "biuf" for _, dtype in columns):
        name, dtype = next((n, d) for n, d in columns if hasattr(d, "categories") or d.kind not in "biuf")
        raise errors.value_error(
            f"{where}, column {name!r}",
            expected="numbers or booleans",
            received=errors.Said(f"dtype {dtype}"),
            remedy="Encode the column as numbers first (`.astype('category').cat.codes`, `pd.get_dummies`).",
        )
    kinds = {dtype.kind for _, dtype in columns}
    if "f" not in kinds and bool(np.asarray(value.isna()).any()):
        kinds.add("f")  # a missing value becomes NaN
    plain = all(isinstance(dtype, np.dtype) for _, dtype in columns) and (kinds == {"b"} or "b" not in kinds)
    if "f" in kinds and not plain:
        array = value.astype("float64").to_numpy()
    else:
        array = value.to_numpy() if plain else value.to_numpy(dtype=bool if kinds == {"b"} else np.int64)
    return np.asarray(array).reshape(len(value), -1)  # Keras, too, takes a Series for one column


def find_mapping(array: np.ndarray[Any, Any]) -> tuple[mmap.mmap | None, bool]:
    """The memory map behind an array, if its pages are to be dropped, and whether there is any map at all."""
    mapped, mode, owner = False, None, array
    while isinstance(owner, np.ndarray):
        mode = getattr(owner, "mode", None) or mode
        mapped = mapped or isinstance(owner, np.memmap)
        owner = owner.base  # type: ignore[assignment]
    if isinstance(owner, mmap.mmap):
        # dropping the pages of a private ("c") map would lose what was written into it
        droppable = mode in ("r", "r+", "w+") and len(owner) > RELEASE_ABOVE
        return (owner if droppable else None), True
    return None, mapped


class _Writable:
    """An array's memory with the writable flag set, so that torch shares it without a warning.

    Whoever uses it must not write (`TensorRows(shared=False)`).
    """

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface
        self._owner = array


def _share(array: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(array if array.flags.writeable else np.asarray(_Writable(array)))
