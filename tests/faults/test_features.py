"""Faults in what is read as X and y: duplicates, huge numbers, objects, dates, NaN."""

import datetime as dt
import pickle
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data import quantiles
from sklearn_bpnet.inspection import find_learning_rate
from sklearn_bpnet.objective import empirical_risk

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


def table(n=60):
    """A small table, with labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X @ [1, -1, 0.5] > 0).astype(int)


def outputs(model, X):
    """The outputs of a network as one array."""
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


# F36: sparse matrices that are not canonical


def non_canonical(kind, index=np.int32):
    """The same matrix, dense and in some form of sparse storage."""
    rng = np.random.default_rng(1)
    dense = rng.normal(size=(40, 6)) * (rng.uniform(size=(40, 6)) < 0.5)
    dense[:, 5] = np.where(dense[:, 5] == 0, 2.0, dense[:, 5])  # mostly stored
    row, column = np.nonzero(np.ones_like(dense))
    if kind == "zeros":
        data = dense.ravel()
    else:
        row, column = np.nonzero(dense)
        data = dense[row, column]
    if "duplicates" in kind:
        row, column = np.tile(row, 2), np.tile(column, 2)
        data = np.concatenate([data * 0.25, data * 0.75])
    order = rng.permutation(len(data))
    order = order[np.argsort(row[order], kind="stable")]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=40))])
    S = sparse.csr_array((data[order], column[order], indptr), shape=dense.shape)
    S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    return dense, S


@each_class
@pytest.mark.parametrize("kind", ["duplicates", "unsorted", "zeros"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("lies", [False, True])
def test_f36_csr_that_is_not_canonical_is_the_dense_matrix(
    estimator, kind, index, lies
):
    dense, S = non_canonical(kind, index)
    if lies:  # what SciPy was told, and does not check again
        S.has_canonical_format = S.has_sorted_indices = True
    y = (dense[:, 0] > 0).astype(int)
    before = S.data.copy(), S.indices.copy(), S.indptr.copy()
    model = estimator((4,), dtype="float64", solver="lbfgs", max_iter=5, alpha=0.01)
    model.set_params(random_state=0)
    expected = clone(model).fit(dense, y, X_val=dense, y_val=y)
    actual = clone(model).fit(S, y, X_val=S, y_val=y)
    assert_allclose(actual.input_mean_, expected.input_mean_, atol=1e-12)
    assert_allclose(actual.input_scale_, expected.input_scale_, rtol=1e-12)
    assert_allclose(outputs(actual, S), outputs(expected, dense), rtol=1e-5)
    for now, then in zip((S.data, S.indices, S.indptr), before, strict=True):
        assert now.dtype == then.dtype
        assert_array_equal(now, then)


@pytest.mark.parametrize("form", ["csc", "coo", "bsr"])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_f36_other_formats_with_duplicates_are_the_dense_matrix(form, container):
    dense, S = non_canonical("duplicates")
    if form == "coo":
        row = np.repeat(np.arange(40), np.diff(S.indptr))
        X = sparse.coo_array((S.data, (row, S.indices)), shape=S.shape)
    elif form == "csc":  # the transpose of CSR, with its duplicates
        X = non_canonical("duplicates")[1].T
        dense = dense.T
    else:
        blocks = S.data[:, None, None]
        X = sparse.bsr_array((blocks, S.indices, S.indptr), shape=S.shape)
    if container is sparse.csr_matrix:
        X = getattr(sparse, f"{form}_matrix")(X)
    y = np.arange(X.shape[0]) % 2
    clf = BPNetClassifier((3,), max_iter=2, random_state=0)
    expected, actual = clone(clf).fit(dense, y), clone(clf).fit(X, y)
    assert_allclose(actual.input_scale_, expected.input_scale_, rtol=1e-12)
    assert_allclose(actual.predict_proba(X), expected.predict_proba(dense), rtol=1e-4)


def test_f36_partial_fit_sums_duplicates():
    dense, S = non_canonical("duplicates")
    y = dense[:, 1]
    reg = BPNetRegressor((3,), random_state=0)
    expected = clone(reg).partial_fit(dense, y).partial_fit(dense, y)
    actual = clone(reg).partial_fit(S, y).partial_fit(S, y)
    assert_allclose(actual.predict(S), expected.predict(dense), rtol=1e-4)


def test_f36_duplicates_that_add_up_to_infinity_are_infinite():
    S = sparse.csr_array(([1e308, 1e308], [0, 0], [0, 2, 2]), shape=(2, 2))
    with pytest.raises(ValueError, match="X contains infinity in column 0"):
        BPNetRegressor((3,)).fit(S, [0, 1])


# F35: finite numbers beyond what the network can represent


HUGE = [1e39, 1e155, 1e300, 1.7e308]


@each_class
@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_f35_huge_features_at_predict_are_saturated_or_an_error(
    estimator, input_scaling, dtype, activation
):
    X, y = table()
    model = estimator((8,), activation, input_scaling=input_scaling, dtype=dtype)
    model.set_params(max_iter=3, random_state=0).fit(X, y)
    names = ["predict"]
    if estimator is BPNetClassifier:
        names += ["predict_proba", "predict_log_proba", "decision_function"]
    tables = []
    for value in HUGE:
        tables += [np.full((1, 3), value), np.r_[X[:4], [[0, -value, value]]]]
    tables += [np.full((2, 3), 3e38, np.float32)]
    tables += [np.asfortranarray(array) for array in tables]
    tables += [array[:, ::-1] for array in tables]
    if input_scaling != "squash":
        tables += [sparse.csr_array(array) for array in tables]
    for huge in tables:
        for name in names:
            try:
                result = getattr(model, name)(huge)
            except ValueError as error:
                assert "X[" in str(error)  # noqa: PT017
                assert "e+" in str(error)  # noqa: PT017
            else:
                assert np.isfinite(result).all()


def test_f35_the_error_names_the_value_and_what_it_becomes():
    X, y = table()
    clf = BPNetClassifier((3,), max_iter=2, dtype="float32").fit(X / 1000, y)
    X[5, 1] = 1e37
    with pytest.raises(ValueError, match=r"X\[5, 1\] is 1e\+37, or .*e\+40 after scal"):
        clf.predict(X)
    with pytest.raises(ValueError, match=r"X\[5, 1\] is 1e\+37"):
        clf.predict_proba(sparse.csr_matrix(X))
    clf.set_params(dtype="float64").fit(X, y).predict(X)


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_f35_huge_features_in_fit(estimator, n_members):
    X, y = table()
    Z = X.copy()
    Z[3, 2] = 1e39
    model = estimator((3,), max_iter=2, n_members=n_members, dtype="float32")
    unscaled = clone(model).set_params(input_scaling=None)
    for kind in (np.asarray, sparse.csr_array):
        with pytest.raises(ValueError, match=r"X\[3, 2\] is 1e\+39, which exceeds"):
            clone(unscaled).fit(kind(Z), y)
        for m in (model, unscaled):
            with pytest.raises(ValueError, match=r"X_val\[3, 2\] is 1e\+39"):
                clone(m).fit(kind(X), y, X_val=kind(Z), y_val=y)
    squashing = clone(model).set_params(input_scaling="squash")
    assert np.isfinite(outputs(squashing.fit(Z, y, X_val=Z, y_val=y), Z)).all()


def test_f35_later_calls_are_checked_against_the_scaling_of_the_first():
    X, y = table()
    reg = BPNetRegressor((3,), warm_start=True, max_iter=1, dtype="float32")
    reg.fit(1e-30 * X, y)
    for call in (reg.fit, reg.partial_fit):
        with pytest.raises(ValueError, match=r"X\[\d+, \d\] is .* after scaling"):
            call(1e10 * X, y)


@pytest.mark.parametrize("unit", [1e39, 1e160, 1e300, 1.2e307])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_f35_statistics_of_numbers_whose_squares_overflow(unit, kind):
    X, y = table()
    X = np.tanh(X)
    Z = X * [1, unit, 1]
    weights = np.linspace(0, 2, len(y))
    reg = BPNetRegressor((3,), max_iter=5, dtype="float64", random_state=0)
    expected, actual = clone(reg).fit(X, y, weights), clone(reg)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        actual.fit(kind(Z), y, weights)
        scale = actual.input_scale_ / [1, unit, 1]
        assert_allclose(scale, expected.input_scale_, rtol=1e-12)
        assert_allclose(actual.predict(kind(Z)), expected.predict(X), rtol=1e-5)


@pytest.mark.parametrize("unit", [1e160, 1e300, 1.2e307])
def test_f35_targets_whose_squares_overflow_are_learned_and_scored(unit):
    X, _ = table()
    y = np.tanh(X[:, 0])
    reg = BPNetRegressor((3,), solver="lbfgs", random_state=0)
    expected = clone(reg).fit(X, y).score(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        actual = clone(reg).fit(X, unit * y).score(X, unit * y)
        stopped = clone(reg).set_params(early_stopping=True).fit(X, unit * y)
    assert actual == pytest.approx(expected, abs=1e-3)
    assert np.isfinite(stopped.validation_scores_).all()


@pytest.mark.parametrize("value", [1e20, 1e160, -1e300])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_f35_a_constant_column_of_huge_numbers_is_as_an_absent_one(value, kind):
    # although its mean is rounded by more than the numbers of other columns
    X, y = table()
    jitter = np.where(np.arange(len(y)) % 7, value, np.nextafter(value, 0))
    reg = BPNetRegressor(
        (), solver="lbfgs", alpha=0.1, dtype="float64", tol=1e-9, random_state=0
    )
    expected = clone(reg).fit(X, y).coefs_[0]
    for column in (np.full(len(y), value), jitter):
        Z = kind(np.c_[X, column])
        assert_allclose(clone(reg).fit(Z, y).coefs_[0][:3], expected, rtol=1e-2)


def test_f35_targets_beyond_float32_are_named():
    X, _ = table()
    y = np.linspace(1, 1e39, len(X))
    reg = BPNetRegressor((3,), target_scaling=None)
    with pytest.raises(ValueError, match=r"y reaches 1e\+39, which"):
        reg.set_params(dtype="float32").fit(X, y)
    with pytest.raises(ValueError, match=r"y_val reaches 1e\+39, which"):
        reg.fit(X, y / 1e39, X_val=X, y_val=y)


@pytest.mark.parametrize("unit", [1e-40, 1e-44])
def test_f35_features_near_the_smallest_number_of_float32(unit):
    X, y = table()
    Z = (unit * X).astype(np.float32)
    reg = BPNetRegressor((3,), max_iter=3, batch_size=20).fit(Z, y)
    assert np.isfinite(reg.predict(Z)).all()
    assert np.isfinite(reg.loss_)


# F4: objects


NA = pytest.importorskip("pandas").NA
NUMBERS = {
    "decimal": lambda x: Decimal(repr(float(x))),
    "fraction": lambda x: Fraction(float(x)),
    "longdouble": np.longdouble,
    "int": lambda x: int(x * 2**70),
    "float": float,
    "text": repr,
}


def objects(X, convert):
    """An array of objects."""
    array = np.empty(X.shape, dtype=object)
    array.ravel()[:] = [convert(float(x)) for x in X.ravel()]
    return array


@each_class
@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("input_scaling", ["standard", None])
def test_f4_numbers_of_other_kinds_train_as_float64(estimator, kind, input_scaling):
    X, y = table()
    convert = NUMBERS[kind]
    cells, plain = objects(X, convert), X
    if kind == "int":
        plain = np.array([[float(convert(x)) for x in row] for row in X])
        input_scaling = "standard"
        assert cells.max() > 2**63
    model = estimator((3,), input_scaling=input_scaling, max_iter=3, random_state=0)
    expected = outputs(clone(model).fit(plain, y, X_val=plain, y_val=y), plain)
    forms = [cells]
    # text in lists is an error, as in scikit-learn; in a frame it is a category
    if kind != "text":
        forms += [pytest.importorskip("pandas").DataFrame(cells), cells.tolist()]
    for form in forms:
        fitted = clone(model).fit(form, y, X_val=form, y_val=y)
        assert_allclose(outputs(fitted, form), expected, rtol=1e-9)
    for form in forms[:1]:
        kwargs = {"classes": [0, 1]} if estimator is BPNetClassifier else {}
        first = clone(model).partial_fit(form, y, **kwargs)
        same = clone(model).partial_fit(plain, y, **kwargs)
        assert_array_equal(first.coefs_[0], same.coefs_[0])


def test_f4_extended_precision_is_converted_first():
    X, y = table()
    reg = BPNetRegressor((3,), max_iter=3, random_state=0)
    expected = clone(reg).fit(X, y).predict(X)
    Z = X.astype(np.longdouble)
    assert_array_equal(clone(reg).fit(Z, Z[:, 0] * 0 + y).predict(Z), expected)
    with pytest.raises(ValueError, match="X contains infinity in column 1"):
        reg.fit(Z * [1, np.longdouble(10) ** 400, 1], y)


MISSING = {
    "None": None,
    "nan": float("nan"),
    "pandas.NA": NA,
    "Decimal": Decimal("NaN"),
    "masked": np.ma.masked,
}


@each_class
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("input_scaling", ["standard", "squash", None])
def test_f4_missing_objects_are_as_nan_is(estimator, missing, input_scaling):
    X, y = table()
    pandas = pytest.importorskip("pandas")
    model = estimator(
        (3,), input_scaling=input_scaling, max_iter=2, random_state=0
    ).fit(X, y)
    cells, holed = objects(X, float), X.copy()
    cells[2, 1], holed[2, 1] = MISSING[missing], np.nan
    frame = pandas.DataFrame(cells, columns=list("abc"))
    forms = [cells, frame] if missing == "masked" else [cells, cells.tolist(), frame]
    expected = outputs(model, holed)
    for form in forms[:-1]:
        assert_array_equal(outputs(model, form), expected)
    again = clone(model).fit(holed, y, X_val=holed, y_val=y)
    expected = outputs(again, holed)
    for form in forms:
        fitted = clone(model).fit(form, y, X_val=form, y_val=y)
        assert_array_equal(outputs(fitted, form), expected)


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "boolean", "int64[pyarrow]"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_f4_columns_of_nullable_dtypes(dtype, library):
    pandas = pytest.importorskip("pandas")
    X, y = table()
    values = (X[:, 0] > 0).astype(int)
    frame = pandas.DataFrame({"a": pandas.array(values).astype(dtype), "b": X[:, 1]})
    holed = frame.copy()
    holed.loc[3, "a"] = None
    if library == "polars":
        polars = pytest.importorskip("polars")
        frame, holed = polars.from_pandas(frame), polars.from_pandas(holed)
    reg = BPNetRegressor((3,), max_iter=3, random_state=0)
    plain = np.c_[values, X[:, 1]].astype(float)
    expected = clone(reg).fit(plain, y).predict(plain)
    reg.fit(frame, y)
    assert list(reg.feature_names_in_) == ["a", "b"]
    assert_allclose(reg.predict(frame), expected, rtol=1e-6)
    plain[3, 0] = np.nan
    expected = clone(reg).fit(plain, y).predict(plain)
    assert_allclose(reg.fit(holed, y).predict(holed), expected, rtol=1e-6)


def test_f4_masked_entries_are_missing():
    X, y = table()
    masked = np.ma.array(X, mask=np.zeros(X.shape, bool))
    reg = BPNetRegressor((3,), max_iter=2, random_state=0)
    assert_array_equal(reg.fit(masked, y).predict(masked), reg.fit(X, y).predict(X))
    masked[4, 2] = np.ma.masked
    X[4, 2] = np.nan
    assert_array_equal(reg.fit(masked, y).predict(masked), reg.fit(X, y).predict(X))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (10**400, ValueError, "Column 1 of X holds 1000.*too large"),
        (Fraction(10**400), ValueError, "Column 1 of X holds Fraction"),
        ("many", ValueError, "Column 1 of X holds 'many': could not convert"),
        (2j, TypeError, "Column 1 of X holds 2j"),
        ({}, TypeError, "Column 1 of X holds {}: .*argument must be"),
        (Decimal("1e400"), ValueError, "X contains infinity in column 1"),
    ],
)
def test_f4_objects_that_are_no_numbers_are_named(value, error, message):
    X, y = table()
    cells = objects(X, float)
    cells[7, 1] = value
    reg = BPNetRegressor((3,), max_iter=2)
    with pytest.raises(error, match=message):
        reg.fit(cells, y)
    with pytest.raises(error, match=message):
        reg.fit(X, y).predict(cells)


@pytest.mark.parametrize("kind", [k for k in NUMBERS if k != "int"])
def test_f4_targets_of_other_kinds_train_as_float64(kind):
    X, _ = table()
    y = X[:, 0]
    cells = objects(y, NUMBERS[kind])
    reg = BPNetRegressor((3,), max_iter=3, random_state=0)
    expected = clone(reg).fit(X, y, X_val=X, y_val=y)
    pandas = pytest.importorskip("pandas")
    for form in (cells, pandas.Series(cells), cells[:, None]):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A column-vector y")
            actual = clone(reg).fit(X, form, X_val=X, y_val=form)
            partial = clone(reg).partial_fit(X, form)
        assert_array_equal(actual.predict(X), expected.predict(X))
        assert np.isfinite(partial.predict(X)).all()
    assert expected.score(X, cells) == expected.score(X, y)


@pytest.mark.parametrize("missing", [m for m in MISSING if m != "masked"])
def test_f4_missing_targets_are_an_error_as_nan_is(missing):
    X, _ = table()
    cells = objects(X[:, 0], float)
    cells[3] = MISSING[missing]
    pandas = pytest.importorskip("pandas")
    reg = BPNetRegressor((3,), max_iter=2).fit(X, X[:, 0])
    for form in (cells, cells.tolist(), pandas.Series(cells)):
        for call in (reg.fit, reg.partial_fit, reg.score):
            with pytest.raises(ValueError, match="contains NaN"):
                call(X, form)
        with pytest.raises(ValueError, match="contains NaN"):
            reg.fit(X, X[:, 0], X_val=X, y_val=form)


# F5: dates

DAYS = [dt.date(2024, 1, 1) + dt.timedelta(i) for i in range(60)]
TIMES = [dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)] * 60
REMEDY = "Convert to numbers, for example days since a fixed date"


def columns_of_dates():
    """Columns in some representations of dates, times and durations, by name."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    naive = pandas.date_range("2024", periods=60)
    many = {
        "dates": objects_of(DAYS),
        "times": objects_of([dt.time(1)] * 60),
        "durations": objects_of([dt.timedelta(1)] * 60),
        "aware": objects_of(TIMES),
        "datetime64": np.array(DAYS, "datetime64[D]"),
        "timedelta64": np.arange(60).astype("timedelta64[s]"),
        "numpy": objects_of(list(np.array(DAYS, "datetime64[D]"))),
        "stamps": pandas.Series(list(naive), dtype=object),
        "naive": pandas.Series(naive),
        "zoned": pandas.Series(naive.tz_localize("Europe/Berlin")),
        "differences": pandas.Series(naive - naive[0]),
        "periods": pandas.Series(naive.to_period("D")),
        "categories": pandas.Series(naive).astype("category"),
        "arrow": pandas.Series(naive).astype("timestamp[ns][pyarrow]"),
        "arrow days": pandas.Series(DAYS).astype("date32[pyarrow]"),
        "hole": pandas.Series([pandas.NaT, *naive[1:]]),
        "pl.Date": polars.Series(DAYS),
        "pl.Datetime": polars.Series(TIMES),
        "pl.Duration": polars.Series([dt.timedelta(1)] * 60),
        "pl.Time": polars.Series([dt.time(1)] * 60),
        "pl.Object": polars.Series(DAYS, dtype=polars.Object),
    }
    return many


