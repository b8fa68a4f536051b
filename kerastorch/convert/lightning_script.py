"""Lightning for what a script does with a model: a LightningModule, and a Trainer that runs it."""

from __future__ import annotations

import ast

from kerastorch.convert import lightning_callbacks, torch_code, training
from kerastorch.convert.data_code import FitData, evaluation_data
from kerastorch.convert.lightning_code import written
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.snippets import HISTORY
from kerastorch.convert.stored import path_of
from kerastorch.convert.uses import Use, literal
from kerastorch.convert.writing import Mark, Text, call, definitions, edited

ROWS = {
    "layers, Sequential, Model": "class {0}(pl.LightningModule): __init__ makes the layers, forward calls them",
    "model.compile": "configure_optimizers, and the loss and metrics in the step methods",
    "model.fit": "pl.Trainer(max_epochs=...).fit(model, train_loader, val_loader)",
    "model.evaluate": "trainer.test(model, test_loader), which calls test_step",
    "model.predict": "trainer.predict(model, loader), which calls forward",
}
PL = "import lightning.pytorch as pl"


def define(page: Page, model: ModelFacts, keras: str) -> Text:
    """The class of a model, and the model; see `torch_code.define`."""
    if not model.compiled:
        return torch_code.define(page, model, keras)
    text = Text()
    row = ROWS["layers, Sequential, Model"].format(model.class_name)
    explanation = page.compare(
        keras,
        "one class. __init__ makes the layers, with their input sizes, which Keras finds out by itself; forward says "
        f"how they are called. What compile says is in the methods below them.{torch_code.image_note(model)}",
        "layers, Sequential, Model",
        row,
    )
    code = _scheduled(page, model, written(model.value, model.class_name, model.weighted), text)
    *before, own = definitions(code)
    if model.trainings > 1:
        own = own.replace("    def configure_optimizers(self):", _ONCE)
    page.imports.update(ast.unparse(n) for n in ast.parse(code).body if isinstance(n, (ast.Import, ast.ImportFrom)))
    text.above = [*page.once(*before), *explanation, own]
    text.here = [f"{model.name} = {model.class_name}()"]
    torch_code.say_notes(page, model, _notes(code), [code.partition("class ")[0]], text)
    model.figures = tuple(_figures(model))
    return text


def _scheduled(page: Page, model: ModelFacts, code: str, text: Text) -> str:
    """The code, with what ReduceLROnPlateau became in configure_optimizers."""
    if not model.schedulers or model.trainings > 1:
        return code
    nodes = ast.walk(ast.parse(code))
    (method,) = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == "configure_optimizers"]
    returned = method.body[-1]
    scheduler, monitor, keras = model.schedulers[0]
    if len(method.body) > 1 or len(model.schedulers) > 1 or not isinstance(returned, ast.Return) or not returned.value:
        why = "configure_optimizers has a learning-rate schedule already."
        text.mark(Mark(0, keras, why, "Return a list of two optimizers' settings, or a schedule of your own."))
        return code
    page.imports.add("import torch")
    made = ast.get_source_segment(code, returned.value)
    config = f'{{"scheduler": scheduler, "monitor": "{monitor}"}}'
    lines = [f"optimizer = {made}", *page.note(f"Keras: callbacks=[{keras}]"), *scheduler.splitlines()]
    lines.append(f'return {{"optimizer": optimizer, "lr_scheduler": {config}}}')
    return edited(code, [(returned, "\n        ".join(lines))])


def _notes(code: str) -> list[str]:
    doc = ast.get_docstring(ast.parse(code)) or ""
    listed = doc.partition("What is not plain PyTorch:\n")[2]
    return [" ".join(part.split()) for part in listed.split("\n- ")[1:]] if listed else []


def _figures(model: ModelFacts) -> list[str]:
    losses = training.losses(model.value)
    return ["loss", *sorted([*(losses if len(losses) > 1 else ()), *training.metrics(model.value)])]


def compiled(page: Page, model: ModelFacts, keras: str) -> Text:
    """The comment on what compile became: it is part of the class."""
    return Text(
        here=page.compare(
            keras,
            f"in {model.class_name}, above: configure_optimizers() makes the optimizer; shared_step() computes the "
            "loss and logs the metrics, for training_step(), validation_step() (val_...) and test_step() (test_...). "
            "Their defaults are Keras's, which are not always torch's.",
            "model.compile",
            ROWS["model.compile"],
        )
    )


def fit(page: Page, model: ModelFacts, use: Use, history: str) -> tuple[Text, str]:
    """The Trainer of a `fit`; see `torch_code.fit`."""
    page.imports.add(PL)
    text, data = Text(), FitData(page, model, use)
    watching = lightning_callbacks.convert(page, model, use, text)
    model.trainer = page.names.fresh("trainer")
    if history:
        text.above += page.once(HISTORY)
        watching.callbacks.insert(0, history)
    trainer = call(f"{model.trainer} = pl.Trainer(", [*_flags(page, use), *watching.flags()])
    loaders = f"{data.train}, {data.val}" if data.val else data.train
    explanation = page.compare(
        use.text,
        f"{data.text}\nThe Trainer holds how to train: epochs, devices, precision, callbacks, loggers. For each batch "
        "it calls training_step, backward and the optimizer; after each epoch validation_step.",
        "model.fit",
        ROWS["model.fit"],
    )
    text.here = [
        *explanation,
        *data.lines,
        *([f"{history} = History()"] if history else []),
        *watching.before,
        trainer,
        f"{model.trainer}.fit({model.name}, {loaders})",
        *watching.after,
        *text.here,
    ]
    return text, history


