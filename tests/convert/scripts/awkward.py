"""What has no counterpart is marked, and the rest is converted all the same."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow import keras

x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int64")


class Shout(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("EPOCH", epoch)


dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
keras.utils.plot_model(model, "model.png")
history = model.fit(x, y, epochs=2, class_weight={0: 1.0, 1: 2.0}, callbacks=[Shout()], verbose=0)

plt.plot(history.history["loss"])
plt.savefig("loss.png")

weights = model.get_weights()
print(len(weights))

for _ in range(2):
    model.fit(x, y, verbose=0)

model.fit(dataset, epochs=1)
print("Test loss:", model.evaluate(x, y, verbose=0)[0])
