"""Arrays as Datasets and DataLoaders."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from kerastorch.base import nested
from kerastorch.convert import weighting
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.uses import Use, literal, resolved
from kerastorch.convert.writing import call, source
from kerastorch.layers import Embedding

_BATCH = "32"  # Keras's batch_size


def tensor(page: Page, array: str, dtype: str, column: bool = False) -> str:
    """The source of a tensor from an array; `column` where single numbers are to be rows, as Keras makes them."""
    page.imports.add("import torch")
    if "pandas" in page.script.names.values():  # torch takes no data frames
        page.imports.add("import numpy as np")
        array = f"np.asarray({array})"
    return f"torch.as_tensor({array}, dtype=torch.{dtype}){'.reshape(-1, 1)' if column else ''}"


def columns(model: Any) -> dict[Any, bool]:
    """Which inputs are single numbers, of shape (batch, 1), by place and by name; whether they are a list."""
    inputs = [t for t in nested.flatten(getattr(model, "inputs", None) or []) if hasattr(t, "shape")]
    found = {place: tuple(t.shape) == (None, 1) for place, t in enumerate(inputs)}
    named = {t.name: found[place] for place, t in enumerate(inputs) if hasattr(t, "name")}
    return {**found, **named, "in order": isinstance(getattr(model, "input", None), (list, tuple))}


def input_dtype(model: Any) -> str:
    """The dtype of a model's inputs: integers where they are looked up in a table, else floats."""
    kinds = [str(t.dtype) for t in nested.flatten(getattr(model, "inputs", None) or []) if hasattr(t, "dtype")]
    layers = getattr(model, "layers", [])
    looked_up = bool(layers) and isinstance(layers[0], Embedding)
    return "long" if looked_up or (kinds and all("int" in kind for kind in kinds)) else "float32"


def target_dtype(model: Any) -> str:
    """The dtype of a model's targets: integers for sparse losses, else floats."""
    loss = getattr(getattr(model, "_compiled", None), "loss", None)
    name = loss if isinstance(loss, str) else f"{type(loss).__name__} {getattr(loss, '__name__', '')}"
    return "long" if "sparse" in name.lower() or "CrossEntropyLoss" in name or "NLLLoss" in name else "float32"


def dataset(page: Page, model: ModelFacts, x: str, y: str, line: int, weight: str = "") -> str:
    """The source of a Dataset of samples (x, y) from arrays, or lists or dicts of them.

    Args:
        page: The page.
        model: The model that takes the samples.
        x: The source of the inputs.
        y: The source of the targets, or "".
        weight: The source of the weights of the samples, or "".
        line: Where they are used in the script.
    """
    kinds = (input_dtype(model.value), target_dtype(model.value))
    names = ((), target_names(model.value))
    wide: tuple[dict[Any, bool], ...] = (columns(model.value), {})
    given = zip((x, y), kinds, names, wide, strict=True)
    parts = [_leaf(page, array, kind, line, name, sizes) for array, kind, name, sizes in given if array]
    parts += [tensor(page, weight, "float32") + ".flatten()"] if weight else []
    if len(parts) == 1:
        return parts[0]
    flat = all(part.startswith("torch.as_tensor(") for part in parts)
    name = "TensorDataset" if flat else "StackDataset"
    page.imports.add(f"from torch.utils.data import {name}")
    return f"{name}({', '.join(parts)})"


def target_names(model: Any) -> tuple[str, ...]:
    """The names of a model's outputs, if `compile` gives their losses by name: targets are then a dict."""
    loss = getattr(getattr(model, "_compiled", None), "loss", None)
    names = tuple(getattr(model, "output_names", None) or ())
    return names if isinstance(loss, Mapping) and len(names) > 1 else ()


def _leaf(page: Page, array: str, kind: str, line: int, names: tuple[str, ...], wide: dict[Any, bool]) -> str:
    """A tensor; for a list or dict of arrays, a Dataset of them."""
    node = resolved(page.script, array, line)
    if isinstance(node, ast.Dict) and all(isinstance(k, ast.Constant) for k in node.keys):
        page.imports.add("from torch.utils.data import StackDataset")
        given = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
        made = {str(k): tensor(page, source(v), kind, wide.get(k, False)) for k, v in given.items()}
        ordered = [name for name in wide if name in made]
        if len(ordered) == len(made) and wide.get("in order"):  # the model takes a list, by the names of its inputs
            return f"StackDataset({', '.join(made[name] for name in ordered)})"
        return _named(list(made), list(made.values()))
    if isinstance(node, (ast.List, ast.Tuple)):
        page.imports.add("from torch.utils.data import StackDataset")
        inner = [tensor(page, source(e), kind, wide.get(place, False)) for place, e in enumerate(node.elts)]
        return _named(list(names), inner) if len(names) == len(inner) else f"StackDataset({', '.join(inner)})"
    return tensor(page, array, kind, wide.get(0, False))


