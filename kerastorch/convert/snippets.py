"""Functions and classes that converted scripts define for themselves where they need them."""

from __future__ import annotations

from kerastorch.convert.source import Piece

_TORCHVISION = '''
def {name}():
    """keras.datasets.{keras}.load_data: NumPy arrays, downloaded to the folder data once."""
    train, test = (datasets.{dataset}("data", train=part, download=True) for part in (True, False))
    return ({train}), ({test})
'''
_GREY = "{0}.data.numpy(), {0}.targets.numpy()"
_COLOUR = "{0}.data, np.array({0}.targets).reshape(-1, 1)"


def _torchvision(keras: str, dataset: str, arrays: str) -> Piece:
    imports = ["from torchvision import datasets", *(["import numpy as np"] if "np." in arrays else [])]
    text = _TORCHVISION.strip().format(
        name=f"load_{keras}", keras=keras, dataset=dataset, train=arrays.format("train"), test=arrays.format("test")
    )
    return Piece(tuple(imports), (text,), f"load_{keras}")


LOAD_IMDB = '''
def load_imdb(num_words=None):
    """keras.datasets.imdb.load_data: reviews as lists of word numbers (1 begins each, 2 is rarer), and 0 or 1."""
    path = os.path.join(os.environ.get("KERAS_HOME", os.path.expanduser("~/.keras")), "datasets", "imdb.npz")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        url = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz"
        torch.hub.download_url_to_file(url, path, hash_prefix="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada24")
    random, parts = np.random.RandomState(113), []
    with np.load(path, allow_pickle=True) as arrays:
        for part in ("train", "test"):
            texts, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
            order = np.arange(len(texts))
            random.shuffle(order)
            numbers = [[1, *(word + 3 for word in text)] for text in texts[order]]
            if num_words is not None:
                numbers = [[word if word < num_words else 2 for word in text] for text in numbers]
            parts.append((np.array(numbers, dtype=object), labels[order]))
    return parts[0], parts[1]
'''.strip()

LOAD_NPZ = '''
def load_npz(path):
    """load_data(path=...): the arrays of a file."""
    with np.load(path) as arrays:
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
'''.strip()

PAD_SEQUENCES = '''
def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0):
    """keras.utils.pad_sequences: lists as rows of one array (torch's pad_sequence pads the end alone)."""
    maxlen = maxlen or max(len(sequence) for sequence in sequences)
    padded = np.full((len(sequences), maxlen), value, dtype=dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen]
        if padding == "pre":
            row[maxlen - len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return padded
'''.strip()

NORMALIZE = '''
def normalize(x, axis=-1, order=2):
    """keras.utils.normalize: rows of length 1."""
    length = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(length == 0, 1, length)
'''.strip()

HISTORY = '''
class History(pl.Callback):
    """What model.fit returns in Keras: `.history` maps each name to its values, one an epoch."""

    def __init__(self):
        self.history, self.epoch = {}, []

    def on_train_epoch_start(self, trainer, module):
        if trainer.callback_metrics:  # those of the epoch before, with what the module logged at its end
            self.on_train_end(trainer, module)

    def on_train_end(self, trainer, module):
        self.epoch.append(len(self.epoch))
        for name, value in trainer.callback_metrics.items():
            self.history.setdefault(name, []).append(float(value))
'''.strip()

LEARNING_RATE = '''
class LearningRateScheduler(pl.Callback):
    """Keras's LearningRateScheduler: asks a function for the learning rate before each epoch."""

    def __init__(self, schedule):
        self.schedule = schedule

    def on_train_epoch_start(self, trainer, module):
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.schedule(trainer.current_epoch, group["lr"])
'''.strip()

PREDICT = '''
def {name}(model, loader):
    """Keras's model.predict: the outputs for all samples as a NumPy array."""
    {eval}
    with torch.no_grad():
        return torch.cat([model({moved}).cpu() for x in loader]).numpy()
'''.strip()

PREDICT_SEVERAL = '''
def {name}(model, loader):
    """Keras's model.predict: the outputs for all samples, a NumPy array for each output of the model."""
    {eval}
    with torch.no_grad():
        batches = [[part.cpu() for part in model({moved})] for x in loader]
    return [torch.cat(parts).numpy() for parts in zip(*batches, strict=True)]
'''.strip()

TO_DEVICE = '''
def to_device(data):
    """A tensor, or a list or dict of tensors, on the device of the model."""
    if isinstance(data, dict):
        return {name: part.to(device) for name, part in data.items()}
    return [part.to(device) for part in data] if isinstance(data, (list, tuple)) else data.to(device)
'''.strip()

MEANS = '''
def means(batches):
    """Means over all samples, from what each batch gave: [(number of samples, {name: mean}), ...]."""
    samples = sum(count for count, _ in batches)
    return {name: float(sum(count * logs[name] for count, logs in batches) / samples) for name in batches[0][1]}
'''.strip()

_NUMPY = ("import numpy as np",)
LOADERS = {
    "mnist": _torchvision("mnist", "MNIST", _GREY),
    "fashion_mnist": _torchvision("fashion_mnist", "FashionMNIST", _GREY),
    "cifar10": _torchvision("cifar10", "CIFAR10", _COLOUR),
    "cifar100": _torchvision("cifar100", "CIFAR100", _COLOUR),
    "imdb": Piece(("import numpy as np", "import os", "import torch"), (LOAD_IMDB,), "load_imdb"),
    "": Piece(_NUMPY, (LOAD_NPZ,), "load_npz"),
}
FUNCTIONS = {
    "pad_sequences": Piece(_NUMPY, (PAD_SEQUENCES,), "pad_sequences"),
    "normalize": Piece(_NUMPY, (NORMALIZE,), "normalize"),
}
