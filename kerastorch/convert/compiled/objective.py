"""The losses and metrics that `compile` asked for, on the outputs of a model, and how targets are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastorch.base import errors, nested
from kerastorch.convert.layers import text
from kerastorch.losses import SparseCategoricalCrossentropy, sparse_categorical_crossentropy
from kerastorch.models import Model
from kerastorch.nn.keras_tensor import KerasTensor

_SPARSE = (SparseCategoricalCrossentropy,)


@dataclass(frozen=True)
class Pair:
    """A target and an output, as source and with what is known of their shapes.

    Attributes:
        y, y_pred: How they are written.
        shape: The shape of the output.
        flat: Whether the target is known to have no last axis of size 1.
    """

    y: str
    y_pred: str
    shape: tuple[int | None, ...]
    flat: bool = False

    @property
    def classes(self) -> str:
        """The target as class numbers, one for each prediction."""
        return f"{self.y}.long()" if self.flat else f"{self.y}.flatten().long()"

    @property
    def rows(self) -> str:
        """The output with one prediction a row."""
        return self.y_pred if len(self.shape) <= 2 else f"{self.y_pred}.flatten(0, -2)"

    @property
    def dense(self) -> str:
        """The target in the shape of the output: one number a row may come without its axis."""
        return f"{self.y}.view_as({self.y_pred})" if self.shape[-1:] == (1,) else self.y


def compiled(model: Any) -> Any:
    """What `compile` was told.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not compiled.
    """
    if not isinstance(model, Model):
        raise errors.type_error("`model` to convert", expected="a Keras model", received=model)
    if model._compiled is None:
        raise errors.value_error(
            f"Model {model.name!r} to convert", expected="a compiled model", received=errors.Said("one that is not"),
            remedy='Call `model.compile(optimizer="adam", loss=...)` first, or convert it with `network(model)` alone.',
        )  # fmt: skip
    return model._compiled


def objective(model: Any) -> Any:
    """The losses and metrics of a model, each with where its target and its output lie.

    Those of the last `fit` where there was one; else targets are taken to be nested as the outputs are, by name if the
    losses are given by name.
    """
    told = compiled(model)
    if model._program is not None:
        return model._program.objective
    outputs = getattr(model, "symbolic_outputs", None)
    if outputs is None:
        outputs = KerasTensor((None, None))
    names = getattr(model, "output_names", None)
    y: Any = nested.map_structure(lambda t: KerasTensor(t.shape), outputs)
    if isinstance(told.loss, Mapping) and isinstance(outputs, (list, tuple)) and names:
        y = dict(zip(names, y, strict=True))
    found = told.objective(y, outputs, names)
    for term in found.losses:
        if is_sparse(term.function):
            y = _replaced(y, term.true, KerasTensor(_at(outputs, term.pred).shape[:-1]))
    return told.objective(y, outputs, names)


def is_sparse(function: Any) -> bool:
    """Whether a loss takes class numbers."""
    return isinstance(function, _SPARSE) or getattr(function, "fn", None) is sparse_categorical_crossentropy


def pair(model: Any, term: Any) -> Pair:
    """The target and the output of a term."""
    outputs = getattr(model, "symbolic_outputs", None)
    shape: tuple[int | None, ...] = (None, None) if outputs is None else _at(outputs, term.pred).shape
    *_, targets, _ = getattr(model._program, "made_for", None) or ((), ())
    known = dict(targets)
    flat = len(shape) == 2 and known.get(term.true) == ()
    return Pair(_written("y", term.true), _written("y_pred", term.pred), tuple(shape), flat)


def _written(name: str, path: Any) -> str:
    return name + "".join(f"[{text.literal(key)}]" for key in path)


def _at(structure: Any, path: Any) -> Any:
    for key in path:
        structure = structure[key]
    return structure


def _replaced(structure: Any, path: Any, leaf: Any) -> Any:
    """A structure with another leaf at a path."""
    return nested.pack_sequence_as(
        structure, [leaf if place == path else old for place, old in nested.flatten_with_path(structure)]
    )
