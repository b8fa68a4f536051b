"""A file with a LightningModule from a compiled model."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors
from kerastorch.convert import training, weighting
from kerastorch.convert.compiled.objective import compiled, objective
from kerastorch.convert.layers import text
from kerastorch.convert.layers.writer import Writer, loop, name_of, whole_class
from kerastorch.convert.network import check_name, write
from kerastorch.convert.source import Piece, Source
from kerastorch.runtime.clipping import ClipByValue

# Names that a LightningModule uses itself: a layer of such a name could not be an attribute of it.
_TAKEN = {
    "trainer", "logger", "loggers", "log", "log_dict", "hparams", "device", "dtype", "fabric", "print", "backward",
    "optimizers", "lr_schedulers", "example_input_array", "current_epoch", "global_step", "local_rank", "global_rank",
    "shared_step", "penalty", "strict_loading", "metrics", "freeze", "unfreeze",
}  # fmt: skip


def lightning_code(model: Any, name: str = "LitModel") -> str:
    """The source of a LightningModule that trains as `model.fit` does.

    Its layers have the names of the model's own: `LitModel().load_state_dict(model.state_dict())` works.

    Args:
        model: A built and compiled model.
        name: The name of the class.

    Returns:
        The content of a file: it runs under Lightning, and under `kerastorch.lightning`.

    Raises:
        TypeError: `model` is no model.
        ValueError: The model is not built, not compiled, a layer has a name that Lightning needs, or `name` is no
            identifier.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", loss="mse")
        >>> "class LitModel(pl.LightningModule):" in lightning_code(model)
        True
    """
    return written(model, name)


def written(model: Any, name: str, weighted: bool = False) -> str:
    """`lightning_code`, for batches that may hold the weights of the samples as well."""
    check_name(name)
    compiled(model)
    writer = Writer()
    writer.classes.add(name)
    doc, parameter = write(model, writer)
    _refuse_taken(writer)
    methods = [*_steps(model, writer, weighted), *_gradients(model, writer), _configure(model, writer)]
    writer.need("import lightning.pytorch as pl")
    writer.helpers[name] = whole_class(name, "pl.LightningModule", doc, writer, parameter, methods)
    source = Source(tuple(sorted(writer.imports)), "\n\n\n".join(writer.helpers.values())).file()
    line = "import lightning.pytorch as pl"
    source = source.replace(line, f"{line}  # `import kerastorch.lightning as pl` works as well", 1)
    return f"{_header(model, name, writer)}\n\n{source}"


def _refuse_taken(writer: Writer) -> None:
    for key in writer.defined & _TAKEN:
        raise errors.value_error(
            f"Layer {key!r} of the model to convert", expected="a name that a LightningModule does not use itself",
            received=key, remedy="Give the layer another `name=`.",
        )  # fmt: skip


def _header(model: Any, name: str, writer: Writer) -> str:
    plan = compiled(model).plan
    options = {"max_epochs": "5"}
    if plan.accumulate > 1:
        options["accumulate_grad_batches"] = str(plan.accumulate)
    if getattr(plan.clipping, "value", None):
        options["gradient_clip_val"] = text.literal(plan.clipping.value)
        if isinstance(plan.clipping, ClipByValue):
            options["gradient_clip_algorithm"] = '"value"'
    if plan.precision.name not in ("32", ""):
        options["precision"] = f'"{plan.precision.name}"'
    given = ", ".join(writer.parameters)
    lines = [
        f'"""The Keras model {model.name!r} as a LightningModule.',
        "",
        "Train it on batches of (x, y):",
        "",
        f"    trainer = pl.Trainer({text.arguments(**options)})",
        f"    trainer.fit({name}({given}), DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True))",
    ]
    if writer.notes:
        lines += ["", "What is not plain PyTorch:", ""]
        lines += [part for sentence in writer.notes for part in _wrapped(sentence)]
    return "\n".join([*lines, '"""'])


def _wrapped(sentence: str) -> list[str]:
    lines, current = [], "-"
    for word in sentence.split():
        if len(current) + 1 + len(word) > text.WIDTH:
            lines.append(current)
            current = " "
        current += f" {word}"
    return [*lines, current]


def _adopt(writer: Writer, piece: Piece) -> str:
    """Take over what a piece needs; its expression."""
    writer.need(*piece.imports)
    for helper in piece.helpers:
        writer.helpers.setdefault(name_of(helper), helper)
    for sentence in piece.notes:
        writer.note(sentence)
    return piece.expression


def _steps(model: Any, writer: Writer, weighted: bool) -> list[str]:
    """`shared_step`, the three steps that call it, and what logs metrics that collect batches."""
    penalty, terms = training.penalty(model), objective(model)
    figures, lines = _losses(model, writer, weighted)
    collected: dict[str, str] = {}
    for name, piece in training.metrics(model).items():
        (collected if piece.stateful else figures)[name] = _adopt(writer, piece)
    if penalty is not None:
        lines.append("loss = loss + self.penalty()")
    batch = ["x, y = batch"]
    if weighted:
        batch = ["x, y, *given = batch  # class_weight and sample_weight of Keras are a third tensor"]
        batch.append("weight = given[0] if given else 1.0")
    lines = [*batch, "y_pred = self(x)", *_settled([*lines, *_logging(figures, collected, terms)])]
    shared = _method("shared_step(self, batch, prefix)", [*lines, "return loss"])
    steps = [
        _method("training_step(self, batch, batch_idx)", ['return self.shared_step(batch, "")']),
        _method("validation_step(self, batch, batch_idx)", ['self.shared_step(batch, "val_")']),
        _method("test_step(self, batch, batch_idx)", ['self.shared_step(batch, "test_")']),
    ]
    before = [] if penalty is None else [_penalty(model, _adopt(writer, penalty))]
    return [*before, shared, *steps, *_collecting(writer, collected)]


