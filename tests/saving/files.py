"""What the tests of files share: HDF5 listings, models made in both libraries, hostile files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def listing(path: Path) -> dict[str, tuple[int, ...] | None]:
    """Every group (None) and array (its shape) of an HDF5 file, or of the one inside a `.keras` file."""
    found: dict[str, tuple[int, ...] | None] = {}
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            opened: Any = io.BytesIO(archive.read("model.weights.h5"))
    else:
        opened = path
    with h5py.File(opened, "r") as file:
        file.visititems(lambda name, item: found.__setitem__(name, getattr(item, "shape", None)))
    return found


def outputs(model: Any, x: Any) -> list[np.ndarray[Any, Any]]:
    """Predictions as a flat list of arrays."""
    made = model.predict(x, verbose=0)
    made = list(made.values()) if isinstance(made, dict) else made
    return [np.asarray(part) for part in (made if isinstance(made, (list, tuple)) else [made])]


def assert_same_outputs(a: Any, b: Any, x: Any) -> None:
    """Two models predict the same."""
    for ours, theirs in zip(outputs(a, x), outputs(b, x), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


def randomize(model: Any, seed: int = 0) -> None:
    """Give every weight a value of its own, so that no two can be taken for each other."""
    generator = np.random.default_rng(seed)
    values = [generator.uniform(0.2, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()]
    model.set_weights(values)


def both_ways(make: Callable[[Any], Any], x: Any, tmp_path: Path, custom: tuple[Any, Any] = ({}, {})) -> None:
    """A model of each library is saved, read by the other, and written again: values, names and shapes stay.

    Args:
        make: Makes the model from the `keras` module that it is given.
        x: Data to predict on.
        tmp_path: Where to.
        custom: `custom_objects` for kerastorch and for Keras.
    """
    import keras

    import kerastorch

    ours, theirs = make(kerastorch), make(keras)
    randomize(theirs)
    theirs.save(tmp_path / "keras.keras")
    read = kerastorch.saving.load_model(tmp_path / "keras.keras", custom_objects=custom[0])
    assert_same_outputs(read, theirs, x)
    read.save(tmp_path / "again.keras")
    assert listing(tmp_path / "again.keras") == listing(tmp_path / "keras.keras")

    randomize(ours, 1)
    ours.save(tmp_path / "ours.keras")
    assert listing(tmp_path / "ours.keras") == listing(tmp_path / "keras.keras")
    back = keras.models.load_model(tmp_path / "ours.keras", custom_objects=custom[1])
    assert_same_outputs(ours, back, x)

    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.load_weights(tmp_path / "keras.weights.h5")
    assert_same_outputs(ours, theirs, x)
    ours.save_weights(tmp_path / "ours.weights.h5")
    back.load_weights(tmp_path / "ours.weights.h5")
    assert_same_outputs(ours, back, x)


def rewritten(path: Path, target: Path, **parts: Any) -> Path:
    """A copy of a `.keras` file with some of its parts (config, metadata, weights) replaced."""
    names = {"config": "config.json", "metadata": "metadata.json", "weights": "model.weights.h5"}
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, name in names.items():
            value = parts.get(part, source.read(name))
            if value is not None:
                archive.writestr(name, json.dumps(value) if isinstance(value, dict) else value)
    return target


def config_of(path: Path) -> dict[str, Any]:
    """The config in a `.keras` file."""
    with zipfile.ZipFile(path) as source:
        config: dict[str, Any] = json.loads(source.read("config.json"))
    return config
