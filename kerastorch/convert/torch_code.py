"""Plain PyTorch for what a script does with a model: a loop over epochs that can be read from top to bottom."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from kerastorch.convert import torch_callbacks, training, weighting
from kerastorch.convert.compiled.objective import objective
from kerastorch.convert.data_code import FitData, dataset, evaluation_data, target_names
from kerastorch.convert.network import network
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.snippets import MEANS, PREDICT, PREDICT_SEVERAL, TO_DEVICE
from kerastorch.convert.source import Piece
from kerastorch.convert.stored import path_of
from kerastorch.convert.uses import Use
from kerastorch.convert.writing import WIDTH, Mark, Text, call, definitions

DEVICE = 'device = torch.device("cuda" if torch.cuda.is_available() else "cpu")'
ROWS = {
    "layers, Sequential, Model": "class {0}(nn.Module): __init__ makes the layers, forward calls them",
    "model.compile": "a function that computes the loss and metrics of a batch, and an optimizer",
    "model.fit": "two loops: over epochs, and over the batches of a DataLoader",
    "model.evaluate": "the loop over batches without gradients and updates",
    "model.predict": "the model called on batches, without gradients",
}
_CALLED = "model.eval(), and the call within torch.no_grad()"


def define(page: Page, model: ModelFacts, keras: str) -> Text:
    """The class of a model, and the model.

    Args:
        page: The page.
        model: The model.
        keras: The source that defined it.
    """
    written = network(model.value, model.class_name)
    page.imports.update((*written.imports, "import torch"))
    text = Text()
    explanation = page.compare(
        keras,
        "a class. __init__ makes the layers, with their input sizes, which Keras finds out by itself; forward says how "
        f"they are called.{image_note(model)}",
        "layers, Sequential, Model",
        ROWS["layers, Sequential, Model"].format(model.class_name),
    )
    *before, own = definitions(written.text)
    text.above = [*page.once(*before), *explanation, own, *page.once(DEVICE)]
    text.here = [f"{model.name} = {model.class_name}().to(device)"]
    say_notes(page, model, written.notes, written.imports, text)
    return text


def say_notes(page: Page, model: ModelFacts, notes: Iterable[str], imports: Iterable[str], text: Text) -> None:
    """Notes as comments; as marks, where parts of Keras are kept in the code."""
    said = list(dict.fromkeys(notes))
    if said and any("kerastorch" in line for line in imports):
        text.mark(Mark(model.line, f"{model.name} as plain PyTorch", " ".join(said), _REWRITE))
    else:
        text.here += [line for note in said for line in page.note(f"Note: {note}")]


_REWRITE = "It runs as it is, with kerastorch. To be rid of that, write its layers as torch's, and `call` as `forward`."


def image_note(model: ModelFacts) -> str:
    """What is to be known about the shape of images."""
    shape = getattr(getattr(model.value, "input", None), "shape", ()) if model.value.built else ()
    return " Images come as Keras has them: (batch, height, width, channels)." if len(shape) == 4 else ""


def compiled(page: Page, model: ModelFacts, keras: str) -> Text:
    """The loss, the metrics and the optimizer of a model.

    Args:
        page: The page.
        model: The model.
        keras: The source that compiled it.
    """
    metrics, losses = training.metrics(model.value), training.losses(model.value)
    each = weighting.sample_losses(model.value) if model.weighted else None
    losses = losses if each is None else {"loss": each}
    made = training.optimizer(model.value, f"{model.name}.parameters()")
    penalty = training.penalty(model.value, "model")
    schedule, clipping = training.schedule(model.value, model.optimizer), clipping_of(model)
    text = Text()
    pieces = [p for p in (*losses.values(), made, *metrics.values(), penalty, schedule, clipping) if p is not None]
    for piece in pieces:
        text.above += page.need(piece)
    parts = losses if len(losses) > 1 else {}
    function = _measure(model, metrics, penalty)
    collecting = _collecting(model, metrics)
    model.collects = bool(collecting)
    model.figures = ("loss", *sorted([*parts, *metrics]))  # as `evaluate` lists them
    explanation = page.compare(
        keras,
        f"{model.measure}() computes the loss and the metrics of a batch; the optimizer gets the parameters that it "
        "updates. Their defaults are Keras's, which are not always torch's.",
        "model.compile",
        ROWS["model.compile"],
    )
    text.above += [*page.once(*collecting[:1]), *explanation, *page.once(function, MEANS, *collecting[1:])]
    text.above += [*_mover(page, model), *page.once(_evaluate(model))]
    text.here = [f"{model.optimizer} = {made.expression}"]
    if schedule is not None:
        model.scheduler = page.names.fresh("scheduler")
        text.here.append(f"{model.scheduler} = {schedule.expression}  # its step() sets the rate of the next batch")
    notes = dict.fromkeys(note for piece in pieces for note in piece.notes)
    say_notes(page, model, notes, {line for piece in pieces for line in piece.imports}, text)
    return text


def clipping_of(model: ModelFacts) -> Piece | None:
    """What is done to the gradients before an update."""
    return training.clipping(model.value, f"{model.name}.parameters()")


def _collecting(model: ModelFacts, metrics: dict[str, Piece]) -> list[str]:
    """The objects that collect batches, and the function that asks them."""
    held = [f'"{name}": {piece.expression}' for name, piece in metrics.items() if piece.stateful]
    if not held:
        return []
    name = f"{model.measure}_metrics"
    function = (
        f"def {model.measure}_collected():\n"
        '    """The metrics that are no means over samples: of the batches since they were last asked."""\n'
        f"    results = {{name: float(metric.result()) for name, metric in {name}.items()}}\n"
        f"    for metric in {name}.values():\n"
        "        metric.reset_state()\n"
        "    return results"
    )
    return [call(f"{name} = {{", held, "}"), function]


def _measure(model: ModelFacts, metrics: dict[str, Piece], penalty: Piece | None) -> str:
    """The function that computes what is minimised and what is reported."""
    lines = [
        f"def {model.measure}(model, x, y{', weight=1.0' * model.weighted}):",
        '    """The loss of a batch, which is minimised, and its metrics, which are reported: means over samples."""',
        "    y_pred = model(x)",
    ]
    losses = training.losses(model.value)
    figures = {"loss": training.loss(model.value).expression}
    each = weighting.sample_losses(model.value) if model.weighted else None
    if each is not None:
        lines.append(f"    losses = {each.expression}")
        figures = {"loss": weighting.TOTAL}
    if len(losses) > 1:
        weights = [term.weight for term in objective(model.value).losses]
        variables = {name: re.sub(r"\W", "_", name) for name in losses}
        lines += [f"    {variables[name]} = {piece.expression}" for name, piece in losses.items()]
        total = [training.times(w, v) for w, v in zip(weights, variables.values(), strict=True)]
        figures = {"loss": " + ".join(total), **variables}
    if penalty is not None:
        lines.append(f"    penalty = {penalty.expression}")
        figures["loss"] += " + penalty"
    figures.update({name: p.expression for name, p in metrics.items() if not p.stateful})
    lines += [
        f'    {model.measure}_metrics["{name}"].update_state(y, y_pred.detach())'
        for name, piece in metrics.items()
        if piece.stateful
    ]
    returned = call("return {", [f'"{name}": {expression}' for name, expression in figures.items()], "}")
    return "\n".join(lines) + "\n" + textwrap.indent(returned, "    ")


def _evaluate(model: ModelFacts) -> str:
    move_x, move_y, size = _moved(model)
    end = f" | {model.measure}_collected()" if model.collects else ""
    rest, more = (", *weight", ", *(w.to(device) for w in weight)") if model.weighted else ("", "")
    each = [f"({size}, {model.measure}(model, {move_x}, {move_y}{more}))", f"for x, y{rest} in loader"]
    listed = f"batches = [{' '.join(each)}]"
    listed = listed if len(listed) <= WIDTH - 8 else "\n            ".join(["batches = [", *each]) + "\n        ]"
    return (
        f"def {_evaluator(model)}(model, loader):\n"
        '    """The means over all samples of the loss and the metrics, as Keras\'s model.evaluate gives them."""\n'
        "    model.eval()  # Dropout and BatchNorm behave differently while training\n"
        "    with torch.no_grad():\n"
        f"        {listed}\n"
        f"    return means(batches){end}"
    )


