"""Fits on a cluster against fits of the same samples in memory."""

import pickle
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, ShuffleSplit

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from sklearn_bpnet import BPNetClassifier, BPNetRegressor  # noqa: E402
from sklearn_bpnet.dask import (  # noqa: E402
    DaskBPNetClassifier,
    DaskBPNetRegressor,
    _clients,
)
from sklearn_bpnet.options import EarlyStopping  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SEVEN = (10, 30, 1, 29, 10, 19, 21)


PARTITIONS = {1: (120,), 2: (50, 70), 7: SEVEN}
SMALL = {"hidden_layer_sizes": (4,), "activation": "tanh", "random_state": 0}


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(120, 4)) * [1, 10, 0.1, 1] + [0, 100, 0, 5]
    X[:, 3] = rng.random(120) < 0.1  # rare exceptions
    return X, rng


def spread(array, chunks):
    array = np.asarray(array)
    return da.from_array(array, chunks=(chunks, *array.shape[1:]))


def assert_same_weights(local, other, rtol=1e-6):
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(
            getattr(local, name), getattr(other, name), strict=True
        ):
            scale = np.abs(ours).max()
            np.testing.assert_allclose(theirs, ours, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("n", PARTITIONS)
def test_full_batch_classifier_has_the_weights_of_one_machine(client, n):
    X, rng = table()
    y = np.where(X[:, 0] > 0, "b", "a").astype(object)
    y[-3:] = "only here"
    w = rng.integers(0, 3, 120).astype(float)
    w[:10] = 0  # all of a partition
    p = SMALL | {"solver": "lbfgs", "max_iter": 6, "class_weight": "balanced"}
    chunks = PARTITIONS[n]
    local = BPNetClassifier(**p).fit(X, y, w)
    est = DaskBPNetClassifier(**p, client=client)
    dX, dy = spread(X, chunks), spread(y, chunks)
    est.fit(dX, dy, spread(w, chunks))
    assert_same_weights(local, est)
    assert est.n_iter_ == local.n_iter_
    assert list(est.classes_) == ["a", "b", "only here"]
    np.testing.assert_allclose(est.input_scale_, local.input_scale_, rtol=1e-9)
    if n < 7:
        return
    lazy = est.predict_proba(dX)
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), local.predict_proba(X), rtol=1e-5)
    assert est.score(dX, dy) == pytest.approx(local.score(X, y))
    loaded = pickle.loads(pickle.dumps(est))
    assert loaded.client is None
    assert clone(est).client is client
    ordinary = est.to_local()
    assert type(ordinary) is BPNetClassifier
    np.testing.assert_array_equal(ordinary.predict(X), est.predict(X))


@pytest.mark.parametrize("solver", ["lbfgs", "cg", "gd"])
def test_full_batch_regressor_has_the_weights_of_one_machine(client, solver):
    X, _ = table()
    Y = np.stack([X[:, 0] * 50 + 1000, X[:, 1] - X[:, 0] ** 2], axis=1)
    p = SMALL | {"solver": solver, "max_iter": 4}
    local = BPNetRegressor(**p).fit(X, Y)
    dX, dY = spread(X, (50, 70)), spread(Y, (50, 70))
    est = DaskBPNetRegressor(**p).fit(dX, dY)  # with the running client
    assert_same_weights(local, est)
    np.testing.assert_allclose(est.target_scale_, local.target_scale_, rtol=1e-9)
    np.testing.assert_allclose(est.predict(dX).compute(), local.predict(X), rtol=1e-6)
    assert est.score(dX, dY) == pytest.approx(local.score(X, Y))


def test_frames_with_levels_gaps_and_empty_partitions(client):
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    X, rng = table()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    frame.loc[[3, 70], "b"] = np.nan
    colours = rng.choice(["red", "green"], 120)
    colours[-2:] = "blue"  # in one partition
    frame["c"] = pd.Categorical(colours)
    frame["y"] = X[:, 0] * 3 + (colours == "red")
    cuts = [0, 40, 40, 100, 120]
    pieces = [frame.iloc[i:j] for i, j in pairwise(cuts)]
    lazy = dd.from_map(lambda i: pieces[i], range(4), meta=frame.iloc[:0])
    names = ["a", "b", "c"]
    p = SMALL | {"solver": "lbfgs", "max_iter": 5}
    local = BPNetRegressor(**p).fit(frame[names], frame["y"])
    est = DaskBPNetRegressor(**p).fit(lazy[names], lazy["y"])
    assert_same_weights(local, est)
    assert list(est.feature_names_in_) == names
    found = est.predict(lazy[names]).compute()
    np.testing.assert_allclose(found, local.predict(frame[names]), rtol=1e-5)
    assert est.score(lazy[names], lazy["y"]) == pytest.approx(
        local.score(frame[names], frame["y"])
    )


def test_sparse_blocks_and_unknown_chunks(client):
    X, rng = table()
    X[np.abs(X) < 0.5] = 0
    y = (X[:, 0] > 0).astype(int)
    keep = rng.random(120) < 0.8
    dX, dy, mask = (spread(a, (50, 70)) for a in (X, y, keep))
    dX, dy = dX[mask].map_blocks(sparse.csr_matrix), dy[mask]
    p = SMALL | {"solver": "lbfgs", "max_iter": 4}
    local = BPNetClassifier(**p).fit(sparse.csr_matrix(X[keep]), y[keep])
    est = DaskBPNetClassifier(**p).fit(dX, dy)
    assert_same_weights(local, est)
    assert len(est.predict(dX).compute()) == keep.sum()


