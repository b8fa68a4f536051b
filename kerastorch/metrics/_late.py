"""Metrics whose state takes its shape from the first batch."""

from __future__ import annotations

from torch import Tensor

from kerastorch.metrics.metric import Metric


class LateMetric(Metric):
    """The base of metrics that make their variables when they first see data, or a saved state."""

    _built = False

    def _build(self, width: int) -> None:
        """Make the variables for `width` columns and set `_built`."""
        raise NotImplementedError

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take the state from what `state_dict` returned.

        Raises:
            ValueError: The names or a shape differ; nothing is changed.
        """
        if not self._built and len(state) > len(self.variables):
            self._build(max([v.shape[-1] for v in state.values() if v.ndim], default=1))
        super().load_state_dict(state)
