"""Validation during training: scores that are no number, and scorers that fail."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import get_scorer, make_scorer, r2_score

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet._data.determination import r2
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
def test_f07_r2_of_equal_targets_is_zero_as_score_says(value, scoring, n, regression):
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
def test_f07_whatever_the_fit(settings, weighted, regression):
    X, y = regression
    target, weights = np.full(13, 0.1), np.linspace(0, 1, 13) if weighted else None
    reg = early(BPNetRegressor, **settings)
    reg.fit(X, y - y.min(), X_val=X[:13], y_val=target, sample_weight_val=weights)
    assert scores_of(reg) == [[0.0] * 4] * reg.n_members
    assert reg.score(X[:13], target, weights) == 0.0


def test_f07_samples_of_weight_zero_do_not_make_the_targets_differ(regression):
    X, y = regression
    target, weights = np.full(7, 0.1), np.ones(7)
    target[:2], weights[:2] = 5.0, 0.0
    reg = early(BPNetRegressor)
    reg.fit(X, y, X_val=X[:7], y_val=target, sample_weight_val=weights)
    assert reg.validation_scores_ == [0.0] * 4
    assert reg.score(X[:7], target, weights) == 0.0


def test_f07_only_the_constant_target_counts_zero(regression):
    X, y = regression
    Y = np.c_[y, X[:, 0]]
    target = np.c_[np.full(13, 0.1), X[:13, 0]]
    reg = early(BPNetRegressor).fit(X, Y, X_val=X[:13], y_val=target)
    other = r2_score(target[:, 1], reg.predict(X[:13])[:, 1])
    assert_allclose(reg.score(X[:13], target), other / 2)
    assert_allclose(reg.best_validation_score_, other / 2, rtol=1e-4)


def test_f07_partial_fit_and_equal_training_targets(regression):
    X, y = regression
    reg = early(BPNetRegressor)
    for _ in range(3):
        reg.partial_fit(X, y, X_val=X[:7], y_val=np.full(7, 0.1))
    assert reg.validation_scores_ == [0.0] * 3
    reg = early(BPNetRegressor).fit(X, np.full(len(X), 0.1))
    assert reg.validation_scores_ == [0.0] * 4


def test_f07_exact_predictions_of_equal_targets_score_one():
    reg = BPNetRegressor.from_weights([[[0.0]]], [[0.1]])
    X = np.arange(7.0)[:, None]
    assert reg.score(X, np.full(7, 0.1)) == 1.0
    assert reg.score(X, np.full(7, 0.2)) == 0.0


@pytest.mark.parametrize("shape", [(9,), (9, 1), (9, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_f07_r2_is_that_of_scikit_learn_where_targets_differ(shape, weighted, rng):
    y = rng.normal(size=shape)
    predicted, weights = y + rng.normal(size=shape), rng.random(9) if weighted else None
    assert r2(y, predicted, weights) == r2_score(y, predicted, sample_weight=weights)
    whole = np.full(shape, 3.0)
    assert r2(whole, predicted, weights) == 0.0
