"""Random numbers from the gamma, beta and binomial distributions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, policy, registry
from kerastorch.random.numbers import Shape, float_dtype
from kerastorch.random.seeds import Seed, torch_generator


def _parameters(shape: Shape, *values: Any) -> list[Tensor]:
    """Distribution parameters as float tensors of the shape of the result."""
    tensors = (torch.as_tensor(value, device=torch.get_default_device()) for value in values)
    floats = (t if t.is_floating_point() else t.to(dtypes.torch_dtype(policy.floatx())) for t in tensors)
    return [t.broadcast_to(tuple(shape)) for t in floats]


@registry.register("random")
def gamma(shape: Shape, alpha: Any, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from a gamma distribution with rate 1.

    Args:
        shape: The shape of the result.
        alpha: The concentration, broadcast to `shape`.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`.

    Example:
        >>> bool((gamma((5,), 2.0) > 0).all())
        True
    """
    (concentration,) = _parameters(shape, alpha)
    drawn = torch._standard_gamma(concentration, generator=torch_generator(seed, concentration.device))
    return drawn.clamp_(min=torch.finfo(drawn.dtype).tiny).to(float_dtype(dtype))


@registry.register("random")
def binomial(shape: Shape, counts: Any, probabilities: Any, dtype: Any = None, seed: Seed = None) -> Tensor:
    """How many of `counts` trials succeed, each with probability `probabilities`.

    Args:
        shape: The shape of the result.
        counts: Numbers of trials, broadcast to `shape`.
        probabilities: In [0, 1], broadcast to `shape`.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`.

    Example:
        >>> binomial((2,), 5, 1.0)
        tensor([5., 5.])
    """
    trials, chance = _parameters(shape, counts, probabilities)
    return torch.binomial(trials, chance, generator=torch_generator(seed, trials.device)).to(float_dtype(dtype))


@registry.register("random")
def beta(shape: Shape, alpha: Any, beta: Any, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from a beta distribution.

    Args:
        shape: The shape of the result.
        alpha: The first concentration, broadcast to `shape`.
        beta: The second concentration, broadcast to `shape`.
        dtype: A float dtype; default `floatx()`.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Returns:
        A tensor of `shape`, values in [0, 1].

    Example:
        >>> x = beta((100,), 2.0, 2.0)
        >>> bool(((x >= 0) & (x <= 1)).all())
        True
    """
    concentration = torch.stack(_parameters(shape, alpha, beta), -1)
    drawn = torch._sample_dirichlet(concentration, generator=torch_generator(seed, concentration.device))
    return drawn[..., 0].to(float_dtype(dtype))