def _losses(model: Any, writer: Writer, weighted: bool) -> tuple[dict[str, str], list[str]]:
    """The figures that losses give, and the lines that compute them."""
    parts = training.losses(model)
    each = weighting.sample_losses(model) if weighted else None
    if each is not None:
        return {"loss": "loss"}, [f"losses = {_adopt(writer, each)}", f"loss = {weighting.TOTAL}"]
    if len(parts) == 1:
        return {"loss": "loss"}, [f"loss = {_adopt(writer, training.loss(model))}"]
    lines = [f"{_variable(name)} = {_adopt(writer, piece)}" for name, piece in parts.items()]
    weights = [term.weight for term in objective(model).losses]
    total = [training.times(weight, _variable(name)) for name, weight in zip(parts, weights, strict=True)]
    return {"loss": "loss", **{name: _variable(name) for name in parts}}, [*lines, f"loss = {' + '.join(total)}"]


# How the target of a single output is written in expressions, and the line that makes it so once for all of them.
_TARGETS = {
    "y.view_as(y_pred)": "y = y.view_as(y_pred)  # targets may come without the last axis",
    "y.flatten().long()": "y = y.flatten().long()  # class numbers, one for each prediction",
}


def _settled(lines: list[str]) -> list[str]:
    """The lines of a step with the target of a single output brought into shape before."""
    for form, line in _TARGETS.items():
        if any(form in written for written in lines):
            short = [written.replace(form, "y").replace("y.flatten()", "y") for written in lines]
            return [line, *short]
    return lines


def _penalty(model: Any, expression: str) -> str:
    doc = '"""What the regularizers of the weights add to the loss."""'
    if len(expression) <= text.WIDTH - 20:
        return _method("penalty(self)", [doc, f"return {expression}"])
    lines = ["total = 0.0"]
    for form, names in training.penalties(model, "self").items():
        lines += [*loop("weight", names), f"    total = total + {form.format('weight')}"]
    return _method("penalty(self)", [doc, *lines, "return total"])


def _variable(name: str) -> str:
    clean = "".join(char if char.isalnum() else "_" for char in name)
    return clean if clean.isidentifier() and clean not in ("x", "y", "y_pred", "loss") else f"{clean}_"


def _logging(figures: dict[str, str], collected: dict[str, str], objective: Any) -> list[str]:
    """The lines that log the figures of a batch under Keras's names."""
    path = objective.losses[0].pred
    size = "len(y_pred" + "".join(f"[{text.literal(key)}]" for key in path) + ")"
    update = [
        f'self.collected[prefix + "{name}"].update_state(y{_at(objective, name, "true")}, '
        f"y_pred{_at(objective, name, 'pred')})"
        for name in collected
    ]
    options = f"on_step=False, on_epoch=True, prog_bar=True, batch_size={size}"
    if len(figures) == 1:
        return [f'self.log(prefix + "loss", loss, {options})', *update]
    entries = [f"    {text.literal(name)}: {value}," for name, value in figures.items()]
    named = "{prefix + name: value for name, value in figures.items()}"
    return ["figures = {", *entries, "}", f"self.log_dict({named}, {options})", *update]


def _at(objective: Any, name: str, side: str) -> str:
    (term,) = [term for term in objective.metrics.terms if term.name == name]
    return "".join(f"[{text.literal(key)}]" for key in getattr(term, side))


def _method(signature: str, lines: list[str]) -> str:
    return "\n".join([f"def {signature}:", *(f"    {line}" for line in lines)])


def _collecting(writer: Writer, collected: dict[str, str]) -> list[str]:
    """Metrics that are no mean over batches: objects that collect, and the ends of epochs that log them."""
    if not collected:
        return []
    writer.last += [
        "self.collected = {}",
        'for prefix in ("", "val_", "test_"):',
        *(f'    self.collected[prefix + "{name}"] = {made}' for name, made in collected.items()),
    ]
    names = text.literal(list(collected))
    log = [
        f"for name in {names}:",
        "    self.log(prefix + name, self.collected[prefix + name].result(), prog_bar=True)",
        "    self.collected[prefix + name].reset_state()",
    ]
    ends = {"train": "", "validation": "val_", "test": "test_"}
    return [
        _method("log_collected(self, prefix)", log),
        *(_method(f"on_{stage}_epoch_end(self)", [f'self.log_collected("{p}")']) for stage, p in ends.items()),
    ]


def _gradients(model: Any, writer: Writer) -> list[str]:
    piece = training.clipping(model)
    if piece is None:
        return []
    lines = _adopt(writer, piece).splitlines()
    if len(lines) > 1:
        lines.insert(
            0, "# Keras's clipnorm: the gradient of each weight by itself; the Trainer's clipping takes all together."
        )
    return [_method("on_before_optimizer_step(self, optimizer)", lines)]


def _configure(model: Any, writer: Writer) -> str:
    made, schedule = _adopt(writer, training.optimizer(model)), training.schedule(model)
    if schedule is None:
        return _method("configure_optimizers(self)", [f"return {made}"])
    lines = [
        f"optimizer = {made}  # times learning_rate(step)",
        f"scheduler = {_adopt(writer, schedule)}",
        'return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}',
    ]
    return _method("configure_optimizers(self)", lines)
