"""EarlyStopping stops where real Lightning's does, for the same reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lightning import parity

INF, NAN = float("inf"), float("nan")
SERIES = {
    "patience": ([3.0, 2.0, 2.5, 2.2, 2.1, 1.0], {"patience": 2}),
    "improves": ([3.0, 2.0, 1.0, 0.5, 0.2, 0.1], {"patience": 1}),
    "max": ([1.0, 2.0, 1.0, 3.0, 4.0, 5.0], {"mode": "max", "patience": 1}),
    "min_delta": ([3.0, 2.95, 2.9, 2.0, 1.0, 0.5], {"min_delta": 0.1, "patience": 2}),
    "nan": ([3.0, NAN, 1.0, 1.0, 1.0, 1.0], {}),
    "inf allowed": ([3.0, INF, 1.0, 0.5, 0.4, 0.3], {"check_finite": False}),
    "threshold": ([3.0, 0.5, 0.4, 0.3, 0.2, 0.1], {"stopping_threshold": 0.6}),
    "divergence": ([3.0, 2.0, 9.0, 1.0, 1.0, 1.0], {"divergence_threshold": 8.0}),
    "validation": ([3.0, 3.0, 3.0, 3.0, 3.0, 3.0], {"patience": 1, "check_on_train_epoch_end": False}),
}


@pytest.mark.parametrize(("values", "options"), SERIES.values(), ids=SERIES)
def test_it_stops_where_lightning_does(values: list[float], options: dict[str, Any], tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):

        class Told(parity.classifier(lib)):  # type: ignore[misc]
            def on_validation_epoch_end(self) -> None:
                self.log("told", values[self.current_epoch])

        stopping = lib.callbacks.EarlyStopping("told", **options)
        _, trainer, _ = parity.run(
            lib, lambda lib, told=Told: told, tmp_path / str(number), parity.data(16), parity.data(8), max_epochs=6,
            callbacks=[lambda lib, one=stopping: one],
        )  # fmt: skip
        state = {name: str(value) for name, value in stopping.state_dict().items() if "message" not in name}
        found.append((trainer.current_epoch, trainer.should_stop, stopping.stopped_epoch, state))
        assert (stopping.stopping_reason_message is not None) == trainer.should_stop or number == 1
    assert found[0] == found[1]


def test_a_missing_figure(tmp_path: Path) -> None:
    def stopping(lib: Any) -> Any:
        return lib.callbacks.EarlyStopping("none", strict=False)

    own, _ = parity.both()
    with pytest.raises(ValueError, match="mode"):
        own.callbacks.EarlyStopping("a", mode="least")
    _, trainer, _ = parity.run(own, parity.classifier, tmp_path, parity.data(16), max_epochs=1, callbacks=[stopping])
    assert trainer.global_step == 2
    with pytest.raises(RuntimeError, match="received 'none'"):
        parity.run(
            own, parity.classifier, tmp_path, parity.data(16), parity.data(8), max_epochs=1, num_sanity_val_steps=0,
            callbacks=[lambda lib: lib.callbacks.EarlyStopping("none")],
        )  # fmt: skip
