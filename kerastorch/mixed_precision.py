"""`keras.mixed_precision`: the global dtype policy under its older names."""

from kerastorch.base.policy import DTypePolicy as DTypePolicy
from kerastorch.base.policy import DTypePolicy as Policy
from kerastorch.base.policy import dtype_policy as dtype_policy
from kerastorch.base.policy import dtype_policy as global_policy
from kerastorch.base.policy import set_dtype_policy as set_dtype_policy
from kerastorch.base.policy import set_dtype_policy as set_global_policy
