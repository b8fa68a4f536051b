"""A script written and converted, for tests of its parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from kerastorch.convert import roles, script
from kerastorch.convert.reading import Script, read
from kerastorch.convert.roles import Roles
from kerastorch.convert.running import Running

MODEL = """import keras
import numpy as np
x = np.ones((8, 4))
y = np.ones((8, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["mae"])
"""


def read_text(folder: Path, text: str) -> Script:
    """A script of this text."""
    path = folder / "keras_script.py"
    path.write_text(text)
    return read(path)


def find_roles(folder: Path, text: str) -> Roles:
    """The roles of its statements."""
    found = read_text(folder, text)
    running = Running(found)
    with running.around():
        return roles.find(found, running)


def convert(folder: Path, text: str, to: str = "torch", explain: bool = False) -> script.Conversion:
    """Its conversion."""
    read_text(folder, text)
    return script.convert(folder / "keras_script.py", to, explain)


DATA = """import keras
import numpy as np
rng = np.random.default_rng(3)
x = rng.normal(size=(48, 4)).astype("float32")
y = (x.sum(axis=1, keepdims=True) + rng.normal(size=(48, 1))).astype("float32")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
"""


def train(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """Run a script by kerastorch and what it is converted to, from the same weights: target -> its names at the end.

    `text` trains `model`, which has not been called yet, without shuffling.
    """
    first, _, rest = text.partition("model.compile")
    start = "import torch\ntorch.save(model.state_dict(), 'start.pt')\n"
    space: dict[str, Any] = {}
    exec(f"{first}{start}model.compile{rest}".replace("import keras\n", "import kerastorch as keras\n"), space)
    found = {"keras": space}
    for to in script.TARGETS:
        made = convert(folder, text, to)
        assert not made.marks, made.marks
        load = r"\g<0>\nmodel.load_state_dict(torch.load('start.pt', weights_only=True))"
        code = re.sub(r"^model = .*$", load, made.text, count=1, flags=re.M)
        code = code.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl")
        found[to] = {"__name__": "__main__"}
        exec(code, found[to])
    return found


def assert_equal_weights(found: dict[str, dict[str, Any]]) -> None:
    """Compare the models that `train` gave."""
    expected = found["keras"]["model"].state_dict()
    for to in script.TARGETS:
        for name, weight in found[to]["model"].state_dict().items():
            torch.testing.assert_close(weight.cpu(), expected[name].cpu(), rtol=1e-5, atol=1e-6, msg=f"{to}: {name}")
