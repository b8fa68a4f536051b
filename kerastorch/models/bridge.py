"""The bridge to the Lightning dialect, as methods of every model."""

from __future__ import annotations

from typing import Any

from kerastorch.base.doors import door
from kerastorch.models.steps import Steps


class Bridge(Steps):
    """`to_lightning`, `to_lightning_code` and `from_lightning`."""

    def to_lightning(self) -> Any:
        """This model as a LightningModule, to be run by `kerastorch.lightning.Trainer`.

        It holds this model: parameters, optimizer and metrics are shared, not copied, so what one learns the other
        knows. Its steps compute, and log under the same names, what `fit` and `evaluate` do (`val_...` in validation,
        `test_...` in a test), and its `state_dict` is this model's. How to run (device, precision, accumulation,
        clipping) is said to the Trainer.

        Returns:
            The LightningModule.

        Raises:
            ValueError: The model is not compiled.

        Example:
            >>> import kerastorch as keras, kerastorch.lightning as pl, torch
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse")
            >>> quiet = dict.fromkeys(["logger", "enable_progress_bar", "enable_model_summary"], False)
            >>> trainer = pl.Trainer(max_epochs=1, accelerator="cpu", enable_checkpointing=False, **quiet)
            >>> data = torch.utils.data.TensorDataset(torch.zeros(8, 4), torch.zeros(8, 1))
            >>> trainer.fit(model.to_lightning(), torch.utils.data.DataLoader(data, batch_size=4))
            >>> trainer.callback_metrics
            {'loss': tensor(0., dtype=torch.float64)}
        """
        self._need_compiled("to_lightning")
        return door("to_lightning")(self)

    def to_lightning_code(self, name: str = "LitModel") -> str:
        """The source of a LightningModule that trains as this model does.

        Args:
            name: The name of its class.

        Returns:
            The content of a Python file: it runs under Lightning, and under `kerastorch.lightning`.

        Raises:
            ValueError: The model is not built, not compiled, or `name` is no identifier.

        Example:
            >>> import kerastorch as keras
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
            >>> model.compile("sgd", loss="mse")
            >>> "class Net(pl.LightningModule):" in model.to_lightning_code("Net")
            True
        """
        return door("lightning_code")(self, name)  # type: ignore[no-any-return]

    @classmethod
    def from_lightning(cls, module: Any, **flags: Any) -> Any:
        """A LightningModule with Keras's methods: `fit(x, y)`, `evaluate`, `predict`, callbacks, `History`.

        The module is shared, not copied, and trains by its own `configure_optimizers`, schedulers and hooks.

        Args:
            module: A LightningModule of `kerastorch.lightning`.
            **flags: Flags for the Trainer that runs it: `precision`, `accumulate_grad_batches`, ...

        Returns:
            The model; of what `to_lightning` made, the model that it was made of.

        Raises:
            TypeError: It is no LightningModule, or a flag is unknown.

        Example:
            >>> import kerastorch as keras, kerastorch.lightning as pl, torch
            >>> class Line(pl.LightningModule):
            ...     def __init__(self):
            ...         super().__init__()
            ...         self.layer = torch.nn.Linear(4, 1)
            ...     def training_step(self, batch, batch_idx):
            ...         loss = self.layer(batch).square().mean()
            ...         self.log("loss", loss)
            ...         return loss
            ...     def configure_optimizers(self):
            ...         return torch.optim.SGD(self.parameters(), lr=0.1)
            >>> model = keras.Model.from_lightning(Line())
            >>> sorted(model.fit(torch.zeros(8, 4), epochs=2, verbose=0).history)
            ['loss']
        """
        return door("from_lightning").of(module, flags)
