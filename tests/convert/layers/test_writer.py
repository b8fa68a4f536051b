"""The class that is written."""

from __future__ import annotations

from kerastorch.convert.layers.writer import Writer, attribute, loop, name_of, needed, whole_class
from tests.convert.running import check_format


def test_layers_that_start_alike_share_a_loop() -> None:
    writer = Writer()
    for key in ("a", "b"):
        writer.attribute(key, "nn.Linear(1, 1)", (("bias", "nn.init.zeros_({})"),))
    writer.attribute("a", "nn.Linear(2, 2)")
    assert writer.init_body() == [
        "super().__init__()",
        "self.a = nn.Linear(1, 1)",
        "self.b = nn.Linear(1, 1)",
        "# Weights start as Keras's do, not as torch's.",
        "for layer in (self.a, self.b):",
        "    nn.init.zeros_(layer.bias)",
    ]


def test_the_last_assignment_is_returned() -> None:
    writer = Writer()
    writer.forward = ["x = f(x)", "x = g(x)", "return x"]
    assert writer.forward_body() == ["x = f(x)", "return g(x)"]
    writer.forward = ["a, b = x", "return a"]
    assert writer.forward_body() == ["a, b = x", "return a"]


def test_names() -> None:
    assert attribute("my dense") == 'self.get_submodule("my dense")' and attribute("dense") == "self.dense"
    assert name_of("@torch.no_grad()\nclass A(B):\n    x = 1") == "A"
    assert len(loop("layer", [f"self.layer_{i}" for i in range(30)])) == 32
    assert needed("F.relu(keras.ops.abs(x))") == ("import kerastorch as keras", "import torch.nn.functional as F")


def test_a_class_compiles() -> None:
    writer = Writer()
    writer.forward = ["return x"]
    source = whole_class("A", "nn.Module", ["One", "two"], writer, "x", ["def more(self):\n    return 1"])
    compile(source, "<class>", "exec")
    check_format(f"from torch import nn\n\n\n{source}\n")
