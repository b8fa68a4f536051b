"""Names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch as keras
from kerastorch.saving import paths


def test_paths_and_text_are_taken() -> None:
    assert paths.checked(Path("a") / "m.keras", "save_model", (".keras",)) == "a/m.keras"
    with pytest.raises(TypeError, match="a path"):
        paths.checked(3, "save_model", (".keras",))


@pytest.mark.parametrize("name", ["m.h5", "m", "m.pt", "m.weights.h5", "m.keras.zip"])
def test_saving_says_the_right_ending(name: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"ends in .keras.*Call it '.*m(\.keras\.zip)?\.keras'"):
        model.save(tmp_path / name)
    if name != "m.weights.h5":
        with pytest.raises(ValueError, match=r"Call it '.*\.weights\.h5'"):
            model.save_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["m.h5", "m.hdf5"])
def test_loading_a_legacy_file_says_how_to_convert_it(name: str) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    for load in (keras.saving.load_model, model.load_weights):
        with pytest.raises(ValueError, match=r"Convert it with Keras once.*\.save\('model.keras'\)"):
            load(name)


def test_existing_files_are_kept_when_told(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    for save, name in ((model.save, "m.keras"), (model.save_weights, "m.weights.h5")):
        (tmp_path / name).write_text("precious")
        with pytest.raises(FileExistsError, match="overwrite"):
            save(tmp_path / name, overwrite=False)
        assert (tmp_path / name).read_text() == "precious"
        save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 100
