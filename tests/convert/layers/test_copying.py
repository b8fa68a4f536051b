"""Imports and copies of what users wrote."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert.layers.copying import Unknown, copied_function, reference
from kerastorch.convert.layers.writer import Writer

SOURCE = """
import math
import torch.nn.functional as F
from torch import nn
import kerastorch as keras
from kerastorch.layers import Dense as Full

RATE = 0.5

def helper(x):
    return F.relu(x) * math.pi * RATE

class Inner(nn.Module):
    def forward(self, x):
        return helper(x)

class Outer(keras.Layer):
    def __init__(self):
        super().__init__()
        self.inner, self.full = Inner(), Full(2)
"""


@pytest.fixture
def script(tmp_path: Any, monkeypatch: Any) -> Any:
    """A module that cannot be imported by its name, as a script is."""
    path = tmp_path / "script.py"
    path.write_text(SOURCE)
    module = types.ModuleType("a_script")
    module.__file__ = str(path)
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "a_script", module)
    return module


def test_copies_what_is_needed(script: Any) -> None:
    writer = Writer()
    assert reference(writer, script.Outer) == "Outer"
    assert list(writer.helpers) == ["RATE", "helper", "Inner", "Outer"]
    assert writer.imports == {
        "import math",
        "import torch.nn.functional as F",
        "from torch import nn",
        "import kerastorch as keras",
        "from kerastorch.layers import Dense as Full",
    }
    space: dict[str, Any] = {}
    exec("\n".join([*writer.imports, *writer.helpers.values()]), space)
    assert space["Outer"]().inner(torch.ones(1)).item() == pytest.approx(3.14159265 / 2)


def test_names_of_the_library_and_imports() -> None:
    writer = Writer()
    assert reference(writer, layers.Dense) == "keras.layers.Dense"
    assert reference(writer, keras.losses.Huber) == "keras.losses.Huber"
    assert reference(writer, types.SimpleNamespace) == "SimpleNamespace"
    assert writer.imports > {"import kerastorch as keras", "from types import SimpleNamespace"}


def test_without_source_it_is_refused() -> None:
    space: dict[str, Any] = {"__name__": "nowhere"}
    exec("def lost(x):\n    return x", space)
    with pytest.raises(Unknown, match="lost has no source"):
        reference(Writer(), space["lost"])
    with pytest.raises(Unknown, match="not alone on its line"):
        copied_function(Writer(), (lambda x: x, lambda x: 2 * x)[0], "name")
