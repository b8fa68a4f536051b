"""The plan of a run: every option, checked and frozen before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.runtime.clipping import NoClipping, choose_clipping
from kerastorch.runtime.device import computes_half
from kerastorch.runtime.precision import Precision, choose_precision
from kerastorch.runtime.strategies import choose_strategy
from kerastorch.runtime.strategy import SingleDevice


@dataclass(frozen=True)
class Plan:
    """How to run: where, in which numbers, and when to update.

    Attributes:
        strategy: Where replicas live.
        precision: The numbers of a step.
        accumulate: Batches to an update.
        clipping: What happens to gradients before an update.
        jit_compile: Whether the training step is compiled as a whole.
        steps_per_execution: Batches between two calls of batch hooks.
    """

    strategy: SingleDevice
    precision: Precision
    accumulate: int
    clipping: NoClipping
    jit_compile: bool
    steps_per_execution: int

    @property
    def device(self) -> torch.device:
        """Where the module and the data live."""
        return self.strategy.device

    @property
    def part(self) -> tuple[int, int]:
        """(rank, ranks): which rows of every batch this process takes."""
        return self.strategy.part

    def settings(self) -> dict[str, Any]:
        """The options as plain values, for those who keep a record.

        Example:
            >>> Plan.make(device="cpu").settings()["precision"]
            '32'
        """
        return {
            "device": str(self.device),
            "strategy": self.strategy.name,
            "devices": self.strategy.world_size,
            "precision": self.precision.name,
            "accumulate_grad_batches": self.accumulate,
        }

    @classmethod
    def make(
        cls,
        *,
        device: Any = None,
        devices: Any = None,
        strategy: Any = None,
        num_nodes: int | None = None,
        precision: Any = None,
        scale_loss: bool = True,
        accumulate_grad_batches: int = 1,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
    ) -> Plan:
        """Check the options and make a plan.

        Args:
            device: See `choose_device`.
            devices: The number or the indices of devices; see `choose_strategy`.
            strategy: "auto", "ddp", ...; see `choose_strategy`.
            num_nodes: The number of machines, to be checked.
            precision: See `choose_precision`.
            scale_loss: Whether float16 scales the loss, as it must to be useful.
            accumulate_grad_batches: Batches whose gradients make one update, >= 1.
            gradient_clip_val: Limit for gradients, or None.
            gradient_clip_algorithm: "norm" or "value".
            jit_compile: True to compile the training step as a whole; "auto" and False do not.
            steps_per_execution: Batches between two calls of batch hooks, >= 1.

        Raises:
            ValueError: An option is wrong, or two contradict each other.

        Example:
            >>> Plan.make(device="cpu", precision="bf16-mixed").precision.name
            'bf16-mixed'
        """
        placed = choose_strategy(strategy, device, devices, num_nodes)
        if gradient_clip_algorithm is not None and gradient_clip_val is None:
            raise errors.value_error(
                "`gradient_clip_algorithm`", expected="`gradient_clip_val` beside it", received=gradient_clip_algorithm
            )
        if jit_compile not in (True, False, "auto", None):
            raise errors.value_error("`jit_compile`", expected='True, False or "auto"', received=jit_compile)
        if precision in ("16-mixed", "16-true", "16", 16) and placed.device.type == "cpu" and not computes_half():
            raise errors.value_error(
                "`precision` on this CPU",
                expected="one that it computes fast: it has no float16 units",
                received=precision,
                remedy='Use "bf16-mixed"; Keras\'s policy "mixed_float16" runs here too, slowly.',
            )
        return cls(
            strategy=placed,
            precision=choose_precision(precision, placed.device, scale_loss),
            accumulate=_count("accumulate_grad_batches", accumulate_grad_batches),
            clipping=choose_clipping(gradient_clip_val, gradient_clip_algorithm),
            jit_compile=jit_compile is True,
            steps_per_execution=_count("steps_per_execution", steps_per_execution),
        )


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise errors.value_error(f"`{name}`", expected="an integer >= 1", received=value)
    return value
