"""The share of noise in numeric targets, and the usual penalty that follows it."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet._data import noise
from sklearn_bpnet._data.noise import noise_share
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._fit import pose
from sklearn_bpnet.options import MemberFolds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PRIOR_STD = 0.25


def data(n, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = X[:, 0] + np.sin(X[:, 1])
    return X, (y - y.mean()) / y.std() + noise * rng.normal(size=n)


def share(X, y, weights=None, **other):
    return noise_share(Samples(X, y, np.reshape(y, (len(y), -1)), weights, **other))


def alpha(X, y, sample_weight=None, **parameters):
    reg = BPNetRegressor(max_iter=1, random_state=0, **parameters)
    return reg.fit(X, y, sample_weight=sample_weight).plan_["alpha"]


@pytest.mark.parametrize("n", [300, 3000])
@pytest.mark.parametrize("std", [0.3, 1.0, 3.0])
def test_the_share_of_known_noise_is_found(n, std):
    # more samples than are looked at do not find more
    assert share(*data(n, std)) == pytest.approx(std**2 / (1 + std**2), rel=0.25)


def test_a_smooth_function_has_no_noise_and_noise_nothing_else():
    x = np.linspace(-3, 3, 41)[:, None]
    for function in (np.sin, np.exp, lambda x: x**3):
        assert share(x, function(x[:, 0])) < 1e-4
    rng = np.random.default_rng(0)
    assert share(rng.normal(size=(200, 3)), rng.normal(size=200)) > 0.9
    assert share(x, np.ones(41)) == 0


def test_the_error_is_that_of_fits_that_leave_a_sample_out(monkeypatch):
    X, y = data(60, 0.5)
    fitted = []
    monkeypatch.setattr(
        noise, "RidgeCV", lambda **given: fitted.append(RidgeCV(**given)) or fitted[-1]
    )
    estimate = share(X, y)
    Z, t = ((a - a.mean(axis=0)) / a.std(axis=0) for a in (X, y))
    F = noise._features(Z)
    errors = cross_val_predict(Ridge(fitted[0].alpha_), F, t, cv=LeaveOneOut()) - t
    assert estimate == pytest.approx(np.mean(errors**2), rel=1e-6)


def test_a_few_large_numbers_do_not_hide_what_the_others_explain():
    X, y = data(300, 0.1)
    assert share(np.exp(3 * X), y) < 0.1


def test_units_and_samples_of_no_weight_do_not_matter():
    X, y = data(80, 0.5)
    expected = share(X, y)
    assert share(X * [1e-9, 1e200, 3, 1] + 7, y * 1e150) == pytest.approx(expected)
    assert share(X, y, np.full(80, 0.3)) == expected
    weights = np.where(np.arange(80) < 60, 2.0, 0.0)
    assert share(X, y, weights) == share(X[:60], y[:60])
    assert share(sparse.csr_array(X), y) == expected
    # a sample of a larger weight is one of more importance
    weights = np.where(np.arange(80) < 40, 1e-6, 1.0)
    y[:40] = np.random.default_rng(1).normal(size=40) * 100
    assert share(X, y) > 0.9 > 2 * share(X, y, weights)


def test_categories_explain_targets():
    rng = np.random.default_rng(0)
    codes = rng.integers(15, size=300)
    effects = rng.normal(size=15)
    X = np.column_stack([rng.normal(size=300), codes])
    y = effects[codes] + 0.1 * rng.normal(size=300)
    assert share(X, y, n_codes=1) < 0.1 < share(X, y)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"number": X[:, 0], "town": pd.Categorical(codes.astype(str))})
    assert alpha(frame, y) < 0.1 * alpha(frame[["number"]], y)


@pytest.mark.parametrize(
    "parameters", [{}, {"numeric_embedding": None}, {"hidden_layer_sizes": (5,)}]
)
def test_alpha_is_the_variance_of_noise_over_that_of_weights(parameters):
    X, y = data(100, 0.5)
    Z = (X - X.mean(0)) / X.std(0)
    assert alpha(X, y, **parameters) == pytest.approx(
        share(Z, y) / (PRIOR_STD**2 * 100), rel=1e-6
    )
    # of a function without noise
    assert alpha(X[:, :1], np.sin(X[:, 0]), **parameters) == 1e-5
    # of logistic units, whose weights are larger, for every layer
    by_layer = alpha(X, y, activation="logistic", **parameters)
    assert max(by_layer) < alpha(X, y, **parameters)


def test_alpha_does_not_follow_noise_where_it_is_not_seen():
    X, y = data(100, 3.0)
    usual = 0.01
    assert alpha(X, y, loss="huber") == usual
    assert alpha(X[:39], y[:39]) == usual
    assert alpha(X, y, solver="lbfgs") == usual
    assert alpha(np.hstack([X] * 251), y) == usual
    stream = BPNetRegressor().partial_fit(X, y)
    assert stream.plan_["alpha"] < usual


def test_training_that_continues_has_the_penalty_of_one_fit():
    X, y = data(60, 0.5)
    reg = BPNetRegressor(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    first = reg.plan_["alpha"]
    assert reg.fit(X, y).plan_["alpha"] == first
    once = clone(reg).set_params(warm_start=False).fit(X, y)
    assert once.plan_["alpha"] == first


def test_the_noise_is_estimated_once_for_folds_and_a_refit(monkeypatch):
    calls = []
    monkeypatch.setattr(pose, "noise_share", lambda samples: calls.append(1) or 0.5)
    X, y = data(60, 0.5)
    folds = MemberFolds(2, refit=True)
    reg = BPNetRegressor((4,), n_members=2, member_folds=folds, max_iter=2)
    reg.set_params(early_stopping=True, scoring="loss").fit(X, y)
    assert len(calls) == 1
