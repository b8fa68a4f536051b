"""Losses as torch expressions."""

from __future__ import annotations

from typing import Any

from torch import nn

from kerastorch.convert.compiled.objective import Pair
from kerastorch.convert.layers import copying, modules, text
from kerastorch.convert.layers.writer import Writer
from kerastorch.losses.reduction import MEANS
from kerastorch.models.compiled import TorchLoss

_HELPERS: dict[str, str] = {
    "sparse_categorical_crossentropy": '''
def sparse_categorical_crossentropy(y_pred, y):
    """Cross-entropy of class numbers with probabilities, which Keras clips: their logarithm stays finite."""
    p = y_pred / y_pred.sum(-1, keepdim=True)
    return F.nll_loss(p.clamp(1e-7, 1 - 1e-7).log(), y)
''',
    "categorical_crossentropy": '''
def categorical_crossentropy(y_pred, y):
    """Cross-entropy of one-hot labels with probabilities, which Keras clips: their logarithm stays finite."""
    p = y_pred / y_pred.sum(-1, keepdim=True)
    return -(y * p.clamp(1e-7, 1 - 1e-7).log()).sum(-1).mean()
''',
    "binary_crossentropy": '''
def binary_crossentropy(y_pred, y):
    """Cross-entropy of labels 0 and 1 with probabilities, which Keras clips: their logarithm stays finite."""
    return F.binary_cross_entropy(y_pred.clamp(1e-7, 1 - 1e-7), y)
''',
    "kl_divergence": '''
def kl_divergence(y_pred, y):
    """Keras's Kullback-Leibler divergence: both distributions are clipped."""
    y, y_pred = y.clamp(1e-7, 1), y_pred.clamp(1e-7, 1)
    return (y * (y / y_pred).log()).sum(-1).mean()
''',
    "log_cosh": '''
def log_cosh(y_pred, y):
    """The logarithm of the hyperbolic cosine of the error, without overflow."""
    error = y_pred - y
    return (error + F.softplus(-2 * error) - math.log(2)).mean()
''',
    "hinge": '''
def hinge(y_pred, y):
    """Keras's hinge loss for labels -1 and 1, or 0 and 1, which become -1 and 1."""
    y = 2 * y - 1 if ((y == 0) | (y == 1)).all() else y
    return F.relu(1 - y * y_pred).mean()
''',
    "squared_hinge": '''
def squared_hinge(y_pred, y):
    """Keras's squared hinge loss for labels -1 and 1, or 0 and 1, which become -1 and 1."""
    y = 2 * y - 1 if ((y == 0) | (y == 1)).all() else y
    return F.relu(1 - y * y_pred).square().mean()
''',
}


def loss(writer: Writer, function: Any, pair: Pair) -> str:
    """The loss of one output as an expression.

    Args:
        writer: Takes imports, helpers and notes.
        function: A loss as `compile` made it.
        pair: The target and the output.
    """
    if isinstance(function, TorchLoss):
        return _torch_loss(writer, function.module, pair)
    fn, options = getattr(function, "fn", None), getattr(function, "_fn_kwargs", {})
    reduction = getattr(function, "reduction", None)
    written = None
    if fn is not None and reduction in MEANS:
        maker = _FORMS.get(getattr(fn, "__name__", ""))
        written = None if maker is None or not _is_ours(fn) else maker(writer, pair, dict(options))
        if written is None and not _is_ours(fn) and not options:
            written = _own_function(writer, fn, pair)
    if written is None:
        written = _kept(writer, function, pair)
    writer.use(written)
    return written


