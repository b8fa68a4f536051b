"""Keras's MNIST convnet: two convolutions, a dropout, a softmax; about 99 % of the test digits right.

    python examples/mnist_convnet.py
    python examples/mnist_convnet.py --data mnist.npz --epochs 15 --precision bf16-mixed

The model and its training are those of https://keras.io/examples/vision/mnist_convnet/; only the import differs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mnist_data import load
from PIL import Image, ImageDraw

import kerastorch as keras
from kerastorch import layers

CLASSES = 10


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--precision", help="32 (default), bf16-mixed, 16-mixed or bf16-true")
    parser.add_argument("--device", help="cpu, cuda, mps; by default the fastest that is there")
    parser.add_argument("--out", type=Path, default=Path("runs/mnist_convnet"), help="folder of history.csv and .png")
    parser.add_argument("--small", action="store_true", help="take 512 images only: does everything run?")
    return parser.parse_args()


def build() -> keras.Model:
    """The convnet."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def plot(history: keras.callbacks.History, path: Path) -> None:
    """Draw loss and accuracy over the epochs: with matplotlib, or plainly where only Pillow is installed."""
    try:
        history.plot(["loss", "accuracy"]).savefig(path)
    except ImportError:
        sketch(history.history, path)
        print("Plotted plainly; `pip install matplotlib` for axes with ticks.")
    print(f"Plot: {path}")


def sketch(history: dict[str, list[float]], path: Path, width: int = 450, height: int = 300, edge: int = 40) -> None:
    """Draw the curves with Pillow, which torchvision brings along: training blue, validation orange."""
    image = Image.new("RGB", (2 * width, height), "white")
    draw = ImageDraw.Draw(image)
    for left, name in ((0, "loss"), (width, "accuracy")):
        curves = {"blue": history[name], "orange": history[f"val_{name}"]}
        low, high = min(map(min, curves.values())), max(map(max, curves.values()))
        draw.rectangle((left + edge, edge, left + width - edge, height - edge), outline="gray")
        title = f"{name}: {low:.4f} to {high:.4f}; blue training, orange validation"
        draw.text((left + edge, edge // 3), title, "black")
        draw.text((left + edge, height - edge + 8), f"epochs 1 to {len(history[name])}", "black")
        for colour, values in curves.items():
            x = np.linspace(left + edge, left + width - edge, len(values) + 2)[1:-1]
            y = height - edge - (np.array(values) - low) / ((high - low) or 1) * (height - 2 * edge)
            points = [*zip(x.tolist(), y.tolist(), strict=True)]
            draw.line(points, fill=colour, width=2)
            for column, row in points:  # one epoch is a dot
                draw.ellipse((column - 3, row - 3, column + 3, row + 3), fill=colour)
    image.save(path)


def main() -> None:
    """Load, train, test, write the history."""
    arguments = parse_arguments()
    (x_train, y_train), (x_test, y_test) = load(arguments.data, arguments.small)
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    y_train, y_test = (keras.utils.to_categorical(y, CLASSES) for y in (y_train, y_test))
    print(f"{len(x_train)} training and {len(x_test)} test images of shape {x_train.shape[1:]}")

    keras.utils.set_random_seed(0)
    model = build()
    model.summary()
    options = {"precision": arguments.precision, "device": arguments.device}
    model.compile(
        loss="categorical_crossentropy",
        optimizer="adam",
        metrics=["accuracy"],
        **{name: value for name, value in options.items() if value is not None},
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    history = model.fit(
        x_train,
        y_train,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        validation_split=0.1,
        callbacks=[keras.callbacks.CSVLogger(arguments.out / "history.csv")],
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss: {loss:.4f}")
    print(f"Test accuracy: {accuracy:.4f}")
    print(f"History: {arguments.out / 'history.csv'}")
    plot(history, arguments.out / "history.png")


if __name__ == "__main__":
    main()
