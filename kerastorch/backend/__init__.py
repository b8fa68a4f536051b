"""`keras.backend`: the older home of settings and session functions."""

from kerastorch.backend.kinds import is_float_dtype as is_float_dtype
from kerastorch.backend.kinds import is_int_dtype as is_int_dtype
from kerastorch.base.naming import clear_session as clear_session
from kerastorch.base.naming import get_uid as get_uid
from kerastorch.base.promotion import result_type as result_type
from kerastorch.base.promotion import standardize_dtype as standardize_dtype
from kerastorch.config import backend as backend
from kerastorch.config import epsilon as epsilon
from kerastorch.config import floatx as floatx
from kerastorch.config import image_data_format as image_data_format
from kerastorch.config import set_epsilon as set_epsilon
from kerastorch.config import set_floatx as set_floatx
from kerastorch.config import set_image_data_format as set_image_data_format
from kerastorch.nn.keras_tensor import is_keras_tensor as is_keras_tensor
