"""The bridge: Keras models as LightningModules and the reverse, and the callbacks of each dialect in the other."""

from kerastorch.lightning.bridge.compiled_module import CompiledModule as CompiledModule
from kerastorch.lightning.bridge.lightning_callbacks import LightningCallbacks as LightningCallbacks
from kerastorch.lightning.bridge.lightning_model import LightningModel as LightningModel
