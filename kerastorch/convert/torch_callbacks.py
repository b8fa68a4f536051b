"""Keras's callbacks as lines of a plain loop over epochs."""

from __future__ import annotations

from dataclasses import dataclass, field

from kerastorch.convert.page import ModelFacts, Page, mark
from kerastorch.convert.stored import path_of
from kerastorch.convert.uses import CALLBACKS, CallbackUse, Use, callbacks, literal
from kerastorch.convert.writing import Text, call

NOT_KNOWN = "It is no callback of Keras's own that has a counterpart."
DEFAULT_LOGS = '"logs"'  # TensorBoard's log_dir
OWN_LOOP = "Put what it does into the loop over epochs: its figures are in the dict of the epoch's logs."


@dataclass
class Watching:
    """The lines that callbacks add to a loop.

    Attributes:
        before: Before the loop.
        epoch_begin: At the beginning of an epoch.
        epoch_end: At its end; `break` ends the training.
        after: After the loop.
    """

    before: list[str] = field(default_factory=list)
    epoch_begin: list[str] = field(default_factory=list)
    epoch_end: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)


def convert(page: Page, model: ModelFacts, use: Use, names: dict[str, str], text: Text) -> Watching:
    """The lines for the callbacks of a `fit`; what has none is marked in `text`.

    Args:
        page: The page.
        model: The model.
        use: The `fit`.
        names: The variables of the loop.
        text: Takes marks.
    """
    lines = Watching()
    for callback in callbacks(page.script, use):
        write = _KINDS.get(callback.kind)
        if write is None or not callback.monitor:
            text.mark(mark(use, callback.source, NOT_KNOWN, OWN_LOOP))
            continue
        if not is_figure(model, use, callback, text):
            continue
        lines.epoch_end += page.note(callback.source) if callback.kind != "LearningRateScheduler" else []
        write(_Place(page, model, use, names, lines, text), callback)
    lines.epoch_end += lines.last
    return lines


def is_figure(model: ModelFacts, use: Use, callback: CallbackUse, text: Text) -> bool:
    """Whether the model reports what a callback watches; Keras warns and does nothing then, here it is marked."""
    known = [*model.figures, *(f"val_{name}" for name in model.figures if use.validates)]
    idle = callback.kind == "ModelCheckpoint" and callback.get("save_best_only", "False") != "True"
    watches = "monitor" in CALLBACKS[callback.kind] and not idle
    found = callback.monitor in known or not watches
    if not found:
        why = f"It watches {callback.monitor!r}, and this fit reports {', '.join(known)}: in Keras it does nothing."
        text.mark(mark(use, callback.source, why, "Let it watch one of these, and convert again."))
    return found


@dataclass
class _Place:
    page: Page
    model: ModelFacts
    use: Use
    names: dict[str, str]
    lines: Watching
    text: Text

    def fresh(self, name: str) -> str:
        return self.page.names.fresh(name)

    @property
    def logs(self) -> str:
        return self.names["logs"]

    def refuse(self, callback: CallbackUse, name: str, default: str, do: str) -> None:
        """Mark an argument that is not converted, if it is given."""
        value = callback.get(name, default)
        if value != default:
            what = f"{callback.kind}({name}={value})"
            self.text.mark(mark(self.use, what, "This argument is not converted.", do))


def _better(place: _Place, callback: CallbackUse, best: str, delta: str = "0") -> str:
    value = f'{place.logs}["{callback.monitor}"]'
    if callback.mode == "max":
        return f"{value} > {best}" if literal(delta) == 0 else f"{value} - {delta} > {best}"
    return f"{value} < {best}" if literal(delta) == 0 else f"{value} + {delta} < {best}"


def _worst(callback: CallbackUse) -> str:
    return 'float("-inf")' if callback.mode == "max" else 'float("inf")'


def _early_stopping(place: _Place, callback: CallbackUse) -> None:
    lines, name = place.lines, place.model.name
    best, waited = place.fresh("best"), place.fresh("waited")
    restore = callback.get("restore_best_weights", "False") == "True"
    lines.before.append(f"{best}, {waited} = {_worst(callback)}, 0")
    value = f'{place.logs}["{callback.monitor}"]'
    better = [f"{best}, {waited} = {value}, 0"]
    if restore:
        place.page.imports.add("import copy")
        weights = place.fresh("best_weights")
        lines.before.append(f"{weights} = {name}.state_dict()")
        better.append(f"{weights} = copy.deepcopy({name}.state_dict())")
        lines.after.append(f"{name}.load_state_dict({weights})")
    condition = _better(place, callback, best, callback.get("min_delta", "0"))
    lines.epoch_end += [
        f"if {condition}:",
        *(f"    {line}" for line in better),
        "else:",
        f"    {waited} += 1",
    ]
    lines.last += [f"if {waited} >= {callback.get('patience', '0')} and {place.names['epoch']} > 0:", "    break"]
    if callback.get("patience", "0") != "0":
        lines.last[-2] = f"if {waited} >= {callback.get('patience', '0')}:"
    place.refuse(callback, "baseline", "None", "Compare with it in the condition of the loop.")
    place.refuse(callback, "start_from_epoch", "0", "Add `and epoch >= ...` to the conditions of the loop.")


