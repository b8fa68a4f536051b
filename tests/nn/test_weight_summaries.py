from __future__ import annotations

import types

import keras
import numpy as np
import pytest
import torch

from kerastorch.nn import weight_summaries
from kerastorch.nn.variable import Layout, Variable

# Keras turns tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Recorder:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def add_histogram(self, tag, values, step) -> None:
        self.calls.append((tag, values.tolist(), step))

    def add_images(self, tag, image, step, dataformats) -> None:
        self.calls.append((tag, tuple(image.shape), step))


@pytest.mark.parametrize("shape", [(5,), (5, 2), (2, 5), (1, 1, 4), (3, 3, 1, 8), (3, 3, 2, 8), (2, 3, 4), (3, 1, 1)])
def test_images_are_those_of_keras(shape: tuple[int, ...]) -> None:
    weight = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    theirs: list = []
    callback = keras.callbacks.TensorBoard.__new__(keras.callbacks.TensorBoard)
    callback._summary_module = types.SimpleNamespace(image=lambda name, image, step: theirs.append(image))
    callback._log_weight_as_image(weight, "w", 0)
    ours = weight_summaries.as_image(torch.as_tensor(weight))
    assert (ours is None) == (not theirs)
    if theirs:
        np.testing.assert_array_equal(ours.numpy(), theirs[0])


def test_weights_have_their_paths_and_keras_layout() -> None:
    kernel = Variable.wrap(torch.zeros(4, 2), trainable=True, name="kernel", layout=Layout(1, 0))
    kernel.path = "dense/kernel"
    model = types.SimpleNamespace(layers=[types.SimpleNamespace(weights=[kernel])])
    ((name, value),) = weight_summaries.named_weights(model)
    assert name == "dense/kernel"
    assert tuple(value.shape) == (2, 4)


def test_a_plain_module_gives_its_own_names() -> None:
    names = [name for name, _ in weight_summaries.named_weights(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))]
    assert names == ["0/weight", "0/bias", "0/running_mean", "0/running_var", "0/num_batches_tracked"]


def test_what_is_not_finite_is_left_out_of_histograms() -> None:
    net = torch.nn.Linear(2, 1)
    net.weight.data = torch.tensor([[1.0, float("nan")]])
    net.bias.data = torch.tensor([float("inf")])
    writer = Recorder()
    weight_summaries.write_histograms(writer, net, 3, images=False)
    assert writer.calls == [("weight/histogram", [1.0], 3)]


def test_labels_for_a_layer_that_has_no_embedding() -> None:
    model = types.SimpleNamespace(layers=[types.SimpleNamespace(name="words", embeddings=torch.ones(1, 1))])
    with pytest.raises(ValueError, match="Did you mean 'words'"):
        weight_summaries.write_embeddings(Recorder(), model, 0, {"word": "labels.txt"})


@pytest.mark.parametrize("text", [None, '{"config": {"units": 1}}', '{"config": null}'])
def test_models_without_a_graph_are_left_out(text: str | None) -> None:
    def to_json() -> str:
        if text is None:
            raise NotImplementedError
        return text

    weight_summaries.write_graph(None, types.SimpleNamespace(to_json=to_json))  # the writer is not touched
    weight_summaries.write_graph(None, torch.nn.Linear(1, 1))
