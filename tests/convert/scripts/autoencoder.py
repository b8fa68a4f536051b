"""An autoencoder: two models inside a third."""

import keras
from keras import layers
from keras.datasets import mnist

(x_train, _), (x_test, _) = mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255

encoder = keras.Sequential([keras.Input((784,)), layers.Dense(16, activation="relu"), layers.Dense(4)], name="encoder")
decoder = keras.Sequential([keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(784)], name="decoder")

image = keras.Input((784,))
autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
autoencoder.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
autoencoder.fit(x_train, x_train, epochs=2, batch_size=32, validation_data=(x_test, x_test), verbose=0)
print("Test loss:", autoencoder.evaluate(x_test, x_test, verbose=0))

codes = encoder.predict(x_test)
print("Codes:", codes.shape)
