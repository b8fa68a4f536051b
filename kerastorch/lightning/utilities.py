"""Small helpers that Lightning's users import from `lightning.pytorch.utilities`."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from kerastorch.base import errors
from kerastorch.lightning.combined_loader import CombinedLoader as CombinedLoader
from kerastorch.lightning.hparams import AttributeDict as AttributeDict
from kerastorch.lightning.moving import move
from kerastorch.lightning.optimizers import LRSchedulerConfig as LRSchedulerConfig
from kerastorch.lightning.seeding import isolate_rng as isolate_rng
from kerastorch.lightning.seeding import seed_everything as seed_everything
from kerastorch.runtime.world import World

F = TypeVar("F", bound=Callable[..., Any])
# what annotations of modules are written with
STEP_OUTPUT = Tensor | Mapping[str, Any] | None
TRAIN_DATALOADERS = EVAL_DATALOADERS = Any
OptimizerLRScheduler = OptimizerLRSchedulerConfig = LRSchedulerConfigType = LRSchedulerTypeUnion = Any
EPOCH_OUTPUT = Sequence[STEP_OUTPUT]

MisconfigurationException = ValueError  # what a wrong flag is here
move_data_to_device = move
_log = logging.getLogger("kerastorch.lightning")


class RankZeroOnly:
    """A decorator: of several processes that train together only the first calls the function; it is None on others.

    Example:
        >>> @rank_zero_only
        ... def report():
        ...     return "told"
        >>> report(), rank_zero_only.rank
        ('told', 0)
    """

    @property
    def rank(self) -> int:
        """Which process this is, of all."""
        world = World.here()
        return 0 if world is None else world.rank

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs) if self.rank == 0 else None

        return called  # type: ignore[return-value]


rank_zero_only = RankZeroOnly()


@rank_zero_only
def rank_zero_info(message: str) -> None:
    """Log a message, in the first process only."""
    _log.info(message)


@rank_zero_only
def rank_zero_warn(message: str, stacklevel: int = 4, category: type[Warning] = UserWarning) -> None:
    """Warn, in the first process only."""
    warnings.warn(message, category, stacklevel=stacklevel)


@rank_zero_only
def rank_zero_deprecation(message: str, stacklevel: int = 5) -> None:
    """Warn of what will go, in the first process only."""
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


@rank_zero_only
def rank_zero_debug(message: str) -> None:
    """Log a message for those who look for faults, in the first process only."""
    _log.debug(message)


def grad_norm(module: nn.Module, norm_type: float | str, group_separator: str = "/") -> dict[str, float]:
    """The norm of each parameter's gradient, and of all together.

    Args:
        module: The module; parameters without a gradient are left out.
        norm_type: Which norm: 2, 1, "inf".
        group_separator: What stands between "grad_2.0_norm" and the parameter's name.

    Raises:
        ValueError: `norm_type` is not positive.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> layer(torch.full((1, 1), 3.0)).sum().backward()
        >>> grad_norm(layer, 2)
        {'grad_2.0_norm/weight': 3.0, 'grad_2.0_norm_total': 3.0}
    """
    kind = float(norm_type)
    if kind <= 0:
        raise errors.value_error("`norm_type` of grad_norm", expected="a positive number or inf", received=norm_type)
    found = {name: p.grad.norm(kind) for name, p in module.named_parameters() if p.grad is not None}
    norms = {f"grad_{kind}_norm{group_separator}{name}": float(norm) for name, norm in found.items()}
    if norms:
        norms[f"grad_{kind}_norm_total"] = float(torch.tensor(list(norms.values())).norm(kind))
    return norms
