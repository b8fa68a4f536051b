"""The training step: few frames, few calls, and the paths that a hook or an optimizer asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from benchmarks import probe
from tests.lightning import parity


@pytest.mark.parametrize(
    "flags",
    [{}, {"precision": "bf16-mixed", "accumulate_grad_batches": 2, "gradient_clip_val": 1.0}],
    ids=["plain", "all"],
)
def test_few_frames_in_few_files(flags: dict[str, Any], tmp_path: Path) -> None:
    found = probe.stack(
        lambda: parity.run(pl, parity.classifier, tmp_path, parity.data(16), parity.data(8), max_epochs=1, **flags)
    )
    assert found[0][1] == "fit"
    assert len(found) <= 6, found
    assert len({file for file, _ in found}) <= 4, found


class Batches:
    def __init__(self, count: int) -> None:
        self.batches = list(parity.data(8 * count))

    def __iter__(self) -> Any:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def calls(lib: Any, folder: Path) -> float:
    def cost(count: int) -> int:
        class Quiet(parity.autoencoder(lib)):  # type: ignore[misc]
            def training_step(self, batch: Any, batch_idx: int) -> Any:
                loss = nn.functional.mse_loss(self.decoder(self.encoder(batch[0])), batch[0])
                self.log("train_loss", loss)
                return loss

        data = Batches(count)
        return probe.calls(
            lambda: parity.run(lib, lambda lib: Quiet, folder, data, max_epochs=1, log_every_n_steps=10**6)
        )

    cost(8)
    return (cost(96) - cost(32)) / 64


def test_calls_of_a_batch(tmp_path: Path) -> None:
    own, real = (calls(lib, tmp_path / str(i)) for i, lib in enumerate(parity.both()))
    print(f"{own:.0f} calls a batch, Lightning {real:.0f}")
    assert own <= 0.4 * real


@pytest.mark.parametrize("name", ["LBFGS", "own"])
def test_optimizers_that_run_the_step_themselves(name: str, tmp_path: Path) -> None:
    class Own(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            closure()
            return super().step()

    def make(lib: Any) -> Any:
        class Closing(parity.autoencoder(lib)):  # type: ignore[misc]
            def configure_optimizers(self) -> Any:
                if name == "own":
                    return Own(self.parameters(), lr=0.1)
                return torch.optim.LBFGS(self.parameters(), lr=0.1, max_iter=3)

        return Closing

    parity.check_equal(*parity.run_both(make, tmp_path, parity.data, max_epochs=2))


def test_overridden_parts(tmp_path: Path) -> None:
    def make(lib: Any) -> Any:
        class Own(parity.classifier(lib)):  # type: ignore[misc]
            def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any) -> None:
                if batch_idx % 2:
                    optimizer.step(closure=optimizer_closure)
                else:
                    optimizer_closure()

            def backward(self, loss: Any) -> None:
                (2 * loss).backward()

            def configure_gradient_clipping(
                self, optimizer: Any, gradient_clip_val: Any, gradient_clip_algorithm: Any
            ) -> None:
                self.clip_gradients(optimizer, 0.1, "norm")

            def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
                scheduler.step()
                scheduler.step()

            def on_train_batch_start(self, batch: Any, batch_idx: int) -> Any:
                return -1 if batch_idx == 4 else None

        return Own

    own, real = parity.run_both(
        make, tmp_path, parity.data, lambda: parity.data(12, seed=1), max_epochs=2,
    )  # fmt: skip
    parity.check_equal(own, real)


def test_outputs_of_a_batch(tmp_path: Path) -> None:
    seen: list[list[Any]] = []
    for lib in parity.both():
        seen.append([])

        class Watching(lib.Callback):  # type: ignore[misc]
            def on_train_batch_end(
                self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
            ) -> None:
                seen[-1].append((sorted(outputs), float(outputs["loss"]), trainer.global_step))

        parity.run(
            lib, parity.classifier, tmp_path, parity.data(), max_epochs=1, accumulate_grad_batches=2,
            callbacks=[lambda lib, w=Watching: w()],
        )  # fmt: skip
    assert seen[0] == seen[1]


@pytest.mark.parametrize("manual", [False, True], ids=["automatic", "manual"])
def test_a_scaled_loss_is_what_hooks_and_backward_see(manual: bool, tmp_path: Path) -> None:
    seen: list[list[Any]] = []

    def make(lib: Any) -> Any:
        class Own(parity.autoencoder(lib)):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.automatic_optimization = not manual

            def training_step(self, batch: Any, batch_idx: int) -> Any:
                loss = super().training_step(batch, batch_idx)
                if not manual:
                    return loss
                optimizer = self.optimizers()
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()

            def on_before_backward(self, loss: Any) -> None:
                seen[-1].append(("before", float(loss)))

            def backward(self, loss: Any) -> None:
                seen[-1].append(("backward", float(loss)))
                loss.backward()

            def on_before_optimizer_step(self, optimizer: Any) -> None:
                seen[-1].append(("gradient", [float(p.grad.norm()) for p in self.parameters()]))

        return Own

    found = []
    for lib in parity.both():
        seen.append([])
        flags: Any = {"precision": "mixed_float16"}
        if lib is not pl:  # on a CPU it takes a scaler as a plugin only
            scaler = torch.amp.GradScaler("cpu")
            flags = {"plugins": lib.plugins.precision.MixedPrecision("16-mixed", "cpu", scaler)}
        found.append(parity.run(lib, make, tmp_path / str(len(seen)), parity.data(), max_epochs=1, **flags))
    assert seen[0] == seen[1] and seen[0][1][1] == pytest.approx(65536 * found[0][0].losses[0], rel=1e-2)
    parity.check_equal(*found)


def test_a_scaled_loss_with_optimizers_of_others_and_batches_left_out(tmp_path: Path) -> None:
    class Own(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            assert closure is None, "a scaler runs the step first, to see whether its gradients are finite"
            return super().step()

    def make(lib: Any) -> Any:
        class Scaled(parity.autoencoder(lib)):  # type: ignore[misc]
            def training_step(self, batch: Any, batch_idx: int) -> Any:
                loss = super().training_step(batch, batch_idx)
                return None if batch_idx == 2 else loss * (torch.inf if batch_idx == 4 else 1.0)

            def configure_optimizers(self) -> Any:
                return Own(self.parameters(), lr=0.1)

        return Scaled

    found = []
    for lib in parity.both():
        flags: Any = {"precision": "mixed_float16"}
        if lib is not pl:
            plugin = lib.plugins.precision.MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
            flags = {"plugins": plugin}
        found.append(parity.run(lib, make, tmp_path / lib.__name__, parity.data(), max_epochs=2, **flags))
    assert found[0][0].losses == found[1][0].losses
    assert all(map(torch.equal, found[0][0].state_dict().values(), found[1][0].state_dict().values()))
    assert found[0][1].scaler.get_scale() == 65536 / 4

    class Closing(parity.autoencoder(pl)):  # type: ignore[misc]
        def configure_optimizers(self) -> Any:
            return torch.optim.LBFGS(self.parameters())

    with pytest.raises(ValueError, match="LBFGS"):
        parity.run(pl, lambda lib: Closing, tmp_path, parity.data(), precision="mixed_float16", max_epochs=1)
