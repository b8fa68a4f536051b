"""Bringing a file's values into a model: everything is compared first, then read, then assigned."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
from torch import nn

from kerastorch.base import errors
from kerastorch.saving import hdf5
from kerastorch.saving.states import Declared, OwnWayState, State, Values, state_of
from kerastorch.saving.walk import entries

_SHOWN = 12
# Groups of a run's state, which a model that only wants weights leaves alone.
_RUN_STATE = {"optimizer", "metrics", "seed_generator", "_random_generator"}


@dataclass
class Match:
    """One object and the arrays for it."""

    state: State
    items: dict[str, h5py.Dataset]


@dataclass
class Difference:
    """A value that does not fit: where, what the model has there, what the file has."""

    where: str
    model: str
    file: str

    def __str__(self) -> str:
        return f"{self.where}: the model has {self.model}, the file {self.file}"


def save_into(file: h5py.File, model: Any) -> None:
    """Write every value of a model into an open HDF5 file."""
    for entry in entries(model):
        state = state_of(entry, model)
        hdf5.write(file, state.path, state.save(), state.name)


def gather(model: Any) -> None:
    """Take part in a `save_into` of the process that writes the file: shards are gathered in the same order."""
    for entry in entries(model):
        state_of(entry, model).save()


def load_from(file: h5py.File, model: Any, subject: str, skip_mismatch: bool = False, fresh: bool = False) -> None:
    """Give a model the values of an open HDF5 file.

    Args:
        file: The file.
        model: The model, built.
        subject: What to call the file in errors.
        skip_mismatch: Whether objects that do not fit are left as they are, with a warning.
        fresh: Whether the model was made only now, and may be left half filled by a damaged file.

    Raises:
        ValueError: Something does not fit; the model is unchanged then.
    """
    found = hdf5.inventory(file, subject)
    matches, differences = _match(model, found)
    if differences:
        _report(differences, model, subject, skip_mismatch)
    matches.sort(key=lambda match: not isinstance(match.state, OwnWayState))
    values: Iterator[Values] = (hdf5.read(match.items, subject) for match in matches)
    undo: list[tuple[State, Values]] = []
    try:
        for match, own in zip(matches, values if fresh else list(values), strict=True):
            if isinstance(match.state, OwnWayState) and not fresh:
                undo.append((match.state, match.state.save()))
            match.state.load(own)
    except Exception:  # only code of the user's can still refuse, and that runs first
        for state, before in undo:
            state.load(before)
        raise


def _match(model: Any, found: hdf5.Inventory) -> tuple[list[Match], list[Difference]]:
    """Pair objects with arrays; objects with a difference are left out of the pairs."""
    found = _of_older_files(found)
    matches, differences = [], []
    known = set()
    for entry in entries(model):
        state = state_of(entry, model)
        known.add(state.path)
        items = found.get(state.path, {})
        came = hdf5.declared(items)
        wanted = None if not items and state.path.partition("/")[0] == "optimizer" else state.wanted(came)
        if wanted is None:
            continue
        different = list(_compare(state, wanted, came))
        differences += different
        if wanted and not different:
            matches.append(Match(state, items))
    differences += [
        Difference(f"{path}/vars" if path else "vars", "nothing", f"{len(items)} arrays")
        for path, items in found.items()
        if path not in known and not _RUN_STATE & set(path.split("/"))
    ]
    return matches, differences


def _of_older_files(found: hdf5.Inventory) -> hdf5.Inventory:
    """Keras 2.13 called the layers of a functional model otherwise."""
    old, new = "_layer_checkpoint_dependencies", "layers"
    return {"/".join(new if part == old else part for part in path.split("/")): items for path, items in found.items()}


def _compare(state: State, wanted: Any, came: dict[str, Declared]) -> Iterator[Difference]:
    place = f"{state.path}/vars" if state.path else "vars"
    owner = state.owner
    if came and not wanted and isinstance(owner, nn.Module) and not getattr(owner, "built", True):
        yield Difference(f"{place} ({state.subject})", "a layer that is not built", f"{len(came)} arrays")
        return
    for key in [*wanted, *(key for key in came if key not in wanted)]:
        has, comes = wanted.get(key), came.get(key)
        if has is None or comes is None or not has.fits(comes):
            label = f"{has.name} of {state.subject}" if has is not None and has.name else state.subject
            yield Difference(f"{place}/{key} ({label})", str(has or "nothing"), str(comes or "nothing"))


def _report(differences: list[Difference], model: Any, subject: str, skip_mismatch: bool) -> None:
    """Refuse, or warn of what is left as it is.

    Raises:
        ValueError: `skip_mismatch` is False.
    """
    lines = [f"\n  {difference}" for difference in differences[:_SHOWN]]
    more = f"\n  ... and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    listed = "".join(lines) + more
    name = f"{type(model).__name__} {getattr(model, 'name', '')!r}"
    if skip_mismatch:
        warnings.warn(f"{subject} does not fit {name} everywhere; left as they are:{listed}", stacklevel=5)
        return
    raise errors.value_error(
        subject,
        expected=f"the weights of {name}",
        received=errors.Said(f"others ({len(differences)} differences; nothing was loaded):{listed}\n"),
        remedy="Build the model as it was when it was saved, or pass `skip_mismatch=True` to load what fits.",
    )
