"""Floor 2: everything a user may pass as `x`, made into one kind of thing: a source of batches."""

from kerastorch.data.arrays import ArraySource as ArraySource
from kerastorch.data.batch import Batch as Batch
from kerastorch.data.batch import unpack as unpack
from kerastorch.data.checks import check_finite as check_finite
from kerastorch.data.checks import check_labels as check_labels
from kerastorch.data.checks import check_one_hot as check_one_hot
from kerastorch.data.choose import choose as choose
from kerastorch.data.dataset import DatasetSource as DatasetSource
from kerastorch.data.generator import GeneratorSource as GeneratorSource
from kerastorch.data.loader import LoaderSource as LoaderSource
from kerastorch.data.pydataset import PyDataset as PyDataset
from kerastorch.data.pydataset import PyDatasetSource as PyDatasetSource
from kerastorch.data.source import DataSource as DataSource
from kerastorch.data.split import validation_split as validation_split
