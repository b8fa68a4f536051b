"""matplotlib, or an error that says how to get it."""

from __future__ import annotations

import sys

import pytest

from kerastorch.base.plotting import pyplot


def test_it_is_matplotlibs() -> None:
    from matplotlib import pyplot as theirs

    assert pyplot("`plot` of History") is theirs


def test_without_it_the_caller_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="`plot` of History: expected matplotlib.*pip install matplotlib"):
        pyplot("`plot` of History")
