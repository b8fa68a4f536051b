from __future__ import annotations

import sys
import types
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from kerastorch.callbacks import CallbackList, TensorBoard
from kerastorch.callbacks import tensorboard as tensorboard_module
from tests.callbacks.fakes import Clock, FakeModel

# Keras turns tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def drive(callbacks, model: FakeModel, epochs: int = 2, steps: int = 5, validate: bool = True, start: int = 0) -> None:
    """A `fit` of so many epochs and batches, with validation."""
    callbacks.on_train_begin()
    for epoch in range(start, epochs):
        callbacks.on_epoch_begin(epoch)
        for batch in range(steps):
            callbacks.on_train_batch_begin(batch)
            model.optimizer.iterations += 1
            callbacks.on_train_batch_end(batch, {"loss": epoch + batch / 8, "mae": 0.5})
        logs = {"loss": float(epoch), "mae": 0.5}
        if validate:
            callbacks.on_test_begin()
            callbacks.on_test_batch_begin(0)
            callbacks.on_test_batch_end(0, {"loss": 2.0})
            callbacks.on_test_end({"loss": 2.0 + epoch})
            logs["val_loss"] = 2.0 + epoch
        callbacks.on_epoch_end(epoch, logs)
    callbacks.on_train_end(logs)


def scalars(folder: Path) -> list[tuple[str, str, int, float]]:
    """(folder, tag, step, value) of all scalars in the event files."""
    found = []
    for name in ("train", "validation"):
        if not (folder / name).exists():
            continue
        events = EventAccumulator(str(folder / name)).Reload()
        for tag in events.Tags()["scalars"]:
            found += [(name, tag, event.step, event.value) for event in events.Scalars(tag)]
    return sorted(found)


class FakeSummary(types.ModuleType):
    """Enough of `tensorflow.summary` to record what Keras's TensorBoard writes."""

    def __init__(self) -> None:
        super().__init__("tensorflow.summary")
        self.written: list[tuple[str, str, int, float]] = []
        self.writers: list[str] = []
        self.recording = [True]

    def create_file_writer(self, folder: str) -> types.SimpleNamespace:
        @contextmanager
        def as_default(step=None):
            self.writers.append(Path(folder).name)
            yield
            self.writers.pop()

        return types.SimpleNamespace(as_default=as_default, close=lambda: None, flush=lambda: None)

    @contextmanager
    def record_if(self, condition):
        self.recording.append(condition())
        yield
        self.recording.pop()

    def scalar(self, tag: str, value: float, step: int) -> None:
        if self.writers and (self.recording[-1] or not tag.startswith("batch_")):
            self.written.append((self.writers[-1], tag, int(step), float(value)))


@pytest.mark.parametrize("update_freq", ["epoch", "batch", 1, 2, 3])
@pytest.mark.parametrize("validate", [True, False])
def test_tags_steps_and_values_are_those_of_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_freq: int | str, validate: bool
) -> None:
    model = FakeModel()
    ours = TensorBoard(tmp_path, update_freq=update_freq)
    drive(CallbackList([ours], model=model, epochs=2, steps=5), model, validate=validate)
    found = scalars(tmp_path)

    summary = FakeSummary()
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.summary = summary
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    monkeypatch.setitem(sys.modules, "tensorflow.summary", summary)
    other = FakeModel()
    counting = type("Counting", (keras.optimizers.SGD,), {"iterations": 0})  # Keras looks for its own optimizers
    other.optimizer = counting(0.1)
    theirs = keras.callbacks.TensorBoard(tmp_path / "keras", update_freq=update_freq, write_graph=False)
    drive(keras.callbacks.CallbackList([theirs], model=other, epochs=2, steps=5), other, validate=validate)

    assert [row[:3] for row in found] == [row[:3] for row in sorted(summary.written)]
    assert np.allclose([row[3] for row in found], [row[3] for row in sorted(summary.written)])
    assert ("train", "epoch_learning_rate", 1) in [row[:3] for row in found]


def test_batches_that_are_reported_together_keep_their_true_steps(tmp_path: Path) -> None:
    callback = TensorBoard(tmp_path, update_freq=3, write_graph=False)
    callback.set_model(FakeModel())
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for batch in (1, 3, 5):
            callback.on_train_batch_end(batch, {"loss": 0.5})
    callback.on_train_end()
    assert [row[2] for row in scalars(tmp_path)] == [4, 6, 10, 12]


