"""What `compile` was told, and the objective that follows from it once outputs and targets are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch import losses as losses_module
from kerastorch.base import errors, naming, nested, policy
from kerastorch.engine.objective import LossTerm, Metrics, MetricTerm, Objective, Path, RunningMean, at
from kerastorch.metrics import resolve
from kerastorch.models.reductions import reduction_of
from kerastorch.runtime.plan import Plan


@dataclass
class Compiled:
    """The arguments of `compile`, with every name already looked up.

    Attributes:
        optimizer: The optimizer, or what makes one from parameters.
        loss, loss_weights, metrics, weighted_metrics: As the user wrote them.
        plan: The run options.
        config: What a file says of this compilation (plain values), or None.
    """

    optimizer: Any
    loss: Any
    loss_weights: Any
    metrics: Any
    weighted_metrics: Any
    plan: Plan
    config: dict[str, Any] | None = field(default=None)

    def objective(
        self, y: Any, y_pred: Any, output_names: Sequence[str] | None, others: Sequence[Any] = ()
    ) -> Objective:
        """The losses and metrics for outputs and targets of these shapes.

        Args:
            y: A batch of targets, or None.
            y_pred: A batch of outputs (or their shapes).
            output_names: The names of the outputs, in order.
            others: Metrics that the model holds itself.

        Raises:
            ValueError: A loss or metric is given for an output that does not exist, or numbers do not match.
        """
        outputs = _outputs(y, y_pred, output_names)
        per_output = _spread("loss", self.loss, outputs, y_pred)
        _pair(outputs, y, y_pred, needed=[loss is not None for loss in per_output])
        several = sum(loss is not None for loss in per_output) > 1
        terms = []
        factors = _spread("loss_weights", self.loss_weights, outputs, y_pred)
        for output, loss, factor in zip(outputs, per_output, factors, strict=True):
            function = make_loss(loss, output, exact=self.plan.precision.name == "64")
            if function is not None:
                tracker = RunningMean(f"{output.name}_loss") if several else None
                sums = reduction_of(function) == "sum"
                terms.append(LossTerm(function, factor, output.true, output.pred, tracker, sums=sums))
        plain = _metric_terms("metrics", self.metrics, outputs, y_pred)
        weighted = _metric_terms("weighted_metrics", self.weighted_metrics, outputs, y_pred, {t.name for t in plain})
        return Objective(terms, Metrics([*plain, *weighted]), others=others)


@dataclass
class Output:
    """One output of a model: its name, where it lies, and the shapes."""

    name: str
    pred: Path
    true: Path
    y_pred: Any
    y: Any


def _outputs(y: Any, y_pred: Any, names: Sequence[str] | None) -> list[Output]:
    """The outputs and where their targets should lie: by name in dicts, else by position."""
    leaves = nested.flatten_with_path(y_pred)
    if len(leaves) == 1:
        path = nested.flatten_with_path(y)[0][0] if nested.is_nested(y) else ()
        return [Output((names or ["output"])[0], leaves[0][0], path, leaves[0][1], _get(y, path))]
    found = []
    for index, (pred, leaf) in enumerate(leaves):
        key = pred[-1] if isinstance(y_pred, Mapping) else None
        by_place = names[index] if names and len(names) == len(leaves) else f"output_{index}"
        name = by_place if key is None else str(key)
        true: Path = pred
        if isinstance(y, Mapping):
            true = (name,) if name in y else pred
        elif isinstance(y_pred, Mapping) and isinstance(y, (list, tuple)):
            true = (index,)
        found.append(Output(name, pred, true, leaf, None))
    return found


def _pair(outputs: list[Output], y: Any, y_pred: Any, needed: list[bool]) -> None:
    """Find the target of each output; those without a loss may lack one, and are then left out of lists."""
    if y is None or len(outputs) == 1:
        return
    if not isinstance(y, Mapping) and len(nested.flatten(y)) == sum(needed) < len(outputs):
        paths = iter([path for path, _ in nested.flatten_with_path(y)])
        for output, used in zip(outputs, needed, strict=True):
            if used:
                output.true = next(paths)
                output.y = at(y, output.true)
        return
    for output, used in zip(outputs, needed, strict=True):
        if used or not isinstance(y, Mapping) or output.name in y:
            output.y = _get(y, output.true, output.name)


def _get(y: Any, path: Path, name: str = "") -> Any:
    if y is None:
        return None
    for key in path:
        try:
            y = y[key]
        except (KeyError, IndexError, TypeError):
            held = list(y) if isinstance(y, Mapping) else y
            raise errors.value_error(
                "`y`", expected=f"a target for the output {name or key!r}", received=held
            ) from None
    return y


def _spread(argument: str, given: Any, outputs: list[Output], y_pred: Any) -> list[Any]:
    """One entry for each output, from what `loss=` or `loss_weights=` was given."""
    names = [o.name for o in outputs]
    if given is None:
        return [None] * len(outputs)
    if isinstance(given, Mapping) and "class_name" not in given:
        unknown = [k for k in given if k not in names]
        if unknown and (nested.is_nested(y_pred) or names != ["output"]):
            raise errors.value_error(
                f"`{argument}`",
                expected=f"names of outputs ({', '.join(names)})",
                received=unknown[0],
                remedy=errors.did_you_mean(str(unknown[0]), names),
            )
        return [given.get(n) for n in names] if not unknown else list(given.values())
    if isinstance(given, (list, tuple)):
        flat = nested.flatten(given)
        if len(flat) != len(outputs):
            raise errors.value_error(
                f"`{argument}`", expected=f"{len(outputs)} entries, one an output ({', '.join(names)})", received=given
            )
        return flat
    return [given] * len(outputs)


def make_loss(loss: Any, output: Output | None = None, exact: bool = False) -> Callable[..., Tensor] | None:
    """A loss as `(y_true, y_pred, sample_weight) -> scalar` from anything `compile(loss=...)` takes.

    Args:
        loss: A name, an object, a function, a torch loss module, or None.
        output: The output it is for; "crossentropy" is chosen by its shape.
        exact: Whether to compute in float64 where the loss would take `floatx()`.
    """
    if loss is None:
        return None
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce") and output is not None:
        loss = resolve.crossentropy_for(tuple(output.y.shape), tuple(output.y_pred.shape))
    if isinstance(loss, nn.Module):
        return TorchLoss(loss)
    made = losses_module.get(loss)
    if not isinstance(made, losses_module.Loss):
        name = loss if isinstance(loss, str) else getattr(made, "__name__", type(made).__name__)
        made = losses_module.LossFunctionWrapper(made, name=name)
    return made.in_dtype("float64") if exact and made.dtype == policy.floatx() else made


class TorchLoss:
    """A torch loss module with Keras's order of arguments.

    Args:
        module: Takes (input, target): `nn.CrossEntropyLoss()` and its like.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.name = type(module).__name__

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        if not y_true.is_floating_point() and y_true.dtype is not torch.int64:
            y_true = y_true.long()
        value: Tensor = self.module(y_pred, y_true)
        if value.dim() == 0 and sample_weight is None:
            return value
        if sample_weight is None:
            return value.mean()
        if value.dim() == 0:
            raise errors.value_error(
                f"`sample_weight` with {self.name}",
                expected="a loss of each sample",
                received=errors.Said(f"the scalar that reduction={getattr(self.module, 'reduction', 'mean')!r} gives"),
                remedy=f"Use `torch.nn.{self.name}(reduction='none')`.",
            )
        return (value.reshape(value.shape[0], -1).mean(-1) * sample_weight.reshape(-1)).mean()


