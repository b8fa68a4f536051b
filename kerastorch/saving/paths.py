"""What a file's name says about its format, and whether it may be written."""

from __future__ import annotations

import os
from typing import Any

from kerastorch.base import errors

_OTHERS = (".weights.h5", ".weights.json", ".keras", ".h5", ".hdf5", ".pt", ".pth", ".npz", ".json", ".safetensors")
_LEGACY = (
    "Convert it with Keras once: `keras.models.load_model({path!r}).save('model.keras')`, or for weights alone, with "
    "the model built, `model.load_weights({path!r}); model.save_weights('model.weights.h5')`."
)


def checked(argument: Any, function: str, suffixes: tuple[str, ...]) -> str:
    """A path as text, with one of the right endings.

    Args:
        argument: What the user gave: a string or a path.
        function: The function it was given to.
        suffixes: The endings it may have; "" takes any.

    Raises:
        TypeError: It is no path.
        ValueError: It ends otherwise.
    """
    subject = f"`filepath` of {function}"
    try:
        path = os.fsdecode(os.fspath(argument))
    except TypeError:
        raise errors.type_error(subject, expected="a path", received=argument) from None
    if path.endswith(suffixes):
        return path
    legacy = path.endswith((".h5", ".hdf5")) and function.startswith("load")
    remedy = _LEGACY.format(path=path) if legacy else f"Call it {_named(path, suffixes[0])!r}."
    endings = " or ".join(suffixes)
    raise errors.value_error(subject, expected=f"a name that ends in {endings}", received=path, remedy=remedy)


def _named(path: str, suffix: str) -> str:
    for other in _OTHERS:
        path = path.removesuffix(other)
    return path + suffix


def refuse_existing(path: str, overwrite: bool) -> None:
    """Raise if there is a file already and it must be kept.

    Raises:
        FileExistsError: There is one and `overwrite` is False.
    """
    if not overwrite and os.path.exists(path):
        raise FileExistsError(
            errors.message(
                "`filepath`",
                expected="a path where nothing is yet, since `overwrite=False`",
                received=path,
                remedy="Pass `overwrite=True` or another path.",
            )
        )


def legacy(path: str) -> ValueError:
    """The error for weights in the format of Keras 2."""
    return errors.value_error(
        f"Weights file {path!r}",
        expected="Keras 3's layout",
        received=errors.Said("the legacy HDF5 layout of Keras 2"),
        remedy=_LEGACY.format(path=path),
    )
