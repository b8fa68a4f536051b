"""`class_weight` and `sample_weight`: losses of single samples, and the weights that they are multiplied by."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from kerastorch.convert import training
from kerastorch.convert.compiled.objective import is_sparse, objective
from kerastorch.convert.layers.writer import name_of
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.source import Piece
from kerastorch.convert.uses import Use
from kerastorch.convert.writing import edited

# The loss of a batch from the losses of its samples; Keras divides by their number, not by the sum of the weights.
TOTAL = "(weight * losses.view(len(y_pred), -1).mean(1)).mean()"


def is_weighted(use: Use) -> bool:
    """Whether a `fit` weighs its samples."""
    return use.method == "fit" and bool(use.get("class_weight") or use.get("sample_weight"))


def sample_losses(model: Any) -> Piece | None:
    """The loss of each sample of a batch.

    Args:
        model: A compiled model.

    Returns:
        An expression in `y_pred` and `y`; None where there are several losses, or one that is not written in torch.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(loss="mse")
        >>> sample_losses(model).expression
        'F.mse_loss(y_pred, y, reduction="none")'
    """
    terms = list(objective(model).losses)
    function = getattr(getattr(terms[0], "function", None), "fn", None)
    if len(terms) != 1 or not str(getattr(function, "__module__", "")).startswith("kerastorch."):
        return None
    (piece,) = training.losses(model).values()
    called = piece.expression.partition("(")[0]
    helpers = {name_of(helper): helper for helper in piece.helpers}
    if called not in helpers:
        expression = _each(piece.expression)
        return None if expression is None else replace(piece, expression=expression)
    whole = _each(helpers[called])
    if whole is None:
        return None
    helpers[called] = whole.replace(f"def {called}(", f"def {called}_each(", 1)
    written = piece.expression.replace(called, f"{called}_each", 1)
    return replace(piece, helpers=tuple(helpers.values()), expression=written)


def _each(source: str) -> str | None:
    """Source without its one mean over the batch; None where it has another number of them."""
    means: list[tuple[ast.AST, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text, name = ast.get_source_segment(source, node) or "", node.func.attr
            if name == "mean" and not node.args and not node.keywords:
                means.append((node, ast.get_source_segment(source, node.func.value) or ""))
            elif ast.unparse(node.func.value) == "F" and ("_loss" in name or "entropy" in name):
                means.append((node, f'{text[:-1]}, reduction="none")'))
    return edited(source, means) if len(means) == 1 else None


def weights(page: Page, model: ModelFacts, use: Use) -> tuple[list[str], str]:
    """The weights of the samples of a `fit`.

    Args:
        page: The page.
        model: The model.
        use: The `fit`.

    Returns:
        Lines, and the source of the array; "" where nothing is weighted.
    """
    if not model.weighted or not is_weighted(use):
        return [], ""
    given = use.get("class_weight")
    if not given:
        return [], use.get("sample_weight")
    page.imports.add("import numpy as np")
    lines = page.note("class_weight: each sample counts as its class does.")
    if not given.isidentifier():
        named = page.names.fresh("class_weight")
        lines.append(f"{named} = {given}")
        given = named
    term = objective(model.value).losses[0]
    y = use.get("y")
    numbers = is_sparse(term.function) or model.value.output_shape[-1] == 1
    classes = f"np.ravel({y}).astype(int)" if numbers else f"np.argmax({y}, axis=-1)"
    name = page.names.fresh("weights", "sample_weights")
    return [*lines, f"{name} = np.array([{given}.get(label, 1.0) for label in {classes}.tolist()])"], name
