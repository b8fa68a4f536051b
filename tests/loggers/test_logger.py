from __future__ import annotations

import pickle

import pytest
import torch

from kerastorch.callbacks import Callback, CallbackList, LearningRateMonitor
from kerastorch.loggers import CSVLogger, Logger, NullLogger, TensorBoardLogger
from tests.loggers.support import fit, small_model


class Recorder(Logger):
    """Keeps all in a list."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rows, self.settings, self.ended = [], {}, []

    experiment = None

    def log_metrics(self, metrics, step=None):
        self.rows.append((step, dict(metrics)))

    def log_hyperparams(self, params, metrics=None):
        self.settings = dict(params)

    def finalize(self, status="success"):
        self.ended.append(status)


def axis(logger: Recorder, name: str) -> list[int]:
    return [step for step, metrics in logger.rows if name in metrics]


def test_axes_are_true() -> None:
    logger = Recorder(log_every_n_steps=3)
    history = fit(small_model(), logger)
    assert axis(logger, "epoch/loss") == axis(logger, "epoch/val_loss") == [0, 1]
    assert axis(logger, "step/loss") == [3, 6]
    assert [m["epoch/loss"] for _, m in logger.rows if "epoch/loss" in m] == history.history["loss"]
    assert logger.ended == ["success"]
    assert logger.settings["optimizer"] == "SGD"
    assert logger.settings["steps_per_epoch"] == 4


def test_a_second_fit_goes_on() -> None:
    model, logger = small_model(), Recorder(log_every_n_steps=2)
    fit(model, logger)
    fit(model, logger, epochs=3, initial_epoch=2)
    assert axis(logger, "step/loss") == [2, 4, 6, 8, 10, 12]
    assert axis(logger, "epoch/loss") == [0, 1, 2]


def test_accumulated_batches_are_one_update() -> None:
    model, logger = small_model(), Recorder(log_every_n_steps=1)
    model.compile(optimizer="sgd", loss="mse", accumulate_grad_batches=2)
    fit(model, logger, epochs=1)
    assert axis(logger, "step/loss") == [1, 2]


def test_a_torch_optimizer_counts_batches() -> None:
    model, logger = small_model(), Recorder(log_every_n_steps=2)
    model.compile(optimizer=torch.optim.SGD(model.parameters(), 0.1), loss="mse")
    fit(model, logger, steps_per_epoch=4)
    assert axis(logger, "step/loss") == [2, 4, 6, 8]


def test_without_steps_the_logs_are_not_read() -> None:
    class Unread(dict):
        def items(self):
            raise AssertionError

    logger = Recorder(log_every_n_steps=0)
    logger.on_epoch_begin(0)
    logger.on_train_batch_end(0, Unread())
    assert logger.step == 1


def test_evaluate() -> None:
    model, logger = small_model(), Recorder()
    fit(model)
    x, y = torch.zeros(8, 4), torch.zeros(8, 1)
    model.evaluate(x, y, verbose=0, callbacks=[logger])
    ((step, metrics),) = logger.rows
    assert step == 8
    assert set(metrics) == {"evaluate/loss", "evaluate/mae"}


def test_monitors_come_first_wherever_they_stand() -> None:
    logger = Recorder(log_every_n_steps=4)
    fit(small_model(), logger, LearningRateMonitor())
    assert axis(logger, "epoch/learning_rate") == [0, 1]
    assert axis(logger, "step/learning_rate") == [4, 8]


def test_other_ranks_do_not_log() -> None:
    logger = Recorder()
    assert CallbackList([logger], rank=1).callbacks == []
    assert CallbackList([logger], rank=0).callbacks == [logger]


def test_versions(tmp_path) -> None:
    assert CSVLogger(tmp_path).version == 0
    for entry in ("version_0", "version_4", "version_x"):
        (tmp_path / "a" / entry).mkdir(parents=True)
    logger = CSVLogger(tmp_path, "a")
    assert logger.version == 5
    assert logger.log_dir == str(tmp_path / "a" / "version_5")
    assert CSVLogger(tmp_path, version="mine").log_dir == str(tmp_path / "mine")


def test_what_travels_has_its_version_and_nothing_open(tmp_path) -> None:
    logger = TensorBoardLogger(tmp_path)
    logger.log_metrics({"a": 1.0})
    other = pickle.loads(pickle.dumps(logger))
    logger.finalize()
    assert other._experiment is None
    assert other.log_dir == logger.log_dir == str(tmp_path / "version_0")


def test_what_cannot_be_kept_is_refused() -> None:
    for call in (Recorder().add_image, Recorder().add_histogram, Recorder().add_text):
        with pytest.raises(NotImplementedError, match="Recorder: expected figures and settings, received"):
            call("a", [0.0])
    Recorder().log_graph(None)
    assert NullLogger().add_text("a", "b") is None


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "epoch"])
def test_bad_arguments(wrong: object) -> None:
    with pytest.raises(ValueError, match="`log_every_n_steps` of Recorder: expected an integer >= 0, received"):
        Recorder(log_every_n_steps=wrong)


def test_a_run_that_fails_is_ended_as_failed():
    class Failing(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("of the user")

    logger = Recorder()
    with pytest.raises(KeyError):
        fit(small_model(), logger, Failing())
    fit(small_model(), logger)
    assert logger.ended == ["failed", "success"]
