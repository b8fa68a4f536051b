"""Tensors and their parts: which there are in a model and its optimizer, and which part of each a process holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.base.sharded import is_sharded


class Piece(NamedTuple):
    """A part of a tensor: where it begins, how large it is (one number a dimension), and the file it lies in."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    file: str = ""


class Entry(NamedTuple):
    """A tensor of a checkpoint: the shape of the whole, its dtype's name, and its parts."""

    shape: tuple[int, ...]
    dtype: str
    pieces: list[Piece]

    def check(self, name: str) -> None:
        """Refuse parts that do not make a whole."""
        numbers = [n for p in self.pieces for n in (*p.offsets, *p.sizes)]
        inside = all(type(n) is int and n >= 0 for n in (*self.shape, *numbers)) and all(
            len(p.offsets) == len(p.sizes) == len(self.shape)
            and all(0 <= o <= o + s <= n for o, s, n in zip(p.offsets, p.sizes, self.shape, strict=True))
            for p in self.pieces
        )
        held = sum(math.prod(p.sizes) for p in self.pieces)
        if not inside or held != math.prod(self.shape):
            raise errors.value_error(
                f"Tensor {name!r} of a sharded checkpoint",
                expected=f"parts that make up the whole of shape {self.shape}",
                received=errors.Said(f"parts of {held} values"),
                remedy="Save with all ranks together, each tensor whole or laid out by torch's DTensor.",
            )


def model_tensors(model: Any) -> dict[str, Tensor]:
    found = model.state_dict(keep_vars=True)
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise errors.type_error(
                f"{name!r} of a model's state dict", expected="a tensor, as sharded checkpoints hold no objects",
                received=value, remedy="Keep it in a buffer.",
            )  # fmt: skip
    return dict(found)


def collect(model: Any) -> tuple[dict[str, Tensor], dict[str, Any] | None]:
    """All tensors by their names, and what else there is to know of the optimizer."""
    weights = model_tensors(model)
    tensors = {f"model/{name}": value for name, value in weights.items()}
    optimizer = getattr(model, "optimizer", None)
    if not isinstance(optimizer, torch.optim.Optimizer) or not optimizer.param_groups:
        return tensors, None
    names = group_names(optimizer, weights)
    told = optimizer.state_dict()
    flat = [name for group in names for name in group]
    groups = [
        {**{k: _encoded(v, f"groups/{i}/{k}", tensors) for k, v in group.items() if k != "params"}, "params": names[i]}
        for i, group in enumerate(told["param_groups"])
    ]
    numbers = [index for group in told["param_groups"] for index in group["params"]]
    state = {
        name: {key: _encoded(v, f"optimizer/{name}/{key}", tensors) for key, v in told["state"][index].items()}
        for name, index in zip(flat, numbers, strict=True)
        if index in told["state"]
    }
    return tensors, {"type": type(optimizer).__name__, "groups": groups, "state": state}


def group_names(optimizer: torch.optim.Optimizer, weights: Mapping[str, Tensor]) -> list[list[str]]:
    """The names of an optimizer's parameters, group by group."""
    names = {id(value): name for name, value in reversed(list(weights.items()))}
    foreign = [p for group in optimizer.param_groups for p in group["params"] if id(p) not in names]
    if foreign:
        raise errors.value_error(
            "A model's optimizer", expected="parameters of the model", received=foreign[0].detach(),
            remedy="Make the optimizer from `model.parameters()`.",
        )  # fmt: skip
    return [[names[id(p)] for p in group["params"]] for group in optimizer.param_groups]


def _encoded(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A value for JSON; tensors are put aside under their names."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, (list, tuple)):
        items = [_encoded(item, f"{name}/{i}", tensors) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise errors.type_error(
        f"{name!r} of a model's optimizer", expected="a tensor, a number, a text or a list of these", received=value
    )


def piece_of(tensor: Any) -> Piece:
    """Which part of a tensor this process holds."""
    if not is_sharded(tensor):
        return Piece((0,) * tensor.ndim, tuple(tensor.shape))
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    sizes, offsets = compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)
    return Piece(tuple(offsets), tuple(sizes))


def cut(low: Sequence[int], high: Sequence[int], start: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))


def dtype_name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def fits(entry: Entry, target: Tensor) -> bool:
    kind: torch.dtype = getattr(torch, entry.dtype)
    same = (kind.is_floating_point, kind.is_complex) == (target.is_floating_point(), target.is_complex())
    return same and entry.shape == tuple(target.shape)


def entries_of(files: Sequence[str], told: Iterable[Mapping[str, Any]]) -> dict[str, Entry]:
    """What all ranks hold; of equal parts, the first rank's."""
    entries: dict[str, Entry] = {}
    for file, held in zip(files, told, strict=True):
        for name, (shape, dtype, piece) in held.items():
            entry = entries.setdefault(name, Entry(shape, dtype, []))
            if math.prod(piece.sizes) and all(piece[:2] != other[:2] for other in entry.pieces):
                entry.pieces.append(piece._replace(file=file))
    for name, entry in entries.items():
        entry.check(name)
    return entries


def entry_of(name: str, told: Mapping[str, Any]) -> Entry:
    """An entry of a manifest."""
    pieces = [Piece(tuple(p[0]), tuple(p[1]), p[2]) for p in told["pieces"]]
    entry = Entry(tuple(told["shape"]), told["dtype"], pieces)
    if not isinstance(getattr(torch, entry.dtype), torch.dtype):
        raise errors.value_error(f"The dtype of {name!r}", expected="one of torch's", received=entry.dtype)
    entry.check(name)
    return entry
