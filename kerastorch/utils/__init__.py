"""`keras.utils`: small things around models: labels, sequences, seeds, downloads, batches, registration."""

from kerastorch.base.naming import clear_session as clear_session
from kerastorch.base.promotion import standardize_dtype as standardize_dtype
from kerastorch.base.registry import registered_name as get_registered_name
from kerastorch.base.registry import registered_object as get_registered_object
from kerastorch.base.serialization import deserialize_keras_object as deserialize_keras_object
from kerastorch.base.serialization import serialize_keras_object as serialize_keras_object
from kerastorch.callbacks.progbar import Progbar as Progbar
from kerastorch.config import disable_interactive_logging as disable_interactive_logging
from kerastorch.config import enable_interactive_logging as enable_interactive_logging
from kerastorch.config import is_interactive_logging_enabled as is_interactive_logging_enabled
from kerastorch.data.pydataset import PyDataset as PyDataset
from kerastorch.data.pydataset import PyDataset as Sequence
from kerastorch.nn.keras_tensor import is_keras_tensor as is_keras_tensor
from kerastorch.saving import CustomObjectScope as CustomObjectScope
from kerastorch.saving import custom_object_scope as custom_object_scope
from kerastorch.saving import get_custom_objects as get_custom_objects
from kerastorch.saving import register_keras_serializable as register_keras_serializable
from kerastorch.utils.batches import pack_x_y_sample_weight as pack_x_y_sample_weight
from kerastorch.utils.batches import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from kerastorch.utils.downloads import get_file as get_file
from kerastorch.utils.numerical import normalize as normalize
from kerastorch.utils.numerical import to_categorical as to_categorical
from kerastorch.utils.seeding import set_random_seed as set_random_seed
from kerastorch.utils.sequences import pad_sequences as pad_sequences
from kerastorch.utils.splitting import split_dataset as split_dataset
