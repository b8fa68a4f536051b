"""SLURM's warning signal: training ends at the next batch, and the job goes back into the queue."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import numpy as np
import pytest

import kerastorch as keras
from kerastorch.callbacks.slurm_requeue import SlurmRequeue


class Warned(keras.callbacks.Callback):
    """Gets this process the signal after a batch."""

    def __init__(self, batch: int, number: int = signal.SIGUSR1) -> None:
        super().__init__()
        self.batch, self.number, self.seen = batch, number, 0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.seen += 1
        if self.seen == self.batch:
            os.kill(os.getpid(), self.number)


def _fit(*callbacks: keras.callbacks.Callback) -> keras.callbacks.History:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", device="cpu")
    return model.fit(np.zeros((20, 2)), np.zeros((20, 1)), batch_size=2, epochs=3, verbose=0, callbacks=callbacks)


@pytest.fixture
def scontrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `scontrol` that notes what it was asked, in a job of SLURM's."""
    asked, program = tmp_path / "asked", tmp_path / "scontrol"
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    return asked


def test_the_job_is_requeued_once_training_has_ended(scontrol: Path) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    requeue, warned = SlurmRequeue(), Warned(4)
    history = _fit(warned, requeue)
    assert warned.seen == 4 and history.epoch == [0] and requeue.requeued
    assert scontrol.read_text() == "requeue 77\n"
    assert signal.getsignal(signal.SIGUSR1) is before


def test_without_the_signal_nothing_happens(scontrol: Path) -> None:
    requeue = SlurmRequeue()
    assert _fit(requeue).epoch == [0, 1, 2]
    assert not requeue.requeued and not scontrol.exists()


def test_only_the_first_rank_asks(scontrol: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_PROCID", "1")
    _fit(Warned(1), SlurmRequeue())
    assert not scontrol.exists()


def test_another_signal_outside_of_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    requeue = SlurmRequeue("SIGUSR2")
    assert _fit(Warned(2, signal.SIGUSR2), requeue).epoch == [0]
    assert requeue.requeued


def test_a_failing_scontrol_is_told(scontrol: Path) -> None:
    program = scontrol.with_name("scontrol")
    program.write_text("#!/bin/sh\necho 'no such job' >&2\nexit 1\n")
    with pytest.warns(UserWarning, match="requeue 77` failed: no such job"):
        _fit(Warned(1), SlurmRequeue())


def test_a_missing_scontrol_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match="no `scontrol`"):
        _fit(Warned(1), SlurmRequeue())


def test_unknown_signals_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown signal.*SIGUSR1"):
        SlurmRequeue("SIGUSER1")
