"""Handing a job back to SLURM when it asks for the machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import warnings
from types import FrameType
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.runtime.world import World


@registry.register("callbacks")
class SlurmRequeue(Callback):
    """Ends training after the batch in which SLURM's warning signal came, and puts the job into the queue again.

    SLURM sends the signal that `#SBATCH --signal=USR1@120` names to every process, here 120 seconds before it ends the
    job. All ranks stop after the same batch; what `on_train_end` of other callbacks does is done first; then rank 0
    calls `scontrol requeue`. The script begins anew when the job runs again. With `fit(checkpoint_dir=...,
    resume="auto")` the run is saved first, the process ends with exit code 128 + signal, and it goes on from there.

    Outside of a SLURM job nothing is called, and training ends all the same.

    Args:
        name: The signal, such as "SIGUSR1" or "SIGTERM".

    Attributes:
        requeued: Whether the signal came.

    Raises:
        ValueError: There is no such signal.

    Example:
        >>> SlurmRequeue("SIGUSR2").requeued
        False
    """

    def __init__(self, name: str = "SIGUSR1") -> None:
        super().__init__()
        known = [s.name for s in signal.Signals]
        if name not in known:
            raise errors.unknown_name("signal", name, known)
        self.signal = signal.Signals[name]
        self.requeued = False
        self._before: Any = None
        self._trains = False  # here, and not in ranks that this process starts

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Listen for the signal."""
        self.requeued, self._trains = False, True
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(self.signal, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requeued = True

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """End training where the signal came."""
        if self.requeued:
            self.model.stop_training = True

    def on_exception(self, exception: BaseException) -> None:
        """Where checkpoints are kept, they end the run at the signal: put the job into the queue again."""
        if self._trains:
            self.requeued = isinstance(exception, SystemExit) and exception.code == 128 + self.signal
            self.on_train_end()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Listen no more; put the job into the queue again."""
        self._trains = False
        if self._before is not None:
            signal.signal(self.signal, self._before)
            self._before = None
        job, world = os.environ.get("SLURM_JOB_ID"), World.here()
        rank = os.environ.get("SLURM_PROCID", "0") if world is None else str(world.rank)  # torchrun's count
        if self.requeued and job is not None and rank == "0":
            _requeue(job)


def _requeue(job: str) -> None:
    command = shutil.which("scontrol")
    if command is None:
        warnings.warn(f"Job {job} was not put into the queue again: there is no `scontrol` here.", stacklevel=2)
        return
    done = subprocess.run([command, "requeue", job], capture_output=True, text=True, check=False)
    if done.returncode:
        warnings.warn(f"`scontrol requeue {job}` failed: {done.stderr.strip()}", stacklevel=2)
