"""What a run tells a profiler: the actions of real Lightning, as often; nothing at all without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.profilers.profiler import PassThroughProfiler, profiled
from tests.lightning import parity


def counting(lib: Any, counts: dict[str, int]) -> Any:
    class Counting(lib.profilers.Profiler):  # type: ignore[misc]
        def start(self, action_name: str) -> None:
            counts[action_name] = counts.get(action_name, 0) + 1
            self.running = [*getattr(self, "running", []), action_name]

        def stop(self, action_name: str) -> None:
            self.running.remove(action_name)

    return Counting()


def watched(lib: Any) -> Any:
    class Watched(parity.classifier(lib)):  # type: ignore[misc]
        def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
            with self.trainer.profiler.profile("mine"):
                pass

        def on_validation_epoch_end(self) -> None: ...

    return Watched


def test_the_actions_are_lightnings(tmp_path: Path) -> None:
    found: list[dict[str, int]] = []
    for lib in parity.both():
        found.append({})
        profiler = counting(lib, found[-1])

        class Ending(lib.Callback):  # type: ignore[misc]
            def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
                trainer.save_checkpoint(tmp_path / "a.ckpt")

        flags: Any = {"max_epochs": 2, "profiler": profiler, "callbacks": [lambda lib, kind=Ending: kind()]}
        module, trainer, _ = parity.run(lib, watched, tmp_path, parity.data(), parity.data(20, seed=1), **flags)
        with parity.quiet():
            trainer.test(module, parity.data(20), verbose=False)
            trainer.predict(module, parity.data(20))
        assert profiler.running == []
    own, real = found
    named = {name.replace("SingleDevice.", "SingleDeviceStrategy."): count for name, count in own.items()}
    assert {name: real.get(name) for name in named} == named
    wanted = {
        "run_training_epoch", "run_training_batch", "save_checkpoint", "mine",
        "[Strategy]SingleDeviceStrategy.backward",
        "[Strategy]SingleDeviceStrategy.training_step", "[Strategy]SingleDeviceStrategy.validation_step",
        "[Strategy]SingleDeviceStrategy.test_step", "[Strategy]SingleDeviceStrategy.predict_step",
        "[_TrainingEpochLoop].train_dataloader_next", "[_EvaluationLoop].val_next", "[_EvaluationLoop].test_next",
        "[_PredictionLoop].predict_next",
    }  # fmt: skip
    assert wanted <= set(named)
    for kind in ("[LightningModule]", "optimizer_step"), ("[LightningModule]", "on_validation"), ("[Callback]", "end"):
        assert any(name.startswith(kind[0]) and kind[1] in name for name in named), kind


def test_without_one_nothing_is_wrapped(tmp_path: Path) -> None:
    assert profiled(PassThroughProfiler(), "sort", sorted) is sorted
    _, trainer, _ = parity.run(pl, watched, tmp_path, parity.data(), max_epochs=1)
    fit = trainer.fitting
    assert type(trainer.profiler) is PassThroughProfiler and fit.phase.step is fit.step
    assert "backward" not in vars(fit.step) and fit.step.program.step == trainer.lightning_module.training_step


@pytest.mark.parametrize("wanted", ["simpel", "xla", 5, object()])
def test_what_is_no_profiler_is_refused(wanted: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="profiler"):
        pl.Trainer(profiler=wanted, logger=False, max_epochs=1)


def test_a_file_for_each_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profiler = pl.profilers.SimpleProfiler(dirpath=tmp_path, filename="times")
    module, trainer, _ = parity.run(pl, watched, tmp_path, parity.data(), max_epochs=1, profiler=profiler)
    trainer.test(module, parity.data(20), verbose=False)
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["fit-times.txt", "test-times.txt"]
    assert "run_training_batch" in (tmp_path / "fit-times.txt").read_text()
    assert "Profiler Report" not in capsys.readouterr().out
