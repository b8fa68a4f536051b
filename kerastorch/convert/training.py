"""What `compile` says, as torch code: the loss, the optimizer, the metrics, and what stands around a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch import optimizers
from kerastorch.base import errors, nested
from kerastorch.convert.compiled import losses as loss_forms
from kerastorch.convert.compiled import metrics as metric_forms
from kerastorch.convert.compiled import optimizers as optimizer_forms
from kerastorch.convert.compiled import schedules
from kerastorch.convert.compiled.objective import compiled, objective, pair
from kerastorch.convert.layers import text
from kerastorch.convert.layers.writer import Writer, name_of
from kerastorch.convert.source import Piece
from kerastorch.models.program import DOORS
from kerastorch.nn.keras_tensor import KerasTensor


def _piece(write: Callable[[Writer], str]) -> Piece:
    writer = Writer()
    writer.imports.clear()
    expression = write(writer)
    writer.use(expression)
    imports, helpers = tuple(sorted(writer.imports)), tuple(writer.helpers.values())
    return Piece(imports, helpers, expression, tuple(writer.notes))


def loss(model: Any) -> Piece:
    """The compiled loss of a batch, with loss weights; without penalties on weights (see `penalty`).

    Args:
        model: A compiled model.

    Returns:
        An expression in `y_pred` (what the network returns) and `y` (the targets, nested as `fit` takes them): a
        scalar tensor. With several outputs it is the sum of those of `losses`.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not compiled, or was compiled without a loss.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(loss="mse")
        >>> loss(model).expression
        'F.mse_loss(y_pred, y)'
    """
    parts = losses(model)
    weights = [term.weight for term in objective(model).losses]

    def write(writer: Writer) -> str:
        summands = []
        for part, weight in zip(parts.values(), weights, strict=True):
            _adopt(writer, part)
            summands.append(times(weight, part.expression))
        return " + ".join(summands)

    return _piece(write)


def times(weight: float | None, expression: str) -> str:
    """An expression with a factor, where it is not 1."""
    return expression if weight is None or weight == 1 else f"{text.literal(weight)} * {expression}"


def _adopt(writer: Writer, part: Piece) -> None:
    """Take over what a piece needs."""
    writer.imports.update(part.imports)
    for helper in part.helpers:
        writer.helpers.setdefault(name_of(helper), helper)
    for sentence in part.notes:
        writer.note(sentence)


def losses(model: Any) -> dict[str, Piece]:
    """The losses of the single outputs by their names in the logs, unweighted ("loss" where there is one output).

    Args:
        model: A compiled model.

    Returns:
        Name -> an expression as `loss` gives it.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not compiled, or was compiled without a loss.
    """
    terms = list(objective(model).losses)
    if not terms:
        raise errors.value_error(
            f"Model {model.name!r} to convert", expected="a compiled loss", received=None,
            remedy='Compile it with a loss, for example loss="mse".',
        )  # fmt: skip
    found = {}
    for term in terms:
        name = "loss" if term.tracker is None else term.tracker.name
        found[name] = _piece(lambda writer, term=term: _loss(writer, model, term))  # type: ignore[misc]
    return found


def _loss(writer: Writer, model: Any, term: Any) -> str:
    for method in DOORS:
        if getattr(type(model), method) is not getattr(model.base, method):
            writer.note(f"The model's own `{method}` is left out: this is what `compile` says.")
    outputs = getattr(model, "symbolic_outputs", None)
    if any(isinstance(t, KerasTensor) and t._keras_mask is not None for t in nested.flatten(outputs)):
        writer.note("The outputs carry a mask: `fit` leaves masked steps out of the loss, this code does not.")
    return loss_forms.loss(writer, term.function, pair(model, term))


def penalty(model: Any, module: str = "self") -> Piece | None:
    """The regularizers of the weights, to be added to the loss; None where there are none.

    Args:
        model: A model.
        module: How the expression calls the network ("self", "model").

    Returns:
        An expression such as `0.001 * self.dense.weight.square().sum()`.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_regularizer="l2")])
        >>> penalty(model).expression
        '0.01 * self.dense.weight.square().sum()'
    """
    groups = penalties(model, module)
    left_out = [
        f"The regularizer {type(weight.regularizer).__name__} of {module}.{name} is left out."
        for name, weight in _penalized(model)
        if type(weight.regularizer).__name__ not in _PENALTIES
    ]
    if not groups and not left_out:
        return None
    summands = [_penalty_of(form, names) for form, names in groups.items()]
    return Piece((), (), " + ".join(summands) or "0.0", tuple(left_out))


def penalties(model: Any, module: str) -> dict[str, list[str]]:
    """The forms of penalties ("0.01 * {}.square().sum()"), each with the weights that it is for.

    Args:
        model: A model.
        module: How the weights' owner is called.
    """
    groups: dict[str, list[str]] = {}
    if getattr(model, "symbolic_outputs", None) is None:
        module = f"{module}.model"  # `network` keeps a model without a graph whole
    for name, weight in _penalized(model):
        for attribute, form in _PENALTIES.get(type(weight.regularizer).__name__, {}).items():
            factor = float(getattr(weight.regularizer, attribute))
            if factor:
                groups.setdefault(f"{text.number(factor)} * {form}", []).append(f"{module}.{name}")
    return groups


def _penalized(model: Any) -> list[tuple[str, Any]]:
    named = model.named_parameters()
    return [(n, w) for n, w in named if w.requires_grad and getattr(w, "regularizer", None) is not None]


_PENALTIES = {
    "L1": {"l1": "{}.abs().sum()"},
    "L2": {"l2": "{}.square().sum()"},
    "L1L2": {"l1": "{}.abs().sum()", "l2": "{}.square().sum()"},
}


def _penalty_of(form: str, names: list[str]) -> str:
    if len(names) == 1:
        return form.format(names[0])
    factor, _, inner = form.partition(" * ")
    return f"{factor} * sum({inner.format('w')} for w in ({', '.join(names)}))"


def optimizer(model: Any, parameters: str = "self.parameters()") -> Piece:
    """The compiled optimizer.

    Args:
        model: A compiled model.
        parameters: The source of what it trains.

    Returns:
        An expression that makes a `torch.optim.Optimizer`, such as `torch.optim.SGD(self.parameters(), lr=0.01)`. With
        a learning-rate schedule its rate is 1, which `schedule` multiplies. Clipping is said by `clipping`.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not compiled.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(keras.optimizers.SGD(0.1), loss="mse")
        >>> optimizer(model).expression
        'torch.optim.SGD(self.parameters(), lr=0.1)'
    """
    given = compiled(model).optimizer

    def write(writer: Writer) -> str:
        for name, weight in model.named_parameters():
            if getattr(weight, "constraint", None) is not None:
                kind = type(weight.constraint).__name__
                writer.note(f"The constraint {kind} of {name} is left out: `fit` applies it after each update.")
        return optimizer_forms.optimizer(writer, given, parameters)

    return _piece(write)


def schedule(model: Any, optimizer: str = "optimizer") -> Piece | None:
    """The compiled learning-rate schedule, which is to step after every batch; None where the rate is a number.

    Args:
        model: A compiled model.
        optimizer: How the expression calls the optimizer.

    Returns:
        `torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)` with the helper `learning_rate(step)`.
    """
    given = compiled(model).optimizer
    if not optimizer_forms.is_plain(given) or optimizer_forms.schedule_of(given) is None:
        return None

    def write(writer: Writer) -> str:
        source = schedules.helper(writer, optimizer_forms.schedule_of(given))
        writer.helper("learning_rate", source or "")
        return f"torch.optim.lr_scheduler.LambdaLR({optimizer}, learning_rate)"

    return _piece(write)


def clipping(model: Any, parameters: str = "self.parameters()") -> Piece | None:
    """What the compiled optimizer does to gradients before an update; None where it does nothing.

    Args:
        model: A compiled model.
        parameters: The source of what is trained.

    Returns:
        A statement (of two lines for `clipnorm`), not an expression.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(keras.optimizers.SGD(0.1, global_clipnorm=1.0), loss="mse")
        >>> clipping(model).expression
        'nn.utils.clip_grad_norm_(self.parameters(), 1.0)'
    """
    given = compiled(model).optimizer
    if not isinstance(given, optimizers.Optimizer) or not optimizer_forms.is_plain(given):
        return None
    if given.clipnorm:
        lines = f"for weight in {parameters}:\n    nn.utils.clip_grad_norm_(weight, {text.number(given.clipnorm)})"
        return _piece(lambda writer: lines)
    if given.global_clipnorm:
        limit = text.number(given.global_clipnorm)
        return _piece(lambda writer: f"nn.utils.clip_grad_norm_({parameters}, {limit})")
    if given.clipvalue:
        return _piece(lambda writer: f"nn.utils.clip_grad_value_({parameters}, {text.number(given.clipvalue)})")
    return None


def metrics(model: Any) -> dict[str, Piece]:
    """The compiled metrics by their names in the logs.

    Args:
        model: A compiled model.

    Returns:
        Name -> an expression in `y_pred` and `y` (as in `loss`): the metric's mean over the batch, a scalar tensor; or,
        where the piece is `stateful`, an expression that makes an object which collects batches.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not compiled.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse", metrics=["mae"])
        >>> metrics(model)["mae"].expression
        'F.l1_loss(y_pred, y.view_as(y_pred))'
    """
    found = {}
    for term in objective(model).metrics.terms:
        writer = Writer()
        writer.imports.clear()
        expression, stateful = metric_forms.metric(writer, term.metric, pair(model, term))
        imports, helpers = tuple(sorted(writer.imports)), tuple(writer.helpers.values())
        if expression:
            found[term.name] = Piece(imports, helpers, expression, tuple(writer.notes), stateful)
    return found
