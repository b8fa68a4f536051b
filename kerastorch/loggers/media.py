"""Images and distributions as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from kerastorch.base import errors


def array(values: Any) -> np.ndarray:
    """An array on the host.

    Example:
        >>> array([1, 2]).shape
        (2,)
    """
    return values.detach().cpu().float().numpy() if isinstance(values, Tensor) else np.asarray(values)


def pixels(image: Any) -> np.ndarray:
    """An image as bytes of shape (H, W, C).

    Args:
        image: (H, W) or (H, W, C) with C of 1, 3 or 4: bytes, or numbers in [0, 1] (others are cut off).

    Raises:
        ValueError: It has another shape.

    Example:
        >>> pixels([[0.0, 1.0]]).tolist()
        [[[0], [255]]]
    """
    whole = isinstance(image, Tensor) and not image.dtype.is_floating_point
    values = image.detach().cpu().numpy() if whole else array(image)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3 or values.shape[-1] not in (1, 3, 4):
        raise errors.value_error(
            "`image` of add_image", expected="the shape (H, W) or (H, W, C) with C of 1, 3 or 4", received=image
        )
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    if np.issubdtype(values.dtype, np.integer):
        return np.clip(values, 0, 255).astype(np.uint8)
    return np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255).astype(np.uint8)


def finite(values: Any) -> np.ndarray:
    """The finite values as one row.

    Example:
        >>> finite([[1.0, float("nan")], [2.0, 3.0]]).tolist()
        [1.0, 2.0, 3.0]
    """
    row = array(values).reshape(-1)
    return row[np.isfinite(row)]
