"""What Keras offers beside models, in NumPy's and torch's words: data sets, labels, sequences, seeds."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from kerastorch.convert.reading import Script
from kerastorch.convert.snippets import FUNCTIONS, LOADERS
from kerastorch.convert.source import Piece
from kerastorch.convert.writing import edited, source

# What to do in the place of what is not converted, by the beginning of its name; the longest that fits is taken.
_ADVICE = {
    "keras": "Write this part with torch; kerastorch runs it as it is: `import kerastorch as keras`.",
    "keras.callbacks": "Write a `pl.Callback` (Lightning), or put what it does into the loop over epochs (PyTorch).",
    "keras.datasets": "Load the arrays from a file, or take the same data set from torchvision or scikit-learn.",
    "keras.utils.plot_model": "`print(model)` shows the layers; TensorBoard's `add_graph` draws them.",
    "keras.utils.get_file": "`torch.hub.download_url_to_file(url, path)` downloads a file.",
    "keras.utils.image_dataset_from_directory": "torchvision.datasets.ImageFolder reads folders of images.",
    "keras.utils.text_dataset_from_directory": "Read the files into lists, and make a Dataset of them.",
    "keras.models.load_model": "Make the model from its class, and load the weights with load_state_dict.",
    "keras.saving.load_model": "Make the model from its class, and load the weights with load_state_dict.",
    "keras.ops": "The function of the same name in torch or NumPy does the same.",
    "tensorflow": "Write this part with torch or NumPy.",
    "tensorflow.data": "Make a torch.utils.data.Dataset, and a DataLoader that shuffles and batches it.",
    "tensorflow.config": "Lightning's Trainer(accelerator=..., devices=...) and tensor.to(device) choose the device.",
    "tensorflow.distribute": "Lightning's Trainer(strategy='ddp', devices=...) trains on several devices.",
    "tensorflow.GradientTape": "loss.backward() computes the gradients; parameter.grad holds them.",
}
# Statements without a counterpart, that nothing misses.
DROPPED = {
    "keras.backend.clear_session": "nothing to clear: torch keeps no global graph",
    "keras.utils.clear_session": "nothing to clear: torch keeps no global graph",
    "keras.utils.disable_interactive_logging": "not needed",
    "keras.utils.enable_interactive_logging": "not needed",
    "keras.config.disable_traceback_filtering": "not needed",
    "keras.backend.set_floatx": "torch.set_default_dtype; float32 is the default of both",
    "tensorflow.get_logger": "not needed",
}
SEEDS = ("keras.utils.set_random_seed", "tensorflow.random.set_seed", "tensorflow.set_random_seed")
_OURS = "converted__"  # marks a function of ours while others of that name are still Keras's
POLICY = "keras.mixed_precision.set_global_policy"


def advice(name: str) -> str:
    """What to do in the place of something of Keras that is not converted."""
    fitting = [start for start in _ADVICE if name == start or name.startswith(start + ".")]
    return _ADVICE[max(fitting, key=len)] if fitting else _ADVICE["keras"]


def given(node: ast.Call, parameters: tuple[str, ...]) -> dict[str, str] | None:
    """The arguments of a call by their names, as source; None for `*` and `**` and for names that are not known."""
    if any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(parameters):
        return None
    found = dict(zip(parameters, map(source, node.args), strict=False))
    for keyword in node.keywords:
        if keyword.arg not in parameters:
            return None
        found[keyword.arg] = source(keyword.value)
    return found


@dataclass(frozen=True)
class Converted:
    """A statement without what has a counterpart.

    Attributes:
        text: Its source.
        pieces: What that needs: imports, and helper functions.
        left: The names of Keras and TensorFlow that have no counterpart here.
    """

    text: str
    pieces: tuple[Piece, ...]
    left: frozenset[str]


def convert(script: Script, text: str) -> Converted:
    """Convert what Keras offers beside models.

    Args:
        script: The script, which knows the names.
        text: The source of a statement.
    """
    pieces: list[Piece] = []
    while (change := _next(script, ast.parse(text))) is not None:
        node, piece = change
        text = edited(text, [(node, _OURS + piece.expression if piece.helpers else piece.expression)])
        pieces.append(piece)
    left = frozenset(script.keras(ast.parse(text)))
    return Converted(text.replace(_OURS, ""), tuple(pieces), left)


def _next(script: Script, tree: ast.AST) -> tuple[ast.AST, Piece] | None:
    """The first node that has a counterpart, and that counterpart."""
    for node in ast.walk(tree):
        name = script.dotted(node.func) if isinstance(node, ast.Call) else script.dotted(node)
        if not name:
            continue
        if isinstance(node, ast.Call) and name.endswith(".load_data"):
            piece = _load_data(name, node)
        elif isinstance(node, ast.Call):
            piece = _CALLS[name](node) if name in _CALLS else None
        else:
            piece = Piece(("import torch",), (), "torch.__version__") if name in _VERSIONS else None
        if piece is not None:
            return node, piece
    return None


_VERSIONS = ("keras.__version__", "tensorflow.__version__")


def _load_data(name: str, node: ast.Call) -> Piece | None:
    dataset = name.split(".")[-2]
    arguments = given(node, ("path", "num_words")) if dataset == "imdb" else given(node, ("path",))
    if not name.startswith("keras.datasets.") or arguments is None:
        return None
    path = arguments.pop("path", "")
    own = path.strip("'\"") == f"{dataset}.npz"  # Keras's own name for it
    loader = LOADERS.get("" if path and not own and dataset != "imdb" else dataset)
    if loader is None:
        return None
    written = [path] if loader.expression == "load_npz" else [f"{key}={value}" for key, value in arguments.items()]
    return Piece(loader.imports, loader.helpers, f"{loader.expression}({', '.join(written)})")


def _to_categorical(node: ast.Call) -> Piece | None:
    arguments = given(node, ("x", "num_classes"))
    if arguments is None:
        arguments = given(node, ("y", "num_classes")) or given(node, ("indices", "depth"))
    if not arguments:
        return None
    labels = f"np.ravel({next(iter(arguments.values()))}).astype(int)"
    classes = arguments.get("num_classes", arguments.get("depth", f"{labels}.max() + 1"))
    return Piece(("import numpy as np",), (), f"np.eye({classes})[{labels}]")


def _same(name: str) -> Callable[[ast.Call], Piece]:
    """The same call of a function that the script then defines."""
    piece = FUNCTIONS[name]

    def convert_call(node: ast.Call) -> Piece:
        arguments = [*map(source, node.args), *(source(k) for k in node.keywords)]
        return Piece(piece.imports, piece.helpers, f"{piece.expression}({', '.join(arguments)})")

    return convert_call


def _softmax(node: ast.Call) -> Piece | None:
    if len(node.args) != 1 or node.keywords:
        return None
    return Piece(("import torch",), (), f"torch.softmax(torch.as_tensor({source(node.args[0])}), dim=-1)")


def _constant(expression: str) -> Callable[[ast.Call], Piece | None]:
    return lambda node: None if node.args or node.keywords else Piece((), (), expression)


_CALLS: dict[str, Callable[[ast.Call], Piece | None]] = {
    "keras.utils.to_categorical": _to_categorical,
    "keras.ops.one_hot": _to_categorical,
    "keras.activations.softmax": _softmax,
    "keras.utils.pad_sequences": _same("pad_sequences"),
    "keras.utils.normalize": _same("normalize"),
    "keras.backend.image_data_format": _constant('"channels_last"'),
    "keras.config.image_data_format": _constant('"channels_last"'),
    "keras.backend.floatx": _constant('"float32"'),
    "keras.config.floatx": _constant('"float32"'),
    "keras.backend.epsilon": _constant("1e-07"),
    "keras.config.epsilon": _constant("1e-07"),
    "keras.version": _constant("torch.__version__"),
}
