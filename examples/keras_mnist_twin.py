"""An MNIST classifier in Keras. `lightning_mnist.py` is the same one as a LightningModule: read them side by side.

    python examples/keras_mnist_twin.py
    python examples/keras_mnist_twin.py --patience 2 --clip 1.0 --accumulate 2 --precision bf16-mixed

With the same first weights and the same order of images both train to the same losses if both take torch's Adam
(`--torch-adam`). Keras's own Adam differs from it in its epsilon, 1e-7 and not 1e-8, and in where that is added.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mnist_data import load

import kerastorch as keras
from kerastorch import layers


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("runs/keras_mnist_twin"), help="folder of all files")
    parser.add_argument("--small", action="store_true", help="take 512 images only: does everything run?")
    parser.add_argument("--patience", type=int, default=3, help="epochs without a better val_loss until it stops")
    parser.add_argument("--clip", type=float, help="the largest norm of the gradients")
    parser.add_argument("--accumulate", type=int, help="batches to an update")
    parser.add_argument("--precision", default="32", help="32, bf16-mixed; on GPUs 16-mixed too")
    parser.add_argument("--device", help="cpu, cuda; by default the fastest that is there")
    parser.add_argument("--devices", type=int, default=1, help="processes that train together, one for each GPU")
    parser.add_argument("--torch-adam", action="store_true", help="take torch.optim.Adam, as the Lightning twin does")
    arguments = parser.parse_args()
    if arguments.torch_adam and (arguments.clip or arguments.accumulate):
        parser.error("--clip and --accumulate are arguments of Keras's optimizers: leave out --torch-adam")
    return arguments


def build(dropout: float = 0.2) -> keras.Model:
    """The classifier: logits for the ten digits."""
    return keras.Sequential(
        [
            keras.Input(shape=(1, 28, 28)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(10),
        ]
    )


def compile_for(model: keras.Model, arguments: argparse.Namespace) -> None:
    """Say how the model is trained."""
    if arguments.torch_adam:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    else:
        optimizer = keras.optimizers.Adam(
            1e-3, global_clipnorm=arguments.clip, gradient_accumulation_steps=arguments.accumulate
        )
    where = {"device": arguments.device} if arguments.device else {}
    if arguments.devices > 1:
        where |= {"strategy": "ddp", "devices": arguments.devices}
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        precision=arguments.precision,
        **where,
    )


def main() -> None:
    """Load, train, test."""
    arguments = parse_arguments()
    (x_train, y_train), (x_test, y_test) = load(arguments.data, arguments.small)
    x_train, x_test = (x[:, None].astype("float32") / 255 for x in (x_train, x_test))

    keras.utils.set_random_seed(0)
    model = build()
    compile_for(model, arguments)
    model.summary()
    callbacks = [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=arguments.patience),
        keras.callbacks.TensorBoard(log_dir=arguments.out / "logs"),
        keras.callbacks.ModelCheckpoint(arguments.out / "best.keras", monitor="val_loss", save_best_only=True),
    ]
    model.fit(
        x_train,
        y_train,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        validation_split=0.1,
        callbacks=callbacks,
    )

    best = keras.models.load_model(arguments.out / "best.keras")
    loss, accuracy = best.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss: {loss:.4f}")
    print(f"Test accuracy: {accuracy:.4f}")
    print(f"Logs: tensorboard --logdir {arguments.out / 'logs'}")


if __name__ == "__main__":
    main()
