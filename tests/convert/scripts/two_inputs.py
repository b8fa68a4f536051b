"""Two inputs, two outputs, a schedule, and data drawn on the spot."""

import numpy as np

import kerastorch as keras
from kerastorch import layers

rng = np.random.default_rng(0)
size = rng.normal(size=(200, 3)).astype("float32")
place = rng.normal(size=(200, 2)).astype("float32")
price = size.sum(axis=1, keepdims=True) + place[:, :1]
is_dear = (price[:, 0] > 0).astype("float32").reshape(-1, 1)

size_input = keras.Input(shape=(3,), name="size")
place_input = keras.Input(shape=(2,), name="place")
features = layers.concatenate([layers.Dense(8, activation="relu")(size_input), place_input])
price_output = layers.Dense(1, name="price")(features)
dear_output = layers.Dense(1, activation="sigmoid", name="dear")(features)
model = keras.Model(inputs=[size_input, place_input], outputs=[price_output, dear_output])

schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=10, decay_rate=0.9)
model.compile(
    optimizer=keras.optimizers.SGD(schedule, momentum=0.9, clipnorm=1.0),
    loss={"price": "mse", "dear": "binary_crossentropy"},
    loss_weights={"price": 1.0, "dear": 0.5},
)
model.fit([size, place], [price, is_dear], epochs=3, batch_size=20, shuffle=False, verbose=0)
results = model.evaluate([size, place], [price, is_dear], verbose=0)
print("Test loss:", results[0])
