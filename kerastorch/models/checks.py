"""Whether data and model fit together: looked at once, before the first step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from kerastorch.base import dtypes, errors, nested, registry
from kerastorch.base.chance import forked
from kerastorch.data.arrays import ArraySource
from kerastorch.data.batch import Batch
from kerastorch.data.checks import check_finite, check_label_shape, check_labels, check_one_hot
from kerastorch.data.convert import Rows, place
from kerastorch.data.source import DataSource
from kerastorch.engine.objective import LossTerm, at
from kerastorch.layers import ActivityRegularization
from kerastorch.models.output_kind import lone_softmax, output_kind
from kerastorch.models.program import ModelProgram
from kerastorch.models.reductions import check_metrics, check_reduction
from kerastorch.nn.layer import Layer
from kerastorch.nn.spec import assert_input

# What the losses that know about classes take: class numbers, one-hot rows, or independent yes/no labels.
_LABELS = {
    "sparse_categorical_crossentropy": "numbers",
    "categorical_generalized_cross_entropy": "numbers",
    "categorical_crossentropy": "rows",
    "categorical_focal_crossentropy": "rows",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
    "kl_divergence": "any",
}
_seen: WeakKeyDictionary[ModelProgram, set[Any]] = WeakKeyDictionary()


def check_inputs(model: Any, batch: Batch) -> None:
    """Raise unless a batch of inputs has the structure and the shapes that a model declares."""
    _check_keys(model, batch.x)
    assert_input(getattr(model, "name", ""), getattr(model, "input_spec", None), batch.x)


def _check_keys(model: Any, x: Any) -> None:
    """Raise when a dict of inputs lacks one that the model has."""
    if not isinstance(x, dict) or getattr(model, "symbolic_outputs", None) is None:
        return
    names = list(model.input) if isinstance(model.input, dict) else model.input_names
    missing = [name for name in names if name not in x]
    if missing:
        raise errors.value_error(
            f"`x` for model {model.name!r}",
            expected=f"the inputs {', '.join(map(repr, names))}",
            received=errors.Said(f"{', '.join(map(repr, x))}: {missing[0]!r} is missing"),
            remedy=errors.did_you_mean(missing[0], x) or "Name the entries of the dict as the model's inputs.",
        )


@contextmanager
def layers_refuse(again: Callable[[], Any]) -> Iterator[None]:
    """Let the layer whose input does not fit say so, where torch refuses the shapes of an operation.

    Args:
        again: Does once more what failed; layers look at their inputs then.
    """
    try:
        yield
    except NotImplementedError:
        raise
    except RuntimeError as error:
        hook = register_module_forward_pre_hook(_look_at_input)
        try:
            again()
        except ValueError as refused:
            raise refused from error
        finally:
            hook.remove()
        raise


def _look_at_input(module: nn.Module, args: tuple[Any, ...]) -> None:
    if isinstance(module, Layer) and args:
        assert_input(module.name, module.input_spec, args[0])


def check_targets(program: ModelProgram, model: Any, batch: Batch, outputs: Any, usage: str) -> None:
    """Raise unless targets suit the losses and outputs: kinds and shapes, whatever the values.

    Args:
        program: Holds the losses.
        model: Looked through for what adds losses.
        batch: Inputs, targets and weights.
        outputs: Symbolic tensors or tensors, nested as the model gives them; None when the model does its own steps.
        usage: The method that was called, for the message.

    Raises:
        ValueError: Something does not fit.
    """
    check_metrics(program.objective, program.plan.strategy.ranks)
    if program.own & {"train_step", "compute_loss", *(["test_step"] if usage == "evaluate" else [])}:
        return
    losses = program.objective.losses
    for term in losses:
        check_reduction(term.function, batch, program.plan.strategy.ranks, usage)
    if batch.y is None and losses:
        raise errors.value_error(
            f"`y` of {usage}", expected="targets for the compiled loss", received=None, remedy="Pass `y`."
        )
    looked_at = tuple(_shape(leaf) for leaf in nested.flatten((batch.y, batch.sample_weight)))
    seen = _seen.setdefault(program, set())
    if looked_at in seen or outputs is None:
        return
    if not losses and usage != "evaluate":
        _refuse_nothing_to_minimise(program, model)
    for term in losses:
        _check_term(term, program, model, batch, outputs, first=not seen)
    seen.add(looked_at)


def check_held_out(program: ModelProgram, model: Any, source: DataSource | None, outputs: Any) -> None:
    """`check_inputs` and `check_targets` for validation data that are arrays."""
    if isinstance(source, ArraySource):
        batch = source.peek()
        check_inputs(model, batch)
        check_targets(program, model, batch, outputs, "validation_data")


def scan(program: ModelProgram, sources: list[DataSource], outputs: Any, finite: bool = True) -> None:
    """Look through arrays for NaN, infinities and impossible labels; of what comes in batches, at the first one.

    Args:
        program: Holds the losses.
        sources: The data of the run: the first for training, a second one for validation.
        outputs: See `check_targets`.
        finite: Whether to look for NaN and infinities too.

    Raises:
        ValueError: Names the first wrong value, its index and what would be right.
    """
    numbers = {} if outputs is None else _class_numbers(program.objective.losses, outputs)
    for source, suffix in zip(sources, ("", " of validation_data"), strict=False):
        for name, rows in _arrays(source, first=not suffix):
            if finite:
                check_finite(name + suffix, rows)
            if name in numbers:
                numbers[name](name + suffix, rows)


def explain(source: DataSource, logs: Mapping[str, Any]) -> None:
    """After an evaluation: when a figure is not finite because the data are not, say where they are not.

    Looking only then costs a good evaluation nothing; there is no step that wrong data could have spoilt.

    Raises:
        ValueError: Names the first wrong value and its index.
    """
    if isinstance(source, ArraySource) and not all(map(math.isfinite, nested.flatten(dict(logs)))):
        for name, rows in source.arrays():
            check_finite(name, rows)


def _arrays(source: DataSource, first: bool) -> list[tuple[str, Rows | Tensor]]:
    """The arrays of a source by name, or those of its first batch.

    A validation loader is left alone: to ask it for a batch now would start its workers.
    """
    if isinstance(source, ArraySource):
        return [*source.arrays()]
    if not first:
        return []
    batch = source.peek()
    parts = (("x", batch.x), ("y", batch.y))
    return [(place(n, p), leaf) for n, part in parts for p, leaf in nested.flatten_with_path(part) if leaf is not None]


def _class_numbers(losses: Any, outputs: Any) -> dict[str, Callable[[str, Any], None]]:
    """For each target that holds class numbers: the scan of its labels."""
    scans: dict[str, Callable[[str, Any], None]] = {}
    for term in losses:
        needs, shape = Needs.of(term.function), _shape(at(outputs, term.pred))
        classes = shape[needs.axis] if needs is not None and needs.labels == "numbers" and len(shape) > 1 else None
        if needs is None or classes is None:
            continue

        def look(name: str, y: Any, needs: Needs = needs, classes: int = classes, rank: int = len(shape)) -> None:
            check_labels(name, y, classes, output_rank=rank, ignore_class=needs.ignore_class, loss=needs.name)

        scans[place("y", term.true)] = look
    return scans


@dataclass(frozen=True)
class Needs:
    """What a loss needs of targets and outputs.

    Attributes:
        name: The loss's name.
        labels: "numbers", "rows", "binary" or "any".
        from_logits: Whether it takes outputs before their softmax or sigmoid.
        ignore_class: The label that stands for none.
        axis: The dimension of the classes.
    """

    name: str
    labels: str
    from_logits: bool = False
    ignore_class: int | None = None
    axis: int = -1

    @classmethod
    def of(cls, function: Any) -> Needs | None:
        """The needs of a built-in loss about classes, or None."""
        module = getattr(function, "module", None)
        if type(module) is nn.CrossEntropyLoss:
            return cls("torch.nn.CrossEntropyLoss", "any", True)
        known = registry.slot_and_name(getattr(function, "fn", None))
        if known is None or known[1] not in _LABELS:
            return None
        given = getattr(function, "_fn_kwargs", {})
        chosen = {k: given[k] for k in ("from_logits", "ignore_class", "axis") if k in given}
        return cls(known[1], _LABELS[known[1]], **chosen)


def _check_term(term: LossTerm, program: ModelProgram, model: Any, batch: Batch, outputs: Any, first: bool) -> None:
    """Check one output against its target."""
    y, output, name = at(batch.y, term.true), at(outputs, term.pred), place("y", term.true)
    lone = lone_softmax(model, output) if hasattr(output, "shape") else None
    if lone is not None:
        raise errors.value_error(
            f"Layer {lone!r}",
            expected="a softmax over at least 2 units",
            received=errors.Said(f"a softmax over 1 unit (shape {_shape(output)}), which is always 1"),
            remedy="Use activation='sigmoid' for one unit, or give the layer a unit for each class.",
        )
    needs = Needs.of(term.function)
    if needs is not None:
        _check_activation(needs, output, warn=first)
        _check_kind(needs, name, y, output)
    _try_loss(term, program, model, batch, output, name)


def _check_activation(needs: Needs, output: Any, warn: bool) -> None:
    """Refuse a binary loss on a softmax; warn of logits that are none and of probabilities that are none."""
    kind = output_kind(output)
    if needs.labels == "binary" and kind == "softmax":
        raise errors.value_error(
            f"The loss {needs.name!r}",
            expected="an output with a sigmoid (independent labels)",
            received=errors.Said(f"a softmax over {output.shape[-1]} units (one class of several)"),
            remedy="Use the loss 'sparse_categorical_crossentropy' (class numbers) or 'categorical_crossentropy' "
            "(one-hot rows), or the activation 'sigmoid'.",
        )
    problem, remedy = "", ""
    if needs.from_logits and kind in ("softmax", "sigmoid"):
        problem = f"a loss from logits is given the result of a {kind}"
        remedy = f"Remove the {kind} from the model, or use a loss with from_logits=False"
    elif not needs.from_logits and kind == "linear":
        problem = "a loss of probabilities is given an output without activation"
        better = "sigmoid" if needs.labels == "binary" else "softmax"
        remedy = f"Pass from_logits=True to the loss, or end the model with activation={better!r}"
    if problem and warn:
        warnings.warn(f"The loss {needs.name!r}: {problem}. {remedy}.", stacklevel=6)


def _check_kind(needs: Needs, name: str, y: Any, output: Any) -> None:
    """Refuse one-hot rows for a loss of class numbers, and the reverse."""
    shape = _shape(output)
    classes = shape[needs.axis] if len(shape) > 1 else None
    if classes is None or not isinstance(y, Tensor):
        return
    if needs.labels == "numbers":
        check_label_shape(name, tuple(y.shape), classes, output_rank=len(shape), loss=needs.name)
    elif needs.labels == "rows" and needs.axis in (-1, len(shape) - 1):
        check_one_hot(name, y, classes, output_rank=len(shape), loss=needs.name)


def _try_loss(term: LossTerm, program: ModelProgram, model: Any, batch: Batch, output: Any, name: str) -> None:
    """Call a loss once, so that what it refuses is refused before anything was computed."""
    y = at(batch.y, term.true)
    weights = batch.sample_weight
    weight = at(weights, term.true) if nested.is_nested(weights) else weights
    builtin = registry.slot_and_name(getattr(term.function, "fn", None)) is not None
    sample = nested.map_structure(lambda leaf: _sample(leaf, batch, own=not builtin), output)
    if builtin:  # the values of labels are for `scan`
        y = nested.map_structure(torch.zeros_like, y)
    with torch.no_grad(), torch.random.fork_rng(devices=forked(program.plan.device)):
        try:
            term.function(y, sample, None)
        except Exception as error:
            if builtin and isinstance(y, Tensor) and isinstance(sample, Tensor):
                raise _unfit(term.function, name, y, sample) from error
            # made-up outputs may lack what a user's loss relies on: the model's own must fail as well
            term.function(y, at(_outputs_now(program, model, batch), term.pred), None)
            return
        if weight is not None:
            term.function(y, sample, weight)


def _sample(leaf: Any, batch: Batch, own: bool) -> Any:
    """An output to try a loss with: `leaf` itself for a user's loss, else one half everywhere."""
    rows = max(batch.size, 1)  # on a rank without rows, one stands in
    if isinstance(leaf, Tensor) and own and leaf.shape[:1] == (rows,):
        return leaf
    device = next(t.device for t in nested.flatten((batch.y, batch.x)) if isinstance(t, Tensor))
    shape = [rows if i == 0 or size is None else size for i, size in enumerate(_shape(leaf))]
    return torch.full(shape, 0.5, dtype=dtypes.torch_dtype(leaf.dtype), device=device)