def _checkpoint(place: _Place, callback: CallbackUse) -> None:
    lines, logs = place.lines, place.logs
    path = path_of(callback.get("filepath", '""'), ".pt")
    if "{" in path:
        path = f"{path.removeprefix('f')}.format(epoch={place.names['epoch']} + 1, **{logs})"
    place.page.imports.add("import torch")
    save = f"torch.save({place.model.name}.state_dict(), {path})"
    folder = path.rpartition("/")[0].strip("\"'")
    if folder and path.startswith('"'):
        place.page.imports.add("import os")
        lines.before.append(f'os.makedirs("{folder}", exist_ok=True)')
    if callback.get("save_best_only", "False") == "True":
        best = place.fresh("best_saved")
        lines.before.append(f"{best} = {_worst(callback)}")
        lines.epoch_end += [
            f"if {_better(place, callback, best)}:",
            f'    {best} = {logs}["{callback.monitor}"]',
            f"    {save}",
        ]
    else:
        lines.epoch_end.append(save)
    place.refuse(callback, "save_freq", '"epoch"', "Save in the loop over batches instead.")


def _plateau(place: _Place, callback: CallbackUse) -> None:
    place.page.imports.add("import torch")
    scheduler = place.fresh("scheduler")
    arguments = [place.model.optimizer, *plateau_arguments(callback)]
    place.lines.before.append(call(f"{scheduler} = torch.optim.lr_scheduler.ReduceLROnPlateau(", arguments))
    place.lines.epoch_end.append(f'{scheduler}.step({place.logs}["{callback.monitor}"])')


def plateau_arguments(callback: CallbackUse) -> list[str]:
    """The arguments of torch's ReduceLROnPlateau, which waits an epoch longer than Keras's for the same patience."""
    patience = callback.get("patience", "10")
    number = literal(patience)
    arguments = [
        f'mode="{callback.mode}"',
        f"factor={callback.get('factor', '0.1')}",
        f"patience={number - 1 if isinstance(number, int) and number > 0 else f'{patience} - 1'}",
        f"threshold={callback.get('min_delta', '0.0001')}",
        'threshold_mode="abs"',
    ]
    cooldown = callback.get("cooldown", "0")
    if cooldown not in ("0", "1"):  # Keras's ends an epoch earlier, too
        arguments.append(
            f"cooldown={literal(cooldown) - 1 if isinstance(literal(cooldown), int) else f'{cooldown} - 1'}"
        )
    if callback.get("min_lr", "0") != "0":
        arguments.append(f"min_lr={callback.get('min_lr', '0')}")
    return arguments


def _scheduler(place: _Place, callback: CallbackUse) -> None:
    schedule, epoch = callback.get("schedule", ""), place.names["epoch"]
    group = place.fresh("group")
    called = schedule if schedule.isidentifier() else f"({schedule})"
    rate = f'{called}({epoch}, {group}["lr"])' if takes_rate(place.page, schedule) else f"{called}({epoch})"
    place.lines.epoch_begin += [
        *place.page.note(callback.source),
        f"for {group} in {place.model.optimizer}.param_groups:",
        f'    {group}["lr"] = {rate}',
    ]


def takes_rate(page: Page, schedule: str) -> bool:
    """Whether a schedule is a function of the epoch and the learning rate, and not of the epoch alone."""
    import_free = [s for s in page.script.statements if schedule in s.binds]
    arguments = getattr(import_free[-1].node, "args", None) if import_free else None
    if arguments is None:
        return ":" in schedule and "," in schedule.partition(":")[0]
    return len(arguments.args) > 1


def _csv(place: _Place, callback: CallbackUse) -> None:
    page, logs, epoch = place.page, place.logs, place.names["epoch"]
    page.imports.add("import csv")
    mode = '"a"' if callback.get("append", "False") == "True" else f'"a" if {epoch} else "w"'
    file, writer = place.fresh("file"), place.fresh("writer")
    separator = callback.get("separator", '","')
    extra = "" if separator == '","' else f", delimiter={separator}"
    place.lines.epoch_end += [
        f'with open({callback.get("filename", "")}, {mode}, newline="") as {file}:',
        f"    {writer} = csv.writer({file}{extra})",
        f"    if {epoch} == 0:",
        f'        {writer}.writerow(["epoch", *{logs}])',
        f"    {writer}.writerow([{epoch}, *{logs}.values()])",
    ]


def _tensorboard(place: _Place, callback: CallbackUse) -> None:
    place.page.imports.add("from torch.utils.tensorboard import SummaryWriter")
    writer = place.fresh("board")
    name, value = place.fresh("name"), place.fresh("value")
    place.lines.before.append(f"{writer} = SummaryWriter({callback.get('log_dir', DEFAULT_LOGS)})")
    place.lines.epoch_end += [
        f"for {name}, {value} in {place.logs}.items():",
        f"    {writer}.add_scalar({name}, {value}, {place.names['epoch']})",
    ]
    place.lines.after.append(f"{writer}.close()")
    for argument in ("histogram_freq", "embeddings_freq", "profile_batch"):
        place.refuse(callback, argument, "0", "SummaryWriter.add_histogram, add_embedding and torch.profiler do this.")


def _nan(place: _Place, callback: CallbackUse) -> None:
    place.page.imports.add("import math")
    place.lines.last += [f'if not math.isfinite({place.logs}["loss"]):', "    break"]


_KINDS = {
    "EarlyStopping": _early_stopping,
    "ModelCheckpoint": _checkpoint,
    "ReduceLROnPlateau": _plateau,
    "LearningRateScheduler": _scheduler,
    "CSVLogger": _csv,
    "TensorBoard": _tensorboard,
    "TerminateOnNaN": _nan,
}
