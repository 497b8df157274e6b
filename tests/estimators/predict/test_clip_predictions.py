"""Predictions that stay in the range of the training targets."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet.net.losses import Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def plane(rng):
    """Two targets of different ranges, and rows far outside of those trained on."""
    X = rng.uniform(-1, 1, (80, 2))
    Y = X @ [[1.0, -30.0], [2.0, 5.0]] + [0.0, 1000.0] + rng.normal(size=(80, 2))
    return X, Y, 4 * X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "setting",
    [{}, {"target_scaling": None}, {"loss": "huber"}, {"loss": Quantile((0.1, 0.9))}],
    ids=str,
)
def test_predictions_are_those_of_the_same_network_clipped(plane, setting, dtype):
    X, Y, far = plane
    reg = BPNetRegressor((8,), random_state=0, max_iter=30, dtype=dtype, **setting)
    free = clone(reg).fit(X, Y)
    clipped = clone(reg).set_params(clip_predictions=True).fit(X, Y)
    expected, predicted = free.predict(far), clipped.predict(far)
    ends = Y.min(axis=0), Y.max(axis=0)
    if expected.ndim == 3:  # a last axis of levels
        ends = [end[:, None] for end in ends]
    assert (expected < ends[0]).any() or (expected > ends[1]).any()
    assert_array_equal(predicted, np.clip(expected, *ends))
    assert_array_equal(clipped.target_min_, Y.min(axis=0))
    assert_array_equal(clipped.target_max_, Y.max(axis=0))
    # it is a matter of predicting only, and may be asked for later
    assert_array_equal(free.set_params(clip_predictions=True).predict(far), predicted)


def test_only_training_samples_count(plane):
    X, Y, _ = plane
    y = Y[:, 0]
    reg = BPNetRegressor((), max_iter=3, random_state=0)
    weights = np.ones(80)
    weights[[y.argmin(), y.argmax()]] = 0
    reg.fit(X, y, weights)
    kept = y[weights > 0]
    assert (reg.target_min_, reg.target_max_) == (kept.min(), kept.max())
    reg.fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    assert (reg.target_min_, reg.target_max_) == (y[:50].min(), y[:50].max())


@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_a_warm_start_widens_the_range_and_fitting_anew_does_not(way):
    X = np.arange(6.0)[:, None]
    y = np.array([0.0, 1.0, 2.0, -1.0, 1.5, 7.0])
    reg = BPNetRegressor((), max_iter=1, warm_start=way == "warm_start")
    go_on = reg.partial_fit if way == "partial_fit" else reg.fit
    ranges = [(0, 2), (-1, 2), (-1, 7)]
    for rows, expected in zip((slice(3), [3, 4], [5, 5]), ranges, strict=True):
        go_on(X[rows], y[rows])
        assert (reg.target_min_, reg.target_max_) == expected
    reg.set_params(warm_start=False).fit(X[3:], y[3:])
    assert (reg.target_min_, reg.target_max_) == (-1, 7)
    reg.fit(X[:3], y[:3])
    assert (reg.target_min_, reg.target_max_) == (0, 2)


@pytest.mark.parametrize("scoring", [None, "r2"])
def test_early_stopping_scores_what_is_predicted(plane, scoring):
    X, Y, far = plane
    Y_far = np.clip(3 * (Y - Y.mean(axis=0)) + Y.mean(axis=0), Y.min(0), Y.max(0))
    reg = BPNetRegressor((8,), clip_predictions=True, early_stopping=True, max_iter=20)
    reg.set_params(scoring=scoring, dtype="float64", random_state=0)
    reg.fit(X, Y, X_val=far, y_val=Y_far)
    score = r2_score(Y_far, reg.predict(far))
    assert_allclose(reg.best_validation_score_, score, rtol=1e-9)
    free = (
        clone(reg).set_params(clip_predictions=False).fit(X, Y, X_val=far, y_val=Y_far)
    )
    assert reg.validation_scores_ != free.validation_scores_
    assert_array_equal(reg.validation_loss_curve_, free.validation_loss_curve_)


def test_given_weights_know_no_range():
    weights = [[[2.0]]], [[0.0]]
    reg = BPNetRegressor.from_weights(*weights)
    assert not hasattr(reg, "target_min_")
    assert not hasattr(reg, "target_max_")
    reg.set_params(clip_predictions=True)
    with pytest.raises(ValueError, match=r"clip_predictions=True needs .* partial_fit"):
        reg.predict([[1.0]])
    reg.partial_fit([[0.0], [1.0]], [0.0, 2.0])
    assert reg.predict([[-9.0]]) == 0


def test_a_checkpoint_keeps_the_range(plane, tmp_path):
    X, Y, far = plane
    reg = BPNetRegressor((4,), clip_predictions=True, max_iter=3, random_state=0)
    reg.fit(X, Y).save_checkpoint(tmp_path / "file")
    again = BPNetRegressor.load_checkpoint(tmp_path / "file")
    assert_array_equal(again.predict(far), reg.predict(far))
