"""A Keras training script as a Lightning or PyTorch script: `python -m kerastorch convert script.py --to torch`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerastorch.base import errors
from kerastorch.convert import lightning_callbacks, lightning_script, roles, settings, sharing, torch_code, weighting
from kerastorch.convert.finishing import Item, Whole, missing, refused
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.reading import Script, read, stored
from kerastorch.convert.roles import Part, Roles
from kerastorch.convert.running import Running
from kerastorch.convert.uses import Use
from kerastorch.convert.writing import Mark, Names, Text, edited

TARGETS = ("lightning", "torch")
_CODE: dict[str, Any] = {"lightning": lightning_script, "torch": torch_code}


@dataclass(frozen=True)
class Conversion:
    """A converted script.

    Attributes:
        text: The new script.
        marks: The spots that were not converted, in order.
        models: The classes that were written for models.
        statements: How many statements the Keras script runs.
        warned: What was warned of while its models were made, with the lines.
    """

    text: str
    marks: tuple[Mark, ...]
    models: tuple[str, ...]
    statements: int
    warned: tuple[tuple[int, str], ...] = ()


def convert(path: str | Path, to: str, explain: bool = True) -> Conversion:
    """Rewrite a Keras script for Lightning or plain PyTorch.

    The statements that define and compile models are run, with kerastorch in Keras's place, and the models that they
    make are written as classes. Training, evaluating, predicting, saving and downloading are not run but rewritten.

    Args:
        path: The script. It may say `import keras`, `from tensorflow import keras` or `import kerastorch as keras`.
        to: "lightning" or "torch".
        explain: Whether comments set each part beside the Keras source that it comes from.

    Returns:
        The new script, and what was not converted; those spots are marked with NOT CONVERTED in it.

    Raises:
        ValueError: `to` is something else, or the script cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     script = Path(folder, "version.py")
        ...     _ = script.write_text("import keras\\nprint(keras.__version__)")
        ...     print(convert(script, "torch", explain=False).text, end="")
        # Converted from the Keras script version.py by `python -m kerastorch convert`.
        <BLANKLINE>
        import torch
        <BLANKLINE>
        print(torch.__version__)
    """
    if to not in TARGETS:
        raise errors.unknown_name("target", to, TARGETS)
    script = read(Path(path))
    running = Running(script)
    with running.around():
        found = roles.find(script, running)
        converted = _Converter(script, found, to, explain).convert()
    return replace(converted, warned=tuple(running.warned()))


class _Converter:
    def __init__(self, script: Script, found: Roles, to: str, explain: bool) -> None:
        self.roles, self.code = found, _CODE[to]
        self.page = Page(script, to, explain, Names(set(script.taken)))
        self.items: list[Item] = []
        self.shown: set[str] = set()  # what has been set beside its Keras source already
        self._name_models()

    def convert(self) -> Conversion:
        """Convert every statement, then drop what is not needed any more and mark what misses something."""
        gone: set[str] = set()  # names that marked statements would have made
        for number, part in enumerate(self.roles.parts):
            lacking = sorted(part.statement.reads & gone) if part.role in ("plain", "use") else []
            text = missing(part, lacking) if lacking else self._text(number, part)
            gone = gone | stored(part.statement.node) if text.refused else gone - part.statement.binds
            self.items.append(Item(part, text))
        whole = Whole(self.page, self.items).finish()
        marks = [mark for item in self.items for mark in item.text.marks]
        classes = tuple(m.class_name for m in self.page.models.values() if m.written and not m.inside)
        return Conversion(whole, tuple(marks), classes, len(self.items))

    # -- models -----------------------------------------------------------------------------------------------------

    def _name_models(self) -> None:
        """Of the models, those that are compiled or used, and the names of their classes."""
        parts, names = self.roles.parts, self.page.names
        used = {p.keys.get(u.model, "") for p in parts if p.role == "use" for u in p.uses}
        used |= {p.model for p in parts if p.role in ("compile", "load")}
        asked = {name for p in parts if p.role == "refused" for name in p.statement.reads}
        used |= {key for name, key in self.roles.current.items() if name in asked}
        kept = {key: model for key, model in self.roles.models.items() if key in used or model.compiled}
        for key, value in kept.items():
            name = key.partition("#")[0]
            own = "".join(part[:1].upper() + part[1:] for part in name.split("_")) if len(kept) > 1 else ""
            lit = self.page.target == "lightning" and value.compiled
            wanted = f"Lit{own or 'Model'}" if lit else own or "Network"
            facts = ModelFacts(name, value, names.fresh(wanted), value.compiled)
            if len(kept) > 1:
                facts.measure, facts.optimizer = f"measure_{name}", f"{name}_optimizer"
            facts.measure = names.fresh(facts.measure)
            self.page.models[key] = facts
        sharing.find(self.page)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """What a class needs that the script says later: the first compile, and callbacks that it stands for."""
        self._drop_idle_compiles()
        for part in reversed(self.roles.parts):  # the last is the first that was told
            facts = self.page.models.get(part.model)
            if part.told is not None and facts is not None and part.role != "idle":
                facts.value._compiled = part.told
        for part in self.roles.parts:
            for use in part.uses if part.role == "use" else ():
                facts = self.page.models.get(part.keys.get(use.model, ""))
                if use.method == "fit" and use.arguments is not None and facts is not None and facts.compiled:
                    facts.trainings += 1
                    if weighting.is_weighted(use) and weighting.sample_losses(facts.value) is not None:
                        facts.weighted = True
                    facts.schedulers += lightning_callbacks.schedulers(self.page, use)

    def _drop_idle_compiles(self) -> None:
        """A compile that nothing uses before, or after, another one of the same model."""
        waiting: dict[str, Part] = {}
        useful: set[str] = set()
        for part in self.roles.parts:
            if part.role == "compile":
                if part.model in waiting:
                    waiting[part.model].role = "idle"
                waiting[part.model] = part
            for use in part.uses if part.role == "use" else ():
                key = part.keys.get(use.model, "")
                useful |= {key} if waiting.pop(key, None) is not None else set()
        for key in useful & set(waiting):
            waiting[key].role = "idle"

    def _quoted(self, number: int) -> str:
        """The source of what a model is made of: the definitions that lead to a statement."""
        part, found = self.roles.parts[number], [number]
        needed = set(part.statement.reads) | ({part.model} - stored(part.statement.node))
        for earlier in range(number - 1, -1, -1):
            part = self.roles.parts[earlier]
            if part.role == "definition" and part.statement.binds & needed:
                needed = (needed - stored(part.statement.node)) | part.statement.reads
                found.insert(0, earlier)
        made = [self.roles.parts[i].statement for i in found]
        return "\n".join(f"{s.above}\n{s.text}".lstrip() for s in made)

    # -- statements -------------------------------------------------------------------------------------------------

    def _text(self, number: int, part: Part) -> Text:
        """What a statement becomes."""
        convert: dict[str, Callable[[], Text]] = {
            "plain": lambda: self._plain(part),
            "definition": lambda: self._definition(number, part),
            "compile": lambda: self._compile(part),
            "use": lambda: self._use(part),
            "refused": lambda: refused(part),
            "load": lambda: self._load(part),
            "idle": lambda: Text(here=self.page.note(_IDLE.format(" ".join(part.statement.text.split())[:60]))),
        }
        if part.role in convert:
            try:
                return convert[part.role]()
            except (ValueError, TypeError, NotImplementedError) as error:
                why, do = " ".join(str(error).split()), "Mend this, and convert again."
                return refused(Part(part.statement, "refused", why=why, do=do))
        return settings.convert(self.page, part) if part.role != "import" else Text()

    def _plain(self, part: Part) -> Text:
        text = Text()
        if part.converted is not None:
            new = [p for p in part.converted.pieces if p.expression.partition("(")[0] not in self.shown]
            self.shown |= {p.expression.partition("(")[0] for p in new}
            for piece in part.converted.pieces:
                text.above += self.page.need(piece)
            if new and "\n" not in part.statement.text:
                text.here += self.page.note(f"Keras: {part.statement.text}")
            if new:
                self.page.rows.setdefault("keras.datasets, keras.utils", _DATA[any(p.helpers for p in new)])
            text.here.append(self._without_history(part.converted.text))
        return text

    def _without_history(self, text: str) -> str:
        """Source with `history.history` as the dict that it is in plain PyTorch."""
        names = self.page.histories
        found: list[tuple[ast.AST, str]] = [
            (n, names[n.value.id]) for n in ast.walk(ast.parse(text))
            if isinstance(n, ast.Attribute) and n.attr == "history"
            and isinstance(n.value, ast.Name) and n.value.id in names
        ]  # fmt: skip
        return edited(text, found)

    def _definition(self, number: int, part: Part) -> Text:
        facts = self.page.models.get(part.model)
        if facts is not None and facts.inside and self.roles.built_at.get(part.model) == number:
            return Text()
        if facts is None or self.roles.built_at.get(part.model) != number:
            return Text()
        facts.line = part.statement.line
        text: Text = self.code.define(self.page, facts, self._quoted(number))
        if facts.compiled and not any(p.role == "compile" and p.model == part.model for p in self.roles.parts):
            after = self.code.compiled(self.page, facts, f"{facts.name}.compile(...)")
            text = Text(text.here + after.here, text.above + after.above, text.marks + after.marks)
        facts.written = True
        sharing.tie(self.page, facts, text)
        return text

    def _compile(self, part: Part) -> Text:
        facts = self.page.models[part.model]
        if not facts.written:
            return Text()
        if facts.compiles and self.page.target == "lightning":
            text = Text()
            text.mark(lightning_script.second_compile(part.statement.line, part.statement.text))
            return text
        if facts.compiles:
            facts.measure = self.page.names.fresh(facts.measure)
        facts.compiles += 1
        facts.value._compiled = part.told
        text = self.code.compiled(self.page, facts, part.statement.text)
        return text

    def _load(self, part: Part) -> Text:
        """`load_model` of a file that the script wrote: another object of the same class."""
        (name,) = part.statement.binds
        facts = self.page.models[part.model]
        if not facts.written:
            return missing(part, [part.model])
        loaded = self.page.models[part.keys[name]] = replace(facts, name=name)
        text: Text = self.code.load(self.page, loaded, part.statement.text, part.path)
        return text

    def _use(self, part: Part) -> Text:
        """A statement with calls of models' methods: what they need stands before it."""
        before, changes, history, statement = Text(), [], "", part.statement
        for use in part.uses:
            facts = self.page.models[part.keys[use.model]]
            uncompiled = use.method in ("fit", "evaluate") and not facts.compiled
            if not facts.written and use.method == "summary":
                return Text(here=self.page.note(f"Left out: {use.text}, of a model that is not whole yet."))
            if not facts.written or use.arguments is None or uncompiled:
                why = "Its arguments cannot be told apart." if use.arguments is None else "The model is not compiled."
                why = why if facts.written else "The model could not be written."
                return refused(Part(part.statement, "refused", why=why, do="Mend this, and convert again."))
            text, expression = self._call(part, facts, use)
            history = expression if use.method == "fit" else history
            before = Text(before.here + text.here, before.above + text.above, before.marks + text.marks)
            embedded = use.method == "predict" and not _is_only(statement.node, use.call)
            if embedded or _in_f_string(statement.text, use):
                name = self.page.names.fresh("outputs" if use.method == "predict" else "result")
                before.here.append(f"{name} = {expression}")
                expression = name
            if _unpacks(statement.node):
                expression = re.sub(r"^\[(.*)\]$", r"\1", expression)
            changes.append(_of_figures(statement.text, use, facts, expression))
        alone = isinstance(statement.node, ast.Expr) and _is_only(statement.node, part.uses[0].call)
        named = history in self.page.histories
        if not named and not (alone and not changes[0][1]):
            before.here.append(edited(statement.text, changes))
        return before

    def _call(self, part: Part, facts: ModelFacts, use: Use) -> tuple[Text, str]:
        if use.method == "fit":
            history = self._history_name(part.statement.node, use.call)
            text, history = self.code.fit(self.page, facts, use, history)
            settings.refuse_fit(self.page, facts, use, text)
            if self.page.target == "torch" and history and history not in self.page.histories:
                self.page.imports.add("from types import SimpleNamespace")
                history = f'SimpleNamespace(history={history}, epoch=list(range(len({history}["loss"]))))'
            return text, history
        method = "save" if use.method == "save_weights" else use.method
        result: tuple[Text, str] = getattr(self.code, method)(self.page, facts, use)
        settings.refuse_others(use, result[0])
        return result

    def _history_name(self, node: ast.stmt, call: ast.Call) -> str:
        """The variable for the result of `fit`; "" where nothing is done with it."""
        if isinstance(node, ast.Expr) and _is_only(node, call):
            return ""
        name = node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""
        if name and _is_only(node, call) and (self.page.target == "lightning" or not self._is_passed_on(name)):
            self.page.histories[name] = name if self.page.target == "torch" else f"{name}.history"
            return name
        return self.page.names.fresh("history" if self.page.target == "lightning" else "figures")

    def _is_passed_on(self, name: str) -> bool:
        """Whether a name is read otherwise than as `name.history`."""
        nodes = [n for s in self.page.script.statements for n in ast.walk(s.node)]
        plain = sum(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in nodes)
        return plain > sum(isinstance(n, ast.Attribute) and ast.unparse(n) == f"{name}.history" for n in nodes)