def _moved(model: ModelFacts, x: str = "x", y: str = "y") -> tuple[str, str, str]:
    """The source that moves a batch (x, y) to the device, and of the number of its samples."""
    inputs, outputs = _structure(model, "input"), _structure(model, "output")
    moved = [
        f"to_device({name})" if isinstance(structure, (list, tuple, dict)) else f"{name}.to(device)"
        for name, structure in ((x, inputs), (y, outputs))
    ]
    named = isinstance(outputs, dict) or target_names(model.value)
    first = f"next(iter({y}.values()))" if named else f"{y}[0]" if isinstance(outputs, (list, tuple)) else y
    return moved[0], moved[1], f"len({first})"


def _mover(page: Page, model: ModelFacts) -> list[str]:
    return page.once(TO_DEVICE) if "to_device(" in "".join(_moved(model)) else []


def _structure(model: ModelFacts, name: str) -> object:
    """How the inputs or outputs of a model are nested; None for a model that decides it in Python."""
    found = getattr(model.value, name, None) if getattr(model.value, "symbolic_outputs", None) is not None else None
    return found[0] if isinstance(found, (list, tuple)) and len(found) == 1 else found


def fit(page: Page, model: ModelFacts, use: Use, history: str) -> tuple[Text, str]:
    """The loops of a `fit`.

    Args:
        page: The page.
        model: The model.
        use: The `fit`.
        history: The variable for its result, or "".

    Returns:
        The text, and the variable that holds the history.
    """
    text, data = Text(), FitData(page, model, use)
    wishes = {"epoch": "", "x": "inputs", "y": "targets", "logs": "", "batches": ""}
    wishes |= {"weight": "w"} if data.weight else {}
    names = {name: page.names.fresh(name, other) for name, other in wishes.items()}
    watching = torch_callbacks.convert(page, model, use, names, text)
    logs, epoch = names["logs"], names["epoch"]
    inner = [*watching.epoch_begin, *_batches(model, data, names)]
    if data.val:
        evaluated = f"{_evaluator(model)}({model.name}, {data.val})"
        inner.append(f'{logs} |= {{f"val_{{name}}": value for name, value in {evaluated}.items()}}')
    if use.get("verbose") != "0":
        shown = f'", ".join(f"{{name}} {{value:.4f}}" for name, value in {logs}.items())'
        inner.append(f'print(f"Epoch {{{epoch} + 1}}:", {shown})')
    if history:
        inner += [f"for name, value in {logs}.items():", f"    {history}.setdefault(name, []).append(value)"]
    inner += watching.epoch_end
    epochs, first = use.get("epochs", "1"), use.get("initial_epoch")
    counter = epoch if epoch in " ".join(inner) else "_"
    loop = f"for {counter} in range({f'{first}, ' if first else ''}{epochs}):\n" + textwrap.indent(
        "\n".join(inner), "    "
    )
    start = [f"{history} = {{}}"] if history else []
    explanation = page.compare(
        use.text,
        f"{data.text}\nFor each batch: forward and loss, clear the old gradients, backward computes the new ones, step "
        "updates the parameters.",
        "model.fit",
        ROWS["model.fit"],
    )
    text.here = [*explanation, *data.lines, *start, *watching.before, loop, *watching.after, *text.here]
    return text, history


