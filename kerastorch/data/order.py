"""In which order samples come: a function of (seed, epoch) alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Shuffle = bool | Literal["batch"]


def generator(seed: int, epoch: int) -> torch.Generator:
    """A CPU generator whose numbers depend on the seed and the epoch only.

    Args:
        seed: Any integer.
        epoch: The epoch, from 0.

    Example:
        >>> generator(1, 0).initial_seed() == generator(1, 0).initial_seed() != generator(1, 1).initial_seed()
        True
    """
    mixed = np.random.SeedSequence((seed % 2**64, epoch)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed >> np.uint64(1)))


def permutation(samples: int, batch_size: int, shuffle: Shuffle, seed: int, epoch: int) -> Tensor | None:
    """The order of an epoch.

    Args:
        samples: The number of samples.
        batch_size: Samples in a batch.
        shuffle: True for a new order of the samples, "batch" for a new order of whole batches (of neighbours; a
            short last batch stays last), False for the order as it is.
        seed: With `epoch`, all that the order depends on.
        epoch: The epoch, from 0.

    Returns:
        int64 indices of shape (samples,), or None for the order as it is.

    Example:
        >>> sorted(permutation(5, 2, True, seed=0, epoch=3).tolist())
        [0, 1, 2, 3, 4]
    """
    if not shuffle:
        return None
    if shuffle != "batch":
        return torch.randperm(samples, generator=generator(seed, epoch))
    whole = samples // batch_size
    starts = torch.randperm(whole, generator=generator(seed, epoch)) * batch_size
    rows = (starts.unsqueeze(1) + torch.arange(batch_size)).flatten()
    return torch.cat([rows, torch.arange(whole * batch_size, samples)])
