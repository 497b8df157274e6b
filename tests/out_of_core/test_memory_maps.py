"""Training on a memory map: the results are those of the array."""

import threading

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GroupKFold

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet._data.mapped import MappedTable
from sklearn_bpnet.exceptions import TrainingInterruptedWarning
from sklearn_bpnet.options import MemberFolds
from sklearn_bpnet.training.windows import ReadAhead

from .fits import assert_same, fitted

pytestmark = [
    pytest.mark.usefixtures("tiny_memory", "no_thread_left"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N, D = 2000, 6


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)).astype(np.float32) * 9 + 60
    z = (X - 60) / 9
    return X, (z[:, 0] * z[:, 1] + z[:, 2]).astype(np.float64)


FULL_BATCH = {"batch_size": "auto", "shuffle": True}
CASES = {
    "plain": {},
    "squash": {"input_scaling": "squash"},
    "quantile": {"input_scaling": "quantile"},
    "unscaled": {"input_scaling": None},
    "early stopping": {"early_stopping": True},
    "scorer": {"early_stopping": True, "scoring": "r2"},
    "embedding": {"numeric_embedding": "pbld"},
    "bins": {"numeric_embedding": "ple"},
    "dropout": {"dropout": 0.2},
    "shared members": {"shared_members": 3},
    "scaled target": {"target_scaling": "standard"},
    "L-BFGS": FULL_BATCH | {"solver": "lbfgs"},
    "conjugate gradients": FULL_BATCH | {"solver": "cg"},
    "one batch": {"batch_size": N, "solver": "sgd"},
    "float64": {"dtype": "float64"},
    "samples of unit variance": {"initializer": "unit_variance"},
}


@pytest.mark.parametrize("case", CASES)
def test_samples_in_order_train_as_those_of_an_array(case, data, mapped):
    X, y = data
    a, b = (fitted(BPNetRegressor, x, y, **CASES[case]) for x in (mapped(X), X))
    assert_same(a, b)
    np.testing.assert_array_equal(a.predict(mapped(X)), b.predict(X))


@pytest.mark.parametrize(
    ("dtype", "order"),
    [
        (np.float16, "C"),
        (np.float64, "F"),
        (np.uint8, "C"),
        (np.int64, "C"),
        (">f4", "F"),
    ],
)
def test_numbers_of_any_type_and_order_are_read(dtype, order, data, mapped):
    X, y = data
    X = X.astype(dtype)
    assert_same(*(fitted(BPNetRegressor, x, y) for x in (mapped(X, order=order), X)))


@pytest.mark.parametrize("scaling", ["standard", "squash", "quantile"])
def test_gaps_and_categories_are_encoded_block_by_block(scaling, data, mapped):
    X, y = data
    X, rng = X.copy(), np.random.default_rng(1)
    X[:, 2] = rng.integers(0, 4, N)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 4] = 0  # constant
    parameters = {"input_scaling": scaling, "categorical_features": [2]}
    a, b = (fitted(BPNetRegressor, x, y, **parameters) for x in (mapped(X), X))
    assert_same(a, b)
    np.testing.assert_array_equal(a.predict(mapped(X)), b.predict(X))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_of_samples_and_classes(early_stopping, data, mapped):
    X, y = data
    labels, weights = np.array(["a", "b", "c"])[np.digitize(y, [-1, 1])], np.abs(y)
    weights[::7] = 0
    parameters = {
        "class_weight": "balanced", "early_stopping": early_stopping,
        "calibration": "temperature" if early_stopping else None,
    }  # fmt: skip
    a, b = (
        fitted(BPNetClassifier, x, labels, weights, **parameters)
        for x in (mapped(X), X)
    )
    assert_same(a, b)


def test_a_validation_table_is_mapped(data, mapped):
    X, y = data
    a, b = (
        BPNetRegressor((8,), max_iter=3, random_state=0, early_stopping=True).fit(
            X[:50], y[:50], X_val=x, y_val=y
        )
        for x in (mapped(X), X)
    )
    assert_same(a, b)


