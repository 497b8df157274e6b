"""What the losses are chosen for: intervals, rare classes, outliers, bounds, counts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, mean_poisson_deviance

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.losses import Expectile, LogLoss, Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def widening(seed, n):
    """A target whose deviation grows with x, and its quantile function."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, size=n)
    y = np.sin(2 * x) + (0.1 + 0.3 * x) * rng.normal(size=n)
    return x[:, None], y


def true_quantile(X, level):
    x = X[:, 0]
    return np.sin(2 * x) + (0.1 + 0.3 * x) * norm.ppf(level)


@pytest.mark.parametrize("levels", [(0.05, 0.95), (0.05, 0.5, 0.95)], ids=str)
def test_the_outer_quantiles_cover_90_percent_of_fresh_rows(levels):
    reg = BPNetRegressor(
        (32,), activation="silu", loss=Quantile(levels), learning_rate_init=0.01,
        learning_rate="cosine", max_iter=60, random_state=0,
    ).fit(*widening(0, 5000))  # fmt: skip
    X, y = widening(1, 20_000)
    predicted = reg.predict(X)
    inside = (predicted[:, 0] <= y) & (y <= predicted[:, -1])
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    # not by chance: where the target is narrow as where it is wide
    for part in (X[:, 0] < 1, (X[:, 0] > 1.5) & (X[:, 0] < 2.5), X[:, 0] > 3):
        assert inside[part].mean() == pytest.approx(0.9, abs=0.04)
    for k, level in enumerate(levels):
        error = predicted[:, k] - true_quantile(X, level)
        assert np.sqrt(np.mean(error**2)) < 0.2
    assert (np.diff(predicted, axis=1) > 0).all()


def test_an_expectile_above_one_half_lies_above_the_mean():
    X, y = widening(0, 2000)
    reg = BPNetRegressor((16,), activation="silu", solver="lbfgs", max_iter=100)
    reg.set_params(random_state=0, alpha=1e-5)
    mean, high = (
        clone(reg).set_params(loss=Expectile(tau)).fit(X, y).predict(X)
        for tau in (0.5, 0.9)
    )
    squared = reg.set_params(loss="squared_error").fit(X, y).predict(X)
    assert np.sqrt(np.mean((mean - squared) ** 2)) < 0.1
    assert (high > mean).mean() > 0.95
    # the first-order condition of an expectile: 0.9 E(y - a)+ = 0.1 E(a - y)+
    above, below = np.maximum(y - high, 0).mean(), np.maximum(high - y, 0).mean()
    assert 0.9 * above == pytest.approx(0.1 * below, rel=0.02)


def rare_class(seed, n=6000):
    """As the mammography table: six features, 2.3 % of the rows positive."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.023).astype(int)
    X = rng.normal(size=(n, 6)) + 1.2 * y[:, None] * (rng.random((n, 6)) < 0.7)
    return np.exp(0.5 * X), y


def test_balanced_class_weights_raise_the_balanced_accuracy_of_a_rare_class():
    X, y = rare_class(0)
    X_test, y_test = rare_class(1)
    clf = BPNetClassifier((16,), alpha=1e-3, max_iter=30, random_state=0)
    scores = {}
    for name, setting in {
        "default": {},
        "balanced": {"class_weight": "balanced"},
        "focal": {"loss": "focal"},
        "both": {"loss": "focal", "class_weight": "balanced"},
    }.items():
        model = clone(clf).set_params(**setting).fit(X, y)
        scores[name] = balanced_accuracy_score(y_test, model.predict(X_test))
    assert scores["balanced"] > scores["default"] + 0.1
    assert scores["both"] > scores["focal"] + 0.1


def test_label_smoothing_keeps_probabilities_away_from_0_and_1(iris):
    # at the minimum p = (1 - epsilon) y + epsilon / K where rows can be told apart
    X = np.eye(3)
    clf = BPNetClassifier(
        (), loss=LogLoss(label_smoothing=0.3), solver="lbfgs", alpha=0.0, tol=1e-9,
        max_iter=1000, random_state=0,
    ).fit(X, [0, 1, 2])  # fmt: skip
    assert_allclose(clf.predict_proba(X), 0.7 * np.eye(3) + 0.1, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "scaling"),
    [("absolute_error", "auto"), ("huber", None), ("log_cosh", None)],
)  # what the outliers do to the standard deviation is not the losses' unit
def test_robust_losses_bear_outliers(regression, loss, scaling):
    X, y = regression
    bad = y.copy()
    bad[:12] += 200
    reg = BPNetRegressor((), loss=loss, solver="lbfgs", max_iter=500, random_state=0)
    robust = clone(reg).set_params(target_scaling=scaling).fit(X, bad).predict(X)
    squared = clone(reg).set_params(loss="squared_error").fit(X, bad).predict(X)
    assert np.abs(squared - y).mean() > 10
    assert np.abs(robust - y).mean() < 0.5


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softsign"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_target_range_is_never_left(smooth, activation, loss):
    X, y = smooth
    low, high = -2.0, 4.0
    y = np.clip(y, low, high)
    reg = BPNetRegressor(
        (20,), output_activation=activation, target_scaling=(low, high), loss=loss,
        solver="lbfgs", alpha=1e-5, max_iter=200, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert reg.score(X, y) > 0.9
    far = reg.predict(100 * X)
    assert low <= far.min() < far.max() <= high


@pytest.mark.parametrize(
    "ends",
    [(1, 0), (1, 1), (0, 1, 2), (0,), ("a", 1), (0, np.inf), (np.nan, 1)],
    ids=str,
)
def test_a_target_range_is_two_ascending_numbers(smooth, ends):
    with pytest.raises(
        ValueError, match=r"target_scaling must be .* two finite numbers, low"
    ):
        BPNetRegressor(target_scaling=ends).fit(*smooth)


@pytest.mark.parametrize(
    "setting", [{"output_activation": "relu"}, {"loss": "poisson"}, {"loss": "gamma"}],
    ids=str,
)  # fmt: skip
def test_a_target_range_needs_a_bounded_output_and_a_loss_of_any_unit(smooth, setting):
    X, y = smooth
    reg = BPNetRegressor(target_scaling=(0, 10), **setting)
    with pytest.raises(ValueError, match=r"target_scaling=\(0, 10\) needs a bounded"):
        reg.fit(X, np.exp(y))


def test_a_target_outside_its_range_is_refused(smooth):
    with pytest.raises(ValueError, match="y must lie in target_scaling"):
        BPNetRegressor(target_scaling=(0, 1)).fit(*smooth)


def test_a_count_is_not_scaled_and_its_deviance_falls(smooth):
    X, y = smooth
    counts = np.random.default_rng(0).poisson(np.exp(y - 1)).astype(float)
    reg = BPNetRegressor((20,), loss="poisson", solver="lbfgs", max_iter=100)
    reg.set_params(random_state=0).fit(X, counts)
    assert not hasattr(reg, "target_mean_")
    mean = np.full(len(y), counts.mean())
    predicted = reg.predict(X)
    assert (predicted > 0).all()
    assert mean_poisson_deviance(counts, predicted) < 0.7 * mean_poisson_deviance(
        counts, mean
    )
