"""One seed for every source of chance."""

from __future__ import annotations

import random

import numpy as np
import torch

from kerastorch.base import errors


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices), and with torch everything in this library.

    Args:
        seed: An integer from 0 to 2**32 - 1, the range that NumPy takes.

    Raises:
        ValueError: `seed` is something else.

    Example:
        >>> set_random_seed(1); a = torch.rand(2)
        >>> set_random_seed(1); bool((a == torch.rand(2)).all())
        True
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise errors.value_error("`seed` of set_random_seed", expected="an integer in [0, 2**32)", received=seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