def _unfit(function: Any, name: str, y: Tensor, output: Tensor) -> ValueError:
    units = y.shape[-1] if y.ndim == output.ndim else 1
    return errors.value_error(
        f"{name} with the loss {function.name!r}",
        expected=f"the shape of the output, {tuple(output.shape)}",
        received=errors.Said(f"shape {tuple(y.shape)}"),
        remedy=f"Nothing is broadcast: reshape the targets, or give the last layer {units} "
        f"unit{'s' if units != 1 else ''}.",
    )


def _outputs_now(program: ModelProgram, model: nn.Module, batch: Batch) -> Any:
    before = [(m, m.training) for m in model.modules()]
    model.eval()
    try:
        with program.plan.precision.context():
            return model(program.plan.precision.inputs(batch.x))
    finally:
        for module, training in before:
            module.training = training


def _refuse_nothing_to_minimise(program: ModelProgram, model: nn.Module) -> None:
    """Raise when no loss was compiled and no part of the model could add one."""
    if program.penalized:
        return
    for module in model.modules():
        ours = type(module).__module__.startswith(("kerastorch.", "torch.nn."))
        adds = isinstance(module, ActivityRegularization) or getattr(module, "activity_regularizer", None) is not None
        if adds or not ours or hasattr(module, "function"):
            return  # a user's own layer may call `add_loss`: the first step will tell
    raise errors.value_error(
        f"`loss` of compile for model {getattr(model, 'name', type(model).__name__)!r}",
        expected="a loss to minimise",
        received=None,
        remedy='Compile with a loss, for example loss="mse", or override `train_step` or `compute_loss`.',
    )


def _shape(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, "shape", ()))
