"""The names of files: Keras's endings become the target's."""

from __future__ import annotations

from kerastorch.convert.uses import literal

_ENDINGS = (".weights.h5", ".keras", ".hdf5", ".h5", ".tf", ".ckpt")


def path_of(source: str, ending: str) -> str:
    """The source of a path with another ending; of an expression, the path with the ending behind it.

    Args:
        source: The source of a path.
        ending: ".pt" or ".ckpt".

    Example:
        >>> path_of('"best.keras"', ".pt")
        '"best.pt"'
    """
    path = literal(source)
    if not isinstance(path, str):
        return f'f"{{{source}}}{ending}"' if '"' not in source else f"str({source}) + {ending!r}"
    for known in _ENDINGS:
        path = path.removesuffix(known)
    return f'"{path}{ending}"'