def objects_of(values):
    """A vector of objects."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


DATES = list(columns_of_dates())


def with_dates(name, rest):
    """X with a second column "when" of dates; and the same array without names."""
    column = columns_of_dates()[name]
    library = pytest.importorskip("polars" if name.startswith("pl.") else "pandas")
    frame = library.DataFrame({"a": rest, "when": column, "b": rest})
    return frame, library.DataFrame({"when": column})


@each_class
@pytest.mark.parametrize("name", DATES)
def test_f5_a_column_of_dates_is_named(estimator, name):
    X, y = table()
    mixed, alone = with_dates(name, X[:, 0])
    model = estimator((3,), max_iter=2)
    message = f"Column 'when' of X holds dates.*{REMEDY}"
    for frame in (mixed, alone):
        with pytest.raises(TypeError, match=message):
            model.fit(frame, y)
    fitted = clone(model).fit(X, y)
    with pytest.raises(TypeError, match=message):
        fitted.predict(mixed)
    with pytest.raises(TypeError, match="Column 'when' of X_val holds dates"):
        clone(model).fit(X, y, X_val=mixed, y_val=y)


@pytest.mark.parametrize("number", range(7))
def test_f5_dates_in_arrays_and_lists(number):
    X = [
        np.array([DAYS, DAYS], "datetime64[s]").T,
        np.arange(120).reshape(60, 2).astype("timedelta64[D]"),
        [[1.0, day] for day in DAYS],
        [[1.0, np.datetime64(day)] for day in DAYS],
        [[1.0, np.timedelta64(3, "D")] for _ in DAYS],
        [[np.datetime64(day)] for day in DAYS],
        np.array([[1.0, day] for day in TIMES], dtype=object),
    ][number]
    _, y = table()
    column = 0 if number in (0, 1, 5) else 1
    for estimator in BOTH:
        with pytest.raises(TypeError, match=f"Column {column} of X holds.*{REMEDY}"):
            estimator((3,)).fit(X, y)
        fitted = estimator((3,), max_iter=1).fit(np.ones((60, np.shape(X)[1])), y)
        with pytest.raises(TypeError, match=f"Column {column} of X holds"):
            fitted.predict(X)


@pytest.mark.parametrize("name", DATES)
def test_f5_dates_are_no_targets_of_a_regressor(name):
    X, y = table()
    dates = columns_of_dates()[name]
    reg = BPNetRegressor((3,), max_iter=1).fit(X, y)
    message = f"y holds dates.*{REMEDY}"
    for call in (reg.fit, reg.partial_fit, reg.score):
        with pytest.raises(TypeError, match=message):
            call(X, dates)
    with pytest.raises(TypeError, match="y_val holds dates"):
        reg.fit(X, y, X_val=X, y_val=dates)
    with pytest.raises(TypeError, match=message):
        reg.fit(X, list(dates))


def test_f5_a_table_of_pyarrow():
    pyarrow = pytest.importorskip("pyarrow")
    X, y = table()
    reg = BPNetRegressor((3,), max_iter=2, random_state=0)
    columns = {"a": X[:, 0], "b": [Decimal(i) for i in range(60)]}
    arrow = pyarrow.table(columns)
    plain = np.c_[X[:, 0], np.arange(60)]
    expected = clone(reg).fit(plain, y).predict(plain)
    assert_allclose(clone(reg).fit(arrow, y).predict(arrow), expected, rtol=1e-9)
    for dates in (DAYS, TIMES, [dt.timedelta(1)] * 60, [dt.time(1)] * 60):
        with pytest.raises(TypeError, match="Column 'when' of X holds dates"):
            reg.fit(pyarrow.table(columns | {"when": dates}), y)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_f4_text_in_a_frame_is_named(library):
    module = pytest.importorskip(library)
    with pytest.raises(ValueError, match="Column 'b' of X holds 'x': could not"):
        BPNetRegressor((3,), categorical_features=None).fit(
            module.DataFrame({"a": [1, 2], "b": ["x", "2"]}), [1, 2]
        )


def test_f5_dates_in_a_frame_of_targets_are_named():
    X, y = table()
    frame = pytest.importorskip("pandas").DataFrame({"level": y, "when": DAYS})
    with pytest.raises(TypeError, match="Column 'when' of y holds dates"):
        BPNetRegressor((3,)).fit(X, frame)


# Words: NaN and infinity


@each_class
@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f8"])
@pytest.mark.parametrize("form", ["C", "F", "strided", "csr", "pandas", "polars"])
def test_infinity_is_reported_by_column(estimator, value, dtype, form):
    X, y = table()
    if form == "csr" and dtype is np.float16:
        pytest.skip("SciPy has no float16")
    X = X.astype(dtype)
    model = estimator((3,), max_iter=1)
    Z = X.copy()
    Z[5, 1] = Z[7, 1] = Z[8, 2] = value
    labels = "1, 2"
    if form in ("pandas", "polars"):
        if dtype == ">f8" or (form == "polars" and dtype is np.float16):
            pytest.skip("no such column")
        library = pytest.importorskip(form)
        X = library.DataFrame(dict(zip("abc", X.T, strict=True)))
        Z = library.DataFrame(dict(zip("abc", Z.T, strict=True)))
        labels = "'b', 'c'"
    elif form == "csr":
        X, Z = (sparse.csr_array(a.astype(a.dtype.newbyteorder("="))) for a in (X, Z))
    elif form == "strided":
        Z = np.repeat(Z, 2, axis=0)[::2]
    else:
        Z = np.array(Z, order=form)
    message = f"X contains infinity in columns {labels}. .*, or drop these samples"
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(Z, y)
    assert "HistGradient" not in str(caught.value)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y).predict(Z)
    with pytest.raises(ValueError, match="X_val contains infinity in columns"):
        model.fit(X, y, X_val=Z, y_val=y)


def test_many_columns_with_infinity_are_counted():
    X = np.full((4, 9), np.inf)
    with pytest.raises(ValueError, match="columns 0, 1, 2, 3, 4, 4 more"):
        BPNetRegressor((3,)).fit(X, np.arange(4))


def test_infinity_in_the_learning_rate_range_test_is_reported_by_column():
    X, y = table()
    X[3, 1] = np.inf
    with pytest.raises(ValueError, match="X contains infinity in column 1") as caught:
        find_learning_rate(BPNetRegressor((3,)), X, y)
    assert "HistGradient" not in str(caught.value)


# F10: first calls that say nothing about the scale


def units_table(n=400):
    """Features and a target in units of their own; the target is linear."""
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(n, 3))
    y = 5e4 + 1e3 * (Z @ [1.0, -1.0, 0.5])
    return Z * [1e-3, 1.0, 1e4] + [1.0, 50.0, -3e5], y


FIRST_CALLS = {
    "one": [slice(1)],
    "equal": [np.zeros(50, int)],
    "one by one": [slice(i, i + 1) for i in range(30)],
    "one, then two": [slice(1), slice(1, 3)],
    "few": [slice(7), slice(7, 9)],
}


@pytest.mark.parametrize("first", FIRST_CALLS)
@pytest.mark.parametrize("input_scaling", ["standard", "squash", "sparse"])
def test_f10_partial_fit_decides_scales_once_samples_differ(first, input_scaling):
    X, y = units_table()
    kind = sparse.csr_array if input_scaling == "sparse" else np.asarray
    scaling = "standard" if input_scaling == "sparse" else input_scaling
    reg = BPNetRegressor((), input_scaling=scaling, learning_rate_init=0.05)
    reg.set_params(random_state=0)
    for indices in FIRST_CALLS[first]:
        reg.partial_fit(kind(X[indices]), y[indices])
    for _ in range(15):
        reg.partial_fit(kind(X), y)
    assert reg.score(kind(X), y) > 0.95
    whole = clone(reg).set_params(max_iter=1).fit(kind(X), y)
    ratio = reg.input_scale_ / whole.input_scale_
    assert ((ratio > 0.6) & (ratio < 1.7)).all()
    if first in ("one", "equal"):  # decided by the first call whose samples differ
        assert_array_equal(reg.input_scale_, whole.input_scale_)
        assert_array_equal(reg.input_mean_, whole.input_mean_)
        assert_array_equal(reg.target_scale_, whole.target_scale_)
        assert_array_equal(reg.target_mean_, whole.target_mean_)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_f10_a_warm_start_grows_from_one_sample(n_members, solver):
    X, y = units_table()
    reg = BPNetRegressor((10,), solver=solver, warm_start=True, max_iter=40)
    reg.set_params(random_state=0, n_members=n_members)
    reg.set_params(learning_rate_init=0.01 if solver == "adam" else 0.05)
    for n in (1, 400):
        reg.fit(X[:n], y[:n])
    assert reg.score(X, y) > 0.98


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("input_scaling", ["standard", "squash"])
def test_f10_every_column_and_target_is_decided_by_itself(kind, input_scaling):
    if kind is sparse.csr_array and input_scaling == "squash":
        pytest.skip("squash needs dense X")
    X, y = units_table()
    Y = np.c_[y, y**2]
    first, first_Y = X.copy(), Y.copy()
    first[:, 1], first_Y[:, 0] = 7.0, 3.0
    reg = BPNetRegressor((), random_state=0, input_scaling=input_scaling)
    reg.partial_fit(kind(first), first_Y)
    before = reg.input_mean_.copy(), reg.input_scale_.copy()
    before_Y = reg.target_mean_.copy(), reg.target_scale_.copy()
    reg.partial_fit(kind(first[::2]), first_Y[::2])  # says nothing new
    assert_array_equal(reg.input_scale_, before[1])
    reg.partial_fit(kind(2 * X), 2 * Y)
    whole = clone(reg).fit(kind(2 * X), 2 * Y)
    for now, then, new in zip(
        (reg.input_mean_, reg.input_scale_),
        before,
        (whole.input_mean_, whole.input_scale_),
        strict=True,
    ):
        assert_array_equal(now[[0, 2]], then[[0, 2]])
        assert now[1] == pytest.approx(new[1], rel=1e-12)
    for now, then, new in zip(
        (reg.target_mean_, reg.target_scale_),
        before_Y,
        (whole.target_mean_, whole.target_scale_),
        strict=True,
    ):
        assert now[1] == then[1]
        assert now[0] == pytest.approx(new[0], rel=1e-12)
    reg.partial_fit(kind(5 * X), 5 * Y)  # everything is decided
    assert reg.input_scale_[1] == pytest.approx(whole.input_scale_[1], rel=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_f10_a_column_that_is_constant_in_each_of_two_calls(kind):
    X, y = units_table(100)
    X[:, 1] = np.repeat([3.0, 5.0], [80, 20])
    reg = BPNetRegressor((), random_state=0)
    for part in (slice(80), slice(80, 100)):
        reg.partial_fit(kind(X[part]), y[part])
    assert reg.input_mean_[1] == pytest.approx(X[:, 1].mean())
    assert reg.input_scale_[1] == pytest.approx(X[:, 1].std())


@each_class
@pytest.mark.parametrize(
    ("n_members", "kind", "n_first"),
    [
        (1, np.asarray, 1),
        (1, sparse.csr_array, 5),
        (2, sparse.csr_array, 50),
        (2, np.asarray, 5),
    ],
)
def test_f10_checkpoints_and_pickles_carry_what_is_undecided(
    estimator, n_members, kind, n_first, tmp_path
):
    X, y = units_table()
    X[:n_first, 1] = 1.0
    if estimator is BPNetClassifier:
        y = (y > y.mean()).astype(int)
    kwargs = {"classes": [0, 1]} if estimator is BPNetClassifier else {}
    model = estimator((3,), n_members=n_members, random_state=0)
    model.partial_fit(kind(X[:n_first]), y[:n_first], **kwargs)
    model.save_checkpoint(tmp_path / "file")
    twins = [
        estimator.load_checkpoint(tmp_path / "file"),
        pickle.loads(pickle.dumps(model)),
    ]
    for fitted in (model, *twins):
        for part in (slice(n_first, n_first + 3), slice(400)):
            fitted.partial_fit(kind(X[part]), y[part])
    for twin in twins:
        assert_array_equal(twin.input_scale_, model.input_scale_)
        assert_array_equal(twin.predict(kind(X)), model.predict(kind(X)))
    assert (model.input_scale_ != 1).all()


def test_f10_early_stopping_starts_again_when_a_scale_is_decided():
    # scores and losses in other units cannot be compared
    X, y = units_table()
    reg = BPNetRegressor((), early_stopping=True, scoring="loss", random_state=0)
    reg.set_params(learning_rate_init=0.05, n_iter_no_change=3)
    validation = {"X_val": X[300:], "y_val": y[300:]}
    reg.partial_fit(X[:1], y[:1], **validation)
    for _ in range(20):
        reg.partial_fit(X[:300], y[:300], **validation)
    assert reg.score(X[300:], y[300:]) > 0.95


def test_f10_calls_with_the_same_few_samples_change_no_scale():
    X, y = units_table(8)
    reg = BPNetRegressor((4,), max_iter=4, warm_start=True, random_state=0)
    many = clone(reg).set_params(max_iter=1)
    reg.set_params(warm_start=False, learning_rate="constant").fit(X, y)
    for _ in range(4):
        many.fit(X, y)
    assert_array_equal(many.predict(X), reg.predict(X))


def test_f10_the_risk_at_other_samples_keeps_the_scaling():
    X, y = units_table()
    reg = BPNetRegressor((3,), random_state=0).partial_fit(X[:1], y[:1])
    expected = reg.predict(X[:5]), reg.input_scale_.copy()
    empirical_risk(reg, X, y)
    assert_array_equal(reg.input_scale_, expected[1])
    assert_array_equal(reg.predict(X[:5]), expected[0])


# F27: quartiles of tables that are stored row by row


class CountingTable:
    """A table that counts the numbers that are read from it."""

    def __init__(self, X):
        self.X, self.shape, self.n_read = X, X.shape, 0

    def __getitem__(self, key):
        part = self.X[key]
        self.n_read += part.size
        return part


def large_table(n=5000, n_features=6):
    """Skewed columns, one with equal quartiles and a rare exception, one constant."""
    rng = np.random.default_rng(3)
    X = rng.standard_t(2, size=(n, n_features)).astype(np.float32) + 5
    X[:, 1] = 0
    X[7, 1] = 8
    X[:, 2] = 4
    return X


@pytest.fixture
def sampled(monkeypatch):
    """Quartiles of samples in small tables too."""
    monkeypatch.setattr(quantiles, "_EXACT_NUMBERS", 2**10)
    monkeypatch.setattr(quantiles, "_N_SAMPLED", 2**10)
    monkeypatch.setattr(quantiles, "_GATHERED_NUMBERS", 2**11)
    monkeypatch.setattr(quantiles, "CHUNK_NUMBERS", 2**11)


def levels_of(X, values, weights=None):
    """The share of the samples below the values, column by column."""
    weights = np.ones(len(X)) if weights is None else weights
    return weights @ (X < values) / weights.sum()


@pytest.mark.parametrize("weighting", [None, "even", "skewed"])
@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.usefixtures("sampled")
def test_f27_quartiles_of_a_large_table_are_those_of_a_sample(weighting, selected):
    X = np.sort(large_table(), axis=0)  # neighbours are alike
    n = len(X)
    indices = np.flatnonzero(np.arange(n) % 4) if selected else None
    weights = None
    if weighting is not None:
        weights = np.linspace(0.5, 1, n) if weighting == "even" else np.ones(n)
        weights[10] = 2 * n if weighting == "skewed" else 1
    counting = CountingTable(X)
    scaling = quantiles.squashing(counting, weights, indices)
    assert counting.n_read < 2 * X.size
    again = quantiles.squashing(np.asfortranarray(X), weights, indices)
    assert_array_equal(again.mean, scaling.mean)
    assert_array_equal(again.scale, scaling.scale)
    assert scaling.scale[1:3].tolist() == [4, 1]  # exact, also of rare exceptions
    part = X if indices is None else X[indices]
    part_weights = weights if weights is None or not selected else weights[indices]
    if weighting == "skewed" and selected:
        assert_array_equal(scaling.mean[3:], X[10, 3:])
    elif weighting != "skewed":
        level = levels_of(part, scaling.mean, part_weights)
        assert_allclose(level[3:], 0.5, atol=3 * 0.5 / np.sqrt(2**10))
    by_hand = np.subtract(*np.quantile(part[:, 3:], [0.75, 0.25], axis=0))
    if weighting is None:
        assert_allclose(scaling.scale[3:], by_hand, rtol=0.1)


@pytest.mark.usefixtures("sampled")
def test_f27_periodic_samples_are_drawn_fairly():
    X = np.tile([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 9.0]], (4000, 1))
    scaling = quantiles.squashing(X)
    assert ((scaling.mean == [1, 1]) | (scaling.mean == [2, 5])).all()


@pytest.mark.parametrize("shape", [(2**16 + 9, 2), (300, 400)])
def test_f27_small_tables_keep_the_exact_quartiles(shape):
    X = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    scaling = quantiles.squashing(X)
    n = len(X)
    ordered = np.sort(X, axis=0).astype(np.float64)
    low, median, high = (ordered[-(-n * q // 4) - 1] for q in (1, 2, 3))
    assert_array_equal(scaling.mean, median)
    assert_array_equal(scaling.scale, high - low)
    weighted = quantiles.squashing(X, np.full(n, 1.0))
    assert_array_equal(weighted.mean, median)
    assert_array_equal(weighted.scale, scaling.scale)


@pytest.mark.usefixtures("sampled")
def test_f27_memory_maps_train_as_arrays(tmp_path):
    X = large_table(2000)
    y = (X[:, 0] > 5).astype(int)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    clf = BPNetClassifier((4,), input_scaling="squash", max_iter=2, random_state=0)
    expected = clone(clf).fit(X, y)
    actual = clone(clf).set_params(random_state=1).fit(mapped, y)
    assert_array_equal(actual.input_scale_, expected.input_scale_)
    assert_array_equal(actual.input_mean_, expected.input_mean_)
