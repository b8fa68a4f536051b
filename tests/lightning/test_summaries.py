"""A summary without a run has real Lightning's figures."""

from __future__ import annotations

import pytest

from kerastorch.lightning import summaries
from tests.lightning import parity


@pytest.mark.parametrize("depth", [1, -1])
def test_figures(depth: int) -> None:
    lib, real = parity.both()
    from lightning.pytorch.utilities import model_summary as there

    found = []
    for one, place in ((lib, summaries), (real, there)):
        module = parity.classifier(one)()
        next(iter(module.parameters())).requires_grad_(False)
        with parity.quiet():
            told = place.summarize(module, max_depth=depth)
        found.append((told.total_parameters, told.trainable_parameters, told.model_size))
        assert all(name in str(told) for name, _ in module.named_children())
    assert found[0] == found[1]
