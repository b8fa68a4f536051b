"""`LightningModule`: a torch module that says itself how it is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors
from kerastorch.lightning.files import ModuleFiles
from kerastorch.lightning.hooks import ModelHooks
from kerastorch.lightning.hparams import HyperparametersMixin


class LightningModule(ModuleFiles, HyperparametersMixin, ModelHooks, nn.Module):
    """A module with its own training: override `training_step` and `configure_optimizers`, and what else you need.

    Attributes:
        automatic_optimization: Whether a Trainer does backward and the update of the loss that `training_step`
            returns; False where the step does it by itself.

    Example:
        >>> class Line(LightningModule):
        ...     def __init__(self, lr=0.1):
        ...         super().__init__()
        ...         self.save_hyperparameters()
        ...         self.layer = nn.Linear(1, 1)
        ...     def training_step(self, batch, batch_idx):
        ...         x, y = batch
        ...         loss = nn.functional.mse_loss(self.layer(x), y)
        ...         self.log("train_loss", loss)
        ...         return loss
        ...     def configure_optimizers(self):
        ...         return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)
        >>> Line().hparams
        {'lr': 0.1}
    """

    automatic_optimization: Any = True  # a property of the user's may stand in its place
    prepare_data_per_node = True
    use_ddp = use_dp = use_ddp2 = use_tpu = False  # asked in earlier years to share data, which a Trainer does
    _trainer: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._toggled: dict[int, list[tuple[Tensor, bool]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_trainer": None}  # a copy is in no run

    # -- what users write -------------------------------------------------------------------------------------------

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """The loss of a batch, `training_step(batch, batch_idx)`: a tensor, or a dict with "loss"."""

    def validation_step(self, *args: Any, **kwargs: Any) -> Any:
        """`validation_step(batch, batch_idx, dataloader_idx=0)`: log what is to be seen."""

    def test_step(self, *args: Any, **kwargs: Any) -> Any:
        """`test_step(batch, batch_idx, dataloader_idx=0)`: log what is to be seen."""

    def predict_step(self, *args: Any, **kwargs: Any) -> Any:
        """The output for a batch, `predict_step(batch, batch_idx, dataloader_idx=0)`; default `self(batch)`."""
        return self(args[0] if args else kwargs["batch"])

    def configure_optimizers(self) -> Any:
        """One optimizer, a list of them, two lists (optimizers, schedulers), or a dict or dicts with "optimizer"."""
        raise errors.type_error(
            f"{type(self).__name__}", expected="a method `configure_optimizers`", received=None
        )  # pragma: no cover - a Trainer refuses such a module before

    # -- the run ----------------------------------------------------------------------------------------------------

    @property
    def trainer(self) -> Any:
        """The Trainer.

        Raises:
            RuntimeError: The module is in none.
        """
        if self._trainer is None and not self._exporting:
            raise RuntimeError(f"{type(self).__name__} is in no Trainer: call `trainer.fit(module)` first.")
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        for part in self.modules():  # type: ignore[attr-defined]
            if isinstance(part, LightningModule):
                part.__dict__["_trainer"] = trainer

    @property
    def logger(self) -> Any:
        """The Trainer's first logger, or None."""
        return None if self._trainer is None else self._trainer.logger

    @property
    def loggers(self) -> list[Any]:
        """The Trainer's loggers."""
        return [] if self._trainer is None else self._trainer.loggers  # type: ignore[no-any-return]

    @property
    def current_epoch(self) -> int:
        """The epoch that runs, from 0."""
        return 0 if self._trainer is None else self._trainer.current_epoch  # type: ignore[no-any-return]

    @property
    def global_step(self) -> int:
        """Updates so far."""
        return 0 if self._trainer is None else self._trainer.global_step  # type: ignore[no-any-return]

    @property
    def global_rank(self) -> int:
        """Which process this is, of all."""
        return 0 if self._trainer is None else self._trainer.global_rank  # type: ignore[no-any-return]

    @property
    def local_rank(self) -> int:
        """Which process this is, of those on this machine."""
        return 0 if self._trainer is None else self._trainer.local_rank  # type: ignore[no-any-return]

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        if self._trainer is not None:
            return self._trainer.plan.device  # type: ignore[no-any-return]
        return next((tensor.device for tensor in (*self.parameters(), *self.buffers())), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the parameters."""
        return next((p.dtype for p in self.parameters()), torch.get_default_dtype())

    @property
    def on_gpu(self) -> bool:
        """Whether the module is on a CUDA device."""
        return self.device.type == "cuda"

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print, in the first process only, and beside the progress bar."""
        (print if self._trainer is None else self._trainer.print)(*args, **kwargs)

    def log(
        self,
        name: str,
        value: Any,
        prog_bar: bool = False,
        logger: bool | None = None,
        on_step: bool | None = None,
        on_epoch: bool | None = None,
        reduce_fx: Any = "mean",
        enable_graph: bool = False,
        sync_dist: bool = False,
        sync_dist_group: Any = None,
        add_dataloader_idx: bool = True,
        batch_size: int | None = None,
        metric_attribute: str | None = None,
        rank_zero_only: bool = False,
    ) -> None:
        """Keep a figure for loggers, callbacks and the progress bar; it stays on the device until it is shown.

        Args:
            name: Its name.
            value: A number, a scalar tensor, or a torchmetrics object.
            prog_bar: Whether the progress bar shows it.
            logger: Whether loggers get it; default yes.
            on_step: Whether the value of each batch counts; default in training steps and batch hooks.
            on_epoch: Whether the reduced value of the epoch counts; default everywhere else. With both, the names
                are `<name>_step` and `<name>_epoch`.
            reduce_fx: "mean" (weighted by rows), "sum", "min" or "max".
            enable_graph: Accepted; figures are always detached.
            sync_dist: Whether the epoch's value is that of all ranks.
            sync_dist_group: Accepted; all ranks.
            add_dataloader_idx: Whether each of several dataloaders gets a name of its own.
            batch_size: The rows of the batch; default the length of the first tensor in it.
            metric_attribute: Accepted; metrics are known by themselves.
            rank_zero_only: Whether only the first rank logs.
        """
        if self._trainer is None or (rank_zero_only and self.global_rank):
            return
        self._trainer.record.log(
            name, value, batch_size=batch_size, prog_bar=prog_bar, logger=logger, on_step=on_step, on_epoch=on_epoch,
            reduce_fx=reduce_fx, sync_dist=sync_dist and not rank_zero_only, add_dataloader_idx=add_dataloader_idx,
        )  # fmt: skip

    def log_dict(self, dictionary: Mapping[str, Any], *options: Any, **how: Any) -> None:
        """Keep several figures.

        Args:
            dictionary: Name to value, or a torchmetrics MetricCollection.
            *options: See `log`: `prog_bar`, `logger`, `on_step`, ...
            **how: The same by name.
        """
        for name, value in dictionary.items():
            self.log(name, value, *options, **how)

    def all_gather(self, data: Any, group: Any = None, sync_grads: bool = False) -> Any:
        """The tensors of all ranks, stacked: each of shape (ranks, ...); those of one rank as they are."""
        strategy = self.trainer.plan.strategy
        if strategy.world_size == 1:
            return data
        if isinstance(data, Mapping):
            return {key: self.all_gather(value) for key, value in data.items()}
        return torch.stack([one.to(self.device) for one in strategy.gather(torch.as_tensor(data, device=self.device))])

    # -- optimization by hand ---------------------------------------------------------------------------------------

    def optimizers(self, use_pl_optimizer: bool = True) -> Any:
        """The optimizer, or the list of them; their `step` calls hooks and is counted."""
        held = self.trainer.optimizers
        found = [self.trainer.fitting.step.handed_out(one) for one in held] if use_pl_optimizer else held
        return found[0] if len(found) == 1 else found

    def lr_schedulers(self) -> Any:
        """The scheduler, or the list of them, or None."""
        found = [config.scheduler for config in self.trainer.lr_scheduler_configs]
        return None if not found else found[0] if len(found) == 1 else found

    def manual_backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Compute gradients, in the precision of the run.

        Raises:
            RuntimeError: The Trainer does it.
        """
        if self.automatic_optimization:
            raise RuntimeError("`manual_backward` is for `self.automatic_optimization = False`: set it in `__init__`.")
        self.trainer.fitting.step.backward(loss, *args, **kwargs)

    def clip_gradients(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip the gradients of an optimizer's parameters.

        Args:
            optimizer: The optimizer.
            gradient_clip_val: The limit; default the Trainer's.
            gradient_clip_algorithm: "norm" or "value"; default the Trainer's, or "norm".
        """
        self.trainer.clip(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def toggle_optimizer(self, optimizer: Any) -> None:
        """Let only this optimizer's parameters take gradients, until `untoggle_optimizer`."""
        own = {id(p) for group in optimizer.param_groups for p in group["params"]}
        others = [p for one in self.trainer.optimizers for g in one.param_groups for p in g["params"]]
        others = list({id(p): p for p in others if id(p) not in own}.values())
        self._toggled[id(optimizer.param_groups)] = [(p, p.requires_grad) for p in others]
        for parameter in others:
            parameter.requires_grad = False

    def untoggle_optimizer(self, optimizer: Any) -> None:
        """Take `toggle_optimizer` back."""
        for parameter, before in self._toggled.pop(id(optimizer.param_groups), []):
            parameter.requires_grad = before

    @contextmanager
    def toggled_optimizer(self, optimizer: Any) -> Iterator[None]:
        """Around what only this optimizer's parameters shall take gradients in."""
        self.toggle_optimizer(optimizer)
        try:
            yield
        finally:
            self.untoggle_optimizer(optimizer)

    def freeze(self) -> None:
        """No parameter takes gradients, and the module is in the mode of evaluation."""
        self.requires_grad_(False)
        self.eval()

    def unfreeze(self) -> None:
        """All parameters take gradients, and the module is in the mode of training."""
        self.requires_grad_(True)
        self.train()
