from __future__ import annotations

import sys

import keras
import pytest

from kerastorch import config
from kerastorch.callbacks import CallbackList, History, LearningRateScheduler
from tests.callbacks.fakes import FakeModel, run

LOGS = [{"loss": 1.0, "accuracy": 0.5, "val_loss": 1.5}, {"loss": 0.5, "accuracy": 0.75, "val_loss": 1.25}]


def test_a_history_as_keras_keeps_it() -> None:
    kept = []
    for module, scheduler in ((CallbackList, LearningRateScheduler), (keras.callbacks.CallbackList, None)):
        scheduler = scheduler or keras.callbacks.LearningRateScheduler
        model = FakeModel()
        callbacks = module([scheduler(lambda epoch: 0.5)], add_history=True, model=model, verbose=0, epochs=2, steps=3)
        run(callbacks, model, LOGS, {"verbose": 0, "epochs": 2, "steps": 3})
        history = model.history
        kept.append((list(history.history.items()), history.epoch, history.params))
    assert kept[0] == kept[1]
    assert [name for name, _ in kept[0][0]] == ["accuracy", "loss", "val_loss", "learning_rate"]


def figure_lines(figure) -> dict[str, list]:
    def points(axes) -> list:
        return [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]

    return {axes.get_title(): points(axes) for axes in figure.axes}


def test_plot_draws_training_and_validation() -> None:
    history = History()
    for epoch, logs in enumerate(LOGS):
        history.on_epoch_end(epoch, logs)
    assert figure_lines(history.plot()) == {
        "loss": [([1, 2], [1.0, 0.5]), ([1, 2], [1.5, 1.25])],
        "accuracy": [([1, 2], [0.5, 0.75])],
    }
    assert list(figure_lines(history.plot("accuracy"))) == ["accuracy"]


def test_plot_spreads_values_of_some_epochs_only() -> None:
    history = History()
    for epoch in range(4):
        history.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 2.0} if epoch % 2 else {"loss": 1.0})
    assert figure_lines(history.plot())["loss"][1] == ([2, 4], [2.0, 2.0])


def test_plot_refuses_unknown_names_and_an_empty_history() -> None:
    history = History()
    with pytest.raises(ValueError, match="at least one recorded epoch"):
        history.plot()
    history.on_epoch_end(0, {"accuracy": 1.0})
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        history.plot("acuracy")


def test_a_notebook_shows_the_figure_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot

    pyplot.close("all")
    history = History()
    history.on_epoch_end(0, {"loss": 1.0})
    history.plot()
    assert len(pyplot.get_fignums()) == 1
    monkeypatch.setattr(config, "in_notebook", lambda: True)
    history.plot()
    assert len(pyplot.get_fignums()) == 1
    pyplot.close("all")


def test_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    history = History()
    history.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ImportError, match="pip install matplotlib"):
        history.plot()
