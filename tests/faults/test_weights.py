"""Faults of sample weights and class weights, and of the temperature with weights."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, empirical_risk
from sklearn_bpnet._data.statistics import standardization
from sklearn_bpnet._fit.calibration import temperature
from sklearn_bpnet.net.activations import ACTIVATIONS

pd = pytest.importorskip("pandas")

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


# F33: the temperature


@each_scale
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_f33_the_temperature_does_not_depend_on_the_scale_of_the_weights(
    scale, n_outputs
):
    rng = np.random.default_rng(0)
    Y = (rng.random((50, n_outputs)) < 0.5).astype(float)
    Z = 3 * (2 * Y - 1) + 2 * rng.normal(size=Y.shape)
    weights = rng.integers(0, 3, size=50).astype(float)
    sigmoid = ACTIVATIONS["sigmoid"]
    T = temperature(Z, Y, weights, sigmoid)
    scaled = scale * weights if scale < 1e300 else weights * 1e299
    assert temperature(Z, Y, scaled, sigmoid) == pytest.approx(T, rel=1e-5)
    present = weights > 0
    assert temperature(
        Z[present], Y[present], weights[present], sigmoid
    ) == pytest.approx(T, rel=1e-12)
    equal = np.full(50, scale)
    assert temperature(Z, Y, equal, sigmoid) == pytest.approx(
        temperature(Z, Y, None, sigmoid), rel=1e-5
    )


@each_scale
@pytest.mark.parametrize(
    "kind", ["given", "held out", "ensemble", "class_weight", "multilabel"]
)
def test_f33_calibration_takes_only_ratios_of_weights(scale, kind):
    X, y, weights = table(120)
    y = np.c_[y > 0, y > 1].astype(int) if kind == "multilabel" else classes_of(y)
    clf = BPNetClassifier((5,), calibration="temperature", max_iter=20, random_state=0)
    if kind == "ensemble":
        clf.set_params(n_members=2)
    if kind == "held out":
        clf.set_params(early_stopping=True)
        one, scaled = {"sample_weight": weights}, {"sample_weight": scale * weights}
    else:
        given = {"X_val": X, "y_val": y}
        one = given | {"sample_weight_val": weights}
        scaled = given | {"sample_weight_val": scale * weights}
    other = clone(clf)
    if kind == "class_weight":
        one, scaled = given, given
        clf.set_params(class_weight={0: 1.0, 1: 2.0, 2: 3.0})
        other.set_params(class_weight={0: scale, 1: 2 * scale, 2: 3 * scale})
    expected = clf.fit(X, y, **one).temperature_
    assert other.fit(X, y, **scaled).temperature_ == pytest.approx(expected, rel=1e-3)


def test_f33_weights_that_sum_to_1_are_those_of_as_many_samples():
    X, y, _ = table(120)
    y = classes_of(y)
    clf = BPNetClassifier((5,), calibration="temperature", max_iter=20, random_state=0)
    expected = clf.fit(X, y, X_val=X, y_val=y).temperature_
    clf.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.full(120, 1 / 120))
    assert clf.temperature_ == expected


# F2: only ratios of weights matter


@each_scale
@pytest.mark.parametrize("scaling", ["standard", "squash"])
@pytest.mark.parametrize("estimator", [BPNetRegressor, BPNetClassifier])
def test_f2_equal_weights_are_no_weights(estimator, scaling, scale):
    X, y, _ = table()
    y = y if estimator is BPNetRegressor else classes_of(y)
    model = estimator(
        (5,), input_scaling=scaling, early_stopping=True, max_iter=5, random_state=0
    )
    weighted = clone(model).fit(X, y, np.full(len(X), scale))
    model.fit(X, y)
    assert_array_equal(weights_of(weighted), weights_of(model))
    assert_array_equal(weighted.input_scale_, model.input_scale_)
    assert weighted.validation_scores_ == model.validation_scores_
    assert weighted.loss_ == model.loss_


@each_scale
@pytest.mark.parametrize("as_X", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True},
        {"input_scaling": "squash"},
        {"solver": "lbfgs"},
        {"loss": "poisson"},
        {"numeric_embedding": "pbld"},
        {"n_members": 2},
        {"shared_members": 2},
        {"initializer": "unit_variance"},
        {"dtype": "float64", "batch_size": 50},
    ],
    ids=str,
)
def test_f2_a_regressor_takes_only_ratios_of_weights(parameters, as_X, scale):
    dense_only = "input_scaling" in parameters or "numeric_embedding" in parameters
    if dense_only and as_X is sparse.csr_matrix:
        return
    X, y, weights = table()
    y = y - y.min() if "loss" in parameters else y
    reg = BPNetRegressor((5,), max_iter=5, random_state=0, **parameters)
    scaled = clone(reg).fit(as_X(X), y, scale * weights)
    reg.fit(as_X(X), y, weights)
    assert_same_model(scaled, reg)
    assert scaled.input_scale_[1] == 1


@each_scale
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True},
        {"class_weight": "balanced"},
        {"class_weight": {0: 1, 1: 4, 2: 0.5}},
        {"input_scaling": "squash"},
        {"n_members": 2, "early_stopping": True},
        {"scoring": "neg_log_loss", "early_stopping": True},
    ],
    ids=str,
)
def test_f2_a_classifier_takes_only_ratios_of_weights(parameters, scale):
    X, y, weights = table()
    y = classes_of(y)
    clf = BPNetClassifier((5,), max_iter=5, random_state=0, **parameters)
    scaled = clone(clf).fit(X, y, scale * weights)
    clf.fit(X, y, weights)
    assert_same_model(scaled, clf)
    if "early_stopping" in parameters and "n_members" not in parameters:
        assert_allclose(scaled.validation_scores_, clf.validation_scores_, rtol=1e-4)


@each_scale
def test_f2_weights_of_validation_samples_take_only_ratios(scale):
    X, y, weights = table()
    reg = BPNetRegressor((5,), early_stopping=True, max_iter=5, random_state=0)
    given = {"X_val": X, "y_val": y}
    scaled = clone(reg).fit(X, y, **given, sample_weight_val=scale * weights)
    reg.fit(X, y, **given, sample_weight_val=weights)
    assert_array_equal(weights_of(scaled), weights_of(reg))
    assert_allclose(scaled.validation_scores_, reg.validation_scores_, rtol=1e-6)
    assert_allclose(
        scaled.validation_loss_curve_, reg.validation_loss_curve_, rtol=1e-6
    )


@each_scale
@pytest.mark.parametrize("estimator", [BPNetRegressor, BPNetClassifier])
def test_f2_partial_fit_takes_only_ratios_over_all_calls(estimator, scale):
    X, y, weights = table()
    weights[100:] *= 3  # the unit is that of the first call
    classes = {}
    if estimator is BPNetClassifier:
        y, classes = classes_of(y), {"classes": [0, 1, 2]}
    models = [estimator((5,), random_state=0) for _ in range(2)]
    for model, factor in zip(models, [1.0, scale], strict=True):
        w = factor * weights
        model.partial_fit(X[:100], y[:100], w[:100], **classes)
        model.partial_fit(X[100:], y[100:], w[100:])
    assert_same_model(*models)


def test_f2_later_calls_keep_the_unit_of_the_first():
    X, y, _ = table()
    losses = []
    for first, second in [(1.0, 2.0), (1e13, 2e13), (None, 2.0), (0.5, None)]:
        reg = BPNetRegressor((5,), random_state=0, solver="sgd")
        for w in (first, second):
            reg.partial_fit(X, y, None if w is None else np.full(len(X), w))
        losses.append(reg.loss_)
    assert losses == [losses[0]] * 4
    reg = BPNetRegressor((5,), random_state=0, solver="sgd")
    assert reg.partial_fit(X, y).partial_fit(X, y).loss_ < 0.75 * losses[0]


def test_f2_a_checkpoint_keeps_the_unit(tmp_path):
    X, y, weights = table()
    reg = BPNetRegressor((5,), random_state=0).partial_fit(X, y, 1e13 * weights)
    reg.save_checkpoint(tmp_path / "model")
    again = BPNetRegressor.load_checkpoint(tmp_path / "model")
    for model in (reg, again):
        model.partial_fit(X, y, 2e13 * weights)
    assert_array_equal(weights_of(again), weights_of(reg))


@each_scale
def test_f2_a_member_of_an_ensemble_keeps_the_unit(scale):
    X, y, weights = table()
    first, second = scale * weights, 8 * (scale * weights)
    if scale == 1e300:
        first, second = first / 8, second / 8
    reg = BPNetRegressor((5,), n_members=2, solver="sgd", random_state=0)
    member = reg.partial_fit(X, y, first).estimators_[1]
    alone = BPNetRegressor((5,), solver="sgd", random_state=member.random_state)
    alone.partial_fit(X, y, first).partial_fit(X, y, second)
    member.partial_fit(X, y, second)
    assert member.loss_ == pytest.approx(alone.loss_, rel=1e-5)
    assert_same_model(member, alone)


def test_f2_weights_beyond_the_unit_of_the_first_call_are_refused():
    X, y, weights = table()
    reg = BPNetRegressor((5,), random_state=0).partial_fit(X, y, 1e-300 * weights)
    with pytest.raises(ValueError, match=r"first call were near .*same scale"):
        reg.partial_fit(X, y, 1e300 * weights)


def test_f2_a_sample_of_weight_0_does_not_count_in_the_unit():
    X, y, weights = table()
    weights[::4] = 0
    reg = BPNetRegressor((5,), max_iter=5, random_state=0)
    scaled = clone(reg).fit(X, y, 1e300 * weights)
    assert_same_model(scaled, reg.fit(X, y, weights))


@each_scale
def test_f2_class_weights_take_only_ratios(scale):
    X, y, weights = table()
    y = classes_of(y)
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    clf.set_params(class_weight={0: 1.0, 1: 2.0, 2: 3.0})
    scaled = clone(clf)
    scaled.set_params(class_weight={0: scale, 1: 2 * scale, 2: 3 * scale})
    clf.fit(X, y, weights)
    assert_same_model(scaled.fit(X, y, weights), clf)
    # the product of both would overflow, or vanish
    assert_same_model(scaled.fit(X, y, scale * weights), clf)
    scaled.set_params(class_weight=dict.fromkeys(range(3), scale)).fit(X, y)
    plain = clone(clf).set_params(class_weight=None).fit(X, y)
    assert_array_equal(weights_of(scaled), weights_of(plain))


@each_scale
def test_f2_class_weights_of_label_indicators_take_only_ratios(scale):
    X, y, _ = table()
    Y = np.c_[y > 0, y > 1, y > 2].astype(int)
    factors = [{0: 1, 1: 3}, {0: 2, 1: 1}, {1: 5}]
    clf = BPNetClassifier((5,), max_iter=5, random_state=0, class_weight=factors)
    scaled = clone(clf).set_params(
        class_weight=[{0: scale, 1: 3 * scale}, {0: 2 * scale, 1: scale}, {1: 5}]
    )
    assert_same_model(scaled.fit(X, Y), clf.fit(X, Y))


@pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 9}] * 1500], ids=type)
def test_f2_class_weights_of_many_labels_stay_finite(class_weight):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    Y = (rng.random((40, 1500)) < 0.01).astype(int)
    Y[0] = 0
    clf = BPNetClassifier((2,), class_weight=class_weight, max_iter=2, random_state=0)
    assert np.isfinite(clf.fit(X, Y).loss_)


@each_scale
def test_f2_scores_take_only_ratios(scale):
    X, y, weights = table()
    for estimator, targets in [
        (BPNetRegressor, y),
        (BPNetRegressor, np.c_[y, 2 * y]),
        (BPNetClassifier, classes_of(y)),
        (BPNetClassifier, np.c_[y > 0, y > 1].astype(int)),
    ]:
        model = estimator((5,), max_iter=5, random_state=0).fit(X, targets)
        expected = model.score(X, targets, sample_weight=weights)
        assert expected < 1
        scaled = model.score(X, targets, sample_weight=scale * weights)
        assert scaled == pytest.approx(expected, rel=1e-9)


@each_scale
def test_f2_the_empirical_risk_takes_only_ratios(scale):
    X, y, weights = table()
    reg = BPNetRegressor((5,), random_state=0)
    J, scaled = (empirical_risk(reg, X, y, w) for w in (weights, scale * weights))
    assert scaled.value(J.theta) == pytest.approx(J.value(J.theta), rel=1e-9)
    direct = J.risk.value(J.theta, J.X, J.Y, scale * weights)
    assert direct == pytest.approx(J.value(J.theta), rel=1e-9)


@each_scale
@pytest.mark.parametrize("as_X", [np.asarray, sparse.csr_matrix])
def test_f2_statistics_take_only_ratios(as_X, scale):
    X, _, weights = table()
    scale = min(scale, 1e299)
    for indices in (None, np.arange(0, 200, 2)):
        expected = standardization(as_X(X), weights, indices)
        scaled = standardization(as_X(X), scale * weights, indices)
        assert_allclose(scaled.mean, expected.mean, rtol=1e-12)
        assert_allclose(scaled.scale, expected.scale, rtol=1e-9)
        assert scaled.scale[1] == 1


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


# F9: one class


@pytest.mark.parametrize("label", [0, 3, "a", True, np.datetime64("2020-01-01")])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_members": 2},
        {"loss": "hinge"},
        {"loss": "hinge", "n_members": 2},
        {"loss": "squared_error"},
        {"output_activation": "softmax"},
        {"target_encoding": "ordinal", "loss": "squared_error"},
        {"target_encoding": "binary"},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"calibration": "temperature", "early_stopping": True},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_f9_one_class_has_a_constant_decision_function(parameters, label):
    X, _, weights = table(40)
    y = np.full(len(X), label)
    clf = BPNetClassifier((5,), random_state=0, **parameters).fit(X, y, weights)
    for new in (X, 1e6 * X, -X[:3]):
        assert_array_equal(clf.decision_function(new), np.zeros(len(new)))
        assert_array_equal(clf.predict(new), np.full(len(new), label))
        if clf.loss != "hinge":
            assert_array_equal(clf.predict_proba(new), np.ones((len(new), 1)))
            assert_array_equal(clf.predict_log_proba(new), np.zeros((len(new), 1)))
    assert clf.score(X, y) == 1
    assert not hasattr(clf, "temperature_")


def test_f9_one_class_in_partial_fit_and_in_a_checkpoint(tmp_path):
    X, _, _ = table(40)
    clf = BPNetClassifier((5,), random_state=0, calibration="temperature")
    clf.partial_fit(X, ["a"] * 40, classes=["a"]).partial_fit(X, ["a"] * 40)
    clf.save_checkpoint(tmp_path / "model")
    for model in (clf, BPNetClassifier.load_checkpoint(tmp_path / "model")):
        assert_array_equal(model.decision_function(X), np.zeros(40))
        assert model.score(X, ["a"] * 40) == 1


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("calibration", [None, "temperature"])
def test_f9_constant_label_indicators_are_predicted(n_members, calibration):
    X, _, _ = table()
    Y = np.c_[np.zeros(200), np.ones(200)].astype(int)
    clf = BPNetClassifier(
        (5,), n_members=n_members, calibration=calibration, random_state=0
    ).fit(X, Y, X_val=X, y_val=Y)
    assert_array_equal(clf.predict(X), Y)
    assert_array_equal(clf.decision_function(X) > 0, Y)
    assert np.isfinite(clf.predict_log_proba(X)).all()
    assert clf.score(X, Y) == 1
