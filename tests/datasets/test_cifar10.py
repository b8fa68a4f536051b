"""What is particular to CIFAR-10; downloads and refusals are in test_source.py."""

from __future__ import annotations

import torchvision

from kerastorch.datasets import cifar10


def test_keras_cached_archive_is_the_one_torchvision_checks() -> None:
    assert [there for _, there in cifar10._SOURCE.left_by_keras] == [torchvision.datasets.CIFAR10.filename]
