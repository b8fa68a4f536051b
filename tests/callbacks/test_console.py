from __future__ import annotations

import io
import sys

import pytest

from kerastorch import config
from kerastorch.callbacks import console
from tests.callbacks.fakes import Terminal


def test_where_a_line_can_be_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    monkeypatch.setattr(config, "in_notebook", lambda: False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not console.updates_in_place()
    assert console.columns() is None
    monkeypatch.setattr(config, "in_notebook", lambda: True)
    assert console.updates_in_place()
    monkeypatch.setattr(config, "in_notebook", lambda: False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "77")
    assert console.updates_in_place()
    assert console.columns() == 77


def test_an_ascii_output_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    console.write("a ━━ é\n")
    assert raw.getvalue() == b"a == ?\n"