def _metric_terms(
    argument: str, given: Any, outputs: list[Output], y_pred: Any, unweighted: set[str] | None = None
) -> list[MetricTerm]:
    """The terms for `metrics`, or for `weighted_metrics` beside the names of the unweighted ones."""
    weighted = unweighted is not None
    terms: list[MetricTerm] = []
    for output, chosen in zip(outputs, _metrics_by_output(argument, given, outputs, y_pred), strict=True):
        for identifier in chosen:
            metric = resolve.metric_for(identifier, _shape(output.y), _shape(output.y_pred))
            name = f"{output.name}_{metric.name}" if len(outputs) > 1 else metric.name
            taken = {t.name for t in terms}
            if unweighted is not None and name in unweighted:
                name = f"weighted_{metric.name}" if len(outputs) == 1 else f"{output.name}_weighted_{metric.name}"
            terms.append(MetricTerm(metric, naming.unique_within(name, taken), weighted, output.true, output.pred))
    return terms


def _shape(value: Any) -> tuple[int | None, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else ()


def _metrics_by_output(argument: str, given: Any, outputs: list[Output], y_pred: Any) -> list[list[Any]]:
    if not given:
        return [[] for _ in outputs]
    if len(outputs) == 1:
        return [nested.flatten(given) if nested.is_nested(given) else [given]]
    if isinstance(given, (list, tuple)) and len(given) != len(outputs):
        raise errors.value_error(
            f"`{argument}`", expected=f"an entry for each of the {len(outputs)} outputs", received=given
        )
    entries = given if isinstance(given, (list, tuple)) else _spread(argument, given, outputs, y_pred)
    return [[] if e is None else list(e) if isinstance(e, (list, tuple)) else [e] for e in entries]
