"""The closed registry of names."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch.base import registry


class Mine:
    def __init__(self, size: int = 1) -> None:
        self.size = size

    def __call__(self) -> int:
        return self.size


def mine() -> int:
    return 5


def test_registering_a_builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._builtin, "losses", {})
    monkeypatch.setattr(registry, "_slot_of", {})
    assert registry.register("losses", "alias", name="Own")(Mine) is Mine
    assert registry.builtin("losses", "Own") is registry.builtin("losses", "alias") is Mine
    assert registry.builtin("losses", "Mine") is None and registry.builtin("metrics", "Own") is None
    assert registry.slot_and_name(Mine) == ("losses", "Own")
    assert registry.names("losses") == ["Own", "alias"]
    assert registry.slot_and_name([]) is None and registry.slot_and_name(mine) is None


def test_scopes_open_and_close() -> None:
    with registry.scope({"mine": mine}):
        with registry.scope({"other": mine}):
            assert set(registry.custom_objects()) >= {"mine", "other"}
        assert "other" not in registry.custom_objects()
        assert registry.lookup("losses", "mine") is mine
    assert registry.registered_object("mine") is None
    with pytest.raises(RuntimeError, match="stop"), registry.scope({"mine": mine}):
        raise RuntimeError("stop")
    assert registry.registered_object("mine") is None


def test_users_come_before_builtins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._builtin, "losses", {"mine": len})
    assert registry.lookup("losses", "mine") is len
    with registry.scope({"mine": mine}):
        assert registry.lookup("losses", "mine") is mine


def test_registered_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_custom", {})
    monkeypatch.setattr(registry, "_custom_names", {})
    registry.register_custom(Mine, "package", None)
    assert registry.registered_name(Mine) == "package>Mine" and registry.registered_name(mine) == "mine"
    assert registry.registered_object("package>Mine") is Mine
    assert registry.lookup("layers", "Mine") is Mine  # the last word is enough
    assert registry.global_custom_objects() == {"package>Mine": Mine}


@pytest.mark.parametrize(("identifier", "wanted"), [(None, None), ("made", 3), (Mine, 3), (mine, 5), (Mine(7), 7)])
def test_resolve(identifier: Any, wanted: Any) -> None:
    with registry.scope({"made": Mine}):
        found = registry.resolve("losses", identifier, size=3)
    assert found is None if wanted is None else found() == wanted


def test_resolve_a_config() -> None:
    from kerastorch.base import policy, serialization

    written = serialization.serialize_keras_object(policy.DTypePolicy("float16"))
    assert registry.resolve("dtype_policies", written).name == "float16"


def test_resolve_refuses() -> None:
    with pytest.raises(ValueError, match="Unknown loss"):
        registry.resolve("losses", "no_such_loss_at_all")
    with pytest.raises(TypeError, match="`loss`: expected a name, a loss object"):
        registry.resolve("losses", 3)
    with pytest.raises(TypeError, match="an initializer object"):
        registry.resolve("initializers", 3)


def test_objects_are_made_of_values_of_accepted_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_conversions", {})
    registry.accept_values("losses", Mine, int)
    assert registry.resolve("losses", 3)() == 3
    with pytest.raises(TypeError, match="`metric`"):
        registry.resolve("metrics", 3)


def test_an_operation_is_known_by_its_function() -> None:
    from kerastorch import ops

    assert registry.slot_and_name(ops.relu) == registry.slot_and_name(ops.relu.raw) == ("ops", "relu")


def test_accepting_objects_that_cannot_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        pass

    monkeypatch.setattr(registry, "_object_types", {})
    silent = Silent()
    with pytest.raises(TypeError):
        registry.resolve("optimizers", silent)
    registry.accept_objects("optimizers", Silent)
    assert registry.resolve("optimizers", silent) is silent


def test_plain_functions() -> None:
    assert registry.is_plain_function(mine)
    assert (
        not registry.is_plain_function(lambda: 0)
        and not registry.is_plain_function(Mine)
        and not registry.is_plain_function(len)
    )
