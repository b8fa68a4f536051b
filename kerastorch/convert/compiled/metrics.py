"""Metrics as torch expressions."""

from __future__ import annotations

import inspect
from typing import Any

from kerastorch import metrics
from kerastorch.convert.compiled.losses import metric_form
from kerastorch.convert.compiled.objective import Pair
from kerastorch.convert.layers import copying, text
from kerastorch.convert.layers.writer import Writer
from kerastorch.metrics.reduction import MeanMetricWrapper


def metric(writer: Writer, found: Any, pair: Pair) -> tuple[str, bool]:
    """A metric of one output.

    Args:
        writer: Takes imports, helpers and notes.
        found: A metric as `compile` made it.
        pair: The target and the output.

    Returns:
        The expression; and whether it makes an object that collects batches (else it is the mean of a batch).
    """
    maker = _FORMS.get(type(found))
    written = None if maker is None else maker(found, pair)
    if written is None and isinstance(found, MeanMetricWrapper):
        written = _function(writer, found, pair)
    if written is not None:
        writer.use(written)
        return written, False
    return _kept(writer, found), True


def _function(writer: Writer, found: MeanMetricWrapper, pair: Pair) -> str | None:
    function = found._fn
    known = metric_form(writer, function, pair, found._fn_kwargs)
    if known is not None or found._fn_kwargs or type(found) is not MeanMetricWrapper:
        return known
    try:
        return f"{copying.reference(writer, function)}({pair.dense}, {pair.y_pred}).mean()"
    except (copying.Unknown, AttributeError):
        return None


def _kept(writer: Writer, found: Any) -> str:
    try:
        config = {k: v for k, v in found.get_config().items() if k not in ("name", "dtype")}
        usual = {name: p.default for name, p in inspect.signature(type(found).__init__).parameters.items()}
        named = {k: text.literal(v) for k, v in config.items() if k not in usual or usual[k] != v}
        made = f"{copying.reference(writer, type(found))}({text.arguments(**named)})"
    except (copying.Unknown, text.Unwritable, NotImplementedError, AttributeError):
        writer.note(f"The metric {found.name!r} cannot be written as source: it is left out.")
        return ""
    writer.use(made)
    writer.note(f"The metric {found.name!r} is no mean over samples: an object of Keras collects its batches.")
    return made


def _binary(found: Any, pair: Pair) -> str:
    threshold = text.literal(found._fn_kwargs.get("threshold", 0.5))
    return f"(({pair.y_pred} > {threshold}) == {pair.dense}).float().mean()"


def _categorical(found: Any, pair: Pair) -> str:
    return f"({pair.y_pred}.argmax(-1) == {pair.y}.argmax(-1)).float().mean()"


def _sparse(found: Any, pair: Pair) -> str:
    target = pair.y if pair.flat else f"{pair.y}.flatten()"
    return f"({pair.rows}.argmax(-1) == {target}).float().mean()"


def _top_k(found: Any, pair: Pair) -> str:
    best = f"{pair.rows}.topk({found._fn_kwargs.get('k', 5)}).indices"
    if isinstance(found, metrics.SparseTopKCategoricalAccuracy):
        return f"({best} == {pair.y}.view(-1, 1)).any(-1).float().mean()"
    return f"({best} == {pair.y}.argmax(-1, keepdim=True)).any(-1).float().mean()"


def _sparse_top_k(found: Any, pair: Pair) -> str | None:
    return None if found._fn_kwargs.get("from_sorted_ids") else _top_k(found, pair)


_FORMS: dict[type, Any] = {
    metrics.Accuracy: lambda found, pair: f"({pair.y_pred} == {pair.dense}).float().mean()",
    metrics.BinaryAccuracy: _binary,
    metrics.CategoricalAccuracy: _categorical,
    metrics.SparseCategoricalAccuracy: _sparse,
    metrics.TopKCategoricalAccuracy: _top_k,
    metrics.SparseTopKCategoricalAccuracy: _sparse_top_k,
}
