"""Prices of houses from a table: a functional model, built by a function, trained in main()."""

import numpy as np
from tensorflow.keras import layers, regularizers
from tensorflow.keras.callbacks import CSVLogger, ReduceLROnPlateau
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam

EPOCHS = 6
HIDDEN = 16


def load_table(path):
    """The features, scaled, and the price."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    x, y = table[:, :-1], table[:, -1]
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def build_model(features):
    inputs = layers.Input(shape=(features,))
    x = layers.Dense(HIDDEN, activation="relu", kernel_regularizer=regularizers.l2(0.001))(inputs)
    x = layers.BatchNormalization()(x)
    outputs = layers.Dense(1)(x)
    model = Model(inputs, outputs, name="prices")
    model.compile(optimizer=Adam(learning_rate=0.05), loss="mse", metrics=["mae"])
    return model


def main():
    x, y = load_table("houses.csv")
    split = int(0.8 * len(x))
    x_train, y_train = x[:split], y[:split]
    x_test, y_test = x[split:], y[split:]

    model = build_model(x_train.shape[1])
    model.summary()

    callbacks = [
        ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2, min_lr=0.001),
        CSVLogger("training.csv"),
    ]
    history = model.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=16,
        validation_data=(x_test, y_test),
        callbacks=callbacks,
        verbose=0,
    )
    print("Losses:", [round(value, 4) for value in history.history["loss"]])

    mse, mae = model.evaluate(x_test, y_test, verbose=0)
    print("Test loss:", mse)
    print("Test error:", mae)
    prices = model.predict(x_test, verbose=0)
    print("Prices:", prices[:3, 0])
    model.save_weights("prices.weights.h5")


if __name__ == "__main__":
    main()
