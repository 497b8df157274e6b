"""Files that are changed at random load, or raise nothing but ValueError."""

import copy

import numpy as np
import pytest
from checkpoint_parts import nodes, part, parts, write_parts
from sklearn.datasets import load_iris

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context

pytestmark = pytest.mark.filterwarnings("ignore")

VALUES = [
    None, True, False, 0, 1, -1, 3, 10**12, -0.5, 1e308, float("nan"), float("inf"),
    "", "x", "relu", [], [1], [[]], {}, {"array": "array_0"}, {"array": "none"},
    {"tuple": []}, {"tuple": [1, 2]}, {"dict": []}, {"dict": [["a", 1]]},
    {"dict": [[[], 1]]}, {"dtype": "float64"}, {"dtype": "O"}, {"objects": [1, "a"]},
    {"random_state": None}, {"instance": []},
    {"instance": ["loss", "Quantile", {"dict": [["levels", {"tuple": [0.1, 0.9]}]]}]},
    {"instance": ["activation", "LeakyReLU", {"dict": [["negative_slope", "a"]]}]},
    {"instance": ["state", "Progress", {"dict": []}]},
    {"instance": ["os", "system", {"dict": []}]},
]  # fmt: skip
SOURCES = {
    "classifier": (BPNetClassifier, {}),
    "everything": (
        BPNetClassifier,
        {
            "activation": "prelu",
            "early_stopping": True,
            "ema_decay": 0.9,
            "learned_input_scale": True,
        },
    ),
    "ensemble": (BPNetRegressor, {"n_members": 2, "numeric_embedding": "pbld"}),
    "shared": (BPNetClassifier, {"shared_members": 2}),
}


def data(estimator):
    X, y = load_iris(return_X_y=True)
    return X[::2], y[::2] if estimator is BPNetClassifier else y[::2].astype(float)


def change_header(header, rng):
    """Replace, remove, rename or copy a part, but for those that `fit` checks."""
    paths = [path for path in nodes(header) if path and path[0] != "parameters"]
    path = rng.choice(paths)
    parent = part(header, path[:-1])
    kind = rng.choice(["value", "removal", "name", "copy"])
    if kind == "value":
        parent[path[-1]] = copy.deepcopy(rng.choice(VALUES))
    elif kind == "removal":
        del parent[path[-1]]
    elif kind == "copy":
        parent[path[-1]] = copy.deepcopy(part(header, rng.choice(paths)))
    elif isinstance(parent, dict):
        parent["another name"] = parent.pop(path[-1])


def change_array(arrays, rng):
    """Another shape, dtype or content of an array."""
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    is_number = array.dtype.kind in "fiu"
    arrays[name] = rng.choice(
        [
            lambda: array[:-1],
            lambda: array[:0],
            lambda: array[None],
            lambda: array.T,
            lambda: array.astype("U5"),
            lambda: array.astype(complex) if is_number else array,
            lambda: array * np.nan if array.dtype.kind == "f" else array,
            lambda: np.full_like(array, 200) if is_number else array,
        ]
    )()


def use(estimator, path):
    """Load a file, predict with it and continue its training."""
    X, y = data(estimator)
    model = estimator.load_checkpoint(path, max_iter=4)
    model.predict(X)
    model.partial_fit(X, y)
    model.predict(X)
    resumed = estimator.load_checkpoint(path, max_iter=4).fit(X, y)
    resumed.save_checkpoint(path)
    estimator.load_checkpoint(path)


@pytest.mark.parametrize("name", SOURCES)
def test_a_changed_file_raises_nothing_but_value_errors(name, rng, n_rounds, tmp_path):
    estimator, parameters = SOURCES[name]
    path, n_refused = tmp_path / "file", 0
    model = estimator((5,), max_iter=2, random_state=0, **parameters)
    model.partial_fit(*data(estimator), **first_call(estimator)).save_checkpoint(path)
    header, arrays = parts(path)
    for _ in range(20 * n_rounds):
        changed, others = copy.deepcopy(header), dict(arrays)
        for _ in range(rng.choice([1, 1, 2])):
            if rng.random() < 0.7:
                change_header(changed, rng)
            else:
                change_array(others, rng)
        write_parts(path, changed, others)
        with config_context(compiled=False):
            try:
                use(estimator, path)
            except ValueError:
                n_refused += 1
    assert n_refused > 5 * n_rounds


def first_call(estimator):
    return {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}


@pytest.mark.parametrize("name", SOURCES)
def test_a_damaged_file_is_noticed(name, rng, n_rounds, tmp_path):
    estimator, parameters = SOURCES[name]
    path = tmp_path / "file"
    estimator((5,), max_iter=2, **parameters).fit(*data(estimator)).save_checkpoint(
        path
    )
    content = path.read_bytes()
    for _ in range(20 * n_rounds):
        damaged = bytearray(content)
        place, length = rng.randrange(len(content)), rng.randrange(1, 200)
        kind = rng.choice(["flip", "cut", "overwrite", "insert", "remove"])
        if kind == "flip":
            damaged[place] ^= 1 << rng.randrange(8)
        elif kind == "cut":
            del damaged[place:]
        elif kind == "overwrite":
            damaged[place : place + length] = rng.randbytes(length)
        elif kind == "insert":
            damaged[place:place] = rng.randbytes(length)
        else:
            del damaged[place : place + length]
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"damaged|not a checkpoint|has the format"
        ):
            estimator.load_checkpoint(path)
