"""Optimizers as torch code that makes Keras's updates."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch

from kerastorch import optimizers
from kerastorch.convert.compiled import schedules
from kerastorch.convert.layers import copying, text
from kerastorch.convert.layers.writer import Writer

_ADAM = '''
class Keras{base}(torch.optim.{base}):
    """{base} with epsilon where Keras has it.

    Keras adds epsilon to the root of the average of squares as it is, torch to the root corrected for its start at
    zero. `epsilon / sqrt(1 - beta_2 ** t)` in torch's place is Keras's update.
    """

    def step(self, closure=None):
        for group in self.param_groups:
            epsilon = group.setdefault("epsilon", group["eps"])
            t = group["t"] = group.get("t", 0) + 1
            group["eps"] = epsilon / (1 - group["betas"][1] ** t) ** 0.5
        return super().step(closure)
'''

_RMSPROP = '''
class KerasRMSprop(torch.optim.Optimizer):
    """RMSprop with epsilon inside the root, where Keras has it (torch adds it to the root)."""

    def __init__(self, params, lr, rho=0.9, momentum=0.0, eps=1e-7):
        super().__init__(params, {"lr": lr, "rho": rho, "momentum": momentum, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                state = self.state[w]
                if not state:
                    state["v"], state["m"] = torch.zeros_like(w), torch.zeros_like(w)
                v, m = state["v"], state["m"]
                v.mul_(group["rho"]).addcmul_(w.grad, w.grad, value=1 - group["rho"])
                m.mul_(group["momentum"]).addcdiv_(w.grad, (v + group["eps"]).sqrt(), value=group["lr"])
                w.sub_(m)
        return loss
'''

_SGD = '''
class KerasSGD(torch.optim.Optimizer):
    """Gradient descent whose momentum holds the learning rate of each step, as Keras's does.

    torch multiplies the whole momentum by the learning rate of now. As long as that does not change, both are the same.
    """

    def __init__(self, params, lr, momentum=0.0, nesterov=False):
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                m.mul_(group["momentum"]).sub_(w.grad, alpha=group["lr"])
                w.add_(group["momentum"] * m - group["lr"] * w.grad if group["nesterov"] else m)
        return loss
'''

_BUILT = '''
def built(optimizer, parameters):
    """An optimizer of Keras that trains these parameters."""
    optimizer.build(list(parameters))
    return optimizer
'''


def optimizer(writer: Writer, given: Any, parameters: str) -> str:
    """The optimizer as an expression.

    Args:
        writer: Takes imports, helpers and notes.
        given: What `compile` holds: an optimizer of ours or torch's, or what makes one.
        parameters: The source of the parameters.
    """
    if not isinstance(given, optimizers.Optimizer):
        written: Any = _torch_optimizer(writer, given, parameters)
    else:
        maker = _FORMS.get(type(given))
        written = None if maker is None or not is_plain(given) else maker(writer, given, parameters, _rate(given))
        if written is None:
            written = _kept(writer, given, parameters)
    writer.use(written)
    return str(written)


def is_plain(given: Any) -> bool:
    """Whether an optimizer of ours has a form in torch."""
    if not isinstance(given, optimizers.Optimizer) or type(given) not in _FORMS or given.use_ema:
        return False
    if given.loss_scale_factor is not None or getattr(given, "centered", False):
        return False
    if schedule_of(given) is not None and schedules.helper(Writer(), schedule_of(given)) is None:
        return False
    decays = bool(given.weight_decay)
    return not decays or type(given) in (optimizers.Adam, optimizers.AdamW) or _is_plain_sgd(given)


def _is_plain_sgd(given: Any) -> bool:
    return type(given) is optimizers.SGD and not given.momentum


def schedule_of(given: Any) -> Any:
    """The schedule of an optimizer of ours, if it has one."""
    return getattr(given, "_schedule", None)


def _rate(given: Any) -> str:
    """The learning rate; 1 where a schedule gives it."""
    return "1.0" if schedule_of(given) is not None else text.number(float(given.learning_rate))


def _adam(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    decay = float(given.weight_decay or 0.0)
    base = "AdamW" if decay else "Adam"
    named = {"lr": rate, "eps": text.number(given.epsilon)}
    if (given.beta_1, given.beta_2) != (0.9, 0.999):
        named["betas"] = text.literal((given.beta_1, given.beta_2))
    if decay:
        named["weight_decay"] = text.number(decay)
    if given.amsgrad:
        return _kept(writer, given, parameters)  # torch takes the largest of the corrected averages
    writer.helper(f"Keras{base}", _ADAM.format(base=base))
    return f"Keras{base}({text.arguments(parameters, **named)})"


def _sgd(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate}
    if given.momentum:
        named["momentum"] = text.number(given.momentum)
        named |= {"nesterov": "True"} if given.nesterov else {}
    if given.weight_decay:
        named["weight_decay"] = text.number(float(given.weight_decay))
    if given.momentum and schedule_of(given) is not None:
        writer.helper("KerasSGD", _SGD)
        return f"KerasSGD({text.arguments(parameters, **named)})"
    return f"torch.optim.SGD({text.arguments(parameters, **named)})"


def _rmsprop(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate, "rho": text.number(given.rho), "momentum": text.number(given.momentum)}
    named["eps"] = text.number(given.epsilon)
    usual = {"rho": "0.9", "momentum": "0.0", "eps": "1e-07"}
    named = {k: v for k, v in named.items() if usual.get(k) != v}
    writer.helper("KerasRMSprop", _RMSPROP)
    return f"KerasRMSprop({text.arguments(parameters, **named)})"


def _adagrad(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate, "initial_accumulator_value": text.number(given.initial_accumulator_value)}
    writer.note("torch's Adagrad adds epsilon to the root, Keras's inside it: a difference of 1e-7 beside the root.")
    return f"torch.optim.Adagrad({text.arguments(parameters, **named, eps=text.number(given.epsilon))})"


def _adadelta(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate, "rho": text.number(given.rho), "eps": text.number(given.epsilon)}
    return f"torch.optim.Adadelta({text.arguments(parameters, **named)})"


def _adamax(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate, "betas": text.literal((given.beta_1, given.beta_2)), "eps": text.number(given.epsilon)}
    writer.note("torch's Adamax adds epsilon to the gradient's size, Keras's to the largest of them.")
    return f"torch.optim.Adamax({text.arguments(parameters, **named)})"


def _nadam(writer: Writer, given: Any, parameters: str, rate: str) -> str:
    named = {"lr": rate, "betas": text.literal((given.beta_1, given.beta_2)), "eps": text.number(given.epsilon)}
    return f"torch.optim.NAdam({text.arguments(parameters, **named, momentum_decay='1.0')})"


def _kept(writer: Writer, given: Any, parameters: str) -> str:
    """An optimizer of ours as it is."""
    config = {k: v for k, v in given.get_config().items() if k != "name"}
    usual = {name: p.default for name, p in inspect.signature(type(given).__init__).parameters.items()}
    config = {k: v for k, v in config.items() if usual.get(k, inspect.Parameter.empty) != v}
    try:
        if schedule_of(given) is not None:
            raise text.Unwritable("schedule")
        made = f"{copying.reference(writer, type(given))}({text.arguments(**_literals(config))})"
    except text.Unwritable:
        writer.need("import kerastorch as keras")
        made = f"keras.optimizers.deserialize({text.literal(optimizers.serialize(given))})"
    writer.helper("built", _BUILT)
    if given.use_ema:
        writer.note("`fit` puts the average of the weights in place at its end: call `finalize_variable_values`.")
    writer.note(f"The optimizer {type(given).__name__} is kept: torch has none that makes these updates.")
    return f"built({made}, {parameters})"


def _literals(config: dict[str, Any]) -> dict[str, str]:
    return {key: text.literal(value) for key, value in config.items()}


def _torch_optimizer(writer: Writer, given: Any, parameters: str) -> str:
    """An optimizer of torch, its class, or a `partial` of it."""
    cls, options = type(given), {}
    if isinstance(given, torch.optim.Optimizer):
        (group, *others) = given.param_groups
        usual = inspect.signature(cls.__init__).parameters
        options = {k: v for k, v in group.items() if k in usual and k != "params" and usual[k].default != v}
        if others:
            writer.note("The optimizer has several groups of parameters: all get the options of the first.")
    elif isinstance(given, type):
        cls = given
    elif isinstance(given, functools.partial) and isinstance(given.func, type) and not given.args:
        cls, options = given.func, dict(given.keywords)
    else:
        writer.note("The function that makes the optimizer is not written: define `make_optimizer(parameters)`.")
        return f"make_optimizer({parameters})"
    name = f"torch.optim.{cls.__name__}" if hasattr(torch.optim, cls.__name__) else copying.reference(writer, cls)
    return f"{name}({text.arguments(parameters, **_literals(options))})"


_FORMS: dict[type, Any] = {
    optimizers.Adam: _adam,
    optimizers.AdamW: _adam,
    optimizers.SGD: _sgd,
    optimizers.RMSprop: _rmsprop,
    optimizers.Adagrad: _adagrad,
    optimizers.Adadelta: _adadelta,
    optimizers.Adamax: _adamax,
    optimizers.Nadam: _nadam,
}