def test_a_run_that_goes_on_keeps_its_steps(tmp_path: Path) -> None:
    model = FakeModel()
    callback = TensorBoard(tmp_path, update_freq=5)
    drive(CallbackList([callback], model=model, epochs=4, steps=5), model, epochs=4, start=2, validate=False)
    assert [row[2] for row in scalars(tmp_path) if row[1] == "batch_loss"] == [15, 20]


def test_steps_per_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(tensorboard_module.time, "monotonic", clock)
    callback = TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True)
    callback.set_model(FakeModel())
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for batch in range(4):
        clock.now += 0.25
        callback.on_train_batch_end(batch, {})
    clock.now += 1.0
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.on_train_end()
    found = {row[1:3]: row[3] for row in scalars(tmp_path)}
    assert found["batch_steps_per_second", 2] == found["batch_steps_per_second", 4] == 4.0
    assert found["epoch_steps_per_second", 0] == 2.0


def test_histograms_images_and_embeddings(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\n")
    model = FakeModel()
    table = torch.nn.Parameter(torch.ones(3, 2))
    model.layers = [types.SimpleNamespace(name="words", embeddings=table, weights=[])]
    callback = TensorBoard(
        tmp_path, histogram_freq=2, write_images=True, embeddings_freq=2, embeddings_metadata={"words": str(labels)}
    )
    drive(CallbackList([callback], model=model, epochs=3, steps=1), model, epochs=3, steps=1)
    events = EventAccumulator(str(tmp_path / "train"), size_guidance={"images": 0, "histograms": 0}).Reload()
    assert [event.step for event in events.Histograms("weight/histogram")] == [0, 2]
    assert [event.step for event in events.Images("weight/image")] == [0, 2]
    assert (tmp_path / "train" / "00002" / "words" / "metadata.tsv").read_text().split() == ["a", "b", "c"]


def test_the_graph_is_the_config(tmp_path: Path) -> None:
    model = FakeModel()
    model.to_json = lambda: '{"class_name": "Sequential", "config": {"layers": []}}'
    drive(CallbackList([TensorBoard(tmp_path)], model=model, epochs=1, steps=1), model, epochs=1)
    events = EventAccumulator(str(tmp_path / "train")).Reload()
    (event,) = events.Tensors("keras")
    assert tensor_util.make_ndarray(event.tensor_proto).item().decode() == model.to_json()
    assert event.step == 0


def test_no_event_file_before_something_is_written(tmp_path: Path) -> None:
    callback = TensorBoard(tmp_path / "logs", write_graph=False)
    callback.set_model(FakeModel())
    callback.on_train_begin()
    callback.on_train_end()
    assert not (tmp_path / "logs").exists()


def test_evaluate_alone_closes_its_file(tmp_path: Path) -> None:
    model = FakeModel()
    model.optimizer.iterations = 7
    callback = TensorBoard(tmp_path)
    callback.set_model(model)
    callback.on_test_begin()
    callback.on_test_end({"loss": 0.5})
    assert callback._writers == {}
    assert scalars(tmp_path) == [("validation", "evaluation_loss_vs_iterations", 7, 0.5)]


@pytest.mark.parametrize("wrong", [0, -1, "step", 1.5, True])
def test_bad_arguments(wrong: object) -> None:
    with pytest.raises(ValueError, match="`update_freq` of TensorBoard"):
        TensorBoard(update_freq=wrong)
    with pytest.raises(ValueError, match=r"`profile_batch` of TensorBoard.*torch\.profiler"):
        TensorBoard(profile_batch=2)


def test_a_run_that_goes_on_keeps_its_axes(tmp_path):
    """Batches and epochs are written at the steps of the uninterrupted run."""
    from tests.callbacks.test_checkpointing import At, fit, small, stop

    def run(name, *callbacks, folder=None):
        board = TensorBoard(tmp_path / name, update_freq=1)
        fit(small(), folder, resume=folder and "auto", save_every=1, callbacks=[board, *callbacks])

    run("whole")
    with pytest.raises(InterruptedError):
        run("cut", At(8, stop), folder=tmp_path / "run")
    run("cut", At(99, stop), folder=tmp_path / "run")
    whole, cut = (scalars(tmp_path / name) for name in ("whole", "cut"))
    assert {entry[1:3] for entry in cut} == {entry[1:3] for entry in whole}
    assert {step for _, tag, step, _ in cut if tag == "batch_loss"} == set(range(1, 16))
    assert [e for e in cut if e[1] == "epoch_loss"] == [e for e in whole if e[1] == "epoch_loss"]
