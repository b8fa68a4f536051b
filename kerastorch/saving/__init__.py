"""`keras.saving`: models and weights in files, and the names of the user's own classes."""

from kerastorch.base.serialization import deserialize_keras_object as deserialize_keras_object
from kerastorch.base.serialization import serialize_keras_object as serialize_keras_object
from kerastorch.saving.model_file import load_model as load_model
from kerastorch.saving.model_file import save_model as save_model
from kerastorch.saving.registration import CustomObjectScope as CustomObjectScope
from kerastorch.saving.registration import CustomObjectScope as custom_object_scope
from kerastorch.saving.registration import get_custom_objects as get_custom_objects
from kerastorch.saving.registration import get_registered_name as get_registered_name
from kerastorch.saving.registration import get_registered_object as get_registered_object
from kerastorch.saving.registration import register_keras_serializable as register_keras_serializable
from kerastorch.saving.sharded_checkpoint import load_sharded as load_sharded
from kerastorch.saving.sharded_checkpoint import read_sharded as read_sharded
from kerastorch.saving.sharded_checkpoint import save_sharded as save_sharded
from kerastorch.saving.weights_file import load_weights as load_weights
from kerastorch.saving.weights_file import save_weights as save_weights
