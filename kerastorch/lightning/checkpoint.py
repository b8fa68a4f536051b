"""Checkpoints: files with Lightning's keys that hold tensors and plain values only."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from kerastorch.base import chance, errors
from kerastorch.base.files import replacing
from kerastorch.base.sharded import spread
from kerastorch.checkpoint.plain import from_plain, is_plain, to_plain
from kerastorch.lightning.evaluation import KINDS

# The format's version: that of the release whose keys these are.
FORMAT = "2.6.0"
_OWN = "kerastorch"  # what an exact resume needs beside Lightning's keys


def read(path: Any, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is run.

    Args:
        path: The file.
        map_location: Where tensors go, see `torch.load`.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It holds other things than tensors and plain values, or no module.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(errors.message("The checkpoint", expected="a file", received=os.fspath(path)))
    try:
        found = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        raise errors.value_error(
            f"The checkpoint {os.path.basename(path)!r}",
            expected="tensors and plain values",
            received=errors.Said(str(error).splitlines()[0]),
            remedy="Save hyperparameters that are numbers or texts: `self.save_hyperparameters(ignore=[...])`.",
        ) from error
    if not isinstance(found, dict) or "state_dict" not in found:
        raise errors.value_error(
            f"The checkpoint {os.path.basename(path)!r}", expected='a dict with "state_dict"', received=found
        )
    return found


def write(path: Any, checkpoint: Mapping[str, Any]) -> None:
    """Write a checkpoint: whole, or not at all.

    Raises:
        TypeError: It holds something that is neither a tensor nor a plain value.
    """
    for key, value in checkpoint.items():
        to_plain(value, f"The checkpoint's {key!r}", keep=lambda tensor: tensor)  # says which part is none
    with replacing(Path(path)) as beside:
        torch.save(dict(checkpoint), beside)


def dump(trainer: Any, weights_only: bool = False) -> dict[str, Any]:
    """The state of a Trainer's run under Lightning's keys.

    Args:
        trainer: The Trainer.
        weights_only: Whether optimizers, schedulers and callbacks are left out.
    """
    module = trainer.lightning_module
    found: dict[str, Any] = {
        "epoch": trainer.current_epoch,
        "global_step": trainer.global_step,
        "pytorch-lightning_version": FORMAT,
        "state_dict": trainer.plan.strategy.whole(module.state_dict()),
        "loops": {"fit_loop": _loops(trainer), **{f"{kind}_loop": _idle(kind) for kind in KINDS}},
    }
    if not weights_only:
        states = ((callback.state_key, callback.state_dict()) for callback in trainer.callbacks)
        found["callbacks"] = {key: state for key, state in states if state}
        whole = trainer.plan.strategy.whole
        found["optimizer_states"] = [whole(one.state_dict()) for one in trainer.optimizers]
        found["lr_schedulers"] = [_plain_only(one.scheduler.state_dict()) for one in trainer.lr_scheduler_configs]
        scaler = trainer.plan.precision.state_dict()
        if scaler:
            found["MixedPrecision"] = scaler
        found[_OWN] = _of_all_ranks(trainer.plan.strategy, to_plain(_own(trainer)))
    for holder in (module, trainer.datamodule):
        if holder is not None and holder.hparams:
            found["hparams_name"] = holder._hparams_name
            found[holder.CHECKPOINT_HYPER_PARAMS_KEY] = _plain_only(holder.hparams)
    if trainer.datamodule is not None and (state := trainer.datamodule.state_dict()):
        found[type(trainer.datamodule).__qualname__] = state
    if not weights_only:
        for hook in trainer.hooks.of(trainer.callbacks, "on_save_checkpoint"):
            hook(found)
    own = trainer.hooks.own("on_save_checkpoint")
    if own is not None:
        own(found)
    return found


def _own(trainer: Any) -> dict[str, Any]:
    """What an exact resume needs: random numbers, the place in the data, figures, gradients that wait."""
    fit = trainer.fitting
    figures = trainer.record.state_dict(trainer.lightning_module, over=fit.state.batch == 0)
    waiting = {} if fit.step.due else {n: p.grad for n, p in trainer.lightning_module.named_parameters()}
    gradients = {name: gradient for name, gradient in waiting.items() if gradient is not None}
    drawn = chance.state(trainer.plan.device)
    place = {"random": drawn, "source": fit.source.state_dict(), "within": fit.within}
    return {**place, "gradients": gradients, "figures": figures}


def _of_all_ranks(strategy: Any, own: dict[str, Any]) -> list[dict[str, Any]]:
    if strategy.world_size == 1:
        return [own]
    written = io.BytesIO()
    torch.save(own, written)
    held = strategy.gather(torch.frombuffer(bytearray(written.getvalue()), dtype=torch.uint8))
    return [torch.load(io.BytesIO(one.numpy().tobytes()), weights_only=True) for one in held]


def _plain_only(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of a mapping a file can hold; of the rest a warning tells."""
    left_out = [name for name, value in values.items() if not is_plain(value) and not callable(value)]
    if left_out:
        warnings.warn(f"A checkpoint cannot hold {', '.join(left_out)}: left out.", stacklevel=4)
    return {name: value for name, value in values.items() if is_plain(value)}


