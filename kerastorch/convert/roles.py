"""Which statements of a script define models, which use them, and which are plain Python that stays."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

import kerastorch
from kerastorch.convert import expressions, uses, writing
from kerastorch.convert.expressions import DROPPED, POLICY, SEEDS, Converted
from kerastorch.convert.reading import Script, Statement, branch, free, is_foreign, root
from kerastorch.convert.running import Running, Unknown, build, missing
from kerastorch.convert.uses import Use

_CHANGING = ("add", "pop", "build", "append", "extend", "insert", "update", "adapt", "compile")
_BLOCKS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)


@dataclass
class Part:
    """A statement and its role.

    Attributes:
        statement: The statement.
        role: "plain" stays; "import"; "definition" makes or changes a model; "compile"; "use" trains it, ...;
            "seed", "policy" and "dropped" are settings; "refused" is not converted.
        model: The key of the model that it makes, changes, compiles or loads.
        keys: Variable -> the key of the model that it holds then.
        uses: The calls of models' methods in it.
        converted: The statement with everything converted but models.
        why: Why it is refused.
        do: What to do about that.
        path: The source of the path that `load_model` reads.
        told: What the model knows of a compile: a later one takes its place.
    """

    statement: Statement
    role: str
    model: str = ""
    uses: list[Use] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    converted: Converted | None = None
    why: str = ""
    do: str = ""
    path: str = ""
    told: Any = None


@dataclass
class Roles:
    """The parts of a script, and its models.

    Attributes:
        parts: A part for each statement.
        models: Key -> model, in the order of their definitions. The key is the variable that held it first; of a
            variable that holds several models one after the other, the variable and a number.
        built_at: Key -> the number of the last part that defines the model.
        current: Variable -> the key of the model that it holds.
    """

    parts: list[Part] = field(default_factory=list)
    models: dict[str, Any] = field(default_factory=dict)
    built_at: dict[str, int] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)


def find(script: Script, running: Running) -> Roles:
    """Run what defines models, and say of each statement what it does.

    Args:
        script: The script.
        running: Runs its statements; `running.around()` is entered.
    """
    return _Finder(script, running).find()


class _Finder:
    def __init__(self, script: Script, running: Running) -> None:
        self.script = script
        self.running = running
        self.roles = Roles()
        self.derived: set[str] = set()  # names whose values are Keras's, or were made with it
        self.trained: set[str] = set()

    def find(self) -> Roles:
        statements = self.script.statements
        while (number := len(self.roles.parts)) < len(statements):
            statements[number : number + 1] = self._taken(number, statements[number])
            if number < len(statements):
                self.roles.parts.append(self._part(number, statements[number]))
        return self.roles

    def _taken(self, number: int, statement: Statement) -> list[Statement]:
        """Of an `if` that trains a model, and whose test the script answers by itself, the branch that is taken."""
        node = statement.node
        if isinstance(node, ast.If) and uses.find(statement.text, self._model_names(), statement.line):
            names = free(node.test)
            known = all(uses.constant(self.script, name, statement.line) is not None for name in names)
            if known and not any(isinstance(n, ast.Call) for n in ast.walk(node.test)):
                taken = bool(self.running.evaluate(node.test, names, number))
                return [s for inner in branch(self.script, statement, taken) for s in self._taken(number, inner)]
        return [statement]

    def _part(self, number: int, statement: Statement) -> Part:
        node = statement.node
        alias = isinstance(node, ast.Assign) and bool(statement.binds) and statement.binds <= set(self.script.names)
        if alias or isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {self.script.names.get(n, "") for n in statement.binds}
            if any(name.partition(".")[0] in ("keras", "tensorflow", "kerastorch") for name in names):
                self.running.run(number)
            return Part(statement, "import")
        found = uses.find(statement.text, self.derived & self._model_names(), statement.line)
        found = [use for use in found if use.method != "call_on" or self._is_called(statement.node, use)]
        if found:
            return self._use(number, statement, found)
        trained = uses.trains_argument(statement.node)
        if trained:
            why = f"`{trained}` stands inside a function, and no calls of functions are followed here."
            self.derived |= statement.binds
            self.running.skip(number, why)
            return Part(statement, "refused", why=why, do=_ADVICE_FUNCTION)
        loaded = self._loaded(number, statement)
        if loaded is not None:
            return loaded
        setting = self._setting(statement)
        if setting:
            return Part(statement, setting)
        converted = expressions.convert(self.script, statement.text)
        if not converted.left and not statement.reads & self.derived:
            return Part(statement, "plain", converted=converted)
        return self._definition(number, statement, converted)

    def _is_called(self, node: ast.stmt, use: Use) -> bool:
        """Whether a model is called on data; on what Keras made, that defines another model."""
        return not isinstance(node, _BLOCKS) and not free(use.call) - {use.model} & self.derived

    def _model_names(self) -> set[str]:
        return {n for n, v in self.running.values.items() if isinstance(v, (kerastorch.Model, Unknown))}

    def _setting(self, statement: Statement) -> str:
        """The role of a call that only sets something, or ""."""
        node = statement.node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _ENVIRONMENT:
            return "dropped"
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            return ""
        name = self.script.dotted(node.value.func)
        return "seed" if name in SEEDS else "policy" if name == POLICY else "dropped" if name in DROPPED else ""

    def _loaded(self, number: int, statement: Statement) -> Part | None:
        """`name = load_model(path)` of a file that the script wrote before."""
        node = statement.node
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            return None
        call = node.value
        if not (isinstance(call, ast.Call) and self.script.dotted(call.func) in _LOADERS and len(call.args) == 1):
            return None
        path, name = writing.source(call.args[0]), node.targets[0].id
        written: dict[str, str] = {}
        for part in self.roles.parts:
            for use in part.uses if part.role == "use" else ():
                key = part.keys.get(use.model, "")
                watching = uses.callbacks(self.script, use) if use.method == "fit" else []
                written |= {callback.get("filepath", ""): key for callback in watching}
                written |= {use.get("filepath"): key} if use.method == "save" else {}
        model = written.get(path, "")
        if not path or model not in self.roles.models:
            return None
        self.running.skip(number, "it is read from a file")
        self.running.values[name] = self.roles.models[model]
        self.derived.add(name)
        self.roles.current[name] = f"{name}@{number}"
        return Part(statement, "load", model=model, path=path, keys=dict(self.roles.current))

    # -- definitions ------------------------------------------------------------------------------------------------

    def _definition(self, number: int, statement: Statement, converted: Converted) -> Part:
        node, left = statement.node, sorted(converted.left)
        refused = Part(statement, "refused", converted=converted)
        models = statement.reads & self.derived & self._model_names()
        refused.do = _ADVICE_MODEL if models and not left else expressions.advice(max(left, key=len, default="keras"))
        made = f"It uses {', '.join(sorted(statement.reads & self.derived))}, made with Keras, in a way that"
        asked = f"{left[0] if left else made} has no counterpart here."
        changed = self._changed(node)
        if isinstance(node, ast.Expr) and not changed:
            refused.why = asked
        else:
            refused.why, refused.do = self._refusal(statement, changed) or ("", refused.do)
        if refused.why:
            return refused
        why = self._run(number, left)
        self.derived |= statement.binds
        if not why and (
            isinstance(node, _BLOCKS) or all(_is_keras(self.running.values.get(n)) for n in statement.binds)
        ):
            return self._defined(number, statement, changed)
        refused.why = _sentence(why) if why else asked
        if changed and why:
            self._give_up(changed, refused)
        if not why:
            self.derived -= statement.binds
            self.running.values.update({n: Unknown("it is asked of a Keras object") for n in statement.binds})
        elif not why.startswith(f"line {statement.line} ") and not is_foreign(why.partition(" ")[0]):
            refused.do = _ADVICE_DATA
        return refused

    def _run(self, number: int, left: list[str]) -> str:
        """Run a statement, if kerastorch has all that it needs of Keras; why it could not run, or ""."""
        unknown = [reason for reason in map(missing, left) if reason]
        if unknown:
            self.running.fail(number, unknown[0])
        return self.running.run(number)

    def _give_up(self, name: str, refused: Part) -> None:
        """A model that misses something is not written: what defined it is refused as well."""
        key = self.roles.current.pop(name, "")
        if self.roles.models.pop(key, None) is not None:
            for part in self.roles.parts:
                if part.role == "definition" and part.model == key:
                    part.role, part.why, part.do = "refused", f"A later line of it failed: {refused.why}", refused.do

    def _refusal(self, statement: Statement, changed: str) -> tuple[str, str] | None:
        """Why a change of a model is not converted, and what to do; None if it may be."""
        if self.running.is_unknown(changed):
            why = _sentence(f"{changed!r} is not there: {self.running.values[changed].reason}")
            return why, _ADVICE_MISSING
        if ".trainable" in statement.text and self._is_compiled(changed):
            return "It changes what is trained, after a model was compiled.", _ADVICE_FREEZE
        if self.roles.current.get(changed) in self.trained and not _is_compile(statement.node):
            return "It changes a model that was trained already.", _ADVICE_MODEL
        return None

    def _is_compiled(self, name: str) -> bool:
        """Whether a layer or model is, or shares weights with, a compiled model; of no single one, whether any is."""
        changed = self.running.values.get(name)
        weights = {id(w) for m in self.roles.models.values() if m.compiled for w in m.parameters()}
        return any(id(w) in weights for w in changed.parameters()) if isinstance(changed, nn.Module) else bool(weights)

    def _changed(self, node: ast.stmt) -> str:
        """The variable that `x.add(...)` and `x.attribute = ...` change, or ""."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in _CHANGING and root(function) in self.derived:
                return root(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
            return root(node.targets[0])
        return ""

    def _defined(self, number: int, statement: Statement, changed: str) -> Part:
        part, roles = Part(statement, "definition"), self.roles
        for name in sorted(statement.binds):
            value = self.running.values.get(name)
            if isinstance(value, kerastorch.Model):
                known = [key for key, model in roles.models.items() if model is value]
                key = known[0] if known else name if name not in roles.models else f"{name}#{number}"
                roles.models[key] = value
                roles.current[name] = part.model = key
        if _is_compile(statement.node):
            part.role, part.model = "compile", roles.current[changed]
            part.told = roles.models[part.model]._compiled
        elif part.model:
            roles.built_at[part.model] = number
        return part

    # -- uses -------------------------------------------------------------------------------------------------------

    def _use(self, number: int, statement: Statement, found: list[Use]) -> Part:
        part = Part(statement, "use", uses=found, keys=dict(self.roles.current))
        unknown = [u.model for u in found if self.running.is_unknown(u.model)]
        if unknown:
            part.role, part.do = "refused", _ADVICE_MISSING
            part.why = _sentence(f"{unknown[0]!r} is not there: {self.running.values[unknown[0]].reason}")
        elif isinstance(statement.node, _BLOCKS):
            kind = type(statement.node).__name__.lower().replace("functiondef", "function").replace("classdef", "class")
            part.role, part.do = "refused", "Take the call out of it, and convert again; or write the loop by hand."
            part.why = f"`{found[0].model}.{found[0].method}` stands inside a block ({kind}), which is not run here."
        else:
            self._build(number, found)
        self.running.skip(number, f"line {statement.line} is not run while converting")
        self.trained |= {part.keys.get(u.model, "") for u in found if u.method == "fit"}
        return part

    def _build(self, number: int, found: list[Use]) -> None:
        """Build models that only their data build."""
        for use in found:
            model = self.roles.models.get(self.roles.current.get(use.model, ""))
            if model is not None and not model.built and use.get("x"):
                node = ast.parse(use.get("x"), mode="eval").body
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                x = self.running.evaluate(node, names, number)
                if not isinstance(x, Unknown):
                    build(model, x)


_ADVICE_MODEL = "model.children() gives the layers of a torch model, model.state_dict() its weights."
_ADVICE_FUNCTION = "Write what it does where it is called, and convert again."
_LOADERS = ("keras.models.load_model", "keras.saving.load_model")
_ADVICE_FREEZE = (
    "Say `for weight in layer.parameters(): weight.requires_grad_(True)` (or False) here, before the optimizer is made."
)
_ADVICE_DATA = "Convert where that line can run, or write the shapes that the model needs into the script as numbers."
_ADVICE_MISSING = "Mend the spot that is marked above, and convert again."
_ENVIRONMENT = (
    "os.environ['KERAS_BACKEND']",
    "os.environ['TF_CPP_MIN_LOG_LEVEL']",
    "os.environ['TF_ENABLE_ONEDNN_OPTS']",
)


def _is_compile(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "compile"
    )


def _is_keras(value: Any) -> bool:
    """Whether a value is Keras's: a layer, a symbolic tensor, an optimizer, a callback, ... or a list of them."""
    if isinstance(value, (list, tuple)):
        return any(_is_keras(v) for v in value)
    if isinstance(value, dict):
        return any(_is_keras(v) for v in value.values())
    if isinstance(value, (np.ndarray, str, int, float, type(None))):
        return False
    kinds = value.__mro__ if inspect.isclass(value) else type(value).__mro__
    home = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")
    homes = [str(home), *(kind.__module__ for kind in kinds)]
    return isinstance(value, nn.Module) or any(h.partition(".")[0] == "kerastorch" for h in homes)


def _sentence(text: str) -> str:
    """A reason with its full stop, and a capital where it begins with a line."""
    text = text.rstrip(".") + "."
    return f"Line {text[5:]}" if text.startswith("line ") else text
