from __future__ import annotations

import pytest

from kerastorch.loggers.clients import client


def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        ImportError, match=r"WandbLogger: expected the package 'no_such'.*pip install 'kerastorch\[wandb\]'"
    ):
        client("no_such", "WandbLogger", "wandb")