def _batches(model: ModelFacts, data: FitData, names: dict[str, str]) -> list[str]:
    """The lines that train on every batch once."""
    x, y, logs, batches = (names[n] for n in ("x", "y", "logs", "batches"))
    taken, handed = (f", {names['weight']}", f", {names['weight']}.to(device)") if data.weight else ("", "")
    clipping = clipping_of(model)
    move_x, move_y, size = _moved(model, x, y)
    return [
        f"{model.name}.train()",
        f"{batches} = []",
        f"for {x}, {y}{taken} in {data.train}:",
        f"    {logs} = {model.measure}({model.name}, {move_x}, {move_y}{handed})",
        f"    {model.optimizer}.zero_grad()",
        f'    {logs}["loss"].backward()',
        *(textwrap.indent(clipping.expression, "    ").splitlines() if clipping else []),
        f"    {model.optimizer}.step()",
        *([f"    {model.scheduler}.step()"] if model.scheduler else []),
        f"    {batches}.append(({size}, {{name: value.detach() for name, value in {logs}.items()}}))",
        f"{logs} = means({batches})" + (f" | {model.measure}_collected()" if model.collects else ""),
    ]


def _evaluator(model: ModelFacts) -> str:
    return "evaluate" if model.measure == "measure" else model.measure.replace("measure", "evaluate", 1)


