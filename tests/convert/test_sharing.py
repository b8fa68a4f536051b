from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kerastorch.convert import script
from tests.convert.written import convert

START = "import keras\nimport numpy as np\nx = np.ones((8, 4), 'float32')\ni = keras.Input((4,))\n"
TRAIN = "{0}.compile('sgd', 'mse')\n{0}.fit(x, x, verbose=0)\n"


@pytest.mark.parametrize("to", script.TARGETS)
@pytest.mark.parametrize(
    "text",
    [
        "h = keras.layers.Dense(2)(i)\no = keras.layers.Dense(4)(h)\n"
        "whole = keras.Model(i, o)\npart = keras.Model(i, h)\n" + TRAIN.format("whole"),
        "part = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name='part')\n"
        "whole = keras.Model(i, keras.layers.Dense(4)(part(i)))\n" + TRAIN.format("whole"),
        "whole = keras.Sequential([i, keras.layers.Dense(4)], name='inner')\n"
        + TRAIN.format("whole")
        + "part = keras.Sequential([whole, keras.layers.Softmax()])\n",
    ],
)
def test_shared_layers_stay_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    made = convert(tmp_path, f"{START}{text}p = part.predict(x)\n", to)
    assert not made.marks
    space: dict[str, object] = {"__name__": "__main__"}
    exec(made.text.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
    whole, part = space["whole"], space["part"]
    assert isinstance(whole, torch.nn.Module) and isinstance(part, torch.nn.Module)
    assert {id(w) for w in part.parameters()} <= {id(w) for w in whole.parameters()} and list(part.parameters())
    with torch.no_grad():
        np.testing.assert_allclose(space["p"], part(torch.ones(8, 4)).numpy(), rtol=1e-6)  # type: ignore[arg-type]


def test_layers_shared_deeper_inside_are_marked(tmp_path: Path) -> None:
    text = (
        f"{START}base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])\n"
        "one = keras.Model(i, base(i))\ntwo = keras.Model(i, keras.Sequential([base])(i))\n"
        + TRAIN.format("one") + TRAIN.format("two")
    )  # fmt: skip
    assert [mark.what for mark in convert(tmp_path, text).marks] == ["two"]
