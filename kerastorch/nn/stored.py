"""What files ask of a layer beside its arguments: how it was built, and its own weights."""

from __future__ import annotations

from typing import Any

from kerastorch.base import nested, serialization
from kerastorch.nn import weights
from kerastorch.nn.weights import Weighted


class Stored(Weighted):
    """The part of `Layer` that files use."""

    built: bool

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from `get_config`'s result.

        Raises:
            TypeError: The constructor does not take these arguments.
        """
        config = {k: serialization.deserialize_keras_object(v) if isinstance(v, dict) else v for k, v in config.items()}
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, for files."""
        return getattr(self, "_build_config", None)

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights as `get_build_config` said."""
        if config and not self.built:
            named = config.get("shapes_dict", config)
            shapes = [config["input_shape"]] if "input_shape" in config else list(named.values())
            build: Any = self.build
            build(*nested.map_shape_structure(tuple, shapes))

    def save_own_variables(self, store: Any) -> None:
        """Put this layer's own weights (not its sublayers') into a mapping, in Keras's layout."""
        for index, variable in enumerate(weights.own(self)):
            store[str(index)] = weights.to_keras(variable)

    def load_own_variables(self, store: Any) -> None:
        """Take this layer's own weights from a mapping that `save_own_variables` filled.

        Raises:
            ValueError: Their number or a shape differs.
        """
        weights.assign(self.name, weights.own(self), [store[str(i)] for i in range(len(store.keys()))])