def _is_ours(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("kerastorch.")


def _torch_loss(writer: Writer, module: nn.Module, pair: Pair) -> str:
    try:
        made = modules.rebuilt(writer, module)
    except copying.Unknown as error:
        writer.note(f"The loss {type(module).__name__} is not written ({error}): define it as `loss_module`.")
        made = "loss_module"
    writer.use(made)
    return f"{made}({pair.y_pred}, {pair.y})"


def _own_function(writer: Writer, function: Any, pair: Pair) -> str | None:
    try:
        name = copying.reference(writer, function)
    except (copying.Unknown, AttributeError):
        writer.note(f"The loss function {function!r} has no source here: define `loss_function(y, y_pred)`.")
        name = "loss_function"
    return f"{name}({pair.dense}, {pair.y_pred}).mean()"


def _kept(writer: Writer, function: Any, pair: Pair) -> str:
    """A loss object of Keras, or the user's."""
    cls = type(function)
    usual = {"name", "dtype"}
    try:
        named = {k: text.literal(v) for k, v in function.get_config().items() if k not in usual}
        made = f"{copying.reference(writer, cls)}({text.arguments(**named)})"
    except (copying.Unknown, text.Unwritable, NotImplementedError):
        writer.note(f"The loss {cls.__name__} cannot be written as source: define it as `keras_loss(y, y_pred)`.")
        return f"keras_loss({pair.y}, {pair.y_pred})"
    writer.note(f"The loss {cls.__name__} is kept: it has no plain form in torch here.")
    return f"{made}({pair.y}, {pair.y_pred})"


def _helped(writer: Writer, name: str, y_pred: str, y: str) -> str:
    writer.helper(name, _HELPERS[name])
    return f"{name}({y_pred}, {y})"


def _sparse(writer: Writer, pair: Pair, options: dict[str, Any]) -> str | None:
    from_logits, ignored = options.pop("from_logits", False), options.pop("ignore_class", None)
    if options.pop("axis", -1) != -1 or options or ignored is not None:
        return None
    if from_logits:
        return f"F.cross_entropy({pair.rows}, {pair.classes})"
    return _helped(writer, "sparse_categorical_crossentropy", pair.rows, pair.classes)


def _categorical(writer: Writer, pair: Pair, options: dict[str, Any]) -> str | None:
    from_logits, smoothing = options.pop("from_logits", False), options.pop("label_smoothing", 0.0)
    if options.pop("axis", -1) != -1 or options:
        return None
    y = f"{pair.y} * {text.literal(1 - smoothing)} + {text.literal(smoothing)} / {pair.shape[-1]}"
    y = y if smoothing else pair.y
    if from_logits and len(pair.shape) == 2:
        return f"F.cross_entropy({pair.y_pred}, {y})"
    if from_logits:
        return f"-({f'({y})' if smoothing else y} * F.log_softmax({pair.y_pred}, dim=-1)).sum(-1).mean()"
    return _helped(writer, "categorical_crossentropy", pair.y_pred, y)


def _binary(writer: Writer, pair: Pair, options: dict[str, Any]) -> str | None:
    from_logits, smoothing = options.pop("from_logits", False), options.pop("label_smoothing", 0.0)
    if options.pop("axis", -1) != -1 or options:
        return None
    y = f"{pair.dense}.float()"
    y = f"{y} * {text.literal(1 - smoothing)} + {text.literal(smoothing / 2)}" if smoothing else y
    if from_logits:
        return f"F.binary_cross_entropy_with_logits({pair.y_pred}, {y})"
    return _helped(writer, "binary_crossentropy", pair.y_pred, y)


def _huber(writer: Writer, pair: Pair, options: dict[str, Any]) -> str:
    delta = options.get("delta", 1.0)
    more = "" if delta == 1.0 else f", delta={text.literal(delta)}"
    return f"F.huber_loss({pair.y_pred}, {pair.dense}{more})"


def _form(form: str) -> Any:
    """An expression without options."""
    return lambda writer, pair, options: form.format(p=pair.y_pred, y=pair.dense)


def _helper(name: str) -> Any:
    """A call of a helper without options."""
    return lambda writer, pair, options: _helped(writer, name, pair.y_pred, pair.dense)


_FORMS: dict[str, Any] = {
    "sparse_categorical_crossentropy": _sparse,
    "categorical_crossentropy": _categorical,
    "binary_crossentropy": _binary,
    "mean_squared_error": _form("F.mse_loss({p}, {y})"),
    "mean_absolute_error": _form("F.l1_loss({p}, {y})"),
    "mean_absolute_percentage_error": _form("100 * (({y} - {p}) / {y}.abs().clamp(min=1e-7)).abs().mean()"),
    "mean_squared_logarithmic_error": _form("F.mse_loss({p}.clamp(min=1e-7).log1p(), {y}.clamp(min=1e-7).log1p())"),
    "huber": _huber,
    "log_cosh": _helper("log_cosh"),
    "kl_divergence": _helper("kl_divergence"),
    "poisson": _form("F.poisson_nll_loss({p}, {y}, log_input=False, eps=1e-7)"),
    "hinge": _helper("hinge"),
    "squared_hinge": _helper("squared_hinge"),
}


def metric_form(writer: Writer, function: Any, pair: Pair, options: dict[str, Any]) -> str | None:
    """A metric that is a loss of Keras, as an expression; None if there is none."""
    maker = _FORMS.get(getattr(function, "__name__", "")) if _is_ours(function) else None
    written = None if maker is None else maker(writer, pair, dict(options))
    if written is not None:
        writer.use(written)
    return str(written) if written is not None else None
