from __future__ import annotations

import keras
import pytest
from keras.src.trainers.compile_utils import CompileMetrics

from kerastorch import metrics
from kerastorch.callbacks import EarlyStopping, ModelCheckpoint
from kerastorch.callbacks.monitor_callback import MonitorCallback
from tests.callbacks.fakes import FakeModel


class Named:
    def __init__(self, name: str, **attributes: object) -> None:
        self.name = name
        self.__dict__.update(attributes)


@pytest.mark.parametrize(
    ("monitor", "up"),
    [
        *(("val_accuracy", True), ("mse", False), ("loss", False), ("val_head_loss", False)),
        *(("f1", True), ("inner", True), ("acc", True), ("wer", False)),
    ],
)
def test_auto_takes_the_direction_from_the_metric(monitor: str, up: bool) -> None:
    model = FakeModel()
    torchmetrics_like = Named("word_error_rate", higher_is_better=False)
    holder = Named("compile_metrics", metrics=[Named("inner", _direction="up")])
    model.metrics = [Named("accuracy", _direction="up"), Named("mse", _direction="down"), Named("plain"), holder]
    model.metrics.append(Named("f1", higher_is_better=True))
    terms = [Named("acc", metric=metrics.Accuracy()), Named("wer", metric=Named("", metric=torchmetrics_like))]
    model.metrics.append(Named("compile_metrics", terms=terms))
    callback = MonitorCallback(monitor)
    callback.set_model(model)
    assert callback.is_improvement(2.0, 1.0) == up
    assert callback.is_improvement(1.0, 2.0) != up


def direction(callback: object, model: object) -> str:
    """What counts as better for a callback with mode="auto", ours or Keras's."""
    callback.set_model(model)
    try:
        if isinstance(callback, MonitorCallback):
            return "up" if callback.is_improvement(2.0, 1.0) else "down"
        callback._set_monitor_op()
        return "up" if callback._is_improvement(2.0, 1.0) else "down"
    except ValueError:
        return "cannot tell"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("acc", "BinaryAccuracy"), ("acc", "SparseTopKCategoricalAccuracy"), ("mae", "MeanAbsoluteError")),
        *(("h", "Hinge"), ("c", "CosineSimilarity"), ("b", "BinaryCrossentropy"), ("r", "RootMeanSquaredError")),
        *(("l", "LogCoshError"), ("m", "Mean"), ("s", "Sum")),
        *(("k", "KLDivergence"), ("p", "Poisson"), ("cc", "CategoricalCrossentropy"), ("mse", "MeanSquaredError")),
        *(("sc", "SparseCategoricalCrossentropy"), ("sh", "SquaredHinge"), ("ch", "CategoricalHinge")),
        *(("mape", "MeanAbsolutePercentageError"), ("msle", "MeanSquaredLogarithmicError")),
    ],
)
def test_auto_agrees_with_keras_on_its_metrics(name: str, kind: str) -> None:
    compiled = type("Compiled", (CompileMetrics,), {"metrics": [getattr(keras.metrics, kind)(name=name)]})
    other = FakeModel()
    other.metrics = [compiled([], [])]
    ours = FakeModel()
    ours.metrics = [Named("compile_metrics", terms=[Named(name, metric=getattr(metrics, kind)())])]
    found = direction(MonitorCallback(f"val_{name}"), ours)
    assert found == direction(keras.callbacks.EarlyStopping(f"val_{name}"), other)


def test_auto_that_cannot_be_told_says_so() -> None:
    callback = EarlyStopping("val_score")
    callback.set_model(FakeModel())
    callback.on_train_begin()
    with pytest.raises(ValueError, match=r"`mode` of EarlyStopping monitoring 'val_score'.*'min' or 'max'"):
        callback.on_epoch_end(0, {"val_score": 1.0})


def test_a_name_that_will_not_exist_is_refused_with_those_that_will() -> None:
    with pytest.raises(ValueError, match=r"`monitor` of EarlyStopping.*accuracy, loss.*'val_loss'.*validation_data"):
        EarlyStopping().validate_monitors(["loss", "accuracy"])
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        EarlyStopping("acuracy").validate_monitors(["loss", "accuracy"])
    EarlyStopping("loss").validate_monitors(["loss"])
    ModelCheckpoint("m.keras").validate_monitors(["loss"])  # nothing is monitored without save_best_only


def test_a_missing_value_warns_unless_it_comes_in_other_epochs() -> None:
    callback = EarlyStopping()
    callback.set_model(FakeModel())
    callback.on_train_begin()
    with pytest.warns(UserWarning, match="EarlyStopping monitors 'val_loss'.*loss"):
        callback.on_epoch_end(0, {"loss": 1.0})
    callback.validate_monitors(["loss", "val_loss"])
    callback.on_epoch_end(1, {"loss": 1.0})  # an epoch between two validations
    assert not callback.model.stop_training
