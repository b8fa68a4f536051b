"""Sources as files."""

from __future__ import annotations

from kerastorch.convert import Source
from kerastorch.convert.source import import_block
from tests.convert.running import check_format


def test_imports_are_sorted_and_merged() -> None:
    lines = {
        "from torch import nn", "import torch", "import math", "import kerastorch as keras", "import os",
        "import lightning.pytorch as pl", "from torch.utils.data import TensorDataset", "from torch import Tensor",
        "from torch.utils.data import DataLoader", "import torch.nn.functional as F",
    }  # fmt: skip
    block = import_block(lines)
    assert block.splitlines()[:3] == ["import math", "import os", ""]
    assert "from torch import Tensor, nn" in block and "import DataLoader, TensorDataset" in block
    used = "print(math, os, keras, pl, torch, F, Tensor, nn, DataLoader, TensorDataset)"
    check_format(f"{block}\n\n{used}\n")


def test_files() -> None:
    assert Source(("import torch",), "class A:\n    x = torch").file() == "import torch\n\n\nclass A:\n    x = torch\n"
    assert Source((), "x = 1").file() == "x = 1\n"
