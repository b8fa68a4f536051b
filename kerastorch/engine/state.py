"""Where a run stands: plain values that can be written down and taken up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class RunState:
    """The cursor of a run: what is done, and so what comes next.

    Attributes:
        epoch: The epoch that runs now, from 0.
        batch: Batches of this epoch that are done.
        step: Updates of the parameters so far.
        seed: What the order of samples depends on, beside the epoch.
        figures: The training figures of this epoch once its batches are done; None before.
        stop_reason: Why the run should end after this batch or epoch; None while it should go on.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seed: int = 0
    figures: dict[str, Any] | None = None
    stop_reason: str | None = None

    def request_stop(self, reason: str) -> None:
        """Let the run end at the next boundary."""
        self.stop_reason = reason

    @property
    def within_epoch(self) -> bool:
        """Whether figures, and perhaps gradients, of some batches of an epoch wait for the others."""
        return self.batch > 0 and self.figures is None

    def end_epoch(self) -> None:
        """This epoch is done, its validation too."""
        self.epoch, self.batch, self.figures = self.epoch + 1, 0, None

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        for name, value in state.items():
            setattr(self, name, value)