_ONCE = """    def configure_optimizers(self):
        if not hasattr(self, "made"):  # a second fit goes on with the optimizer of the first, as in Keras
            self.made = self.make_optimizers()
        return self.made

    def make_optimizers(self):"""


def _flags(page: Page, use: Use) -> list[str]:
    """The Trainer's arguments, without callbacks and loggers."""
    flags = [f"max_epochs={use.get('epochs', '1')}"]
    if page.precision:
        flags.append(f'precision="{page.precision}"')
    names = {
        "steps_per_epoch": "limit_train_batches",
        "validation_steps": "limit_val_batches",
        "validation_freq": "check_val_every_n_epoch",
    }
    flags += [f"{flag}={use.get(name)}" for name, flag in names.items() if use.get(name)]
    if use.get("verbose") == "0":
        flags += ["enable_progress_bar=False", "enable_model_summary=False"]
    return flags


def evaluate(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The lines before, and the expression in the place of, an `evaluate`."""
    text, results = Text(), page.names.fresh("results", "test_results")
    lines, data = evaluation_data(page, model, use)
    text.here = page.compare(
        use.text,
        "test() calls test_step for each batch and returns what it logged, as means over all samples.",
        "model.evaluate",
        ROWS["model.evaluate"],
    )
    text.here += lines
    text.here += _trainer(page, model)
    text.here.append(f"{results} = {model.trainer}.test({model.name}, {data}, verbose=False)[0]")
    values = [f'{results}["test_{name}"]' for name in model.figures]
    if use.get("return_dict") == "True":
        return text, f'{{name.removeprefix("test_"): value for name, value in {results}.items()}}'
    return text, values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _trainer(page: Page, model: ModelFacts) -> list[str]:
    """A Trainer, where none trained the model."""
    if model.trainer:
        return []
    page.imports.add(PL)
    model.trainer = page.names.fresh("trainer")
    return [f"{model.trainer} = pl.Trainer(logger=False, enable_checkpointing=False)"]


def predict(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The lines before, and the expression in the place of, a `predict`."""
    if not model.compiled:
        return torch_code.predict(page, model, use)
    explanation = page.compare(
        use.text,
        "predict() calls forward for each batch and returns a list, an entry a batch.",
        "model.predict",
        ROWS["model.predict"],
    )
    made, batches = _trainer(page, model), page.names.fresh("predictions", "batches")
    loaded = torch_code.prediction_loader(page, model, use)
    predicted = call(f"{batches} = {model.trainer}.predict(", [model.name, loaded])
    text = Text(here=[*explanation, *made, predicted])
    torch_code.refuse_outputs(model, use, text)
    return text, torch_code.joined(model, batches)


def save(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """A checkpoint, or a file with the weights alone."""
    if use.method == "save_weights" or not model.trainer:
        return torch_code.save(page, model, use)
    text = Text(
        here=page.compare(
            use.text,
            f"a checkpoint: weights, optimizer and epoch. {model.class_name}.load_from_checkpoint(path) reads it.",
            "model.save",
            "trainer.save_checkpoint(path), and the class's load_from_checkpoint(path)",
        )
    )
    return text, f"{model.trainer}.save_checkpoint({path_of(use.get('filepath'), '.ckpt')})"


def load(page: Page, model: ModelFacts, keras: str, path: str) -> Text:
    """A model from the checkpoint that `save`, or a ModelCheckpoint, wrote."""
    if not model.trainer:
        return torch_code.load(page, model, keras, path)
    made = f"{model.name} = {model.class_name}.load_from_checkpoint({path_of(path, '.ckpt')})"
    return Text(here=[*page.note(f"Keras: {keras}"), made])


def load_weights(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The weights of a file that the script wrote: a checkpoint of a callback, or weights alone."""
    path = literal(use.get("filepath"))
    if path is not None and path in model.checkpoints:
        page.imports.add("import torch")
        loaded = f'torch.load({path_of(use.get("filepath"), ".ckpt")}, weights_only=True)["state_dict"]'
        return Text(here=page.note("Reads the checkpoint that the callback wrote.")), (
            f"{model.name}.load_state_dict({loaded})"
        )
    return torch_code.load_weights(page, model, use)


def call_on(page: Page, model: ModelFacts, use: Use) -> tuple[Text, str]:
    """The model called on an array: between trainings it lies where its own `device` says."""
    return torch_code.call_on(page, model, use, f"{model.name}.device" if model.compiled else "device")


summary, metrics_names = torch_code.summary, torch_code.metrics_names


def second_compile(line: int, keras: str) -> Mark:
    """The mark for a model that is compiled again."""
    return Mark(
        line,
        keras,
        "A LightningModule has one configure_optimizers and one loss; they are those of the first compile.",
        "Write a second class that inherits from the first, with other methods, and load the weights into it.",
    )
