"""`save_weights` and `load_weights`: a model's values in Keras 3's HDF5 layout."""

from __future__ import annotations

from typing import Any, BinaryIO

import h5py

from kerastorch.base import errors
from kerastorch.base.files import replacing
from kerastorch.base.sharded import writes
from kerastorch.saving import archive, hdf5, matching, paths


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Save a model's weights, and its optimizer's state, to a `.weights.h5` file that Keras 3 reads too.

    The values of a layer lie in the group `<path>/vars` under "0", "1", ..., in Keras's layout; those of a plain torch
    module in the same place under the keys of its `state_dict`; those of a torch optimizer in `optimizer/torch/vars`
    under "<number of the parameter>.<name>".

    Args:
        model: A model that is built.
        filepath: Where to; the name ends in ".weights.h5".
        overwrite: Whether a file that is there may be replaced.

    Raises:
        ValueError: The name ends otherwise, or the model is not built.
        FileExistsError: The file is there and `overwrite` is False.

    Example:
        >>> import os, tempfile
        >>> from kerastorch import layers
        >>> layer = layers.Dense(2)
        >>> layer.build((None, 3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_weights(layer, os.path.join(folder, "layer.weights.h5"))
        ...     load_weights(layer, os.path.join(folder, "layer.weights.h5"))
    """
    path = paths.checked(filepath, "save_weights", (".weights.h5",))
    _require_built(model, "save_weights")
    if not writes(model):
        matching.gather(model)
        return
    paths.refuse_existing(path, overwrite)
    with replacing(path) as beside, open(beside, "rb+") as file:
        write(model, file)


def write(model: Any, file: BinaryIO) -> None:
    """Write a model's values as HDF5 into an open, empty file."""
    with h5py.File(file, "w") as target:
        matching.save_into(target, model)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Load what `save_weights` or `save`, here or in Keras 3, wrote.

    Args:
        model: A model that is built, of the same structure as the one that was saved.
        filepath: A ".weights.h5" or ".keras" file.
        skip_mismatch: Whether layers that do not fit are left as they are, with a warning.

    Raises:
        ValueError: The file is damaged, or a weight is missing, left over or of another shape: all are listed, and the
            model is unchanged.
        FileNotFoundError: There is no such file.
    """
    path = paths.checked(filepath, "load_weights", (".weights.h5", ".keras"))
    _require_built(model, "load_weights")
    if path.endswith(".keras"):
        with archive.container(path) as files, files.open(archive.WEIGHTS) as member:
            read(model, member, f"The weights in {path!r}", skip_mismatch)
        return
    subject = f"Weights file {path!r}"
    with hdf5.opened(path, subject) as file:
        with hdf5.reading(subject):
            is_legacy = "layer_names" in file.attrs or "model_weights" in file
        if is_legacy:
            raise paths.legacy(path)
        matching.load_from(file, model, subject, skip_mismatch)


def read(model: Any, file: BinaryIO, subject: str, skip_mismatch: bool = False, fresh: bool = False) -> None:
    """Load a model's values from an open HDF5 file; see `matching.load_from`."""
    with hdf5.opened(file, subject) as source:
        matching.load_from(source, model, subject, skip_mismatch, fresh)


def _require_built(model: Any, function: str) -> None:
    if not getattr(model, "built", True):
        raise errors.value_error(
            f"{function} of {getattr(model, 'name', type(model).__name__)!r}",
            expected="a model that is built",
            received=errors.Said("one without weights yet"),
            remedy="Call it on data, or `model.build(input_shape)`, first.",
        )
