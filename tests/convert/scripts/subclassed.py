"""A model of its own class, with a learning rate by epoch."""

import keras
import numpy as np
from keras import layers
from keras.callbacks import LearningRateScheduler, TensorBoard


class Classifier(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.hidden = layers.Dense(16, activation="relu")
        self.out = layers.Dense(classes, activation="softmax")

    def call(self, inputs):
        return self.out(self.hidden(inputs))


def rate(epoch, lr):
    return lr if epoch < 2 else lr * 0.5


x = np.linspace(-1, 1, 120).reshape(60, 2).astype("float32")
y = (x.sum(axis=1) > 0).astype("int64")

model = Classifier(2)
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x, y, epochs=4, validation_split=0.25, callbacks=[LearningRateScheduler(rate), TensorBoard("logs")], verbose=0
)
for name, values in history.history.items():
    print(name, len(values))
print("Test loss:", model.evaluate(x, y, verbose=0)[0])
