"""Training on collections of Dask, without a cluster and without its threads."""

import numpy as np
import pytest
import sklearn

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

from .fits import assert_same, fitted

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")

pytestmark = [
    pytest.mark.usefixtures("tiny_memory", "no_thread_left"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N = 1500


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 6)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + X[:, 2]).astype(np.float64)


@pytest.fixture(scope="module")
def frame(data):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(data[0], columns=list("abcdef"))
    frame["kind"] = pd.Categorical(rng.choice(["u", "v"], N), ["v", "u", "w"])
    frame["text"] = np.where(np.arange(N) < 1400, "early", "late")
    frame.loc[5:90, "b"] = np.nan
    return frame.assign(y=data[1])


@pytest.mark.parametrize("is_selected", [False, True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_array_trains_as_that_of_numpy(solver, is_selected, data):
    X, y = data
    lazy, targets = da.from_array(X, chunks=(400, 4)), da.from_array(y, chunks=700)
    if is_selected:  # of unknown lengths, an empty block among them
        chosen = (np.arange(N) < 400) | (X[:, 0] > 0)
        chosen[400:800] = False
        lazy, X, y = lazy[chosen], X[chosen], y[chosen]
        targets = y
    stochastic = {"early_stopping": True, "target_scaling": "standard"}
    full_batch = {"solver": "lbfgs", "batch_size": "auto", "shuffle": True}
    parameters = stochastic if solver == "adam" else full_batch
    a = fitted(BPNetRegressor, lazy, targets, **parameters)
    assert_same(a, fitted(BPNetRegressor, X, y, **parameters))
    np.testing.assert_array_equal(a.predict(lazy), a.predict(X))


def test_a_frame_trains_as_that_of_pandas(frame):
    lazy = dd.from_pandas(frame, npartitions=7)
    X, y = frame.drop(columns="y"), frame["y"]
    expected = fitted(BPNetRegressor, X, y)
    assert_same(fitted(BPNetRegressor, lazy, "y"), expected)
    found = fitted(BPNetRegressor, lazy.drop(columns="y"), lazy["y"])
    assert_same(found, expected)
    assert list(found.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(
        found.predict(lazy.drop(columns="y")), found.predict(X)
    )


def test_weights_and_labels_are_collections(frame):
    lazy = dd.from_pandas(frame, npartitions=3)
    X = lazy[["a", "c", "kind"]]
    a = fitted(
        BPNetClassifier, X, lazy["text"], lazy["d"] ** 2, class_weight="balanced"
    )
    b = fitted(
        BPNetClassifier, frame[["a", "c", "kind"]], frame["text"], frame["d"] ** 2,
        class_weight="balanced",
    )  # fmt: skip
    assert_same(a, b)


def test_shuffled_partitions_learn_and_calls_continue(frame):
    lazy = dd.from_pandas(frame.sort_values("y", ignore_index=True), npartitions=12)
    reg = fitted(BPNetRegressor, lazy, "y", max_iter=15, shuffle=True)
    X, y = frame.drop(columns="y"), frame["y"]
    assert reg.score(X, y) > 0.85
    reg.partial_fit(lazy, "y")
    assert reg.score(X, y) > 0.85


def test_what_fits_into_memory_is_shuffled_as_an_array(data):
    X, y = data
    with sklearn.config_context(working_memory=1024):
        a = fitted(BPNetRegressor, da.from_array(X, chunks=200), y, shuffle=True)
    assert_same(a, fitted(BPNetRegressor, X, y, shuffle=True))


# Errors


def test_names_need_a_frame(data):
    lazy = da.from_array(data[0], chunks=200)
    with pytest.raises(ValueError, match=r"y='y' names a column, but the columns of X"):
        BPNetRegressor().fit(lazy, "y")


def test_three_dimensions_are_an_error():
    with pytest.raises(ValueError, match="of 3 dimensions"):
        BPNetRegressor().fit(da.zeros((4, 3, 2)), np.zeros(4))


def test_errors_of_a_task_are_raised(data):
    X, y = data

    def failing(block):
        raise OSError("no disk")

    lazy = da.from_array(X, chunks=200).map_blocks(failing, dtype=X.dtype, meta=X[:0])
    with pytest.raises(OSError, match="no disk"):
        BPNetRegressor().fit(lazy, y)
