"""Ten models of different kinds with their data, as their users would write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.optimizers import schedules

ROWS, BATCH = 96, 16


def _numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, *shape)).astype("float32")


def _classes(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, size=ROWS).astype("int64")


def mlp() -> Any:
    """The MNIST multi-layer perceptron, images as integers beside."""
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, np.abs(_numbers(28, 28)) / 3, _classes(10)


def convnet() -> Any:
    """Convolutions, batch normalization, dropout, one-hot labels, logits."""
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.AveragePooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(4),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.RMSprop(0.001), loss, metrics=["accuracy", "categorical_crossentropy"])
    return model, _numbers(16, 16, 1), np.eye(4, dtype="float32")[_classes(4)]


def two_and_two() -> Any:
    """Two inputs, two outputs, loss weights."""
    title, body = keras.Input((6,), name="title"), keras.Input((9,), name="body")
    x = layers.Concatenate()([layers.Dense(8, activation="tanh")(title), layers.Dense(8, activation="elu")(body)])
    price = layers.Dense(1, name="price")(x)
    kind = layers.Dense(3, activation="softmax", name="kind")(x)
    model = keras.Model([title, body], [price, kind])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        ["mse", "sparse_categorical_crossentropy"],
        loss_weights=[0.5, 1.0],
        metrics=[["mae"], ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")]],
    )
    return model, [_numbers(6), _numbers(9, seed=5)], [_numbers(1, seed=6), _classes(3)]


def residual() -> Any:
    """Shortcuts, "same" padding, strides."""
    inputs = x = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    for filters, strides in ((8, 1), (12, 2)):
        y = layers.Conv2D(filters, 3, strides, "same", kernel_initializer="he_normal", use_bias=False)(x)
        y = layers.BatchNormalization()(y)
        y = layers.ReLU()(y)
        y = layers.Conv2D(filters, 2, padding="same")(y)
        x = layers.Conv2D(filters, 1, strides=strides)(x) if strides > 1 else x
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.AdamW(0.002, weight_decay=0.01), "binary_crossentropy", metrics=["accuracy"])
    return model, _numbers(12, 12, 3), _classes(2)


def text_classifier() -> Any:
    """An embedding with a mask."""
    tokens = keras.Input((7,), dtype="int64")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dense(8, activation="gelu")(x)
    model = keras.Model(tokens, layers.Dense(1, activation="sigmoid")(x))
    model.compile(
        keras.optimizers.Nadam(0.01), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")]
    )
    words = np.random.default_rng(3).integers(0, 20, size=(ROWS, 7))
    words[:, 0] = 1
    return model, words.astype("int64"), _classes(2)[:, None].astype("float32")


def separable() -> Any:
    """Separable and depthwise convolutions, group and layer normalization."""
    model = keras.Sequential(
        [
            keras.Input((10, 10, 4)),
            layers.Rescaling(1 / 2),
            layers.SeparableConv2D(8, 3, depth_multiplier=2, activation="relu"),
            layers.DepthwiseConv2D(3, strides=2, padding="same"),
            layers.GroupNormalization(4),
            layers.LeakyReLU(0.1),
            layers.ZeroPadding2D(1),
            layers.Conv2D(6, 1),
            layers.LayerNormalization(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adamax(0.005), loss, metrics=["sparse_categorical_accuracy"])
    return model, _numbers(10, 10, 4), _classes(3)


def sequence_regression() -> Any:
    """1-D convolutions with Huber's loss."""
    model = keras.Sequential(
        [
            keras.Input((24, 3)),
            layers.Conv1D(8, 4, padding="causal", activation="swish"),
            layers.MaxPooling1D(2),
            layers.Conv1D(8, 3, strides=2, padding="same", activation="relu"),
            layers.SpatialDropout1D(0.0),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adagrad(0.02), keras.losses.Huber(0.7), metrics=["mae", "mse"])
    return model, _numbers(24, 3), _numbers(seed=8)


def autoencoder() -> Any:
    """A model of two models; transposed convolution and enlarging."""
    encoder = keras.Sequential(
        [keras.Input((8, 8, 2)), layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"), layers.Flatten()],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input((96,)),
            layers.Reshape((4, 4, 6)),
            layers.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.UpSampling2D(3),
            layers.Cropping2D(((1, 0), (0, 1))),
            layers.Conv2D(2, 3, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, decoder(encoder(inputs)))
    model.compile("adam", "mse", metrics=["mae"])
    x = np.random.default_rng(4).uniform(size=(ROWS, 8, 8, 2)).astype("float32")
    return model, x, x


def regularized() -> Any:
    """Penalties, clipped gradients, a schedule, momentum."""
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.Dense(16, activation="relu", kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.02)),
            layers.Dense(2),
        ]
    )
    rate = schedules.CosineDecay(0.0, 10, alpha=0.1, warmup_target=0.05, warmup_steps=4)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9, clipnorm=0.5), "log_cosh", metrics=["cosine_similarity"])
    return model, _numbers(8), _numbers(2, seed=9)


def with_torch() -> Any:
    """Plain torch modules and functions inside."""
    inputs = keras.Input((6,))
    x = layers.TorchModuleWrapper(nn.Sequential(nn.Linear(6, 8), nn.PReLU()))(inputs)
    x = torch.sin(x) * 2 + x[:, :1]
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5), nn.L1Loss())
    return model, _numbers(6), _numbers(1, seed=7)


class Scale(keras.Layer):
    """A layer of the user's own."""

    def __init__(self, power: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor**self.power


def with_custom() -> Any:
    """A layer of the user's own and one that torch does not have: kept."""
    model = keras.Sequential(
        [keras.Input((5,)), Scale(2), layers.EinsumDense("ab,bc->ac", output_shape=4, bias_axes="c"), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Lion(0.001), "mse")
    return model, _numbers(5), _numbers(1, seed=2)


MODELS = {
    made.__name__: made
    for made in (
        mlp,
        convnet,
        two_and_two,
        residual,
        text_classifier,
        separable,
        sequence_regression,
        autoencoder,
        regularized,
        with_torch,
        with_custom,
    )
}
