"""`keras.dtype_policies`: in which dtype layers keep weights and compute."""

from kerastorch.base.policy import DTypePolicy as DTypePolicy
from kerastorch.base.policy import get as get