def _counted(*names: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    return {"current": dict.fromkeys(names, current), "total": dict.fromkeys(names, total)}


_BATCH = ("ready", "started", "processed", "completed")


def _idle(kind: str) -> dict[str, Any]:
    ends = {} if kind == "predict" else {"is_last_batch": False}
    return {"state_dict": {}, "batch_progress": {**_counted(*_BATCH), **ends}}


def _loops(trainer: Any) -> dict[str, Any]:
    """Where the fit stands, as the loops of Lightning count it."""
    fit, epoch, steps = trainer.fitting, trainer.current_epoch, trainer.global_step
    batches = _counted(*_BATCH, current=fit.done, total=fit.seen)
    for counts in batches.values():
        counts["completed"] -= fit.within == "hooks"  # a batch is complete when its hooks are
    last = bool(fit.step.batch is not None and fit.step.batch.last)
    between = (fit.state.epoch, fit.state.batch) == (epoch, 0) and (last or fit.done == 0)  # as after a whole fit
    begun = epoch + (not between)
    epochs = {"ready": begun, "started": begun, "processed": trainer.processed, "completed": epoch}
    updates = _counted("ready", "completed", total=steps if fit.automatic else 0)
    zeros = _counted("ready", "started", "completed", total=steps if fit.automatic else 0)
    return {
        "state_dict": {},
        "epoch_loop.state_dict": {"_batches_that_stepped": fit.stepped},
        "epoch_loop.batch_progress": {**batches, "is_last_batch": last},
        "epoch_loop.scheduler_progress": _counted("ready", "completed", total=fit.schedulers.steps),
        "epoch_loop.automatic_optimization.state_dict": {},
        "epoch_loop.automatic_optimization.optim_progress": {"optimizer": {"step": updates, "zero_grad": zeros}},
        "epoch_loop.manual_optimization.state_dict": {},
        "epoch_loop.manual_optimization.optim_step_progress": _counted(
            "ready", "completed", total=0 if fit.automatic else steps
        ),
        "epoch_loop.val_loop.state_dict": {},
        "epoch_loop.val_loop.batch_progress": {**_counted(*_BATCH), "is_last_batch": True},
        "epoch_progress": {"current": epochs, "total": dict(epochs)},
    }


def load_module(trainer: Any, found: dict[str, Any]) -> None:
    """Give the datamodule, the module and the callbacks what a checkpoint holds of them."""
    datamodule, module = trainer.datamodule, trainer.lightning_module
    own = trainer.hooks.own("on_load_checkpoint")
    if own is not None:
        own(found)
    if datamodule is not None and (state := found.get(type(datamodule).__qualname__)):
        datamodule.load_state_dict(state)
    now = module.state_dict()
    state = {name: spread(value, now.get(name, value)) for name, value in found["state_dict"].items()}
    module.load_state_dict(state, strict=module.strict_loading)
    if trainer.state.fn != "fit":
        return
    for hook in trainer.hooks.of(trainer.callbacks, "on_load_checkpoint"):
        hook(found)
    for callback in trainer.callbacks:
        state = found.get("callbacks", {}).get(callback.state_key)
        if state:
            callback.load_state_dict(state)


def load_training(trainer: Any, found: dict[str, Any]) -> None:
    """Give optimizers, schedulers and the cursor what a checkpoint holds of them.

    Raises:
        ValueError: The checkpoint has none, or others.
    """
    if "optimizer_states" not in found or "loops" not in found:
        raise errors.value_error(
            "`ckpt_path` of fit", expected="a checkpoint of training", received=errors.Said("one of weights only")
        )
    wanted = {"optimizers": len(trainer.optimizers), "schedulers": len(trainer.lr_scheduler_configs)}
    came = {"optimizers": len(found["optimizer_states"]), "schedulers": len(found["lr_schedulers"])}
    if wanted != came:
        raise errors.value_error("The checkpoint", expected=f"{wanted}", received=errors.Said(str(came)))
    for optimizer, state in zip(trainer.optimizers, found["optimizer_states"], strict=True):
        optimizer.load_state_dict(state)
        for parameter, kept in optimizer.state.items():
            kept.update({name: _like(value, parameter) for name, value in kept.items()})
    for config, state in zip(trainer.lr_scheduler_configs, found["lr_schedulers"], strict=True):
        config.scheduler.load_state_dict(state)
    if "MixedPrecision" in found and trainer.plan.precision.state_dict():
        trainer.plan.precision.load_state_dict(found["MixedPrecision"])
    fit, loops = trainer.fitting, found["loops"]["fit_loop"]
    state, batches = fit.state, loops["epoch_loop.batch_progress"]
    epochs = loops["epoch_progress"]["current"]
    if int(epochs["processed"]) > trainer.max_epochs:
        raise errors.value_error(
            "`max_epochs` of Trainer",
            expected=f"at least the {epochs['processed']} epochs of the checkpoint",
            received=trainer.max_epochs,
        )
    state.step = int(found["global_step"])
    state.epoch = trainer.current_epoch = trainer.processed = int(epochs["processed"])
    fit.stepped = int(loops["epoch_loop.state_dict"].get("_batches_that_stepped", state.step))
    fit.seen = int(batches["total"]["ready"])
    over = epochs["processed"] == epochs["ready"]
    state.batch = fit.done = 0 if over else int(batches["current"]["ready"])
    fit.within = "hooks" if state.batch and batches["current"]["completed"] < state.batch else ""


def _like(value: Any, parameter: torch.Tensor) -> Any:
    same = isinstance(value, torch.Tensor) and value.shape == parameter.shape
    return spread(value, parameter) if same else value


def load_own(trainer: Any, found: dict[str, Any]) -> None:
    """Put back random numbers, the place in the data, figures and waiting gradients, where a checkpoint has them."""
    fit, strategy, held = trainer.fitting, trainer.plan.strategy, from_plain(found.get(_OWN))
    if held is None:
        return
    same = len(held) == strategy.world_size
    own = held[strategy.rank if same else 0]
    fit.within = own["within"]
    if same:
        trainer.record.load_state_dict(own["figures"], trainer.lightning_module)
    for name, parameter in trainer.lightning_module.named_parameters():
        if name in own["gradients"]:
            parameter.grad = own["gradients"][name].to(parameter.device)
    fit.source.load_state_dict(own["source"])
    chance.restore(own["random"])
