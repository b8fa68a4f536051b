"""The calls of `fit`, `evaluate`, `predict`, `save`, ... in a script: what they were given, as source."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass, field
from typing import Any

from kerastorch.convert import writing
from kerastorch.convert.expressions import given
from kerastorch.convert.reading import Script

PARAMETERS = {
    "fit": (
        "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
        "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps",
        "validation_batch_size", "validation_freq",
    ),
    "evaluate": ("x", "y", "batch_size", "verbose", "sample_weight", "steps", "callbacks", "return_dict"),
    "predict": ("x", "batch_size", "verbose", "steps", "callbacks"),
    "save": ("filepath", "overwrite", "zipped"),
    "save_weights": ("filepath", "overwrite"),
    "load_weights": ("filepath", "skip_mismatch"),
    "call_on": ("x",),
    "metrics_names": (),
    "summary": ("line_length", "positions", "print_fn", "expand_nested", "show_trainable", "layer_range"),
}  # fmt: skip
CALLBACKS = {
    "EarlyStopping": (
        "monitor", "min_delta", "patience", "verbose", "mode", "baseline", "restore_best_weights", "start_from_epoch",
    ),
    "ModelCheckpoint": (
        "filepath", "monitor", "verbose", "save_best_only", "save_weights_only", "mode", "save_freq",
        "initial_value_threshold",
    ),
    "ReduceLROnPlateau": ("monitor", "factor", "patience", "verbose", "mode", "min_delta", "cooldown", "min_lr"),
    "LearningRateScheduler": ("schedule", "verbose"),
    "CSVLogger": ("filename", "separator", "append"),
    "TensorBoard": (
        "log_dir", "histogram_freq", "write_graph", "write_images", "write_steps_per_second", "update_freq",
        "profile_batch", "embeddings_freq", "embeddings_metadata",
    ),
    "TerminateOnNaN": (),
}  # fmt: skip
_OLD = {"predict_proba": "predict"}
_BIGGER_IS_BETTER = ("acc", "accuracy", "auc", "precision", "recall", "iou", "f1_score", "fbeta_score", "r2_score")


@dataclass(frozen=True)
class Use:
    """A call of a model's method.

    Attributes:
        method: "fit", "evaluate", ...
        model: The variable that holds the model.
        call: Where it stands in the tree of its statement's text.
        arguments: The source of its arguments by name, or None where they cannot be told apart (`**options`).
        line: Its line in the script.
        text: Its source.
    """

    method: str
    model: str
    call: Any
    arguments: dict[str, str] | None
    line: int
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The source of an argument; `default` where it is missing or None."""
        value = (self.arguments or {}).get(name, "None")
        return default if value == "None" else value

    @property
    def validates(self) -> bool:
        """Whether a `fit` is given data for validation."""
        return bool(self.get("validation_data") or self.get("validation_split", "0") not in ("0", "0.0"))


@dataclass(frozen=True)
class CallbackUse:
    """A callback that `fit` was given.

    Attributes:
        kind: "EarlyStopping", ...; "" for one that is not known here.
        source: Its source.
        arguments: The source of its arguments by name.
    """

    kind: str
    source: str
    arguments: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str) -> str:
        """The source of an argument."""
        return self.arguments.get(name, default)

    @property
    def monitor(self) -> str:
        """The name of the figure that it watches, or "" where that is no literal."""
        source = self.get("monitor", "'val_loss'")
        return str(literal(source) or "")

    @property
    def mode(self) -> str:
        """ "max" or "min"; told by the name of the figure where the script does not say."""
        mode = literal(self.get("mode", "'auto'"))
        if mode in ("min", "max"):
            return str(mode)
        return "max" if self.monitor.removeprefix("val_").endswith(_BIGGER_IS_BETTER) else "min"


def literal(source: str) -> Any:
    """The value of a literal, or None."""
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None


def find(text: str, models: set[str], line: int) -> list[Use]:
    """The calls of models' methods in a statement.

    Args:
        text: The source of the statement.
        models: The variables that hold models.
        line: Where it begins in the script.
    """
    found = []
    for node in [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.expr)]:
        owner, method = _used(node)
        if isinstance(owner, ast.Name) and owner.id in models and method in PARAMETERS:
            given_here = given(node, PARAMETERS[method]) if isinstance(node, ast.Call) else {}
            own = ast.get_source_segment(text, node) or ""
            found.append(Use(method, owner.id, node, given_here, line + node.lineno - 1, textwrap.dedent(own)))
    return found


def _used(node: Any) -> tuple[ast.AST | None, str]:
    """What is used in `model.method(...)`, `model(...)` and `model.metrics_names`, and how."""
    if isinstance(node, ast.Attribute) and node.attr == "metrics_names":
        return node.value, node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value, _OLD.get(node.func.attr, node.func.attr)
    return (node.func, "call_on") if isinstance(node, ast.Call) else (None, "")


def resolved(script: Script, source: str, line: int) -> ast.expr:
    """The tree of an expression; of a name that is assigned once, what is assigned."""
    node = ast.parse(source, mode="eval").body
    if isinstance(node, ast.Name):
        return script.binding(node.id, line) or node
    return node


def trains_argument(node: ast.stmt) -> str:
    """The call by which a function compiles or trains a model that it is given or makes, or ""."""
    for call in ast.walk(node) if isinstance(node, ast.FunctionDef) else ():
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            given_here = {keyword.arg for keyword in call.keywords}
            if call.func.attr == "fit" and given_here & {"epochs", "batch_size", "validation_data", "callbacks"}:
                return f"{ast.unparse(call.func)}(...)"
    return ""


def constant(script: Script, name: str, line: int) -> Any:
    """The value of a name that is assigned a literal once, and nothing else; else None."""
    node = script.binding(name, line)
    return None if node is None else literal(ast.unparse(node))


def callbacks(script: Script, use: Use) -> list[CallbackUse]:
    """The callbacks that a `fit` was given, in order."""
    source = use.get("callbacks")
    if not source:
        return []
    node = resolved(script, source, use.line)
    if isinstance(node, ast.Call):
        return [_callback(script, node, source)]
    if not isinstance(node, (ast.List, ast.Tuple)):
        return [CallbackUse("", source)]
    return [_callback(script, resolved(script, writing.source(e), use.line), writing.source(e)) for e in node.elts]


def _callback(script: Script, node: ast.expr, source: str) -> CallbackUse:
    name = script.dotted(node.func) if isinstance(node, ast.Call) else ""
    kind = name.rpartition(".")[2] if name.startswith("keras.callbacks.") else ""
    if kind not in CALLBACKS or not isinstance(node, ast.Call):
        return CallbackUse("", writing.source(node))
    arguments = given(node, CALLBACKS[kind])
    return CallbackUse(kind, writing.source(node), arguments) if arguments is not None else CallbackUse("", source)
