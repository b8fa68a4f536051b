"""Config dictionaries: what `get_config` and JSON files hold, in Keras 3's own form.

An object is written as `{"module", "class_name", "config", "registered_name"}`. Reading looks names up in the registry;
`module` is compared with the known modules and never imported, and no text in a file is ever evaluated.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from kerastorch.base import dtypes, errors, registry

PLAIN = (str, bool, int, float, type(None))
_loading = threading.local()
_saving = threading.local()
_codecs: dict[str, tuple[type, Callable[[Any], dict[str, Any]], Callable[[dict[str, Any]], Any]]] = {}


def register_codec(
    tag: str, kind: type, encode: Callable[[Any], dict[str, Any]], decode: Callable[[dict[str, Any]], Any]
) -> None:
    """Teach (de)serialisation one more kind of value, written as `{"class_name": tag, "config": encode(value)}`."""
    _codecs[tag] = (kind, encode, decode)


def _encode_array(value: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"value": value.tolist(), "dtype": value.dtype.name}


def _encode_tensor(value: torch.Tensor) -> dict[str, Any]:
    return {"value": value.detach().cpu().tolist(), "dtype": dtypes.dtype_name(value.dtype)}


def _decode_array(config: dict[str, Any]) -> np.ndarray[Any, Any]:
    kind = np.dtype(config["dtype"])
    if kind.kind not in "fiubc":  # one text of a file could otherwise ask for any amount of memory ("S1000000000")
        raise errors.value_error("An array in a config", expected="a dtype of numbers", received=errors.Said(str(kind)))
    return np.array(config["value"], dtype=kind)


register_codec("__numpy__", np.ndarray, _encode_array, _decode_array)
register_codec(
    "__tensor__", torch.Tensor, _encode_tensor, lambda c: torch.tensor(c["value"], dtype=dtypes.torch_dtype(c["dtype"]))
)
register_codec("__bytes__", bytes, lambda v: {"value": v.decode()}, lambda c: c["value"].encode())
register_codec("__ellipsis__", type(Ellipsis), lambda _: {}, lambda _: Ellipsis)
register_codec(
    "__slice__",
    slice,
    lambda v: {"start": v.start, "stop": v.stop, "step": v.step},
    lambda c: slice(c["start"], c["stop"], c["step"]),
)
register_codec("__complex__", complex, lambda v: {"value": str(v)}, lambda c: complex(c["value"]))


def serialize_keras_object(obj: Any) -> Any:
    """Write an object as plain values in Keras 3's format.

    Args:
        obj: A plain value, list, tuple, dict, array, tensor, a registered function, or an object with `get_config`.

    Returns:
        Strings, numbers, lists and dicts only.

    Raises:
        ValueError: The object has no `get_config`, or is a lambda or local function that no file can name.

    Example:
        >>> serialize_keras_object([1, (2.0, "x")])
        [1, (2.0, 'x')]
    """
    if isinstance(obj, PLAIN):
        return obj
    if isinstance(obj, torch.Size):
        return list(obj)
    if isinstance(obj, (list, tuple)):
        values = [serialize_keras_object(v) for v in obj]
        return tuple(values) if isinstance(obj, tuple) else values
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, torch.dtype):
        return dtypes.dtype_name(obj)
    for tag, (kind, encode, _) in _codecs.items():
        if isinstance(obj, kind):
            return {"class_name": tag, "config": encode(obj)}
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        return _serialize_instance(obj)
    return serialize_function_or_class(obj)


def serialize_shared(obj: Any) -> Any:
    """As `serialize_keras_object`; an object that occurs several times carries an id and is read back as one.

    Args:
        obj: Most often a model, in which models may share layers.
    """
    _saving.seen = {}
    try:
        written = serialize_keras_object(obj)
    finally:
        _saving.seen = None
    counts: Counter[int] = Counter()
    _each_instance(written, lambda config: counts.update([config["shared_object_id"]]))
    _each_instance(written, lambda c: c.pop("shared_object_id") if counts[c["shared_object_id"]] < 2 else None)
    return written


def _each_instance(written: Any, do: Callable[[dict[str, Any]], Any]) -> None:
    """Call `do` on every config that carries an id."""
    if isinstance(written, dict):
        for value in written.values():
            _each_instance(value, do)
        if "shared_object_id" in written:
            do(written)
    elif isinstance(written, (list, tuple)):
        for value in written:
            _each_instance(value, do)


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = getattr(type(obj), "_written_class", type(obj))  # a model's class as the user wrote it
    config = {
        "module": module_name(cls),
        "class_name": cls.__name__,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": written_name(cls),
    }
    known = registry.slot_and_name(cls)
    if known is not None:
        config["class_name"] = known[1]
    for extra, method in (("build_config", "get_build_config"), ("compile_config", "get_compile_config")):
        value = getattr(obj, method)() if hasattr(obj, method) else None
        if value is not None:
            config[extra] = serialize_keras_object(value)
    seen: dict[int, tuple[int, Any]] | None = getattr(_saving, "seen", None)
    if seen is not None:  # the object is kept too, lest another takes its `id`
        config["shared_object_id"] = seen.setdefault(id(obj), (len(seen) + 1, obj))[0]
    return config


def module_name(cls: Any) -> str:
    """The module a file says `cls` lives in: Keras's for built-in objects, its own for the user's."""
    known = registry.slot_and_name(cls)
    if known is None:
        return str(cls.__module__)
    return getattr(cls, "keras_module", None) or registry.SLOTS[known[0]][1]


def written_name(cls: Any) -> str | None:
    """The `registered_name` of a class: None for those at their public Keras address."""
    if registry.slot_and_name(cls) is None:
        return registry.registered_name(cls)
    return cls.__name__ if module_name(cls).startswith("keras.src") else None


def serialize_function_or_class(obj: Any) -> dict[str, Any]:
    """Write a function or a class by its name.

    Raises:
        ValueError: It cannot be named.
    """
    known = registry.slot_and_name(obj)
    if known is not None and not isinstance(obj, type):
        return {"module": "builtins", "class_name": "function", "config": known[1], "registered_name": "function"}
    if isinstance(obj, type) or registry.is_plain_function(obj):
        name = registry.registered_name(obj)
        kind = "class" if isinstance(obj, type) else "function"
        return {"module": "builtins", "class_name": kind, "config": obj.__name__, "registered_name": name}
    if isinstance(obj, torch.nn.Module):
        raise no_config(obj, "this model")
    raise errors.value_error(
        "Cannot write this to a config",
        expected="an object with `get_config()`, or a named function",
        received=obj,
        remedy="Files hold no code: turn a lambda into a named function and register it with "
        "`keras.saving.register_keras_serializable()`.",
    )


def no_config(module: torch.nn.Module, where: str) -> ValueError:
    """The error for a plain torch module, whose constructor's arguments nobody kept.

    Args:
        module: The module.
        where: Where it stands ("'linear' of Sequential 'sequential'").
    """
    return errors.value_error(
        f"The torch module {type(module).__name__} in {where} cannot be written to a config",
        expected="layers, which have `get_config()`",
        received=errors.Said(f"{type(module).__module__}.{type(module).__qualname__}"),
        remedy="Make the module inside a Layer that is registered with `keras.saving.register_keras_serializable()` "
        "(a `layers.TorchModuleWrapper` can not be written either), or keep the weights alone, which work as they are: "
        "`model.save_weights(...)` or `torch.save(model.state_dict(), ...)`.",
    )


@contextmanager
def _shared_objects() -> Iterator[dict[int, Any]]:
    outermost = getattr(_loading, "shared", None) is None
    if outermost:
        _loading.shared = {}
    try:
        yield _loading.shared
    finally:
        if outermost:
            _loading.shared = None


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """Make the object that a config describes. Runs no code named by the config but registered constructors.

    Args:
        config: What `serialize_keras_object` wrote.
        custom_objects: The user's classes and functions by name.
        safe_mode: Accepted for Keras's sake; lambdas in files are refused whatever it says.
        **kwargs: `printable_module_name` of older callers is accepted and not used.

    Returns:
        The object.

    Raises:
        ValueError: A class or function is unknown; the message says how to make it known.

    Example:
        >>> deserialize_keras_object({"class_name": "__slice__", "config": {"start": 0, "stop": 2, "step": None}})
        slice(0, 2, None)
    """
    del safe_mode, kwargs
    with registry.scope(custom_objects or {}), _shared_objects() as shared:
        return _deserialize(config, shared)


def _deserialize(config: Any, shared: dict[int, Any]) -> Any:
    if isinstance(config, PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        return type(config)(_deserialize(v, shared) for v in config)
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value, shared) for key, value in config.items()}
    tag, inner = config["class_name"], config["config"]
    if tag in _codecs:
        return _codecs[tag][2](inner)
    if tag == "__lambda__":
        raise errors.value_error(
            "This file holds a Python lambda",
            expected="data only: loading never runs code from a file",
            received=errors.Said("a serialised lambda"),
            remedy="Save the model again with a named function and `keras.saving.register_keras_serializable()`.",
        )
    if tag in ("function", "class"):
        return find(config, inner if isinstance(inner, str) else inner.get("name", ""))
    return _deserialize_instance(config, shared)


def _deserialize_instance(config: dict[str, Any], shared: dict[int, Any]) -> Any:
    shared_id = config.get("shared_object_id")
    if shared_id is not None and shared_id in shared:
        return shared[shared_id]
    cls = find(config, config["class_name"])
    if not hasattr(cls, "from_config"):
        raise errors.value_error("Config", expected="a class with `from_config`", received=cls)
    obj = cls.from_config(config["config"])
    for key, method in (("build_config", "build_from_config"), ("compile_config", "compile_from_config")):
        value = config.get(key)
        if value and hasattr(obj, method):
            getattr(obj, method)(value)
    if shared_id is not None:
        shared[shared_id] = obj
    return obj


def slot_of_module(module: str) -> str | None:
    """The registry slot of a Keras module path: "keras.layers", "keras.src.ops.numpy", ... None for other modules.

    Example:
        >>> slot_of_module("keras.src.ops.numpy"), slot_of_module("keras"), slot_of_module("os")
        ('ops', 'models', None)
    """
    parts = [p for p in module.split(".") if p != "src"]
    if parts[0] not in ("keras", "tf_keras", "kerastorch"):
        return None
    if "schedules" in parts:
        return "schedules"
    if "optimizers" in parts:  # Keras's torch optimizers live in keras.src.backend.torch.optimizers
        return "optimizers"
    return parts[1] if len(parts) > 1 and parts[1] in registry.SLOTS else "models"


def find(config: dict[str, Any], name: str) -> Any:
    """The class or function a config names, from the user's objects or the closed registry.

    Raises:
        ValueError: Nobody registered it.
    """
    written, module = config.get("registered_name"), config.get("module") or ""
    for candidate in (written, name):
        found = registry.registered_object(candidate) if isinstance(candidate, str) else None
        if found is not None:
            return found
    slot = slot_of_module(module) if module not in ("", "builtins") else None
    slots = [slot] if slot else [] if module not in ("", "builtins") else list(registry.SLOTS)
    if slot == "models":
        slots += ["layers", "dtype_policies"]
    for candidate_slot in slots:
        found = registry.builtin(candidate_slot, name)
        if found is not None:
            return found
    known = registry.names(slot) if slot else [n.rpartition(">")[2] for n in registry.custom_objects()]
    raise errors.value_error(
        f"Cannot find {name!r} of module {module!r}",
        expected="a built-in class or one that you registered",
        received=errors.Said(f"the registered name {written!r}"),
        remedy=(errors.did_you_mean(name, known) + " ").lstrip()
        + "Pass `custom_objects={"
        + repr(name)
        + ": ...}` or decorate the class with "
        "`@keras.saving.register_keras_serializable()` before loading.",
    )


registry._deserialize_hook.append(deserialize_keras_object)
