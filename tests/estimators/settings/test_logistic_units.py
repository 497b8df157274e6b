"""Logistic units learn by default what other units learn: their slope is 1/4."""

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
SHOWN = 300  # samples of 600 for training


def quadrants(seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (2 * SHOWN, 2))
    return X, X.prod(axis=1) > 0


def circles(seed):
    return make_circles(2 * SHOWN, noise=0.08, factor=0.5, random_state=seed)


def moons(seed):
    return make_moons(2 * SHOWN, noise=0.1, random_state=seed)


def accuracy_of(shape, seed):
    X, y = shape(seed)
    clf = BPNetClassifier(activation="logistic", random_state=seed)
    return clf.fit(X[:SHOWN], y[:SHOWN]).score(X[SHOWN:], y[SHOWN:])


@pytest.mark.parametrize("name", ["logistic", "sigmoid"])
def test_logistic_units_learn_exclusive_or(name):
    y = XOR[:, 0] != XOR[:, 1]
    for seed in range(3):
        clf = BPNetClassifier(activation=name, random_state=seed).fit(XOR, y)
        assert clf.score(XOR, y) == 1


def test_logistic_units_learn_moons():
    assert all(accuracy_of(moons, seed) > 0.95 for seed in range(2))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [quadrants, circles, moons])
def test_logistic_units_learn_shapes_from_nearly_every_start(shape):
    scores = np.array([accuracy_of(shape, seed) for seed in range(20)])
    assert np.sum(scores > 0.95) >= 19


def plan(model, y):
    return model.set_params(max_iter=1).fit(XOR, y).plan_


def test_what_is_auto_follows_the_slope_and_the_task():
    y = np.array([0, 1, 1, 0])
    for estimator, below, above in [
        (BPNetClassifier, 64, 4),
        (BPNetRegressor, 4, 4),
    ]:
        usual = plan(estimator((5, 5), activation="tanh"), y)
        logistic = plan(estimator((5, 5), activation="logistic"), y)
        alpha = usual["alpha"]
        expected = (alpha / below, alpha / (below * above), alpha / above)
        np.testing.assert_allclose(logistic["alpha"], expected)
        rates = [p["learning_rate_init"] for p in (logistic, usual)]
        assert rates[0] == 4 * rates[1]


def test_the_sigmoid_of_the_output_changes_nothing():
    y = np.array([0, 1, 1, 0])
    chosen = plan(BPNetClassifier((5,), activation="tanh"), y)
    assert isinstance(chosen["alpha"], float)
    assert chosen["learning_rate_init"] == pytest.approx(0.008)


def test_given_numbers_hold_for_logistic_units():
    given = {"alpha": 1e-3, "learning_rate_init": 0.01}
    chosen = plan(BPNetClassifier((5,), activation="logistic", **given), XOR[:, 0] > 0)
    assert {name: chosen.get(name, value) for name, value in given.items()} == given
