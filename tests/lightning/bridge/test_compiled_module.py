"""A compiled model trains in a Trainer as in `fit`: the same losses, figures and weights, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras
import kerastorch.lightning as pl

QUIET = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
_G = torch.Generator().manual_seed(0)
X = torch.randn(44, 10, generator=_G)
Y = (X[:, :3] + 0.3 * torch.randn(44, 3, generator=_G)).argmax(1)
WEIGHTS = torch.rand(44, generator=_G)
REAL = torch.randn(44, 2, generator=_G)


def _trainer(**flags: Any) -> pl.Trainer:
    return pl.Trainer(**{"max_epochs": 3, "accelerator": "cpu", **QUIET, **flags})


def _sequential() -> Any:
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, (X, Y)


def _weighted() -> Any:
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model, (X, Y, WEIGHTS)


def _several_outputs() -> Any:
    inputs = keras.Input((10,), name="in")
    inner = keras.layers.Dense(8, activation="tanh")(inputs)
    kind = keras.layers.Dense(3, activation="softmax", name="kind")(inner)
    place = keras.layers.Dense(2, name="place")(inner)
    model = keras.Model(inputs, {"kind": kind, "place": place})
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        {"kind": "sparse_categorical_crossentropy", "place": "mse"},
        loss_weights={"kind": 1.0, "place": 0.3},
        metrics={"kind": ["accuracy"], "place": ["mae"]},
    )
    return model, (X, {"kind": Y, "place": REAL})


class _Net(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.layers.Dense(8, activation="relu", activity_regularizer="l1")
        self.drop = keras.layers.Dropout(0.5)
        self.outer = keras.layers.Dense(3)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.outer(self.drop(self.inner(inputs), training=training))


def _subclassed() -> Any:
    model = _Net()
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, (X, Y)


class _ByHand(_Net):
    def train_step(self, data: Any) -> Any:
        x, y = data
        self.zero_grad()
        loss = nn.functional.cross_entropy(self(x, training=True), y)
        loss.backward()
        self.optimizer.apply([p.grad for p in self.trainable_weights], self.trainable_weights)
        return {"loss": loss, "half": loss / 2}


class _BySuper(_Net):
    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "more": torch.tensor(1.0)}

    def test_step(self, data: Any) -> Any:
        return {**super().test_step(data), "less": torch.tensor(2.0)}


class _OwnLoss(_Net):
    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        return nn.functional.cross_entropy(y_pred, y) * 2

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "three": torch.tensor(3.0)}


def _compiled(kind: type) -> Any:
    model = kind()
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])  # fmt: skip
    return model, (X, Y)


def _wrapped() -> Any:
    model = keras.Model(nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)))
    model.compile(torch.optim.AdamW(model.parameters(), 0.01), nn.CrossEntropyLoss(), metrics=["accuracy"])
    return model, (X, Y)


def _deferred() -> Any:
    model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, (X, Y)


def _scaled() -> Any:
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)), "mse")
    return model, (X, REAL)


def _averaged() -> Any:
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse", metrics=["mae"])
    return model, (X, REAL)


def _frozen() -> Any:
    model, data = _sequential()
    model.layers[0].trainable = model.layers[1].trainable = False
    return model, data


MAKERS = {
    "sequential": _sequential, "weights": _weighted, "outputs": _several_outputs, "subclassed": _subclassed,
    "train_step": lambda: _compiled(_ByHand), "super().train_step": lambda: _compiled(_BySuper),
    "compute_loss": lambda: _compiled(_OwnLoss), "wrapped": _wrapped, "deferred": _deferred, "scaled loss": _scaled,
    "averaged weights": _averaged, "frozen layers": _frozen,
}  # fmt: skip


class _Rows(torch.utils.data.Dataset[Any]):
    def __init__(self, data: Any) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        return keras.tree.map_structure(lambda leaf: leaf[index], self.data)


def _loaders(data: Any) -> tuple[Any, Any]:
    return DataLoader(_Rows(data), 8, shuffle=True), DataLoader(_Rows(data), 16)


def _both(make: Any, compiled: dict[str, Any], flags: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """(model, history) of `fit`, and of a Trainer."""
    found: list[Any] = []
    for trains in (False, True):
        keras.utils.set_random_seed(1)
        model, data = make()
        if compiled:
            model.compile(model.optimizer, model.loss, metrics=["accuracy"], **compiled)
        train, val = _loaders(data)
        torch.manual_seed(2)
        history = keras.callbacks.History()
        if trains:
            _trainer(callbacks=[history], **flags).fit(model.to_lightning(), train, val)
        else:
            model.fit(train, epochs=3, validation_data=val, verbose=0, callbacks=[history])
        found += [model, history.history]
    return found[0], found[1], found[2], found[3]


def _check_equal(model: Any, history: Any, other: Any, theirs: Any) -> None:
    assert history == theirs
    assert len(history["loss"]) == len(history["val_loss"]) == 3
    assert history["loss"][0] != history["loss"][2]
    state, wanted = other.state_dict(), model.state_dict()
    assert list(state) == list(wanted)
    assert all(torch.equal(state[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("kind", MAKERS)
def test_trains_as_fit(kind: str) -> None:
    _check_equal(*_both(MAKERS[kind], {}, {}))


@pytest.mark.parametrize(
    "options",
    [
        {"gradient_clip_val": 0.05},
        {"gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"},
        {"precision": "bf16-mixed"},
        {"precision": "64"},
    ],
    ids=str,
)
def test_flags_do_what_compile_does(options: dict[str, Any]) -> None:
    flags = {**options, **({"precision": "64-true"} if options.get("precision") == "64" else {})}
    _check_equal(*_both(_sequential, options, flags))


def test_windows_of_equal_batches_are_equal() -> None:
    losses = []
    for trains in (False, True):
        keras.utils.set_random_seed(1)
        model, _ = _sequential()
        loader = DataLoader(TensorDataset(X[:32], Y[:32]), 8)
        if trains:
            trainer = _trainer(accumulate_grad_batches=2)
            trainer.fit(model.to_lightning(), loader)
            losses.append(float(trainer.callback_metrics["loss"]))
            assert trainer.global_step == 6
        else:
            model.compile(model.optimizer, model.loss, metrics=["accuracy"], accumulate_grad_batches=2)
            losses.append(model.fit(loader, epochs=3, verbose=0).history["loss"][-1])
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)


def test_untold_options_are_named() -> None:
    model, _ = _sequential()
    model.compile("sgd", model.loss, accumulate_grad_batches=2, gradient_clip_val=0.5, gradient_clip_algorithm="value")
    with pytest.warns(UserWarning, match=r"`Trainer\(accumulate_grad_batches=2, gradient_clip_val=0.5, gradient_clip_"):
        _trainer(max_epochs=1).fit(model.to_lightning(), _loaders((X, Y))[0])


def test_test_validate_predict() -> None:
    model, data = _several_outputs()
    module, (_, loader) = model.to_lightning(), _loaders(data)
    wanted = model.evaluate(loader, verbose=0, return_dict=True)
    tested = _trainer().test(module, loader, verbose=False)
    validated = _trainer().validate(module, [loader, loader], verbose=False)
    assert tested == [{f"test_{name}": value for name, value in wanted.items()}]
    for number in (0, 1):
        assert validated[number] == {f"val_{n}/dataloader_idx_{number}": value for n, value in wanted.items()}
    outputs = _trainer().predict(module, loader)
    together = torch.cat([one["place"] for one in outputs])
    np.testing.assert_array_equal(together.numpy(), model.predict(X, batch_size=16, verbose=0)["place"])


def test_validation_within_an_epoch_leaves_the_figures_of_training() -> None:
    found = []
    for interval in (1.0, 2):
        keras.utils.set_random_seed(1)
        model, data = _several_outputs()
        trainer = _trainer(val_check_interval=interval, max_epochs=2, num_sanity_val_steps=0)
        train, val = _loaders(data)
        trainer.fit(model.to_lightning(), DataLoader(train.dataset, 8), val)
        found.append({name: float(value) for name, value in trainer.callback_metrics.items()})
    assert found[0] == found[1]


def test_shares_and_puts_modes_back() -> None:
    model, data = _sequential()
    module = model.to_lightning()
    assert all(a is b for a, b in zip(module.parameters(), model.parameters(), strict=True))
    assert list(module.state_dict()) == list(model.state_dict())
    assert torch.equal(module(X), model(X))
    trainer = _trainer(max_epochs=1)
    trainer.fit(module, _loaders(data)[0])
    assert trainer.optimizers == [model.optimizer]
    assert not model.training and not any(layer.training for layer in model.layers)
    before = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, verbose=0)  # goes on with the same optimizer
    assert int(model.optimizer.iterations) == 6 + 2
    assert before != model.evaluate(X, Y, verbose=0)


def test_checkpoints_fit_the_model_and_a_resumed_trainer(tmp_path: Any) -> None:
    ends = []
    for cut in (False, True):
        keras.utils.set_random_seed(1)
        model, data = _sequential()
        saving = pl.callbacks.ModelCheckpoint(tmp_path / str(cut), save_last=True)
        flags = {"callbacks": [saving], "enable_checkpointing": True}
        torch.manual_seed(2)
        _trainer(max_epochs=1 if cut else 3, **flags).fit(model.to_lightning(), _loaders(data)[0])
        if cut:
            keras.utils.set_random_seed(5)
            model, data = _sequential()
            _trainer(**flags).fit(model.to_lightning(), _loaders(data)[0], ckpt_path=saving.last_model_path)
            saved = torch.load(saving.last_model_path, weights_only=True)["state_dict"]
            fresh, _ = _sequential()
            fresh.load_state_dict(saved)
            ends.append({k: v.clone() for k, v in fresh.state_dict().items()})
        ends.append(model.state_dict())
    assert all(torch.equal(ends[0][name], one[name]) for one in ends[1:] for name in ends[0])


def test_one_pass_data_need_a_built_model() -> None:
    model, _ = _deferred()
    with pytest.raises(ValueError, match=r"Call the model on a batch before, or start it with `keras.Input"):
        _trainer().fit(model.to_lightning(), iter([(X, Y)]))
    model(X)
    _trainer(max_epochs=1).fit(model.to_lightning(), iter([(X, Y)]))


def test_a_rate_is_found_and_nothing_else_is_changed() -> None:
    model, data = _sequential()
    model.compile("adam", model.loss)
    module, (train, _) = model.to_lightning(), _loaders(data)
    _trainer(max_epochs=1).fit(module, train)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    moments = [
        one.clone() for state in model.optimizer.state.values() for one in state.values() if torch.is_tensor(one)
    ]
    found = pl.Tuner(_trainer(max_epochs=1)).lr_find(module, train, num_training=20)
    assert module.learning_rate == pytest.approx(found.suggestion()) != 0.001
    assert int(model.optimizer.iterations) == 6
    now = [one for state in model.optimizer.state.values() for one in state.values() if torch.is_tensor(one)]
    assert len(now) == len(moments) > 4 and all(torch.equal(a, b) for a, b in zip(now, moments, strict=True))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_exports(tmp_path: Any) -> None:
    module = _sequential()[0].to_lightning()
    with pytest.warns(FutureWarning):
        script = module.to_torchscript(tmp_path / "x.pt", method="trace", example_inputs=X[:2])
    assert torch.equal(script(X), module(X)) and (tmp_path / "x.pt").is_file()


def test_what_does_not_suit_is_refused_before_training() -> None:
    model, _ = _sequential()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="`y`"):
        _trainer().fit(model.to_lightning(), DataLoader(TensorDataset(X, REAL), 8))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_stop_training_in_a_train_step() -> None:
    class Stops(_ByHand):
        def train_step(self, data: Any) -> Any:
            self.stop_training = True
            return super().train_step(data)

    model, data = _compiled(Stops)
    trainer = _trainer()
    trainer.fit(model.to_lightning(), _loaders(data)[0])
    assert trainer.global_step == 1


@pytest.mark.slow
def test_two_ranks() -> None:
    rows = TensorDataset(X[:32], REAL[:32])
    held = DataLoader(rows, 8)
    both = [[8 * i + r for r in (*range(0, 8, 2), *range(1, 8, 2))] for i in range(4)]
    found = []
    for ranks in (1, 2):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(2)])
        model.compile("adam", "mse", metrics=["mae", keras.metrics.RootMeanSquaredError()])
        history = keras.callbacks.History()
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=9.0, restore_best_weights=True)
        trainer = _trainer(devices=ranks, callbacks=[history, stopping])
        train = DataLoader(rows, batch_sampler=both) if ranks == 1 else DataLoader(rows, 4)
        trainer.fit(model.to_lightning(), train, held if ranks == 1 else DataLoader(rows, 4))
        found.append((history.history, model.get_weights(), trainer.global_step, stopping.stopped_epoch))
    (history_, weights, *counts), (theirs, other, *others) = found
    assert counts == others == [8, 1]
    assert list(history_) == list(theirs)
    for name, values in history_.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-6)
    for a, b in zip(weights, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
