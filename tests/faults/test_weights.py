"""Faults of sample weights and class weights, and of the temperature with weights."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score

from sklearn_bpnet import BPNetClassifier

# few epochs are enough here
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SCALES = [1e-300, 1e-12, 3.0, 1e13, 1e300]
each_scale = pytest.mark.parametrize("scale", SCALES)


def table(n=200):
    """Features of very different size: an offset, a constant, a rare one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    X[:, 0] = 2000 + 0.1 * X[:, 0]
    X[:, 1] = 0.1
    X[:, 3] = np.arange(n) % 20 == 0
    y = 30 * (X[:, 0] - 2000) + X[:, 2] ** 2
    return X, y, rng.uniform(0.5, 2, size=n)


def classes_of(y):
    return np.digitize(y, np.quantile(y, [0.5, 0.8]))


def weights_of(estimator):
    estimators = getattr(estimator, "estimators_", [estimator])
    return np.concatenate([W.ravel() for e in estimators for W in e.coefs_])


def assert_same_model(one, other, rtol=2e-3):
    for name in ("input_mean_", "input_scale_", "target_mean_", "target_scale_"):
        if hasattr(one, name):
            assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)
    assert_allclose(weights_of(one), weights_of(other), rtol=rtol, atol=rtol)


# F12: class weights by label


DATES = np.array(["2020-01-01", "2020-02-01", "2021-01-01"], dtype="datetime64[D]")
LABELS = {
    "digits": np.array(["0", "1", "2"]),
    "leading zeros": np.array(["-1", "01", "1"]),
    "numbers as text": np.array(["0.5", "1e3", "nan"]),
    "objects": np.array(["0", "01", "1"], dtype=object),
    "days": DATES,
    "nanoseconds": DATES.astype("datetime64[ns]"),
    "durations": np.array([1, 5, 9], dtype="timedelta64[h]"),
    "negative": np.array([-1, 0, 1]),
    "floats": np.array([-1.0, 0.0, 7.0]),
    "bytes as numbers": np.array([0, 128, 255], dtype=np.uint8),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("weighted", [False, True])
def test_f12_balanced_does_not_depend_on_the_labels(kind, weighted):
    X, y, weights = table()
    y = classes_of(y)
    weights = weights if weighted else None
    clf = BPNetClassifier((5,), max_iter=5, random_state=0, class_weight="balanced")
    expected = clone(clf).fit(X, y, weights)
    clf.fit(X, LABELS[kind][y], weights)
    assert_array_equal(weights_of(clf), weights_of(expected))
    assert set(clf.predict(X)) <= set(LABELS[kind])


@pytest.mark.parametrize("kind", LABELS)
def test_f12_a_dictionary_goes_by_the_labels(kind):
    X, y, _ = table()
    y = classes_of(y)
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    expected = clone(clf).set_params(class_weight={0: 1, 1: 4, 2: 0.5}).fit(X, y)
    factors = dict(zip(LABELS[kind], [1, 4, 0.5], strict=True))
    clf.set_params(class_weight=factors).fit(X, LABELS[kind][y])
    assert_array_equal(weights_of(clf), weights_of(expected))


def test_f12_booleans_are_labels():
    X, y, _ = table()
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    expected = clone(clf).set_params(class_weight={0: 1, 1: 4})
    expected.fit(X, (y > 0).astype(int))
    for keys in ([False, True], [np.False_, np.True_], [0, 1]):
        clf.set_params(class_weight=dict(zip(keys, [1, 4], strict=True)))
        assert_array_equal(
            weights_of(clf.fit(X, y > 0)),
            weights_of(expected),
        )


@pytest.mark.parametrize(
    "convert",
    [
        np.datetime64,
        lambda text: np.datetime64(text, "ns"),
        date.fromisoformat,
        datetime.fromisoformat,
        pd.Timestamp,
    ],
    ids="datetime64 nanoseconds date datetime Timestamp".split(),
)
@pytest.mark.parametrize("unit", ["D", "s", "ns"])
def test_f12_dates_are_compared_whatever_their_type(unit, convert):
    X, y, _ = table()
    labels = DATES.astype(f"datetime64[{unit}]")[classes_of(y)]
    factors = {convert("2020-01-01"): 1, convert("2020-02-01"): 4}
    clf = BPNetClassifier((5,), max_iter=5, random_state=0, class_weight=factors)
    expected = clone(clf).set_params(class_weight={0: 1, 1: 4}).fit(X, classes_of(y))
    assert_array_equal(weights_of(clf.fit(X, labels)), weights_of(expected))


@pytest.mark.parametrize(
    ("factors", "labels"),
    [
        ({"2020-01-01": 2}, DATES),
        ({20200101: 2}, DATES),
        ({timedelta(1): 2}, DATES),
        ({date(2020, 1, 1): 2}, LABELS["durations"]),
        ({datetime.fromisoformat("2020-01-01T00:00:00+00:00"): 2}, DATES),
    ],
    ids=str,
)
def test_f12_keys_of_another_type_are_no_dates(factors, labels):
    X, y, _ = table()
    with pytest.raises(ValueError, match="not among the classes"):
        BPNetClassifier(class_weight=factors).fit(X, labels[classes_of(y)])


# F13: class weights of classes that a fold lacks


@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"]), DATES])
@pytest.mark.parametrize("cv", [TimeSeriesSplit(3), KFold(3)], ids=str)
def test_f13_folds_that_lack_a_class_fit(cv, labels):
    X, y, _ = table()
    y = np.sort(classes_of(y))
    factors = dict(zip(labels, [1, 2, 3], strict=True))
    clf = BPNetClassifier((3,), max_iter=2, random_state=0, class_weight=factors)
    scores = cross_val_score(clf, X, labels[y], cv=cv, error_score="raise")
    assert np.isfinite(scores).all()


def test_f13_the_weight_of_an_absent_class_does_not_matter():
    X, y, weights = table()
    y = classes_of(y) % 2
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    with_extra = clone(clf).set_params(class_weight={0: 1, 1: 2, 2: 1e9, "x": 7})
    clf.set_params(class_weight={0: 1, 1: 2})
    assert_array_equal(
        weights_of(with_extra.fit(X, y, weights)), weights_of(clf.fit(X, y, weights))
    )


def test_f13_a_fold_of_one_class_and_validation_without_a_class_fit():
    X, y, _ = table()
    y = classes_of(y)
    clf = BPNetClassifier((3,), max_iter=2, class_weight={0: 1, 1: 2, 2: 3})
    assert_array_equal(clf.fit(X, np.ones_like(y)).predict(X), 1)
    clf.fit(X, y, X_val=X[y < 2], y_val=y[y < 2])
    clf = BPNetClassifier((3,), class_weight={0: 1, 1: 2, 2: 3})
    clf.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2]).partial_fit(X, y)


