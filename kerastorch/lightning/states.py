"""What a Trainer does: which of its methods runs, in which stage it is, and how that goes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TrainerFn(str, Enum):
    """The names of a Trainer's methods: `trainer.state.fn == TrainerFn.FITTING`."""

    FITTING = "fit"
    VALIDATING = "validate"
    TESTING = "test"
    PREDICTING = "predict"


class RunningStage(str, Enum):
    """The names of stages: `trainer.state.stage == RunningStage.TRAINING`."""

    TRAINING = "train"
    SANITY_CHECKING = "sanity_check"
    VALIDATING = "validate"
    TESTING = "test"
    PREDICTING = "predict"


class TrainerStatus(str, Enum):
    """How a run goes: `trainer.state.status == TrainerStatus.FINISHED`."""

    INITIALIZING = "initializing"
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass
class State:
    """What a Trainer does: `fn` ("fit", ...), the `stage` of it ("train", "validate", ...), and its `status`.

    Example:
        >>> State(fn="fit").fn == TrainerFn.FITTING, State().finished
        (True, False)
    """

    fn: str | None = None
    stage: str | None = None
    status: str = "initializing"

    @property
    def finished(self) -> bool:
        """Whether the last run came to its end."""
        return self.status == "finished"
