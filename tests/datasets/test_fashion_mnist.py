"""What is particular to Fashion-MNIST; downloads and refusals are in test_source.py."""

from __future__ import annotations

import torchvision

from kerastorch.datasets import fashion_mnist


def test_keras_cached_files_are_the_ones_torchvision_checks() -> None:
    named = {there.rpartition("/")[2] for _, there in fashion_mnist._SOURCE.left_by_keras}
    assert named == {name for name, _ in torchvision.datasets.FashionMNIST.resources}