_IDLE = "Left out: {}...; nothing is trained or evaluated with it."
_DATA = {True: "functions of this file, with NumPy and torchvision", False: "NumPy"}


def _is_only(node: ast.stmt, call: ast.Call) -> bool:
    """Whether a statement is this call alone, or gives its result a name."""
    return isinstance(node, (ast.Expr, ast.Assign)) and ast.dump(node.value) == ast.dump(call)


def _of_figures(text: str, use: Use, facts: ModelFacts, expression: str) -> tuple[ast.AST, str]:
    """What takes the place of a call; of `model.evaluate(...)[0]`, the figure itself."""
    for node in ast.walk(ast.parse(text)):
        index = node.slice.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else None
        if isinstance(index, int) and ast.dump(node.value) == ast.dump(use.call):  # type: ignore[attr-defined]
            elements = _elements(expression)
            return (node, ast.unparse(elements[index]).replace("'", '"')) if elements else (use.call, expression)
    return use.call, expression


def _elements(expression: str) -> list[ast.expr]:
    node = ast.parse(expression, mode="eval").body
    return node.elts if isinstance(node, ast.List) else []


def _in_f_string(text: str, use: Use) -> bool:
    """Whether a call stands in an f-string, whose quotes it must not hold."""
    strings = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.JoinedStr)]
    return any(ast.dump(n) == ast.dump(use.call) for s in strings for n in ast.walk(s))


def _unpacks(node: ast.stmt) -> bool:
    """Whether a statement is `a, b = call(...)`."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Call)
