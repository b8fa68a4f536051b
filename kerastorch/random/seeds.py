"""Seeds that a checkpoint can hold, and the torch generators made from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, naming, registry

Seed = Any  # int | SeedGenerator | None, checked in `torch_generator`


@registry.register("random")
class SeedGenerator:
    """A source of seeds: each use gives the next one, and its state is two plain numbers.

    Args:
        seed: The first seed; None draws one from torch's global generator.
        name: Its name.

    Raises:
        ValueError: `seed` is not an integer.

    Example:
        >>> seeds = SeedGenerator(7)
        >>> seeds.draw(), seeds.draw()
        (7, 8)
        >>> seeds.get_state()
        [7, 2]
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
            raise errors.value_error("`seed` of SeedGenerator", expected="an integer or None", received=seed)
        self.name = name or naming.auto_name("seed_generator")
        self._initial_seed = seed
        self._seed = int(torch.randint(1, 10**9, (), device="cpu")) if seed is None else seed
        self._count = 0

    @property
    def is_seeded(self) -> bool:
        """Whether the user chose the seed."""
        return self._initial_seed is not None

    @property
    def state(self) -> Tensor:
        """The seed and how often it was used, an int64 tensor of shape (2,)."""
        return torch.tensor(self.get_state())

    def next(self, ordered: bool = True) -> Tensor:
        """The state before this call; the count goes up by one.

        Args:
            ordered: Accepted for Keras's sake; the count always goes up by one.

        Returns:
            An int64 tensor (seed, count).
        """
        del ordered
        state = self.state
        self._count += 1
        return state

    def draw(self) -> int:
        """The next seed as a plain number."""
        self._count += 1
        return self._seed + self._count - 1

    def get_state(self) -> list[int]:
        """The state for a checkpoint: the seed and how often it was used."""
        return [self._seed, self._count]

    def set_state(self, state: Sequence[int]) -> None:
        """Go on from a state that `get_state` gave.

        Args:
            state: The seed and how often it was used.

        Raises:
            ValueError: It is not two numbers.
        """
        if len(state) != 2:
            raise errors.value_error(
                "State of a SeedGenerator", expected="two integers: seed and count", received=state
            )
        self._seed, self._count = (int(number) for number in state)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Make a generator from `get_config`'s result."""
        return cls(**config)


def torch_generator(seed: Seed, device: torch.device) -> torch.Generator | None:
    """A generator on `device` for one call, or None for torch's global one.

    Args:
        seed: An integer, a `SeedGenerator` (which moves on by one) or None.
        device: Where the numbers are made.

    Returns:
        A seeded generator; None without a seed and on the meta device.

    Raises:
        ValueError: `seed` is of another kind.
    """
    if seed is None:
        return None
    if isinstance(seed, SeedGenerator):
        number = seed.draw()
    elif isinstance(seed, int) and not isinstance(seed, bool):
        number = seed
    else:
        raise errors.value_error("`seed`", expected="an integer, a SeedGenerator or None", received=seed)
    if device.type == "meta":
        return None
    # seed + count, 32 bits: what Keras's torch backend does, so that equal seeds give equal numbers
    return torch.Generator(device).manual_seed(number & 0xFFFFFFFF)
