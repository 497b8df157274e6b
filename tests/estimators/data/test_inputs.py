"""What may be handed in as X: dtypes, frames, memory maps; and what comes of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
# both classes, full batches and mini-batches
each_way = pytest.mark.parametrize(
    ("estimator", "solver"), [(BPNetClassifier, "adam"), (BPNetRegressor, "lbfgs")]
)


@each_way
@pytest.mark.parametrize(
    "dtype",
    ["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"],
)
def test_every_real_dtype_trains_as_float64_does(estimator, solver, dtype, rng):
    X = rng.integers(0, 2 if dtype == "bool" else 100, size=(100, 4))
    y = (X @ [1, -1, 2, 0] > np.median(X @ [1, -1, 2, 0])).astype(int)
    model = estimator((3,), solver=solver, dtype="float64", max_iter=5, random_state=0)
    model.set_params(alpha=1e-5)
    expected = clone(model).fit(X.astype(np.float64), y)
    actual = clone(model).fit(X.astype(dtype), y)
    method = "predict_proba" if estimator is BPNetClassifier else "predict"
    assert_allclose(
        getattr(actual, method)(X.astype(dtype)),
        getattr(expected, method)(X.astype(np.float64)),
        rtol=1e-5,
    )


@each_class
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_memory_order_of_X_does_not_matter(estimator, order, iris):
    X, y = iris
    model = estimator((3,), max_iter=5, random_state=0)
    expected = clone(model).fit(X, y).coefs_[0]
    assert_array_equal(
        clone(model).fit(np.array(X, order=order), y).coefs_[0], expected
    )
    every_second = np.repeat(X, 2, axis=1)[:, ::2]
    assert_array_equal(clone(model).fit(every_second, y).coefs_[0], expected)


@each_class
def test_lists_are_accepted(estimator, iris):
    X, y = iris
    model = estimator((3,), max_iter=5, random_state=0)
    expected = clone(model).fit(X, y).predict(X)
    assert_array_equal(model.fit(X.tolist(), y.tolist()).predict(X.tolist()), expected)


def frame_of(library, X, names):
    module = pytest.importorskip(library)
    return module.DataFrame(dict(zip(names, X.T, strict=True)))


each_library = pytest.mark.parametrize("library", ["pandas", "polars"])


@each_class
@each_library
def test_a_frame_trains_as_its_array_and_gives_its_names(estimator, library, iris):
    X, y = iris
    frame = frame_of(library, X, "abcd")
    labels = pytest.importorskip(library).Series(y)
    model = estimator((3,), max_iter=5, random_state=0)
    named, plain = clone(model).fit(frame, labels), clone(model).fit(X, y)
    assert list(named.feature_names_in_) == list("abcd")
    assert not hasattr(plain, "feature_names_in_")
    assert_array_equal(named.predict(frame), plain.predict(X))


@each_class
@each_library
@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param("abce", "Feature names unseen at fit time", id="other name"),
        pytest.param("abdc", "in the same order", id="other order"),
    ],
)
def test_other_feature_names_are_an_error(estimator, library, names, message, iris):
    X, y = iris
    kwargs = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model = estimator((3,)).partial_fit(frame_of(library, X, "abcd"), y, **kwargs)
    with pytest.raises(ValueError, match=message):
        model.predict(frame_of(library, X, names))
    with pytest.raises(ValueError, match=message):
        model.partial_fit(frame_of(library, X, names), y)


@each_class
def test_an_array_after_a_frame_is_warned_of(estimator, iris):
    X, y = iris
    model = estimator((3,), max_iter=2).fit(frame_of("pandas", X, "abcd"), y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@each_way
@pytest.mark.parametrize("input_scaling", ["standard", None])
@pytest.mark.parametrize("kind", ["dense", "fortran", "csr"])
def test_X_y_and_weights_are_never_modified(
    estimator, solver, input_scaling, kind, iris
):
    X, y = iris
    weights = np.linspace(0, 2, len(y))
    X = np.asfortranarray(X) if kind == "fortran" else X
    X = sparse.csr_array(X) if kind == "csr" else X
    copies = X.copy(), y.copy(), weights.copy()
    model = estimator(
        (3,), solver=solver, input_scaling=input_scaling, max_iter=3, dtype="float64"
    ).fit(X, y, weights)
    model.predict(X)
    for now, before in zip((X, y, weights), copies, strict=True):
        if sparse.issparse(now):
            assert_array_equal(now.indices, before.indices)
            now, before = now.data, before.data
        assert_array_equal(now, before)


@each_way
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_read_only_memory_maps_train_as_arrays(
    estimator, solver, dtype, iris, tmp_path
):
    X, y = iris[0].astype(dtype), iris[1].astype(float)
    weights = np.linspace(0, 2, len(y))
    maps = []
    for name, array in {"X": X, "y": y, "weights": weights}.items():
        np.save(tmp_path / f"{name}.npy", array)
        maps.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    model = estimator((3,), solver=solver, max_iter=3, random_state=0)
    expected = clone(model).fit(X, y, weights).predict(X)
    assert_array_equal(model.fit(*maps).predict(maps[0]), expected)


@pytest.mark.parametrize(
    ("setting", "dtype"),
    [
        ({"solver": "lbfgs"}, "float64"),
        ({"solver": "adam"}, "float32"),
        ({"solver": "sgd"}, "float32"),
        ({"solver": "adam", "batch_size": "full"}, "float64"),
        ({"solver": "adam", "batch_size": 150}, "float64"),
        ({"solver": "adam", "batch_size": 149}, "float32"),
        ({"solver": "adam", "dtype": "float64"}, "float64"),
        ({"solver": "lbfgs", "dtype": "float32"}, "float32"),
        ({"solver": "lbfgs", "dtype": np.float32}, "float32"),
    ],
    ids=str,
)
@each_class
def test_dtype_auto_is_float64_for_full_batches_only(estimator, setting, dtype, iris):
    X, y = iris
    for data in (X, X.astype(np.float32)):
        model = estimator((3,), max_iter=2, **setting).fit(data, y)
        parameters = model.coefs_ + model.intercepts_
        assert {str(array.dtype) for array in parameters} == {dtype}


@pytest.mark.parametrize("n_rows", [64, 65])
def test_dtype_auto_is_float64_for_so_few_samples_that_a_batch_holds_all(n_rows, iris):
    X, y = iris[0][:n_rows], iris[1][:n_rows]
    clf = BPNetClassifier((3,), max_iter=2).fit(X, y)
    assert clf.coefs_[0].dtype == (np.float64 if n_rows <= 64 else np.float32)


@each_solver
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_a_regressor_returns_float32_for_float32_only(solver, dtype, iris):
    X, y = iris
    reg = BPNetRegressor((3,), solver=solver, max_iter=2).fit(X.astype(dtype), y)
    expected = np.float32 if dtype == "float32" else np.float64
    assert reg.predict(X.astype(dtype)).dtype == expected


def timestamps(rng):
    """A Unix time within one hour of 2025, beside a plain feature."""
    seconds = rng.uniform(0, 3600, size=200)
    X = np.c_[1.735e9 + seconds, rng.normal(size=200)]
    return X, (seconds > 1800).astype(int), seconds


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("kind", [np.asarray, np.int64, sparse.csr_array])
def test_a_unix_timestamp_keeps_its_digits(solver, kind, rng):
    X, labels, seconds = timestamps(rng)
    X = kind(X)
    setting = {"solver": solver, "random_state": 0}
    if solver == "adam":
        setting |= {"learning_rate_init": 0.05, "tol": 1e-6, "n_iter_no_change": 10}
    setting["alpha"] = 1e-5
    reg = BPNetRegressor((), **setting).fit(X, seconds)
    assert reg.score(X, seconds) > 0.999
    clf = BPNetClassifier((), **setting).fit(X, labels)
    assert clf.score(X, labels) > 0.95


def test_standardisation_of_a_unix_timestamp_is_exact(rng):
    X, _, seconds = timestamps(rng)
    reg = BPNetRegressor((), max_iter=1).fit(X, seconds)
    shifted = X[:, 0] - 1.735e9
    assert_allclose(reg.input_mean_[0] - 1.735e9, shifted.mean(), rtol=1e-9)
    assert_allclose(reg.input_scale_[0], shifted.std(), rtol=1e-9)


@each_class
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_a_constant_feature_is_as_an_absent_one(estimator, kind, iris):
    X, y = iris
    model = estimator((), solver="lbfgs", alpha=0.1, tol=1e-9, max_iter=1000)
    without = clone(model).fit(X, y)
    model.fit(kind(np.c_[X, np.full(len(y), 1e6)]), y)
    assert_allclose(model.coefs_[0][:4], without.coefs_[0], rtol=1e-4)
    assert_allclose(model.coefs_[0][4], 0, atol=1e-6)


@each_class
def test_statistics_of_the_inputs_are_weighted(estimator, iris):
    X, y = iris
    weights = np.linspace(0, 2, len(y))
    model = estimator((), max_iter=1).fit(X, y, weights)
    mean = np.average(X, axis=0, weights=weights)
    assert_allclose(model.input_mean_, mean)
    variance = np.average((X - mean) ** 2, axis=0, weights=weights)
    assert_allclose(model.input_scale_, np.sqrt(variance))


def test_statistics_of_the_targets_are_weighted(iris):
    X, y = iris
    Y, weights = np.c_[y, y**2 + 5.0], np.linspace(0, 2, len(y))
    reg = BPNetRegressor((), max_iter=1).fit(X, Y, weights)
    mean = np.average(Y, axis=0, weights=weights)
    assert_allclose(reg.target_mean_, mean)
    variance = np.average((Y - mean) ** 2, axis=0, weights=weights)
    assert_allclose(reg.target_scale_, np.sqrt(variance))


@each_way
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_matrices_of_any_dtype_train_as_float64_does(
    estimator, solver, dtype, index, iris
):
    X, y = (iris[0] > 2).astype(dtype), iris[1]
    S = sparse.csr_array(X)
    S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    model = estimator((3,), solver=solver, dtype="float64", max_iter=5, random_state=0)
    expected = clone(model).fit(X.astype(float), y).predict(X.astype(float))
    assert_allclose(model.fit(S, y).predict(S), expected, rtol=1e-5, atol=1e-7)
