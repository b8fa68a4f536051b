"""`keras.tree`: nested structures."""

from kerastorch.base.nested import MAP_TO_NONE as MAP_TO_NONE
from kerastorch.base.nested import assert_same_paths as assert_same_paths
from kerastorch.base.nested import assert_same_structure as assert_same_structure
from kerastorch.base.nested import flatten as flatten
from kerastorch.base.nested import flatten_with_path as flatten_with_path
from kerastorch.base.nested import is_nested as is_nested
from kerastorch.base.nested import lists_to_tuples as lists_to_tuples
from kerastorch.base.nested import map_shape_structure as map_shape_structure
from kerastorch.base.nested import map_structure as map_structure
from kerastorch.base.nested import map_structure_up_to as map_structure_up_to
from kerastorch.base.nested import pack_sequence_as as pack_sequence_as
from kerastorch.base.nested import traverse as traverse