def test_f13_columns_of_indicators_that_lack_a_value_fit():
    X, y, _ = table()
    Y = np.c_[y > 0, y > 1e9, y < 1e9].astype(int)
    factors = [{0: 1, 1: 2}, {0: 1, 1: 50}, {0: 30, 1: 2}]
    for class_weight in (factors, "balanced"):
        clf = BPNetClassifier((3,), max_iter=2, class_weight=class_weight)
        assert np.isfinite(clf.fit(X, Y).loss_)


@pytest.mark.parametrize(
    ("factors", "names", "suggestion"),
    [
        ({"comon": 1, "rare": 9}, ["common", "rare"], "'common'"),
        ({"common": 1, "rrae": 9}, ["common", "rare"], "'rare'"),
        ({"Common": 1, "rare": 9}, ["common", "rare"], "'common'"),
        ({"rare ": 9}, ["common", "rare"], "'rare'"),
        ({b"rare": 9}, ["common", "rare"], "'rare'"),
        ({"0": 1, "1": 9}, [0, 1], "0 and 1"),
        ({0: 1, 1: 9}, ["0", "1"], "'0' and '1'"),
        ({"True": 9}, [False, True], "True"),
        ({"spam": 1, "ham": 9}, [0, 1], None),
        ({0: 1, 5: 9}, [0, 1], None),
        ({("a", 1): 9, None: 1}, ["a", "b"], None),
    ],
    ids=str,
)
def test_f13_a_key_that_looks_misspelt_is_an_error(factors, names, suggestion):
    X, y, _ = table()
    labels = np.array(names)[(y > 0).astype(int)]
    with pytest.raises(ValueError, match="not among the classes") as error:
        BPNetClassifier(class_weight=factors).fit(X, labels)
    message = str(error.value)
    assert str(names) in message
    assert ("Did you mean" in message) == (suggestion is not None)
    if suggestion is not None:
        assert f"Did you mean {suggestion}?" in message


@pytest.mark.parametrize(
    "weight", [-1, np.nan, np.inf, "2", None, 10**400, [1, 2]], ids=repr
)
def test_class_weights_that_are_no_weights_are_named(weight):
    X, y, _ = table()
    for factors, targets in [
        ({0: 1, 1: weight}, y > 0),
        ([{0: 1, 1: weight}, {}], np.c_[y > 0, y > 1]),
    ]:
        with pytest.raises(ValueError, match=r"class_weight.* at least 0 and finite"):
            BPNetClassifier(class_weight=factors).fit(X, targets)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([{0: 1, 1: 2}] * 3, "3 dictionaries, but there are 2 columns"),
        ([{0: 1, 1: 2}, "balanced"], "one dictionary"),
        ([{0: 1, 1: 2}, {0: 1, "1": 2}], r"class_weight\[1\].*Did you mean 1\?"),
    ],
    ids=["three", "balanced", "text"],
)
def test_class_weights_of_indicators_are_checked(factors, message):
    X, y, _ = table()
    with pytest.raises(ValueError, match=message):
        BPNetClassifier(class_weight=factors).fit(X, np.c_[y > 0, y > 1])
