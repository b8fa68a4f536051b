"""Random choices among what is there: classes, values to drop, an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import dtypes, errors, registry
from kerastorch.random.seeds import Seed, SeedGenerator, torch_generator


@registry.register("random")
def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Draw class numbers with probabilities `softmax(logits)`.

    Args:
        logits: Shape `(batch, classes)`.
        num_samples: How many to draw for each row.
        dtype: An integer dtype.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of shape `(batch, num_samples)`.

    Raises:
        ValueError: `logits` is not two-dimensional.

    Example:
        >>> categorical([[0.0, 100.0]], 3)
        tensor([[1, 1, 1]], dtype=torch.int32)
    """
    logits = torch.as_tensor(logits)
    if logits.dim() != 2:
        raise errors.value_error("`logits` of categorical", expected="shape (batch, classes)", received=logits)
    generator = torch_generator(seed, logits.device)
    drawn = torch.multinomial(torch.softmax(logits, -1), num_samples, replacement=True, generator=generator)
    return drawn.to(dtypes.torch_dtype(dtype))


@registry.register("random")
def dropout(inputs: Tensor, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None) -> Tensor:
    """Set a share of the values to 0 and divide the others by `1 - rate`.

    Args:
        inputs: A float tensor.
        rate: The share, in [0, 1].
        noise_shape: The shape of the mask, broadcast to that of `inputs`; None stands for the size of `inputs`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor like `inputs`.

    Raises:
        ValueError: `rate` is outside [0, 1].

    Example:
        >>> sorted(set(dropout(torch.ones(100), 0.5).tolist()))
        [0.0, 2.0]
    """
    if not 0 <= rate <= 1:
        raise errors.value_error("`rate` of dropout", expected="a number in [0, 1]", received=rate)
    inputs = torch.as_tensor(inputs)
    if rate == 0:
        return inputs
    if rate == 1:
        return torch.zeros_like(inputs)
    unseeded = seed is None or (isinstance(seed, SeedGenerator) and not seed.is_seeded)
    if unseeded and noise_shape is None:
        return F.dropout(inputs, rate)
    shape = (
        inputs.shape
        if noise_shape is None
        else [inputs.shape[i] if n is None else n for i, n in enumerate(noise_shape)]
    )
    generator = torch_generator(seed, inputs.device)
    kept = torch.bernoulli(torch.full(tuple(shape), 1.0 - rate, device=inputs.device), generator=generator)
    return torch.where(kept.bool(), inputs / (1.0 - rate), 0.0)


@registry.register("random")
def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> Tensor:
    """Put the entries along an axis into random order (beyond the first axis: each row into its own).

    Args:
        x: A tensor or array.
        axis: The axis.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A shuffled copy.

    Example:
        >>> sorted(shuffle([3, 1, 2]).tolist())
        [1, 2, 3]
    """
    values: Tensor = torch.as_tensor(x)
    axis = axis % values.dim()
    generator = torch_generator(seed, values.device)
    order = torch.rand(values.shape[: axis + 1], generator=generator, device=values.device).argsort(axis)
    order = order.reshape(order.shape + (1,) * (values.dim() - axis - 1))
    return values.gather(axis, order.expand(values.shape))
