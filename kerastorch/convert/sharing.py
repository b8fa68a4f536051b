"""Models that share layers: one is a part of the other, or both have the same layers."""

from __future__ import annotations

from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.writing import Mark, Text


def find(page: Page) -> None:
    """Note which models of a page are parts of others, and which share layers."""
    models = list(dict.fromkeys(id(m) for m in page.models.values()))
    facts = [next(m for m in page.models.values() if id(m) == key) for key in models]
    for number, model in enumerate(facts):
        for other in facts:
            path = _path(other, model)
            if path and not model.compiled:
                model.inside = f"{other.name}.{path}"
        for earlier in facts[:number]:
            if not model.inside and not earlier.inside and _parameters(model) & _parameters(earlier):
                model.shares.append(earlier.name)


def tie(page: Page, model: ModelFacts, text: Text) -> None:
    """Add the lines after a model is made that give it, or what shares its layers, the same layers.

    Args:
        page: The page.
        model: The model that was made just now.
        text: Takes the lines, and a mark where layers cannot be shared.
    """
    lines = text.here
    for part in {id(m): m for m in page.models.values()}.values():
        if part.inside.startswith(f"{model.name}."):
            lines += page.note(f"{part.name} is a part of {model.name}: what one learns the other knows.")
            lines.append(f"{part.name} = {part.inside}")
            part.written = True
    for name in model.shares:
        other = next(m for m in page.models.values() if m.name == name)
        whole = _path(model, other)
        same = [(whole, name)] if whole else [(key, f"{name}.{own}") for key, own in _same_layers(model, other)]
        if not same or name == model.name:  # of a variable that was given another model the first cannot be reached
            why = f"It shares layers with {name}, deeper inside; here they would be copies."
            text.mark(Mark(model.line, model.name, why, "Assign the layers of one to the other after both are made."))
            continue
        lines += page.note(f"{model.name} has layers of {name}: the same, not copies.")
        lines += [f"{model.name}.{key} = {own}" for key, own in same]


def _path(outer: ModelFacts, inner: ModelFacts) -> str:
    """Where one model is an attribute of another, or ""."""
    if outer is inner:
        return ""
    return next((key for key, module in outer.value._modules.items() if module is inner.value), "")


def _parameters(model: ModelFacts) -> set[int]:
    return {id(p) for p in model.value.parameters()}


def _same_layers(model: ModelFacts, other: ModelFacts) -> list[tuple[str, str]]:
    """The attributes of both models that hold the same layer with weights."""
    held = {id(module): key for key, module in other.value._modules.items()}
    own = model.value._modules.items()
    return [
        (key, held[id(module)]) for key, module in own if id(module) in held and any(True for _ in module.parameters())
    ]