def test_early_stopping_sets_aside_what_one_machine_sets_aside(client):
    X, _ = table()
    y = np.where(X[:, 0] > 0, "b", "a")
    p = SMALL | {"solver": "lbfgs", "max_iter": 8, "early_stopping": True}
    p |= {"numeric_embedding": "ple", "input_scaling": "quantile"}
    local = BPNetClassifier(**p, calibration="temperature").fit(X, y)
    est = DaskBPNetClassifier(**p, calibration="temperature")
    est.fit(spread(X, SEVEN), spread(y, SEVEN))
    assert_same_weights(local, est)
    assert est.best_epoch_ == local.best_epoch_
    assert est.temperature_ == pytest.approx(local.temperature_)
    np.testing.assert_allclose(est.validation_scores_, local.validation_scores_)


def test_mini_batches_reach_the_accuracy_of_one_machine(client):
    X, y = load_digits(return_X_y=True)
    p = {
        "hidden_layer_sizes": (32,),
        "batch_size": 256,
        "max_iter": 8,
        "random_state": 0,
        "learning_rate_init": 0.01,
    }
    train, test = slice(0, 1400), slice(1400, None)
    local = BPNetClassifier(**p).fit(X[train], y[train])
    dX, dy = spread(X[train], (500, 900)), spread(y[train], (500, 900))
    est = DaskBPNetClassifier(**p).fit(dX, dy, X_val=X[test], y_val=y[test])
    assert est.score(X[test], y[test]) > local.score(X[test], y[test]) - 0.02
    assert len(est.validation_scores_) == 8


def test_members_are_deterministic_and_stop_early(client):
    X, _ = table()
    y = (X[:, 0] > 0).astype(int)
    dX, dy = spread(X, (50, 70)), spread(y, (50, 70))
    p = SMALL | {
        "max_iter": 3,
        "batch_size": 60,
        "n_members": 2,
        "dropout": 0.2,
        "early_stopping": True,
        "calibration": "temperature",
    }
    fits = [
        DaskBPNetClassifier(**p).fit(dX, dy, X_val=X[:30], y_val=y[:30])
        for _ in range(2)
    ]
    first, second = ([m.coefs_[0] for m in f.estimators_] for f in fits)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(*first)
    assert fits[0].temperature_ == fits[1].temperature_


def test_a_search_and_members_over_the_cluster(client):
    joblib = pytest.importorskip("joblib")
    X, _ = table()
    y = (X[:, 0] > 0).astype(int)
    est = BPNetClassifier(**SMALL, solver="lbfgs", max_iter=3)
    search = GridSearchCV(est, {"alpha": [0.01, 1.0]}, cv=2)
    expected = clone(search).fit(X, y).cv_results_["mean_test_score"]
    many = clone(est).set_params(n_members=2)
    members = [member.coefs_[0] for member in clone(many).fit(X, y).estimators_]
    with joblib.parallel_backend("dask", client=client, scatter=[X, y]):
        found = search.fit(X, y).cv_results_["mean_test_score"]
        on_cluster = many.set_params(n_jobs=2).fit(X, y).estimators_
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose([one.coefs_[0] for one in on_cluster], members)


def test_nothing_of_a_fit_remains_on_the_cluster(client):
    X, _ = table()
    DaskBPNetRegressor(**SMALL, solver="lbfgs", max_iter=2).fit(
        spread(X, (50, 70)), spread(X[:, 0], (50, 70))
    )

    def left(dask_scheduler):
        return [str(k) for k in dask_scheduler.tasks if "bpnet" in str(k)]

    for _ in range(100):
        if not client.run_on_scheduler(left):
            return
        time.sleep(0.05)
    assert client.run_on_scheduler(left) == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("warm_start", True),
        ("member_folds", 2),
        ("time_budget", 1.0),
        ("record", "gradient_norm"),
        ("n_jobs", 2),
        ("validation_fraction", ShuffleSplit(1)),
        ("initializer", "lsuv"),
        ("early_stopping", EarlyStopping(refit=True)),
    ],
)
def test_what_a_cluster_does_not_honour_is_an_error(client, parameter, value):
    X, _ = table()
    p = SMALL | {"max_iter": 1, "n_members": 2, "early_stopping": True}
    est = DaskBPNetClassifier(**p | {parameter: value})
    with pytest.raises(ValueError, match=parameter):
        est.fit(spread(X, (120,)), spread(X[:, 0] > 0, (120,)))


def test_tables_that_do_not_fit_are_errors(client):
    X, _ = table()
    y = X[:, 0] > 0
    est = DaskBPNetClassifier(**SMALL)
    with pytest.raises(TypeError, match="X must be a Dask array"):
        est.fit(X, y)
    with pytest.raises(TypeError, match="y must be a Dask array"):
        est.fit(spread(X, (50, 70)), y)
    with pytest.raises(ValueError, match="y has 1 partitions, but X has 2"):
        est.fit(spread(X, (50, 70)), spread(y[:100], (100,)))
    with pytest.raises(ValueError, match="Partition 0 of X, y"):
        est.fit(spread(X, (50, 70)), spread(y[:119], (49, 70)))
    with pytest.raises(AttributeError, match="to_local"):
        est.partial_fit(X, y)
    X[60] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        est.fit(spread(X, (50, 70)), spread(y, (50, 70)))


def test_without_a_client_the_error_says_how_to_start_one(monkeypatch):
    def none(allow_global):
        raise ValueError

    monkeypatch.setattr(distributed.Client, "current", none)
    with pytest.raises(ValueError, match=r"client = Client\(\)"):
        _clients.client_of(None)
    with pytest.raises(TypeError, match="client must be"):
        _clients.client_of("127.0.0.1:8786")


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"sklearn_bpnet\[dask\]"):
        DaskBPNetClassifier().fit(None, None)
