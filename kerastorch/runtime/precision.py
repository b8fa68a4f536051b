"""In which numbers a step computes. The base class is plain precision: every method is the plain torch call."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors, nested
from kerastorch.base.policy import DTypePolicy
from kerastorch.base.sharded import is_sharded

_PLAIN: AbstractContextManager[Any] = nullcontext()


class Precision:
    """Plain precision: the module computes in the dtype it has.

    Example:
        >>> loss = torch.tensor(2.0, requires_grad=True)
        >>> Precision().backward(loss * 3)
        >>> loss.grad
        tensor(3.)
    """

    name = "32"
    takes_closures = True  # whether an optimizer may run the step by itself

    def prepare(self, module: nn.Module) -> None:
        """Change a module's dtype once, before training."""

    def context(self) -> AbstractContextManager[Any]:
        """Around every forward pass and loss."""
        return _PLAIN

    def inputs(self, x: Any) -> Any:
        """A batch of inputs in the dtype that the module takes."""
        return x

    def scale(self, loss: Tensor) -> Tensor:
        """The loss whose gradients are computed, where somebody else computes them."""
        return loss

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Bring gradients to their true size, before they are looked at or clipped."""

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the parameters."""
        optimizer.step()

    def forgives(self) -> bool:
        """Whether gradients that are not finite may be its own doing: it leaves out their update by itself."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """What must be kept to resume: plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""


class TruePrecision(Precision):
    """Weights and computation both in one dtype ("bf16-true", "16-true", "64")."""

    def __init__(self, name: str, dtype: torch.dtype) -> None:
        self.name, self.dtype = name, dtype

    def prepare(self, module: nn.Module) -> None:
        if not any(map(is_sharded, module.parameters())):  # shards were made of what has the dtype already
            module.to(self.dtype)

    def inputs(self, x: Any) -> Any:
        return nested.map_structure(lambda t: t.to(self.dtype) if t.is_floating_point() else t, x)


class MixedPrecision(Precision):
    """float32 weights, 16-bit computation where it is safe (`torch.autocast`)."""

    def __init__(self, name: str, device: torch.device, dtype: torch.dtype) -> None:
        self.name, self.device, self.dtype = name, device, dtype

    def context(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=self.dtype)


class ScaledPrecision(MixedPrecision):
    """Mixed precision in float16, whose small gradients need a scaled loss (Micikevicius et al., 2018)."""

    takes_closures = False

    def __init__(self, name: str, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(name, device, dtype)
        self.scaler = torch.amp.GradScaler(device.type)

    def scale(self, loss: Tensor) -> Tensor:
        return self.scaler.scale(loss)

    def backward(self, loss: Tensor) -> None:
        self.scale(loss).backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        if _has_gradients(optimizer):
            self.scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        if _has_gradients(optimizer):  # a scaler refuses to look at none
            self.scaler.step(optimizer)
            self.scaler.update()

    def forgives(self) -> bool:
        return self.scaler.get_scale() > 1.0

    def state_dict(self) -> dict[str, Any]:
        return dict(self.scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scaler.load_state_dict(state)


def _has_gradients(optimizer: torch.optim.Optimizer) -> bool:
    return any(parameter.grad is not None for group in optimizer.param_groups for parameter in group["params"])


# policy name -> (Lightning's name, how to make it on a device)
_KINDS: dict[str, tuple[str, Any]] = {
    "float32": ("32", lambda device: Precision()),
    "float64": ("64", lambda device: TruePrecision("64", torch.float64)),
    "bfloat16": ("bf16-true", lambda device: TruePrecision("bf16-true", torch.bfloat16)),
    "float16": ("16-true", lambda device: TruePrecision("16-true", torch.float16)),
    "mixed_bfloat16": ("bf16-mixed", lambda device: MixedPrecision("bf16-mixed", device, torch.bfloat16)),
    "mixed_float16": ("16-mixed", lambda device: ScaledPrecision("16-mixed", device, torch.float16)),
    "unscaled": ("16-mixed", lambda device: MixedPrecision("16-mixed", device, torch.float16)),
}


def choose_precision(wanted: Any, device: torch.device, scale_loss: bool = True) -> Precision:
    """The precision a user means.

    Args:
        wanted: None or "32"; "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64"; or Keras's policy names
            ("mixed_bfloat16", "mixed_float16", "bfloat16", "float32", ...); or a `Precision`.
        device: Where the run computes.
        scale_loss: Whether "16-mixed" scales the loss.

    Returns:
        A precision object.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> choose_precision("mixed_bfloat16", torch.device("cpu")).name
        'bf16-mixed'
    """
    if isinstance(wanted, Precision):
        return wanted
    if str(wanted).lower() == "tf32":
        raise errors.value_error(
            "`precision`",
            expected='the dtype of weights or computation, here "32"',
            received=wanted,
            remedy='TensorFloat-32 is a way to multiply float32: `torch.set_float32_matmul_precision("high")`.',
        )
    aliases = {32: "32", 64: "64", 16: "16-mixed", "16": "16-mixed", "bf16": "bf16-mixed", None: "32"}
    try:
        name = DTypePolicy(aliases.get(wanted, wanted)).name
        make = _KINDS["unscaled" if name == "mixed_float16" and not scale_loss else name][1]
    except (ValueError, TypeError, KeyError):
        known = [kind for kind, _ in _KINDS.values()] + list(_KINDS)[:-1]
        raise errors.unknown_name("precision", wanted, known) from None
    return make(device)  # type: ignore[no-any-return]
