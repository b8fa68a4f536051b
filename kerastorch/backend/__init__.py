"""`keras.backend`: the older home of settings and session functions."""

from kerastorch.backend.session import clear_session as clear_session
from kerastorch.backend.session import is_float_dtype as is_float_dtype
from kerastorch.backend.session import is_int_dtype as is_int_dtype
from kerastorch.base.naming import get_uid as get_uid
from kerastorch.config import backend as backend
from kerastorch.config import epsilon as epsilon
from kerastorch.config import floatx as floatx
from kerastorch.config import image_data_format as image_data_format
from kerastorch.config import set_epsilon as set_epsilon
from kerastorch.config import set_floatx as set_floatx
from kerastorch.config import set_image_data_format as set_image_data_format
