"""Checkpoints that all ranks write together, each the parts it holds, and that any number of ranks can read.

A folder holds, for each rank, a file of plain tensors (`part-<save>-<rank>.pt`), and `manifest.json`, which is written
last and says which part of which tensor lies where, with the checksum of every file. Loading runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from kerastorch.base import errors
from kerastorch.base.files import digest, replacing
from kerastorch.base.sharded import local, part_like
from kerastorch.saving.pieces import (
    Entry,
    Piece,
    collect,
    cut,
    dtype_name,
    entries_of,
    entry_of,
    fits,
    group_names,
    model_tensors,
    piece_of,
)

FORMAT, VERSION, MANIFEST = "kerastorch sharded checkpoint", 1, "manifest.json"
_PART = re.compile(r"part-[0-9a-f]{8}-\d+\.pt")
_SHOWN = 12
_AGAIN = "It may be damaged: copy it again, or load an earlier checkpoint."
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def save_sharded(model: Any, folder: str | os.PathLike[str]) -> None:
    """Save a model's parameters and buffers, and its optimizer's state, each rank the parts that it holds.

    All ranks must call this, with the same folder, which all of them see. What several ranks hold alike is written
    once. A checkpoint that the folder already holds stays whole until the new one is.

    Args:
        model: A built model or any torch module. Its optimizer is `model.optimizer`, if there is one.
        folder: Where to; made if need be.

    Raises:
        TypeError: A value is neither a tensor nor a plain number, text or list of these.
        OSError: A file cannot be written; every rank raises then.

    Example:
        >>> import tempfile
        >>> net = torch.nn.Linear(2, 1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_sharded(net, folder)
        ...     load_sharded(net, folder)
        ...     sorted(read_sharded(folder)["model"])
        ['bias', 'weight']
    """
    home = _folder(folder, "save_sharded")
    tensors, optimizer = collect(model)
    own = {name: (tuple(t.shape), dtype_name(t), piece_of(t)) for name, t in tensors.items()}
    told = _exchange((secrets.token_hex(4), own))
    token, (rank, _) = told[0][0], _place()
    entries = entries_of([_part(token, r) for r in range(len(told))], [pieces for _, pieces in told])
    name = _part(token, rank)
    wanted = [key for key, entry in entries.items() if any(piece.file == name for piece in entry.pieces)]
    written, failed = _attempt(lambda: _write_part(home / name, tensors, wanted))
    answers = _exchange((written, failed))
    _refuse_failures(home, [error for _, error in answers])
    files = {_part(token, r): made for r, (made, _) in enumerate(answers) if made is not None}
    content = {"entries": {n: e._asdict() for n, e in entries.items()}, "files": files, "optimizer": optimizer}
    _, failed = _attempt(lambda: _write_manifest(home, content) if rank == 0 else None)
    _refuse_failures(home, _exchange(failed))


def load_sharded(model: Any, folder: str | os.PathLike[str]) -> None:
    """Load what `save_sharded` wrote, into any number of ranks, whatever number wrote it.

    All ranks must call this. Each reads only what it holds of a model. An optimizer goes on where it was; a model
    without one takes its weights alone. Every file is compared with its checksum, and every name and shape with the
    model's, before anything is changed.

    Args:
        model: The model, built; compile it first for its optimizer's state to be loaded.
        folder: The folder of the checkpoint.

    Raises:
        FileNotFoundError: The folder holds no checkpoint.
        ValueError: A file is damaged or missing, or something does not fit the model; every rank raises then.
    """
    rank, size = _place()
    fill, error = None, None
    try:
        saved = Checkpoint(_folder(folder, "load_sharded"))
        saved.verify(rank, size)
        fill = saved.fitted(model)
    except (OSError, TypeError, ValueError) as caught:
        error = caught
    texts = [text for text in _exchange(None if error is None else str(error)) if text]
    if error is not None:
        raise error
    if texts or fill is None:
        raise errors.value_error(f"Sharded checkpoint {folder}", expected="to load on all ranks", received=errors.Said(
            f"an error on another rank ({texts[0]})"))  # fmt: skip
    fill()


def read_sharded(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a sharded checkpoint as whole tensors, in one process.

    Args:
        folder: The folder of the checkpoint.

    Returns:
        `{"model": ..., "optimizer": ...}`: what `load_state_dict` of a module, and of an optimizer over its trainable
        parameters, takes; the latter is None where no optimizer had been bound.

    Raises:
        FileNotFoundError: The folder holds no checkpoint.
        ValueError: A file is damaged or missing.
    """
    saved = Checkpoint(_folder(folder, "read_sharded"))
    saved.verify(0, 1)
    return {"model": {n: saved.whole(f"model/{n}") for n in saved.model_names()}, "optimizer": saved.optimizer_state()}


class Checkpoint:
    """A checkpoint, open to be read.

    Args:
        home: Its folder.

    Raises:
        FileNotFoundError: The folder holds none.
        ValueError: The manifest is damaged or of another version.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.subject = home, f"Sharded checkpoint {str(home)!r}"
        content = self._content()
        try:
            self.entries = {name: entry_of(name, told) for name, told in content["entries"].items()}
            self.files = {name: (int(told["bytes"]), str(told["sha256"])) for name, told in content["files"].items()}
            self.optimizer: dict[str, Any] | None = content["optimizer"]
            named = {piece.file for entry in self.entries.values() for piece in entry.pieces}
            strange = [n for n in self.files if not _PART.fullmatch(n)] + sorted(named - set(self.files))
            large = [] if strange else [name for name, entry in self.entries.items() if not self._has_room(entry)]
        except _DAMAGE as error:
            raise self._refused("a whole manifest", f"one that cannot be read ({error})") from error
        if strange:
            raise self._refused("files that the manifest lists, named part-...pt", f"{strange[0]!r}")
        if large:  # before memory is taken for it
            raise self._refused("tensors that fit into their files", f"{large[0]!r}, which is larger")
        self._opened: dict[str, dict[str, Tensor]] = {}

    def _has_room(self, entry: Entry) -> bool:
        width = getattr(torch, entry.dtype).itemsize
        return all(math.prod(piece.sizes) * width <= self.files[piece.file][0] for piece in entry.pieces)

    def _content(self) -> dict[str, Any]:
        if (self.home / MANIFEST).is_symlink():
            raise self._refused(f"a {MANIFEST} of its own", "a link")
        try:
            told = json.loads((self.home / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(
                errors.message(
                    self.subject, expected=f"a folder with a {MANIFEST}", received=errors.Said("none"),
                    remedy="Pass the folder that was given to save_sharded; a save that was cut leaves none.",
                )
            ) from None  # fmt: skip
        except (ValueError, RecursionError) as error:
            raise self._refused(f"a {MANIFEST} in JSON", f"text that is none ({error})") from error
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise self._refused(f"a {MANIFEST} of format {FORMAT!r}", f"another {MANIFEST}")
        if told.get("version") != VERSION:
            remedy = "Read it with the version of kerastorch that wrote it, or a newer one."
            raise self._refused(f"format version {VERSION}", f"version {told.get('version')}", remedy)
        content = told.get("content")
        if not isinstance(content, dict) or told.get("sha256") != _checksum(content):
            raise self._refused(f"a {MANIFEST} as it was written", "one that was changed (its checksum differs)")
        return content

    def _refused(self, expected: str, received: str, remedy: str = _AGAIN) -> ValueError:
        return errors.value_error(self.subject, expected=expected, received=errors.Said(received), remedy=remedy)

    def verify(self, rank: int, size: int) -> None:
        """Compare this rank's share of the files with their checksums: every file is read once for all ranks."""
        for name in sorted(self.files)[rank::size]:
            length, checksum = self.files[name]
            path = self.home / name
            if not path.is_file() or path.is_symlink():  # a link may lead anywhere
                raise self._refused(f"the file {name}", "a link" if path.is_symlink() else "no such file")
            if path.stat().st_size != length:
                raise self._refused(f"{name} of {length} bytes", f"{path.stat().st_size} bytes: it is cut or changed")
            if digest(path) != checksum:
                raise self._refused(f"{name} as it was written", "one that was changed (its checksum differs)")

    def model_names(self) -> list[str]:
        """The names of a model's state dict."""
        return [name.removeprefix("model/") for name in self.entries if name.startswith("model/")]

    def fill(self, name: str, piece: Piece, target: Tensor) -> None:
        """Put this piece of a tensor into `target`, which has its sizes: only what is in it is read."""
        for part in self.entries[name].pieces:
            low = [max(a, b) for a, b in zip(piece.offsets, part.offsets, strict=True)]
            ends = zip(piece.offsets, piece.sizes, part.offsets, part.sizes, strict=True)
            high = [min(a + n, b + m) for a, n, b, m in ends]
            if all(a < b for a, b in zip(low, high, strict=True)):
                source = self._stored(name, part)
                target[cut(low, high, piece.offsets)].copy_(source[cut(low, high, part.offsets)])

    def _stored(self, name: str, part: Piece) -> Tensor:
        if part.file not in self._opened:
            try:
                found = torch.load(self.home / part.file, map_location="cpu", weights_only=True, mmap=True)
            except Exception as error:  # what torch raises for a strange file is not one class
                raise self._refused(f"plain tensors in {part.file}", f"something else ({error})") from error
            self._opened[part.file] = found if isinstance(found, dict) else {}
        value = self._opened[part.file].get(name)
        if (
            type(value) is not Tensor
            or tuple(value.shape) != part.sizes
            or dtype_name(value) != self.entries[name].dtype
        ):
            told = f"{name} of shape {part.sizes} and dtype {self.entries[name].dtype} in {part.file}"
            raise self._refused(told, errors.describe(value))
        return value

    def laid_out(self, name: str, like: Tensor | None) -> Tensor:
        """A tensor, whole, or in the parts of `like` if that has the same shape."""
        entry = self.entries[name]
        like = like if like is not None and tuple(like.shape) == entry.shape else None
        piece = Piece((0,) * len(entry.shape), entry.shape) if like is None else piece_of(like)
        made = torch.empty(piece.sizes, dtype=getattr(torch, entry.dtype))
        self.fill(name, piece, made)
        return made if like is None else part_like(made, like)

    def whole(self, name: str) -> Tensor:
        """A whole tensor."""
        return self.laid_out(name, None)

    def fitted(self, model: Any) -> Callable[[], None]:
        """Compare with a model; what then loads it."""
        targets = model_tensors(model)
        found = [f"{n}: the model has it, the checkpoint not" for n in targets if f"model/{n}" not in self.entries]
        found += [f"{n}: the checkpoint has it, the model not" for n in self.model_names() if n not in targets]
        for name, target in targets.items():
            entry = self.entries.get(f"model/{name}")
            if entry is not None and not fits(entry, target):
                have = f"{tuple(target.shape)} {dtype_name(target)}"
                found.append(f"{name}: the model has {have}, the checkpoint {entry.shape} {entry.dtype}")
        if found:
            more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise self._refused(
                "the names and shapes of the model", "; ".join(found[:_SHOWN]) + more,
                "Build the model as it was when it was saved.",
            )  # fmt: skip
        compiled = getattr(model, "_compiled", None)
        if compiled is not None:  # as `fit` does: float64 must not pass through the float32 of a model that is new
            compiled.plan.precision.prepare(model)
            targets = model_tensors(model)
        fill_optimizer = self._fitted_optimizer(model, targets)

        def fill() -> None:
            with torch.no_grad():
                for name, target in targets.items():
                    self.fill(f"model/{name}", piece_of(target), local(target.detach()))
                fill_optimizer()

        return fill

    def _fitted_optimizer(self, model: Any, targets: Mapping[str, Tensor]) -> Callable[[], None]:
        optimizer, saved = getattr(model, "optimizer", None), self.optimizer
        if optimizer is None or saved is None:
            return lambda: None
        if not getattr(optimizer, "built", True):
            optimizer.build([p for p in model.parameters() if p.requires_grad])
        bound = isinstance(optimizer, torch.optim.Optimizer)
        names = group_names(optimizer, targets) if bound else []
        kind = type(optimizer).__name__
        if kind != saved["type"] or [sorted(n) for n in names] != [sorted(g["params"]) for g in saved["groups"]]:
            told = (
                f"{kind} of {[len(n) for n in names]} parameters in its groups" if bound else f"{optimizer!r}, unbound"
            )
            raise self._refused(
                f"optimizer {saved['type']} of {[len(g['params']) for g in saved['groups']]} parameters in its groups",
                f"a model with {told}, or with other parameters in them",
                "Compile with the optimizer that was saved; or load before `compile`, for the weights alone.",
            )
        params = [p for group in optimizer.param_groups for p in group["params"]]
        likes = dict(zip((n for group in names for n in group), params, strict=True))

        def like(name: str, key: str) -> Tensor:
            kept = optimizer.state.get(likes[name], {}).get(key)
            return kept if isinstance(kept, Tensor) else likes[name]

        return lambda: optimizer.load_state_dict(self.optimizer_state(names, like))

    def optimizer_state(
        self, names: list[list[str]] | None = None, like: Callable[[str, str], Tensor] | None = None
    ) -> dict[str, Any] | None:
        """The optimizer's state dict.

        Args:
            names: The parameters of each group in the order of the optimizer to be loaded; default as saved.
            like: Gives the tensor that a value of a parameter is laid out as; by default they are whole.
        """
        saved = self.optimizer
        if saved is None:
            return None
        names = [group["params"] for group in saved["groups"]] if names is None else names
        number = {name: index for index, name in enumerate(n for group in names for n in group)}
        groups = []
        for group, members in zip(saved["groups"], names, strict=True):
            plain = {key: self._decoded(value, None) for key, value in group.items() if key != "params"}
            groups.append({**plain, "params": [number[name] for name in members]})
        state = {
            index: {
                key: self._decoded(value, None if like is None else like(name, key))
                for key, value in saved["state"].get(name, {}).items()
            }
            for name, index in number.items()
            if name in saved["state"]
        }
        return {"state": state, "param_groups": groups}

    def _decoded(self, value: Any, like: Tensor | None) -> Any:
        if isinstance(value, list):
            return [self._decoded(item, like) for item in value]
        if not isinstance(value, dict):
            return value
        return self.laid_out(value["tensor"], like) if "tensor" in value else tuple(self._decoded(value["tuple"], like))


def _folder(folder: Any, function: str) -> Path:
    try:
        return Path(os.fsdecode(os.fspath(folder)))
    except TypeError:
        raise errors.type_error(f"`folder` of {function}", expected="a path", received=folder) from None


def _part(token: str, rank: int) -> str:
    return f"part-{token}-{rank}.pt"


def _checksum(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(), usedforsecurity=False).hexdigest()


def _write_part(path: Path, tensors: Mapping[str, Tensor], names: Iterable[str]) -> dict[str, Any] | None:
    """Write a rank's parts; a tensor under several names is written once."""
    made: dict[int, Tensor] = {}
    parts = {}
    for name in names:
        value = tensors[name]
        if id(value) not in made:  # a copy, as torch would write all that a view looks into
            made[id(value)] = local(value.detach()).to("cpu", copy=True, memory_format=torch.contiguous_format)
        parts[name] = made[id(value)]
    if not parts:
        return None
    with replacing(path) as beside:
        torch.save(parts, beside)
    return {"bytes": path.stat().st_size, "sha256": digest(path)}


def _write_manifest(home: Path, content: dict[str, Any]) -> None:
    told = {"format": FORMAT, "version": VERSION, "sha256": _checksum(content), "content": content}
    with replacing(home / MANIFEST) as beside:
        beside.write_text(json.dumps(told), encoding="utf-8")
    for path in home.iterdir():  # parts of an earlier save, or of one that was cut
        if _PART.fullmatch(path.name) and path.name not in content["files"]:
            path.unlink()


def _attempt(write: Callable[[], Any]) -> tuple[Any, str | None]:
    """What a function gives, or why it cannot: the other ranks wait to hear either."""
    try:
        return write(), None
    except (OSError, RuntimeError) as error:  # torch tells of a full disk by the latter
        return None, f"{type(error).__name__}: {error}"


def _refuse_failures(home: Path, failures: Sequence[str | None]) -> None:
    for rank, failure in enumerate(failures):
        if failure is not None:
            raise OSError(
                errors.message(
                    f"Sharded checkpoint {str(home)!r}", expected="a folder that every rank can write to",
                    received=errors.Said(f"an error on rank {rank} ({failure})"),
                    remedy="An earlier checkpoint in this folder is whole still.",
                )
            )  # fmt: skip


def _place() -> tuple[int, int]:
    """(rank, ranks)"""
    together = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if together else (0, 1)


def _exchange(value: Any) -> list[Any]:
    """The value of each rank."""
    _, size = _place()
    if size == 1:
        return [value]
    held: list[Any] = [None] * size
    dist.all_gather_object(held, value)
    return held
