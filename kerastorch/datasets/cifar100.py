"""CIFAR-100: 60,000 small colour photographs in a hundred classes (Krizhevsky 2009)."""

from __future__ import annotations

import os

import numpy as np

from kerastorch.base import errors
from kerastorch.datasets.npz import Form, Pair
from kerastorch.datasets.source import Source, in_image_data_format

# The superclasses with their classes: the table at the data set's home page, cs.toronto.edu/~kriz/cifar.html. Both
# label sets number their names in alphabetical order, so the table says which coarse label a fine one has.
SUPERCLASSES = {
    "aquatic_mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food_containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit_and_vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "household_electrical_devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household_furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large_carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large_man-made_outdoor_things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large_natural_outdoor_scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large_omnivores_and_herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium_mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect_invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small_mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles_1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles_2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}
_COARSE_OF = {fine: coarse for coarse, members in enumerate(SUPERCLASSES.values()) for fine in members}
_COARSE = np.array([_COARSE_OF[name] for name in sorted(_COARSE_OF)], dtype=np.uint8)

_SOURCE = Source(
    "cifar100",
    Form((32, 32, 3), (1,), 50000, 10000),
    "CIFAR100",
    left_by_keras=(("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),),
)


def load_data(label_mode: str = "fine", *, path: str | os.PathLike[str] | None = None) -> tuple[Pair, Pair]:
    """Load CIFAR-100: 50,000 training and 10,000 test photographs.

    Args:
        label_mode: "fine" for the hundred classes, "coarse" for their twenty superclasses (`SUPERCLASSES`); both are
            numbered in the alphabetical order of their names.
        path: The absolute path of an .npz to read in place of the cache and the network: the uint8 arrays x_train
            (n, 32, 32, 3), y_train (n, 1; fine labels), x_test and y_test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), or
        (..., 3, 32, 32) where `keras.config.image_data_format()` is "channels_first"; labels uint8 of shape (50000, 1)
        and (10000, 1).

    Raises:
        ValueError: `label_mode` is something else, or `path` is no such file or holds something else.
        OSError: The data are not cached and cannot be downloaded. Other data are never returned instead.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data("coarse")  # doctest: +SKIP
    """
    if label_mode not in ("fine", "coarse"):
        raise errors.value_error("`label_mode` of load_data", expected="'fine' or 'coarse'", received=label_mode)
    train, test = in_image_data_format(*_SOURCE.load(path))
    if label_mode == "fine":
        return train, test
    return (train[0], _coarse(train[1])), (test[0], _coarse(test[1]))


def _coarse(fine: np.ndarray) -> np.ndarray:
    if fine.max() >= len(_COARSE):
        raise errors.value_error("Labels of cifar100", expected="integers from 0 to 99", received=int(fine.max()))
    return _COARSE[fine]