def evaluate(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The lines before, and the expression in the place of, an `evaluate`."""
    text = Text()
    lines, data = evaluation_data(page, model, use)
    text.here = page.compare(
        use.text,
        "the means over the batches of a DataLoader, without gradients.",
        "model.evaluate",
        ROWS["model.evaluate"],
    )
    text.here += lines
    measured = f"{_evaluator(model)}({model.name}, {data})"
    if use.get("return_dict") == "True":
        return text, measured
    if len(model.figures) == 1:
        return text, f'{measured}["loss"]'
    results = page.names.fresh("results", "test_results")
    text.here.append(f"{results} = {measured}")
    return text, f"[{', '.join(f'{results}[{chr(34)}{name}{chr(34)}]' for name in model.figures)}]"


def predict(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The lines before, and the expression in the place of, a `predict`."""
    moved = _moved(model)[0]
    name = "predict" if moved == "x.to(device)" else "predict_nested"
    # a model that the Trainer does not know may lie on another device
    ready = "model.eval()" if page.target == "torch" else "model.to(device).eval()"
    several = isinstance(_structure(model, "output"), (list, tuple))
    name += "_several" * several
    helper = (PREDICT_SEVERAL if several else PREDICT).format(name=name, eval=ready, moved=moved)
    text = Text(above=[*page.once(DEVICE), *_mover(page, model), *page.once(helper)])
    text.here = page.compare(
        use.text,
        f"{name}() calls the model on the batches of a DataLoader, without gradients.",
        "model.predict",
        ROWS["model.predict"],
    )
    refuse_outputs(model, use, text)
    return text, f"{name}({model.name}, {prediction_loader(page, model, use)})"


def prediction_loader(page: Page, model: ModelFacts, use: Use) -> str:
    """The DataLoader for a `predict`; what the script gives, where that is one already."""
    page.imports.update(("import torch", "from torch.utils.data import DataLoader"))
    data = dataset(page, model, use.get("x"), "", use.line)
    return f"DataLoader({data}, batch_size={use.get('batch_size', '32')})"


def joined(model: ModelFacts, batches: str) -> str:
    """The outputs of all batches as an array, or as a list of arrays where the model has several outputs."""
    if isinstance(_structure(model, "output"), (list, tuple)):
        return f"[torch.cat(parts).numpy() for parts in zip(*{batches}, strict=True)]"
    return f"torch.cat({batches}).numpy()"


def refuse_outputs(model: ModelFacts, use: Use, text: Text) -> None:
    """Mark a `predict` of outputs that are a dict."""
    if isinstance(_structure(model, "output"), dict):
        do = "Collect each output in a list of its own, and torch.cat each of them."
        text.mark(Mark(use.line, use.text, "The model has several outputs; the line below joins one alone.", do))


def load(page: Page, model: ModelFacts, keras: str, path: str) -> Text:
    """A model from the file that `save`, or a ModelCheckpoint, wrote."""
    page.imports.add("import torch")
    made = f"{model.name} = {model.class_name}().to(device)"
    loaded = f"{model.name}.load_state_dict(torch.load({path_of(path, '.pt')}, weights_only=True))"
    return Text(here=[*page.note(f"Keras: {keras}"), made, loaded])


def save(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """A file with the weights."""
    page.imports.add("import torch")
    text = Text()
    text.here = page.compare(
        use.text,
        "the state_dict holds the weights by name; the class above is needed to use them again.",
        "model.save, load_weights",
        "torch.save(model.state_dict(), path), model.load_state_dict(torch.load(path))",
    )
    return text, f"torch.save({model.name}.state_dict(), {path_of(use.get('filepath'), '.pt')})"


def load_weights(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The weights of a file that `save` wrote."""
    page.imports.add("import torch")
    loaded = f"torch.load({path_of(use.get('filepath'), '.pt')}, weights_only=True)"
    return Text(here=page.note("Reads what torch.save wrote; Keras's own files hold other names.")), (
        f"{model.name}.load_state_dict({loaded})"
    )


def call_on(page: Page, model: ModelFacts, use: Use, device: str = "device") -> tuple[Text, str]:
    """The model called on an array, as `model(x)` in Keras: without Dropout, and without gradients."""
    page.imports.add("import torch")
    name, data = page.names.fresh("outputs"), dataset(page, model, use.get("x"), "", use.line)
    text = Text(above=page.once(DEVICE) if device == "device" else [])
    text.here = page.compare(use.text, "the model in evaluation mode: no Dropout, no gradients.", "model(x)", _CALLED)
    called = call(f"{name} = {model.name}(", [f"{data}.to({device})"], width=WIDTH - 8)
    moved = ".to(device)" if page.target == "lightning" and device == "device" else ""  # it may lie elsewhere
    text.here += [f"{model.name}{moved}.eval()", "with torch.no_grad():\n" + textwrap.indent(called, "    ")]
    return text, f"{name}.cpu()"


def metrics_names(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The names of the figures that `evaluate` gives."""
    return Text(), f"[{', '.join(map(repr, model.figures))}]".replace("'", '"')


def summary(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The layers, printed."""
    return Text(here=page.note(f"Keras: {use.text}, which also counts the parameters")), f"print({model.name})"
