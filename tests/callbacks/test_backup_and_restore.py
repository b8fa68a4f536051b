"""`BackupAndRestore`: Keras's arguments, and that it goes on by itself and tidies up."""

from __future__ import annotations

import inspect
from pathlib import Path

import keras as peer
import pytest

from kerastorch.callbacks import BackupAndRestore
from tests.callbacks.test_checkpointing import At, X, Y, small, stop


def test_the_arguments_are_keras() -> None:
    ours, theirs = (inspect.signature(c).parameters for c in (BackupAndRestore, peer.callbacks.BackupAndRestore))
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}


@pytest.mark.parametrize("freq", ["epoch", 3])
def test_a_script_that_is_started_again(freq: object, tmp_path: Path) -> None:
    def run(*callbacks: object) -> dict[str, list[float]]:
        return small().fit(X, Y, epochs=4, batch_size=8, verbose=0, callbacks=list(callbacks)).history

    folder = tmp_path / "backup"
    with pytest.raises(InterruptedError):
        run(BackupAndRestore(folder, save_freq=freq), At(13, stop))
    assert folder.exists()
    assert run(BackupAndRestore(folder, save_freq=freq), At(99, stop)) == run()
    assert not folder.exists()


def test_it_may_leave_its_checkpoints(tmp_path: Path) -> None:
    kept = BackupAndRestore(tmp_path, save_freq=False, delete_checkpoint=False)
    small().fit(X, Y, verbose=0, callbacks=[kept])
    assert not list(tmp_path.glob("checkpoint-*")), "only a signal would have left one"


@pytest.mark.parametrize("freq", [0, -1, 2.5, "batch", True])
def test_wrong_frequencies(freq: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save_every"):
        BackupAndRestore(tmp_path, save_freq=freq)
