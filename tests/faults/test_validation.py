"""Validation during training: scores of constant targets, and scores without number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, make_scorer, r2_score

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data.determination import r2
from sklearn_bpnet._fit import validator
from sklearn_bpnet.net.losses import Quantile

CONVERGENCE = "ignore::sklearn.exceptions.ConvergenceWarning"
UNDEFINED = "ignore::sklearn.exceptions.UndefinedMetricWarning"
pytestmark = pytest.mark.filterwarnings(CONVERGENCE)


def early(estimator, *, max_iter=4, early_stopping=True, **kwargs):
    return estimator(
        (4,),
        early_stopping=early_stopping,
        max_iter=max_iter,
        random_state=0,
        **kwargs,
    )


def scores_of(model):
    members = model.estimators_ if model.n_members > 1 else [model]
    return [member.validation_scores_ for member in members]


# F7: targets of the validation samples that are all equal

# 0.1 and 1e6 + 0.1 differ from the computed mean of several of them
CONSTANTS = [0.0, 3.0, 0.1, -0.3, 1e6 + 0.1, 1e-7]
each_constant = pytest.mark.parametrize("value", CONSTANTS)
each_r2 = pytest.mark.parametrize(
    "scoring", [None, "r2", get_scorer("r2"), make_scorer(r2_score)]
)


@each_constant
@each_r2
@pytest.mark.parametrize("n", [2, 7, 13])
def test_f7_r2_of_equal_targets_is_zero_as_score_says(value, scoring, n, regression):
    X, y = regression
    target = np.full(n, value)
    reg = early(BPNetRegressor, scoring=scoring)
    reg.fit(X, y, X_val=X[:n], y_val=target)
    assert reg.validation_scores_ == [0.0] * 4
    assert reg.best_validation_score_ == reg.score(X[:n], target) == 0.0


@pytest.mark.parametrize(
    "settings",
    [
        {"n_members": 2},
        {"solver": "lbfgs"},
        {"early_stopping": False},
        {"target_scaling": None},
        {"loss": "poisson"},
        {"loss": Quantile((0.1, 0.5, 0.9))},
        {"clip_predictions": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_f7_whatever_the_fit(settings, weighted, regression):
    X, y = regression
    target, weights = np.full(13, 0.1), np.linspace(0, 1, 13) if weighted else None
    reg = early(BPNetRegressor, **settings)
    reg.fit(X, y - y.min(), X_val=X[:13], y_val=target, sample_weight_val=weights)
    assert scores_of(reg) == [[0.0] * 4] * reg.n_members
    assert reg.score(X[:13], target, weights) == 0.0


def test_f7_samples_of_weight_zero_do_not_make_the_targets_differ(regression):
    X, y = regression
    target, weights = np.full(7, 0.1), np.ones(7)
    target[:2], weights[:2] = 5.0, 0.0
    reg = early(BPNetRegressor)
    reg.fit(X, y, X_val=X[:7], y_val=target, sample_weight_val=weights)
    assert reg.validation_scores_ == [0.0] * 4
    assert reg.score(X[:7], target, weights) == 0.0


def test_f7_only_the_constant_target_counts_zero(regression):
    X, y = regression
    Y = np.c_[y, X[:, 0]]
    target = np.c_[np.full(13, 0.1), X[:13, 0]]
    reg = early(BPNetRegressor).fit(X, Y, X_val=X[:13], y_val=target)
    other = r2_score(target[:, 1], reg.predict(X[:13])[:, 1])
    assert_allclose(reg.score(X[:13], target), other / 2)
    assert_allclose(reg.best_validation_score_, other / 2, rtol=1e-4)


def test_f7_partial_fit_and_equal_training_targets(regression):
    X, y = regression
    reg = early(BPNetRegressor)
    for _ in range(3):
        reg.partial_fit(X, y, X_val=X[:7], y_val=np.full(7, 0.1))
    assert reg.validation_scores_ == [0.0] * 3
    reg = early(BPNetRegressor).fit(X, np.full(len(X), 0.1))
    assert reg.validation_scores_ == [0.0] * 4


def test_f7_exact_predictions_of_equal_targets_score_one():
    reg = BPNetRegressor.from_weights([[[0.0]]], [[0.1]])
    X = np.arange(7.0)[:, None]
    assert reg.score(X, np.full(7, 0.1)) == 1.0
    assert reg.score(X, np.full(7, 0.2)) == 0.0


@pytest.mark.parametrize("shape", [(9,), (9, 1), (9, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_f7_r2_is_that_of_scikit_learn_where_targets_differ(shape, weighted, rng):
    y = rng.normal(size=shape)
    predicted, weights = y + rng.normal(size=shape), rng.random(9) if weighted else None
    assert r2(y, predicted, weights) == r2_score(y, predicted, sample_weight=weights)
    whole = np.full(shape, 3.0)
    assert r2(whole, predicted, weights) == 0.0


def test_r2_of_float32_does_not_overflow():
    y = np.linspace(0, 1, 20, dtype=np.float32)
    assert r2(y, y, None) == 1.0


# F8: validation scores of which none is a number


def targets_for(estimator, X):
    y = X[:, 0] + 0.1
    return (y > 0).astype(int) if estimator is BPNetClassifier else y


def constant_score(value):
    def score(estimator, X, y, sample_weight=None):
        return value

    return score


# (estimator, parameters, validation samples of X, y): each without a single number
NO_NUMBER = {
    "one sample": (BPNetRegressor, {}, lambda X, y: (X[:1], y[:1])),
    "r2 by name": (BPNetRegressor, {"scoring": "r2"}, lambda X, y: (X[:1], y[:1])),
    "one sample and two targets": (
        BPNetRegressor,
        {},
        lambda X, y: (X[:1], np.c_[y, y][:1]),
    ),
    "one class": (
        BPNetClassifier,
        {"scoring": "roc_auc"},
        lambda X, y: (X[y == 1], y[y == 1]),
    ),
    "overflow of the score": (
        BPNetRegressor,
        {"activation": "relu", "dtype": "float64"},
        lambda X, y: (1e300 * X[:9], y[:9]),
    ),
    "overflow of the loss": (
        BPNetRegressor,
        {"scoring": "loss", "activation": "relu", "dtype": "float64"},
        lambda X, y: (1e300 * X[:9], y[:9]),
    ),
    **{
        f"user-defined {value}": (
            BPNetClassifier,
            {"scoring": constant_score(value)},
            lambda X, y: (X[:9], y[:9]),
        )
        for value in (np.nan, np.inf, -np.inf, np.float32("nan"))
    },
}
without_number = pytest.mark.parametrize(
    ("estimator", "settings", "choose"), NO_NUMBER.values(), ids=NO_NUMBER.keys()
)


@pytest.fixture
def case(regression):
    """From an estimator, settings and a choice to the estimator and arguments."""
    X, _ = regression

    def made(estimator, settings, choose, **more):
        y = targets_for(estimator, X)
        X_val, y_val = choose(X, y)
        if y_val.ndim == 2:
            y = np.c_[y, y]
        model = early(estimator, max_iter=30, **settings | more)
        return model, (X, y), {"X_val": X_val, "y_val": y_val}

    return made


NOTHING = "No validation score is a finite number"


@without_number
@pytest.mark.parametrize(
    "more",
    [{}, {"n_members": 2}, {"solver": "lbfgs"}, {"learning_rate": "adaptive"}],
    ids=str,
)
@pytest.mark.filterwarnings(UNDEFINED)
def test_f8_patience_without_any_number_is_an_error(
    estimator, settings, choose, more, case
):
    if more.get("learning_rate"):
        more = {**more, "solver": "sgd"}
    model, data, validation = case(
        estimator, settings, choose, n_iter_no_change=3, tol=0, **more
    )
    with pytest.raises(ValueError, match=rf"{NOTHING}.*early stopping.*scoring="):
        model.fit(*data, **validation)
    assert not hasattr(model, "stop_reason_")


@pytest.mark.parametrize("scoring", [None, "loss", "explained_variance"])
def test_f8_outputs_that_are_not_finite(scoring, monkeypatch, regression):
    def overflowing(network, arrays, reader, indices=None):
        return np.full((len(indices), 1), np.inf)

    monkeypatch.setattr(validator, "output_Z", overflowing)
    reg = early(BPNetRegressor, scoring=scoring, max_iter=30, n_iter_no_change=3)
    message = rf"{NOTHING}.*scoring={scoring!r} .*outputs .* not finite"
    with pytest.raises(ValueError, match=message):
        reg.fit(*regression)


@without_number
@pytest.mark.filterwarnings("ignore:Only one class")
def test_f8_without_patience_a_warning(estimator, settings, choose, case):
    endless = {"n_iter_no_change": np.inf, "learning_rate": "constant"}
    model, data, validation = case(estimator, settings, choose, **endless)
    with pytest.warns(UndefinedMetricWarning, match=rf"{NOTHING}.*scoring="):
        model.fit(*data, **validation)
    assert model.stop_reason_ == "max_iter"
    assert model.best_epoch_ == model.n_iter_ == 30


@without_number
@pytest.mark.filterwarnings("ignore:Only one class")
def test_f8_scores_that_are_only_recorded(estimator, settings, choose, case):
    model, data, validation = case(estimator, settings, choose, early_stopping=False)
    plain = clone(model).fit(*data)
    with pytest.warns(UndefinedMetricWarning, match=rf"{NOTHING}: with scoring="):
        model.fit(*data, **validation)
    assert model.stop_reason_ == plain.stop_reason_
    for ours, expected in zip(model.coefs_, plain.coefs_, strict=True):
        assert_array_equal(ours, expected)


@without_number
@pytest.mark.filterwarnings("ignore:Only one class")
def test_f8_partial_fit_warns_and_never_converges(estimator, settings, choose, case):
    model, (X, y), validation = case(estimator, settings, choose, n_iter_no_change=2)
    classes = {"classes": [0, 1]} if estimator is BPNetClassifier else {}
    for n_calls in range(1, 6):
        with pytest.warns(UndefinedMetricWarning, match=NOTHING):
            model.partial_fit(X, y, **classes, **validation)
        assert model.stop_reason_ == "max_iter"
        assert model.best_epoch_ == n_calls
    if settings.get("scoring") != "loss":
        assert np.isnan(model.best_validation_score_)


@pytest.mark.parametrize(
    ("n_first", "n_after", "stops"), [(2, 30, False), (3, 30, True), (2, 1, False)]
)
def test_f8_numbers_after_epochs_without(n_first, n_after, stops, regression):
    """Epochs without a number count as epochs without improvement."""
    X, _ = regression
    n_calls = 0

    def score(estimator, X, y):
        nonlocal n_calls
        n_calls += 1
        return float(n_calls) if n_first < n_calls <= n_first + n_after else np.nan

    clf = early(BPNetClassifier, max_iter=20, scoring=score, n_iter_no_change=3)
    if stops:
        with pytest.raises(ValueError, match=NOTHING):
            clf.fit(X, targets_for(BPNetClassifier, X))
        return
    clf.fit(X, targets_for(BPNetClassifier, X))
    last = min(n_first + n_after, 20)
    assert clf.best_validation_score_ == clf.best_epoch_ == last
    assert clf.stop_reason_ == ("max_iter" if last == 20 else "converged")


def test_f8_infinity_is_no_best_score(regression):
    X, _ = regression
    values = iter([np.inf, -np.inf, np.nan, *range(100)])
    clf = early(
        BPNetClassifier, max_iter=8, scoring=lambda estimator, X, y: next(values)
    ).fit(X, targets_for(BPNetClassifier, X))
    assert clf.best_validation_score_ == 4
    assert clf.best_epoch_ == 8


def test_f8_a_warm_start_without_numbers_keeps_the_earlier_model(regression):
    X, y = regression
    reg = early(BPNetRegressor, warm_start=True, n_iter_no_change=3, max_iter=30)
    reg.fit(X, y, X_val=X[:9], y_val=y[:9])
    before = reg.predict(X)
    with pytest.raises(ValueError, match=NOTHING):
        reg.fit(X, y, X_val=X[:1], y_val=y[:1])
    assert_array_equal(reg.predict(X), before)


@pytest.mark.parametrize(
    "value", [None, np.ones(3), "0.5", 1j, {"score": 0.5}, [0.5]], ids=repr
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_f8_a_score_must_be_a_number(value, early_stopping, regression):
    X, _ = regression
    y = targets_for(BPNetClassifier, X)
    clf = early(
        BPNetClassifier, early_stopping=early_stopping, scoring=constant_score(value)
    )
    with pytest.raises(ValueError, match=r"scoring=score must return a number.*got"):
        clf.fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    "value", [0.5, 1, True, np.float32(0.5), np.array(0.5), np.array([0.5])], ids=repr
)
def test_f8_scalars_of_any_kind_are_numbers(value, regression):
    X, _ = regression
    clf = early(BPNetClassifier, scoring=constant_score(value))
    clf.fit(X, targets_for(BPNetClassifier, X))
    assert clf.validation_scores_ == [float(np.ravel(value)[0])] * 4


@pytest.mark.parametrize("error", [KeyError("lost"), ZeroDivisionError(), Warning("w")])
@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"n_members": 2}])
def test_f8_an_error_of_a_scorer_names_scoring(error, settings, regression):
    X, _ = regression

    def failing(estimator, X, y):
        raise error

    clf = early(BPNetClassifier, scoring=failing, **settings)
    reason = str(error) or type(error).__name__
    with pytest.raises(ValueError, match=rf"scoring=failing .*{reason}") as caught:
        clf.fit(X, targets_for(BPNetClassifier, X))
    assert caught.value.__cause__ is error


class Pruned(Exception):  # noqa: N818  (as in a library for searches)
    """Meant for the caller of fit."""


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"n_members": 2}])
def test_f8_an_exception_of_another_kind_passes(settings, regression):
    X, _ = regression

    def pruning(estimator, X, y):
        raise Pruned("no hope")

    clf = early(BPNetClassifier, scoring=pruning, **settings)
    with pytest.raises(Pruned, match="no hope") as caught:
        clf.fit(X, targets_for(BPNetClassifier, X))
    assert caught.value.__notes__[0].startswith("scoring=pruning cannot score")


@pytest.mark.parametrize("scoring", ["neg_log_loss", "r2", constant_score(0.5)])
def test_f8_members_of_an_ensemble_are_scored(scoring, regression):
    X, y = regression
    estimator = BPNetRegressor if scoring == "r2" else BPNetClassifier
    y = targets_for(estimator, X)
    model = early(estimator, scoring=scoring, n_members=2).fit(X, y)
    assert all(np.isfinite(scores).all() for scores in scores_of(model))


def test_f8_weights_of_the_validation_samples_that_are_all_zero(regression):
    X, y = regression
    with pytest.raises(ValueError, match="sample_weight_val sums to zero"):
        early(BPNetRegressor).fit(
            X, y, X_val=X[:5], y_val=y[:5], sample_weight_val=np.zeros(5)
        )
