"""`keras.distribution`: which devices train a model, and how its weights are laid out over them."""

from kerastorch.distribution.devices import get_device_count as get_device_count
from kerastorch.distribution.devices import initialize as initialize
from kerastorch.distribution.devices import list_devices as list_devices
from kerastorch.distribution.distributions import DataParallel as DataParallel
from kerastorch.distribution.distributions import ModelParallel as ModelParallel
from kerastorch.distribution.distributions import distribution as distribution
from kerastorch.distribution.distributions import set_distribution as set_distribution
from kerastorch.distribution.layout import DeviceMesh as DeviceMesh
from kerastorch.distribution.layout import LayoutMap as LayoutMap
from kerastorch.distribution.layout import TensorLayout as TensorLayout
from kerastorch.distribution.layout import distribute_tensor as distribute_tensor
