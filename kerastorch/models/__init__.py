"""`keras.models`: models that are trained by `fit`."""

from kerastorch.models.clone import clone_model as clone_model
from kerastorch.models.functional import Functional as Functional
from kerastorch.models.model import Model as Model
from kerastorch.models.model import model_from_json as model_from_json
from kerastorch.models.sequential import Sequential as Sequential
from kerastorch.models.wrapped import ModuleModel as ModuleModel
from kerastorch.saving import load_model as load_model
from kerastorch.saving import save_model as save_model
