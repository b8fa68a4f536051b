"""How this library refuses: one phrasing for every error.

Each message says what was expected, what came and what to do. The helpers return the exception, so that the
`raise` stands where the reader looks for it:

    raise errors.value_error("`units` of Dense", expected="a positive integer", received=units)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch


def describe(value: Any, limit: int = 120) -> str:
    """Say in a few words what `value` is: its kind, shape, dtype, or its text.

    Args:
        value: Anything at all.
        limit: The longest text that is quoted, in characters.

    Returns:
        A short description; the contents of arrays and tensors are never printed.

    Example:
        >>> describe(np.zeros((2, 3)))
        'an array of shape (2, 3) and dtype float64'
        >>> describe("adam")
        "'adam'"
    """
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (str, int, float, complex, bool, type(None), tuple, list, dict)):
        text = repr(value)
        return text if len(text) <= limit else text[: limit - 3] + "..."
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value).__module__.partition(".")[0] == "kerastorch" and hasattr(value, "shape"):
        return repr(value)
    return f"an object of type {type(value).__name__}"


def message(subject: str, *, expected: str, received: Any, remedy: str = "") -> str:
    """Phrase a refusal: subject, what was expected, what came, what to do.

    Args:
        subject: What is wrong, as the user wrote it (an argument, a layer, a file).
        expected: What would have been right.
        received: What came: a `Said` text is taken as it is, anything else goes through `describe`.
        remedy: What to do about it, a sentence of its own.

    Returns:
        The text of the error.

    Example:
        >>> message("`epochs` of fit", expected="an integer >= 0", received=-1)
        '`epochs` of fit: expected an integer >= 0, received -1.'
    """
    came = str(received) if isinstance(received, Said) else describe(received)
    text = f"{subject}: expected {expected}, received {came}."
    return f"{text} {remedy}" if remedy else text


class Said(str):
    """A description that is already in words, for `received=`."""


def value_error(subject: str, *, expected: str, received: Any, remedy: str = "") -> ValueError:
    """A `ValueError` phrased by `message`."""
    return ValueError(message(subject, expected=expected, received=received, remedy=remedy))


def type_error(subject: str, *, expected: str, received: Any, remedy: str = "") -> TypeError:
    """A `TypeError` phrased by `message`."""
    return TypeError(message(subject, expected=expected, received=received, remedy=remedy))


def import_error(subject: str, *, expected: str, received: Any, remedy: str = "") -> ImportError:
    """An `ImportError` phrased by `message`, for a package that is only imported when it is used."""
    return ImportError(message(subject, expected=expected, received=received, remedy=remedy))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence naming the known name closest to `name`, or an empty text.

    Example:
        >>> did_you_mean("acuracy", ["accuracy", "auc"])
        "Did you mean 'accuracy'?"
    """
    names = [n for n in known if isinstance(n, str)]
    folded = {n.lower(): n for n in reversed(names)}
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6) or [
        folded[n] for n in difflib.get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    ]
    return f"Did you mean {close[0]!r}?" if close else ""


def unknown_name(kind: str, name: Any, known: Iterable[str]) -> ValueError:
    """A `ValueError` for a name that nobody has: the nearest one, and the list.

    Args:
        kind: What the name should have named ("loss", "layer").
        name: The name that came.
        known: All names that would have been right.
    """
    names = sorted(set(known), key=str.lower)
    shown = names if len(names) <= 16 else difflib.get_close_matches(str(name), names, n=6, cutoff=0.3) or names[:16]
    listed = ", ".join(shown) + (", ..." if len(shown) < len(names) else "")
    hint = did_you_mean(str(name), names)
    return value_error(
        f"Unknown {kind}",
        expected=f"one of the known names ({listed})" if names else "a registered name",
        received=name,
        remedy=hint or f"Pass the {kind} itself, or register it with `keras.saving.register_keras_serializable()`.",
    )


def unexpected_keywords(function: str, unknown: Iterable[str], known: Iterable[str]) -> TypeError:
    """A `TypeError` for keyword arguments that `function` does not have, each with its nearest known name."""
    names = list(unknown)
    known = [n for n in dict.fromkeys(known) if n not in ("self", "args", "kwargs", "unknown")]
    hints = " ".join(filter(None, (did_you_mean(n, known) for n in names)))
    return type_error(
        f"{function}: unknown keyword argument{'s' if len(names) > 1 else ''}",
        expected=f"some of ({', '.join(known)})",
        received=Said(", ".join(repr(n) for n in names)),
        remedy=hints or "Remove it.",
    )
