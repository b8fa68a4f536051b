from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerastorch as keras
from kerastorch.callbacks import Callback, Profiler
from kerastorch.callbacks.profiler import profiled
from kerastorch.engine.loop import Loop

X, Y = np.ones((32, 4), "float32"), np.ones((32, 1), "float32")


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`fit` with `profile`, which is heard by the loop."""
    real = Loop.run

    def fit(model: Any, profile: Any, rank: int = 0, **options: Any) -> Any:
        def run(self: Loop, train: Any, *rest: Any) -> None:
            profiled(train, self.observer, profile, rank)
            real(self, train, *rest)

        monkeypatch.setattr(Loop, "run", run)
        return model.fit(X, Y, batch_size=4, verbose=0, **options)

    return fit


def compiled(cls: Any = keras.Sequential, **options: Any) -> Any:
    model = cls([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"], **options)
    return model


class Sleeps(Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.002)

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.05)


def test_the_parts(fit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    profiler = Profiler()
    begin = time.perf_counter()
    fit(compiled(), profiler, epochs=2, callbacks=[Sleeps()], validation_data=(X, Y))
    whole = time.perf_counter() - begin
    parts = ["data", "forward", "metrics", "backward", "optimizer", "callbacks", "validation", "other"]
    assert list(profiler.times) == parts
    assert all(seconds > 0 for seconds in profiler.times.values())
    assert profiler.times["callbacks"] >= 16 * 0.002 + 2 * 0.05
    assert sum(profiler.times.values()) <= whole
    shown = capsys.readouterr().out
    assert "Where the time goes" in shown
    assert all(part in shown for part in (*parts, "100.0%"))
    rows = {line.split()[1]: line.split() for line in shown.splitlines() if line.startswith("│")}
    assert rows["backward"][3] == rows["optimizer"][3] == "16"


@pytest.mark.parametrize("options", [{}, {"accumulate_grad_batches": 3}, {"precision": "bf16-mixed"}])
def test_the_weights_are_the_same(fit: Any, options: dict[str, Any]) -> None:
    found = []
    for profile in (False, True):
        keras.utils.set_random_seed(0)
        model = compiled(**options)
        history = fit(model, profile, epochs=2, validation_data=(X, Y))
        found.append((model.get_weights(), history.history))
        assert "count" not in vars(model._program)
    assert all(np.array_equal(a, b) for a, b in zip(found[0][0], found[1][0], strict=True))
    assert found[0][1] == found[1][1]


def test_a_step_of_ones_own_is_one_part(fit: Any) -> None:
    class Own(keras.Sequential):
        def train_step(self, data):
            time.sleep(0.002)
            return {"loss": 1.0}

    profiler = Profiler()
    fit(compiled(Own), profiler)
    assert profiler.times["train_step"] >= 8 * 0.002
    assert "forward" not in profiler.times


def test_a_trace(fit: Any, tmp_path: Path) -> None:
    fit(compiled(), str(tmp_path / "trace"))
    (trace,) = (tmp_path / "trace").glob("*.pt.trace.json")
    text = trace.read_text()
    assert all(f'"{part}"' in text for part in ("forward", "backward", "optimizer", "metrics", "data"))


def test_other_ranks_do_not_measure(fit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    profiler = Profiler()
    fit(compiled(), profiler, rank=1)
    assert profiler.times == {}
    assert capsys.readouterr().out == ""


def test_groups_of_batches(fit: Any) -> None:
    profiler = Profiler()
    fit(compiled(steps_per_execution=3), profiler, callbacks=[Sleeps()])
    assert profiler.times["callbacks"] >= 2 * 0.002


def test_alone_it_measures_nothing() -> None:
    profiler = Profiler()
    compiled().fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[profiler])
    assert profiler.times == {}


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`trace_batches` of Profiler: expected an integer >= 1, received 0"):
        Profiler(trace_batches=0)
    with pytest.raises(TypeError, match="`profile` of fit: expected True, False, a folder"):
        Profiler.of(3)
