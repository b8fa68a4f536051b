"""Random numbers in a given shape: normal, uniform, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, policy, registry
from kerastorch.random.seeds import Seed, torch_generator

Shape = Sequence[int]


def float_dtype(dtype: Any) -> torch.dtype:
    """A `dtype` argument as torch's; None means `floatx()`.

    Raises:
        ValueError: It is not a float dtype.
    """
    found = dtypes.torch_dtype(dtype or policy.floatx())
    if not found.is_floating_point:
        raise errors.value_error("`dtype`", expected="a floating-point dtype", received=dtypes.dtype_name(dtype))
    return found


@registry.register("random")
def normal(shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from a normal distribution.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`.

    Example:
        >>> normal((2, 3), seed=1).shape
        torch.Size([2, 3])
    """
    device = torch.get_default_device()
    generator = torch_generator(seed, device)
    return torch.normal(mean, stddev, tuple(shape), generator=generator, dtype=float_dtype(dtype), device=device)


@registry.register("random")
def uniform(shape: Shape, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers spread evenly over [minval, maxval).

    Args:
        shape: The shape of the result.
        minval: The lower bound.
        maxval: The upper bound.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`.

    Raises:
        ValueError: `dtype` is not a float dtype.

    Example:
        >>> bool((uniform((100,), 2.0, 3.0) >= 2.0).all())
        True
    """
    device = torch.get_default_device()
    generator = torch_generator(seed, device)
    numbers = torch.rand(tuple(shape), generator=generator, dtype=float_dtype(dtype), device=device)
    return (maxval - minval) * numbers + minval


@registry.register("random")
def randint(shape: Shape, minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Whole numbers from [minval, maxval).

    Args:
        shape: The shape of the result.
        minval: The least number.
        maxval: One more than the greatest.
        dtype: An integer dtype.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`.

    Raises:
        ValueError: `dtype` is not an integer dtype.

    Example:
        >>> randint((2,), 3, 4)
        tensor([3, 3], dtype=torch.int32)
    """
    found = dtypes.torch_dtype(dtype or "int32")
    if found.is_floating_point or found.is_complex or found == torch.bool:
        raise errors.value_error("`dtype` of randint", expected="an integer dtype", received=dtypes.dtype_name(found))
    device = torch.get_default_device()
    generator = torch_generator(seed, device)
    return torch.randint(int(minval), int(maxval), tuple(shape), generator=generator, device=device).to(found)


@registry.register("random")
def truncated_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from a normal distribution, those beyond two standard deviations drawn again.

    Args:
        shape: The shape of the result.
        mean: The mean before truncation.
        stddev: The standard deviation before truncation.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`, all within `mean +- 2 * stddev`.

    Example:
        >>> bool(truncated_normal((1000,)).abs().max() <= 2.0)
        True
    """
    # four draws for each number, the first that is within bounds: Keras's way on torch, so that seeds agree
    draws = normal((*shape, 4), dtype=dtype, seed=seed)
    first = (draws.abs() < 2).max(-1, keepdim=True)[1]
    numbers = draws.gather(-1, first).squeeze(-1)
    # all four are outside once in 230,000 times; Keras lets those pass
    return numbers.clamp_(-2.0, 2.0).mul_(stddev).add_(mean)
