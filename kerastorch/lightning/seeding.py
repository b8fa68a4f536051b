"""`seed_everything`: one seed for every source of chance."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from kerastorch.base import chance, errors


def seed_everything(seed: int | None = None, workers: bool = False, verbose: bool = True) -> int:
    """Seed Python, NumPy and torch; ranks that are started later take the seed too.

    Args:
        seed: An integer from 0 to 2**32 - 1; default `$PL_GLOBAL_SEED`, or 0.
        workers: Whether the processes of DataLoaders are seeded too, each with its own.
        verbose: Whether the seed is said.

    Returns:
        The seed.

    Raises:
        ValueError: It is no such integer.

    Example:
        >>> seed_everything(42, verbose=False)
        42
    """
    wanted = os.environ.get("PL_GLOBAL_SEED", "0") if seed is None else seed
    chosen = int(wanted) if str(wanted).isdigit() else -1
    if not 0 <= chosen < 2**32:
        raise errors.value_error("`seed` of seed_everything", expected="an integer in [0, 2**32)", received=wanted)
    os.environ["PL_GLOBAL_SEED"], os.environ["PL_SEED_WORKERS"] = str(chosen), str(int(workers))
    random.seed(chosen)
    np.random.seed(chosen)
    torch.manual_seed(chosen)
    if verbose:
        print(f"Seed set to {chosen}")
    return chosen


@contextmanager
def isolate_rng(include_cuda: bool = True) -> Iterator[None]:
    """Put the random numbers of Python, NumPy and torch back afterwards.

    Args:
        include_cuda: Whether those of the current CUDA device too.

    Example:
        >>> with isolate_rng():
        ...     first = torch.rand(1)
        >>> bool(torch.rand(1) == first)
        True
    """
    device = torch.device("cuda", torch.cuda.current_device()) if include_cuda and torch.cuda.is_available() else None
    before = chance.state(device)
    try:
        yield
    finally:
        chance.restore(before)
