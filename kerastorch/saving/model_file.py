"""`save_model` and `load_model`: structure, weights, compilation and optimizer of a model in one `.keras` file."""

from __future__ import annotations

import json
import warnings
from datetime import datetime
from typing import Any

from kerastorch.base import errors, registry, serialization
from kerastorch.base.sharded import writes
from kerastorch.nn.layer import Layer
from kerastorch.saving import archive, matching, paths, weights_file
from kerastorch.saving.allocation import AllocationLimit

# The Keras whose format this is.
KERAS_VERSION = "3.15.1"
MAX_DEPTH = 300
# What constructors raise when a config does not suit them.
_TROUBLE = (TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None) -> None:
    """Save a model to a `.keras` file that `load_model`, here or in Keras 3, reads.

    Args:
        model: The model.
        filepath: Where to; the name ends in ".keras", unless `zipped` is False.
        overwrite: Whether a file that is there may be replaced.
        zipped: False writes a folder instead of one file.

    Raises:
        ValueError: The name has another ending, or something in the model cannot be written as data.
        FileExistsError: The file is there and `overwrite` is False.
    """
    folder = zipped is False
    path = paths.checked(filepath, "save_model", ("",) if folder else (".keras",))
    if folder and path.endswith(".keras"):
        raise errors.value_error(
            "`filepath` of save_model", expected="a folder's name, since `zipped=False`", received=path
        )
    if not writes(model):
        matching.gather(model)
        return
    paths.refuse_existing(path, overwrite)
    if not model.built:
        warnings.warn(
            f"The model {model.name!r} is saved before it is built: the file holds no weights. "
            "Call it on data, or `model.build(input_shape)`, first.",
            stacklevel=3,
        )
    config = json.dumps(serialization.serialize_shared(model))
    now = datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": now})
    write = archive.write_folder if folder else archive.write_zip
    write(path, metadata, config, lambda file: weights_file.write(model, file))


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Load what `save_model`, here or in Keras 3, wrote. No code of a file is run, and nothing is imported for it.

    Args:
        filepath: A ".keras" file, or a folder that `zipped=False` made.
        custom_objects: Your own classes and functions by name, beside the registered ones.
        compile: Whether to compile the model as it was, optimizer state included.
        safe_mode: Accepted for Keras's sake: lambdas in files are refused whatever it says.

    Returns:
        The model.

    Raises:
        ValueError: The file is damaged, names an unknown class, or its parts do not fit each other.
        FileNotFoundError: There is no such file.
    """
    path = paths.checked(filepath, "load_model", ("",))
    with archive.container(paths.checked(path, "load_model", (".keras",)) if not _is_folder(path) else path) as files:
        config = _parsed(files, archive.CONFIG)
        _parsed(files, archive.METADATA)
        if not compile:
            config.pop("compile_config", None)
        with AllocationLimit(files.size(archive.WEIGHTS), files.subject):
            model = _made(config, custom_objects, safe_mode, files.subject)
        with files.open(archive.WEIGHTS) as member:
            weights_file.read(model, member, f"The weights in {path!r}", fresh=True)
    return model


def _is_folder(path: str) -> bool:
    return archive.Path(path).is_dir()


def _parsed(files: archive.Container, name: str) -> dict[str, Any]:
    """A JSON file of limited size and depth."""
    try:
        value = json.loads(files.text(name))
    except (json.JSONDecodeError, RecursionError) as error:
        raise files.refused(f"a {name} that is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise files.refused(f"a {name} that holds {errors.describe(value)}", "a JSON object")
    if _deeper_than(MAX_DEPTH, value):
        raise files.refused(f"a {name} nested more than {MAX_DEPTH} deep")
    return value


def _deeper_than(limit: int, value: Any) -> bool:
    level = [value]
    for _ in range(limit):
        held = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level = [child for children in held for child in children]
        if not level:
            return False
    return True


def _made(config: dict[str, Any], custom_objects: dict[str, Any] | None, safe_mode: bool, subject: str) -> Any:
    """The model that a config describes."""
    try:
        model = serialization.deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
    except _TROUBLE as error:
        raise errors.value_error(
            subject,
            expected="a config that its classes understand",
            received=errors.Said(f"one they refuse ({type(error).__name__}: {error})"),
            remedy="A class of yours may need a `from_config` that deserialises its arguments.",
        ) from error
    known = registry.builtin("models", "Model")
    if not isinstance(model, known if known is not None else Layer):
        raise errors.value_error(subject, expected="the config of a model", received=model)
    return model
