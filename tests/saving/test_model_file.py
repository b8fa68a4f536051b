"""`save_model` and `load_model`: what is kept, what is refused, and that no code is run."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from tests.saving import files


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), verbose=0)
    model.save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def _with_layer(saved: Path, target: Path, layer: dict[str, Any]) -> Path:
    config = copy.deepcopy(files.config_of(saved))
    config["config"]["layers"][1] = layer
    return files.rewritten(saved, target, config=config)


def test_compilation_comes_back_or_not(saved: Path) -> None:
    model = keras.saving.load_model(saved)
    assert model.compiled and int(model.optimizer.iterations) == 1
    assert not keras.saving.load_model(saved, compile=False).compiled


def test_random_numbers_of_the_caller_are_not_what_weights_are(saved: Path) -> None:
    a, b = keras.saving.load_model(saved), keras.saving.load_model(saved)
    for left, right in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_layer_of_one_s_own_must_be_known(tmp_path: Path) -> None:
    class Twice(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return 2 * x

    model = keras.Sequential([keras.Input((3,)), Twice(), keras.layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"Cannot find 'Twice'.*custom_objects=.*register_keras_serializable"):
        keras.saving.load_model(tmp_path / "m.keras")
    read = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"Twice": Twice})
    files.assert_same_outputs(read, model, np.ones((2, 3), "float32"))
    with keras.saving.custom_object_scope({"Twice": Twice}):
        keras.saving.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("keras.layers", "os"), ("torch", "load"), ("subprocess", "Popen")],
)
def test_code_named_by_a_file_is_not_found(saved: Path, tmp_path: Path, module: str, name: str) -> None:
    ran = tmp_path / "ran"
    layer = {"module": module, "class_name": name, "config": {"name": f"touch {ran}"}, "registered_name": name}
    with pytest.raises(ValueError, match="Cannot find"):
        keras.saving.load_model(_with_layer(saved, tmp_path / "x.keras", layer))
    assert not ran.exists()


def test_lambdas_in_files_are_refused_whatever_safe_mode_says(saved: Path, tmp_path: Path) -> None:
    function = {"class_name": "__lambda__", "config": {"code": "4wAAAA==", "defaults": None, "closure": None}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": function}}
    path = _with_layer(saved, tmp_path / "x.keras", layer)
    for safe in (True, False):
        with pytest.raises(ValueError, match="lambda"):
            keras.saving.load_model(path, safe_mode=safe)


def test_a_pickled_module_is_not_unpickled(saved: Path, tmp_path: Path) -> None:
    layer = {
        "module": "keras.layers",
        "class_name": "TorchModuleWrapper",
        "config": {"name": "t", "module": "gASVAAA="},
    }
    with pytest.raises(ValueError, match=r"TypeError: `module` of TorchModuleWrapper"):
        keras.saving.load_model(_with_layer(saved, tmp_path / "x.keras", layer))


def test_what_a_constructor_refuses_is_said_with_the_path(saved: Path, tmp_path: Path) -> None:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 2, "colour": "red"}}
    path = _with_layer(saved, tmp_path / "x.keras", layer)
    with pytest.raises(ValueError, match=r"x\.keras.*TypeError.*colour"):
        keras.saving.load_model(path)


def test_a_config_cannot_ask_for_all_memory(saved: Path, tmp_path: Path) -> None:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 10**12}}
    with pytest.raises(ValueError, match=r"layers that need at most .* bytes"):
        keras.saving.load_model(_with_layer(saved, tmp_path / "x.keras", layer))


@pytest.mark.parametrize(
    ("config", "match"),
    [
        (b"not json", "config.json that is no JSON"),
        (b"[1, 2]", "a JSON object"),
        (b"\xff\xfe", "config.json that cannot be read"),
        (b'{"a":' * 400 + b"1" + b"}" * 400, "nested more than 300 deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "no JSON|declare to be"),
        (b"{}", "the config of a model"),
        (
            json.dumps({"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}).encode(),
            "config of a model",
        ),
        (
            json.dumps({"module": "keras", "class_name": "Sequential", "config": 3}).encode(),
            "a config that its classes",
        ),
        (
            json.dumps({"module": "keras", "class_name": "Sequential", "config": {}}).encode(),
            "a config that its classes",
        ),
    ],
)
def test_broken_configs(saved: Path, tmp_path: Path, config: bytes, match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        keras.saving.load_model(files.rewritten(saved, tmp_path / "x.keras", config=config))
    assert "x.keras" in str(caught.value)


def test_weights_of_another_model_are_refused(saved: Path, tmp_path: Path) -> None:
    config = files.config_of(saved)
    config["config"]["layers"][2]["config"]["units"] = 3
    with pytest.raises(ValueError, match=r"layers/dense_1/vars/0 .*has \(2, 3\) float32, the file \(2, 1\) float32"):
        keras.saving.load_model(files.rewritten(saved, tmp_path / "x.keras", config=config))


def test_a_model_saved_before_it_is_built_warns_and_comes_back(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    with pytest.warns(UserWarning, match="no weights"):
        model.save(tmp_path / "m.keras")
    read = keras.saving.load_model(tmp_path / "m.keras")
    assert read(torch.ones(1, 3)).shape == (1, 2)


def test_a_folder_s_name_has_no_ending(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="zipped=False"):
        model.save(tmp_path / "m.keras", zipped=False)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")  # Keras
@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "momentum", "schedule", "scaled"])
def test_a_compiled_model_comes_back_before_and_after_training(optimizer: str, trained: bool, tmp_path: Path) -> None:
    import keras as real

    x = np.ones((4, 3), "float32")
    for writer, reader in ((keras, keras), (real, keras), (keras, real)):
        made = {
            "momentum": lambda lib=writer: lib.optimizers.SGD(0.1, momentum=0.9),
            "schedule": lambda lib=writer: lib.optimizers.SGD(lib.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
            "scaled": lambda lib=writer: lib.optimizers.LossScaleOptimizer(lib.optimizers.SGD(0.1)),
        }.get(optimizer, lambda: optimizer)()
        model = writer.Sequential([writer.Input((3,)), writer.layers.Dense(1)])
        model.compile(made, "mse")
        if trained:
            model.fit(x, x[:, :1], verbose=0, epochs=2)
        model.save(tmp_path / "a.keras")
        with warnings.catch_warnings():
            if reader is real:  # which speaks of each optimizer that had not begun
                warnings.simplefilter("ignore")
            back = reader.saving.load_model(tmp_path / "a.keras")
        assert int(back.optimizer.iterations) == 2 * trained
        back.fit(x, x[:, :1], verbose=0)
        model.fit(x, x[:, :1], verbose=0)
        for a, b in zip(back.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