@pytest.mark.parametrize("compiled", [False, True])
def test_shuffled_blocks_learn_as_much_from_a_sorted_file(compiled, data, mapped):
    if compiled:
        pytest.importorskip("numba")
    X, y = data
    order = np.argsort(y)
    X, y = X[order], y[order]
    parameters = {"shuffle": True, "max_iter": 20}
    with config_context(compiled=compiled):
        a, b = (fitted(BPNetRegressor, x, y, **parameters) for x in (mapped(X), X))
        again = fitted(BPNetRegressor, mapped(X), y, **parameters)
    assert_same(a, again)
    assert a.loss_ != b.loss_
    assert a.score(X, y) > 0.9
    assert a.score(X, y) > b.score(X, y) - 0.02


def test_a_map_that_fits_into_a_window_trains_as_an_array(data, mapped):
    X, y = data
    a = fitted(BPNetRegressor, X, y, shuffle=True, dropout=0.1)
    with sklearn.config_context(working_memory=1024):
        b = fitted(BPNetRegressor, mapped(X), y, shuffle=True, dropout=0.1)
    assert_same(a, b)


def test_members_train_on_folds_of_a_map(data, mapped):
    X, y = data
    folds = MemberFolds(GroupKFold(2))
    groups = np.arange(N) // 10
    a, b = (
        BPNetRegressor(
            (8,), max_iter=2, random_state=0, n_members=2, member_folds=folds,
            shuffle=False,
        ).fit(x, y, groups=groups)
        for x in (mapped(X), X)
    )  # fmt: skip
    np.testing.assert_array_equal(a.predict(X), b.predict(X))


def test_calls_continue_on_a_map(data, mapped):
    X, y = data
    a, b = (
        BPNetRegressor((8,), random_state=0, shuffle=False)
        .partial_fit(x, y)
        .partial_fit(x, y)
        for x in (mapped(X), X)
    )
    assert_same(a, b)


def test_the_data_are_never_in_memory_as_a_whole(data, mapped, monkeypatch):
    X, y = data
    read, get = [], MappedTable.__getitem__

    def reading(table, key):
        found = get(table, key)
        read.append(len(found))
        return found

    monkeypatch.setattr(MappedTable, "__getitem__", reading)
    monkeypatch.setattr("sklearn_bpnet._data.features._CHUNK_NUMBERS", 600)
    monkeypatch.setattr("sklearn_bpnet._data.chunks.CHUNK_NUMBERS", 600)
    monkeypatch.setattr("sklearn_bpnet._data.undecided._PART_NUMBERS", 600)
    monkeypatch.setattr("sklearn_bpnet.training.evaluation._CHUNK_NUMBERS", 600)
    of_file = mapped(X)
    reg = fitted(BPNetRegressor, of_file, y, shuffle=True, early_stopping=True)
    assert max(read) <= 300
    reg.predict(of_file)
    assert max(read) <= 300


# Errors and interrupts


def test_infinite_numbers_are_found(data, mapped):
    X, y = data
    X = X.copy()
    X[1500, 3] = np.inf
    with pytest.raises(ValueError, match="X contains infinity in column 3"):
        fitted(BPNetRegressor, mapped(X), y)


def test_targets_of_another_length_are_an_error(data, mapped):
    X, y = data
    with pytest.raises(ValueError, match="inconsistent numbers of samples: 2000, 1999"):
        fitted(BPNetRegressor, mapped(X), y[1:])


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_no_thread_is_left_after_an_error(error, data, mapped, monkeypatch):
    X, y = data
    finish, calls = ReadAhead._finish, []

    def failing(ahead):
        calls.append(threading.active_count())
        if len(calls) == 3:
            raise error
        return finish(ahead)

    monkeypatch.setattr(ReadAhead, "_finish", failing)
    if error is KeyboardInterrupt:  # what has been learned is kept
        with pytest.warns(TrainingInterruptedWarning):
            reg = fitted(BPNetRegressor, mapped(X), y)
        assert reg.stop_reason_ == "interrupted"
    else:
        with pytest.raises(error):
            fitted(BPNetRegressor, mapped(X), y)
    assert len(calls) == 3