def _named(names: list[str], tensors: list[str]) -> str:
    """A Dataset of dicts."""
    pairs = list(zip(names, tensors, strict=True))
    if all(name.isidentifier() for name in names):
        return f"StackDataset({', '.join(f'{name}={made}' for name, made in pairs)})"
    inner = ", ".join(f'"{name}": {made}' for name, made in pairs)
    return f"StackDataset(**{{{inner}}})"


def evaluation_data(page: Page, model: ModelFacts, use: Use) -> tuple[list[str], str]:
    """The lines that make a DataLoader of what `evaluate` was given, if it is not one, and its name."""
    if not use.get("y"):
        return [], use.get("x")
    name = page.names.fresh("test_loader")
    made = dataset(page, model, use.get("x"), use.get("y"), use.line)
    return [loader(page, name, made, use.get("batch_size"))], name


def loader(page: Page, name: str, data: str, batch_size: str, shuffle: str = "") -> str:
    """The source of a statement that makes a DataLoader."""
    page.imports.add("from torch.utils.data import DataLoader")
    arguments = [data, f"batch_size={batch_size or _BATCH}", *([f"shuffle={shuffle}"] if shuffle else [])]
    return call(f"{name} = DataLoader(", arguments)


def _assigned(name: str, made: str) -> str:
    start, _, inner = made.partition("(")
    node = ast.parse(made, mode="eval").body
    parts = [ast.get_source_segment(made, a) or "" for a in node.args] if isinstance(node, ast.Call) else [inner]
    return call(f"{name} = {start}(", parts)


class FitData:
    """The loaders of a `fit`.

    Args:
        page: The page.
        model: The model that is trained.
        use: The `fit`.

    Attributes:
        lines: The statements that make the loaders.
        train: The variable that holds the loader for training.
        val: That for validation, or "".
        text: What the comment says of them.
    """

    def __init__(self, page: Page, model: ModelFacts, use: Use) -> None:
        self.page, self.model, self.use = page, model, use
        self.train, self.val = page.names.fresh("train_loader"), ""
        self.text = "DataLoaders cut the arrays into shuffled batches."
        self.batch_size = use.get("batch_size", _BATCH)
        self.lines, self.weight = weighting.weights(page, model, use)
        shuffle = use.get("shuffle", "True")
        self.shuffle = "" if shuffle == "False" else "True" if literal(shuffle) is not None else shuffle
        if not use.get("y"):
            self.train = use.get("x")
            self.text = "the loader goes in as it is."
        elif use.get("validation_split") and not use.get("validation_data"):
            self._split()
        else:
            self.lines.append(loader(page, self.train, self._dataset(), self.batch_size, self.shuffle))
        if use.get("validation_data"):
            self._validation()
        if not self.shuffle and use.get("y"):
            self.text = self.text.replace("shuffled batches", "batches, in order (shuffle=False)")

    def _dataset(self) -> str:
        use = self.use
        return dataset(self.page, self.model, use.get("x"), use.get("y"), use.line, self.weight)

    def _split(self) -> None:
        page, use, fraction = self.page, self.use, self.use.get("validation_split")
        page.imports.add("from torch.utils.data import Subset")
        data, split = page.names.fresh("samples"), page.names.fresh("split")
        self.val = page.names.fresh("val_loader")
        number = literal(fraction)
        rest = repr(1 - number) if isinstance(number, float) else ""
        part = rest if 0 < len(rest) < 6 else f"(1 - {fraction})"
        samples = [_assigned(data, self._dataset()), f"{split} = int(len({data}) * {part})"]
        if self.weight and use.get("class_weight"):
            last = f"{self.weight}[int(len({self.weight}) * {part}) :] = 1.0  # not in validation"
            samples.insert(0, last)
        self.lines += [
            *samples,
            loader(page, self.train, f"Subset({data}, range({split}))", self.batch_size, self.shuffle),
            loader(page, self.val, f"Subset({data}, range({split}, len({data})))", self._validation_size()),
        ]
        self.text += f" validation_split={fraction}: the last samples validate, taken off before shuffling."

    def _validation_size(self) -> str:
        return self.use.get("validation_batch_size", self.batch_size)

    def _validation(self) -> None:
        page, given = self.page, self.use.get("validation_data")
        node = resolved(page.script, given, self.use.line)
        self.val = page.names.fresh("val_loader")
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) in (2, 3):
            data = dataset(page, self.model, source(node.elts[0]), source(node.elts[1]), self.use.line)
            self.lines.append(loader(page, self.val, data, self._validation_size()))
        elif not self.use.get("y"):
            self.val = given
        else:
            pair = [page.names.fresh("x_val"), page.names.fresh("y_val")]
            self.lines.append(f"{', '.join(pair)} = {given}")
            data = dataset(page, self.model, pair[0], pair[1], self.use.line)
            self.lines.append(loader(page, self.val, data, self._validation_size()))
