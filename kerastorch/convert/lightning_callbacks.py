"""Keras's callbacks as callbacks and loggers of Lightning."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from kerastorch.convert.page import ModelFacts, Page, mark
from kerastorch.convert.snippets import LEARNING_RATE
from kerastorch.convert.stored import path_of
from kerastorch.convert.torch_callbacks import DEFAULT_LOGS, NOT_KNOWN, is_figure, plateau_arguments, takes_rate
from kerastorch.convert.uses import CallbackUse, Use, callbacks, literal
from kerastorch.convert.writing import Text, call

OWN_CALLBACK = (
    "Write a pl.Callback: on_train_epoch_end(trainer, module) is on_epoch_end, trainer.callback_metrics its logs."
)


@dataclass
class Watching:
    """What callbacks become.

    Attributes:
        callbacks: The source of Lightning's callbacks.
        loggers: The source of loggers.
        checkpoints: Whether a ModelCheckpoint is among the callbacks.
        before: Statements before the Trainer is made.
        after: Statements after the training.
    """

    callbacks: list[str] = field(default_factory=list)
    loggers: list[str] = field(default_factory=list)
    checkpoints: bool = False
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def flags(self) -> list[str]:
        """The Trainer's arguments."""
        found = [call("callbacks=[", self.callbacks, "]")] if self.callbacks else []
        found.append(f"logger=[{', '.join(self.loggers)}]" if self.loggers else "logger=False")
        return found if self.checkpoints else [*found, "enable_checkpointing=False"]


def convert(page: Page, model: ModelFacts, use: Use, text: Text) -> Watching:
    """Lightning's callbacks and loggers for the callbacks of a `fit`; what has none is marked in `text`."""
    watching = Watching()
    for callback in callbacks(page.script, use):
        write = _KINDS.get(callback.kind)
        if write is None or not callback.monitor:
            text.mark(mark(use, callback.source, NOT_KNOWN, OWN_CALLBACK))
        elif is_figure(model, use, callback, text):
            write(_Place(page, model, use, watching, text), callback)
    return watching


@dataclass
class _Place:
    page: Page
    model: ModelFacts
    use: Use
    watching: Watching
    text: Text

    def refuse(self, callback: CallbackUse, name: str, default: str, do: str) -> None:
        """Mark an argument that is not converted, if it is given."""
        value = callback.get(name, default)
        if value != default:
            what = f"{callback.kind}({name}={value})"
            self.text.mark(mark(self.use, what, "Lightning's callback has no such argument.", do))

    def add(self, name: str, arguments: list[str]) -> None:
        self.watching.callbacks.append(call(f"pl.callbacks.{name}(", arguments, width=100))


def _watched(callback: CallbackUse) -> list[str]:
    return [f'monitor="{callback.monitor}"', f'mode="{callback.mode}"']


def _early_stopping(place: _Place, callback: CallbackUse) -> None:
    arguments = [*_watched(callback), f"patience={callback.get('patience', '0')}"]
    if callback.get("min_delta", "0") != "0":
        arguments.append(f"min_delta={callback.get('min_delta', '0')}")
    place.add("EarlyStopping", arguments)
    if callback.get("restore_best_weights", "False") == "True":
        best = place.page.names.fresh("best")
        place.page.imports.add("import torch")
        place.watching.checkpoints = True
        made = call(f"{best} = pl.callbacks.ModelCheckpoint(", [*_watched(callback), 'filename="best"'])
        place.watching.before += [*place.page.note("restore_best_weights=True: a file keeps the best weights."), made]
        place.watching.callbacks.append(best)
        loaded = f'torch.load({best}.best_model_path, weights_only=True)["state_dict"]'
        place.watching.after.append(f"{place.model.name}.load_state_dict({loaded})")
    place.refuse(callback, "baseline", "None", "Write a callback that sets trainer.should_stop = True.")
    place.refuse(callback, "start_from_epoch", "0", "Inherit from EarlyStopping, and do nothing in the first epochs.")


