"""A plain PyTorch module, optimizer, loss and DataLoader, trained by `fit`.

python examples/torch_module.py
"""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras


def loaders(batch_size: int, most: int | None) -> tuple[DataLoader, DataLoader]:
    """The bundled digits, or the first `most` of each part, as torch's own loaders of (image, label)."""
    sets = [
        TensorDataset(torch.from_numpy(x[:most]).float().div(16).unsqueeze(1), torch.from_numpy(y[:most]).long())
        for x, y in keras.datasets.digits.load_data()
    ]
    return DataLoader(sets[0], batch_size, shuffle=True), DataLoader(sets[1], batch_size)


def main() -> None:
    """Train, test, and show that the weights are the module's own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--small", action="store_true", help="take 256 images only: does everything run?")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    model = keras.Model(net)
    model.compile(torch.optim.AdamW(net.parameters(), 1e-3), nn.CrossEntropyLoss(), metrics=["accuracy"])
    train, test = loaders(arguments.batch_size, 256 if arguments.small else None)
    model.fit(train, epochs=arguments.epochs, validation_data=test)
    loss, accuracy = model.evaluate(test, verbose=0)
    print(f"Test loss: {loss:.4f}")
    print(f"Test accuracy: {accuracy:.4f}")
    print("state_dict:", ", ".join(net.state_dict()))


if __name__ == "__main__":
    main()
