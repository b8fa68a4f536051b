"""Names of older Kerases, and TensorFlow's names for the same, as Keras 3 has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from kerastorch import activations, backend, ops
from kerastorch.convert.writing import edited

_HOMES = {"kerastorch": "keras", "tensorflow.keras": "keras", "tensorflow.python.keras": "keras"}
_OLD = {
    "keras.preprocessing.sequence.pad_sequences": "keras.utils.pad_sequences",
    "keras.preprocessing.sequence": "keras.utils",
    "keras.utils.np_utils": "keras.utils",
    "keras.backend.set_image_data_format": "keras.config.set_image_data_format",
    "keras.mixed_precision.experimental.set_policy": "keras.mixed_precision.set_global_policy",
    "keras.config.set_dtype_policy": "keras.mixed_precision.set_global_policy",
    "keras.optimizers.legacy": "keras.optimizers",
    "keras.layers.experimental.preprocessing": "keras.layers",
    "keras.utils.vis_utils": "keras.utils",
    "keras.wrappers.scikit_learn": "keras.wrappers",
} | {
    f"keras.optimizers.{kind.lower()}": f"keras.optimizers.{kind}"
    for kind in ("Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "RMSprop", "SGD")
}
# keras.layers.core.Dense, keras.models.model.Model, ...: classes by the file in which they once were.
_FILE = re.compile(r"keras\.(layers|models|callbacks)\.[a-z_]+\.([A-Z]\w*)$")
_FUNCTION = re.compile(r"(keras\.backend|tensorflow(?:\.math|\.nn)?)\.([a-z_0-9]+)$")
_RENAMED = {"pow": "power", "concat": "concatenate"}
_ARGUMENTS = {"keras.optimizers.": {"lr": "learning_rate"}}


def canonical(name: str) -> str:
    """Keras 3's own name for a dotted name: `tensorflow.keras.layers.Dense` is `keras.layers.Dense`.

    Example:
        >>> canonical("keras.layers.core.Dense"), canonical("tensorflow.nn.relu"), canonical("tensorflow.reduce_mean")
        ('keras.layers.Dense', 'keras.activations.relu', 'keras.ops.mean')
    """
    for home, keras in _HOMES.items():
        if name == home or name.startswith(home + "."):
            name = keras + name[len(home) :]
    for old, new in _OLD.items():
        if name == old or name.startswith(old + "."):
            name = new + name[len(old) :]
    return _function(_FILE.sub(r"keras.\1.\2", name))


def _function(name: str) -> str:
    """Functions of the backend and of TensorFlow, where `keras.ops` or `keras.activations` has them."""
    found = _FUNCTION.match(name)
    if found is None or hasattr(backend, found[2]):
        return name
    last = _RENAMED.get(found[2], found[2].removeprefix("reduce_"))
    if found[1].endswith(".nn") and callable(getattr(activations, last, None)):
        return f"keras.activations.{last}"
    return f"keras.ops.{last}" if callable(getattr(ops, last, None)) else name


def modern(text: str, tree: ast.Module, dotted: Callable[[ast.AST], str], names: dict[str, str]) -> str:
    """The text of a script with Keras 3's names in the place of older ones; every line stays where it is.

    Args:
        text: The text.
        tree: Its tree.
        dotted: What a name or attribute of it stands for, canonically, or "".
        names: Imported name -> what it stands for; `keras` is added where the text now needs it.
    """
    keras = next((name for name, home in names.items() if canonical(home) == "keras"), "")
    root, changes = keras or "keras", list(_arguments(tree, dotted))
    for node, name, inside in _attributes(tree, dotted):
        written = ast.unparse(node)
        plain = names[written.partition(".")[0]] + written[len(written.partition(".")[0]) :]
        told = inside or not name.startswith("keras.ops.")  # data are no matter of Keras
        if told and name.startswith("keras.") and _spelled(plain) != name and node.lineno == node.end_lineno:
            changes.append((node, root + name.removeprefix("keras")))
    if not keras and any(new.startswith("keras.") for _, new in changes):
        names["keras"] = "keras"
    return edited(text, changes) if changes else text


def _spelled(name: str) -> str:
    """A dotted name with Keras at its root, spelled as it is otherwise."""
    for home, keras in _HOMES.items():
        if name.startswith(home + "."):
            return keras + name[len(home) :]
    return name


def _attributes(
    node: ast.AST, dotted: Callable[[ast.AST], str], inside: bool = False
) -> Iterator[tuple[ast.Attribute, str, bool]]:
    """The outermost attributes that stand for something imported, what, and whether they stand in a function."""
    name = dotted(node) if isinstance(node, ast.Attribute) else ""
    if name and isinstance(node, ast.Attribute):
        yield node, name, inside
        return
    for child in ast.iter_child_nodes(node):
        yield from _attributes(child, dotted, inside or isinstance(node, (ast.FunctionDef, ast.Lambda)))


def _arguments(tree: ast.AST, dotted: Callable[[ast.AST], str]) -> Iterator[tuple[ast.AST, str]]:
    """Arguments that are called otherwise now."""
    for node in ast.walk(tree):
        called = dotted(node.func) if isinstance(node, ast.Call) else ""
        for start, renamed in _ARGUMENTS.items():
            for keyword in node.keywords if called.startswith(start) and isinstance(node, ast.Call) else ():
                if keyword.arg in renamed:
                    end = ast.Name(keyword.arg, lineno=keyword.lineno, col_offset=keyword.col_offset)
                    end.end_lineno, end.end_col_offset = keyword.lineno, keyword.col_offset + len(keyword.arg)
                    yield end, renamed[keyword.arg]