def _checkpoint(place: _Place, callback: CallbackUse) -> None:
    source = callback.get("filepath", "")
    path = literal(path_of(source, "")) if isinstance(literal(source), str) else None
    if not isinstance(path, str):
        place.text.mark(
            mark(
                place.use,
                callback.source,
                "Its path is not written out.",
                "Add a pl.callbacks.ModelCheckpoint by hand.",
            )
        )
        return
    folder, name = os.path.split(path)
    best = callback.get("save_best_only", "False") == "True"
    arguments = [f'dirpath="{folder or "."}"', f'filename="{name}"', *(_watched(callback) if best else [])]
    if "{" in name:
        arguments += ["auto_insert_metric_name=False"]
        place.watching.before += place.page.note("Lightning counts epochs in file names from 0, Keras from 1.")
        arguments += [] if best else ["save_top_k=-1"]
    else:
        arguments.append("enable_version_counter=False")
    if callback.get("save_weights_only", "False") == "True":
        arguments.append("save_weights_only=True")
    place.watching.checkpoints = True
    place.model.checkpoints.add(str(literal(source)))
    place.add("ModelCheckpoint", arguments)
    place.refuse(callback, "save_freq", '"epoch"', "every_n_train_steps= counts batches.")


def schedulers(page: Page, use: Use) -> list[tuple[str, str, str]]:
    """What ReduceLROnPlateau becomes, which belongs into configure_optimizers: scheduler, figure, Keras's source."""
    found = []
    for callback in callbacks(page.script, use):
        if callback.kind == "ReduceLROnPlateau" and callback.monitor:
            arguments = ["optimizer", *plateau_arguments(callback)]
            made = call("scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(", arguments, width=104)
            found.append((made, callback.monitor, callback.source))
    return found


def _plateau(place: _Place, callback: CallbackUse) -> None:
    """Only a comment: it stands in configure_optimizers."""
    if place.model.trainings > 1:
        why = "A Trainer's learning-rate schedule belongs to the module: it would act in every fit of this script."
        do = "Write a pl.Callback whose on_train_epoch_end calls scheduler.step(trainer.callback_metrics[...])."
        place.text.mark(mark(place.use, callback.source, why, do))
        return
    place.watching.before += place.page.note("ReduceLROnPlateau: in configure_optimizers, above.")


def _scheduler(place: _Place, callback: CallbackUse) -> None:
    schedule = callback.get("schedule", "")
    place.text.above += place.page.once(LEARNING_RATE)
    if not takes_rate(place.page, schedule):
        called = schedule if schedule.isidentifier() else f"({schedule})"
        schedule = f"lambda epoch, rate: {called}(epoch)"
    place.watching.callbacks.append(f"LearningRateScheduler({schedule})")


def _csv(place: _Place, callback: CallbackUse) -> None:
    filename = literal(callback.get("filename", '""'))
    if not isinstance(filename, str):
        do = "Give the Trainer logger=pl.loggers.CSVLogger(folder, name=...)."
        place.text.mark(mark(place.use, callback.source, "Its path is not written out.", do))
        return
    folder, name = os.path.split(filename)
    name = name.rpartition(".")[0] or name
    place.watching.before += place.page.note(f"Writes {os.path.join(folder, name)}/version_0/metrics.csv.")
    place.watching.loggers.append(f'pl.loggers.CSVLogger("{folder or "."}", name="{name}")')


def _tensorboard(place: _Place, callback: CallbackUse) -> None:
    place.watching.loggers.append(f"pl.loggers.TensorBoardLogger({callback.get('log_dir', DEFAULT_LOGS)})")
    for argument in ("histogram_freq", "embeddings_freq", "profile_batch"):
        place.refuse(callback, argument, "0", "self.logger.experiment is the SummaryWriter: add_histogram and so on.")


def _nan(place: _Place, callback: CallbackUse) -> None:
    place.add("EarlyStopping", ['monitor="loss"', "check_finite=True", "patience=10**9"])


_KINDS: dict[str, Callable[[_Place, CallbackUse], None]] = {
    "EarlyStopping": _early_stopping,
    "ModelCheckpoint": _checkpoint,
    "ReduceLROnPlateau": _plateau,
    "LearningRateScheduler": _scheduler,
    "CSVLogger": _csv,
    "TensorBoard": _tensorboard,
    "TerminateOnNaN": _nan,
}
