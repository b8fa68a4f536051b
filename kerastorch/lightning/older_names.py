"""What Trainers and datamodules had in earlier years."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.deprecations import tell

# older name -> (how today's is written, its value)
OLDER: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "progress_bar_dict": ("progress_bar_metrics", lambda trainer: trainer.progress_bar_metrics),
    "running_sanity_check": ("sanity_checking", lambda trainer: trainer.sanity_checking),
    "disable_validation": ("not trainer.enable_validation", lambda trainer: not trainer.enable_validation),
    "lr_schedulers": ("lr_scheduler_configs", lambda trainer: [vars(one) for one in trainer.lr_scheduler_configs]),
    "training_type_plugin": ("strategy", lambda trainer: trainer.strategy),
    "data_parallel_device_ids": ("device_ids", lambda trainer: trainer.device_ids),
    "num_gpus": ("num_devices", lambda trainer: trainer.num_devices if trainer.plan.device.type == "cuda" else 0),
    "use_ddp": ("world_size > 1", lambda trainer: trainer.world_size > 1),
    **dict.fromkeys(("use_dp", "use_ddp2", "use_tpu", "on_tpu"), ("False", lambda trainer: False)),
}


class OlderNames:
    """Answers for attributes of earlier years, with a line that names today's.

    Example:
        >>> class Now(OlderNames):
        ...     sanity_checking = True
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     Now().running_sanity_check
        True
    """

    def __getattr__(self, name: str) -> Any:
        if name not in OLDER:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        today, value = OLDER[name]
        warnings.warn(f"`trainer.{name}`: write `{today}` today.", DeprecationWarning, stacklevel=2)
        return value(self)


class OlderData:
    """Takes what datamodules were made with in earlier years.

    Args:
        *transforms: `train_transforms`, `val_transforms`, `test_transforms` and `dims`.
        **named: The same by name.

    Raises:
        TypeError: There is another name among them.

    Example:
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     OlderData(dims=(1, 28, 28)).size(-1)
        28
    """

    dims: Any = None
    train_transforms: Any = None
    val_transforms: Any = None
    test_transforms: Any = None

    def __init__(self, *transforms: Any, **named: Any) -> None:
        names = ("train_transforms", "val_transforms", "test_transforms", "dims")
        given = {**dict(zip(names, transforms, strict=False)), **named}
        unknown = [name for name in given if name not in names]
        if unknown:
            raise errors.unexpected_keywords(type(self).__name__, unknown, names)
        if given:
            told = ", ".join(f"`{name}`" for name in given)
            tell(type(self).__init__, f"{told} of {type(self).__name__}: set them on `self` today.")
            vars(self).update(given)

    def size(self, dim: int | None = None) -> Any:
        """The shape of a sample, as `self.dims` tells it.

        Args:
            dim: Which of its numbers; default all.
        """
        return self.dims if dim is None else self.dims[dim]
