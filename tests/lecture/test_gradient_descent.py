"""C.1: gradient descent and SGD, one epoch by hand, number for number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.array([[1.0], [2.0], [3.0], [4.0]])
Y = np.array([2.0, 1.0, 3.0, 5.0])
RATE = 0.1


def one_epoch(batch_size, w=0.5, b=0.0):
    """One epoch of SGD for y = w x + b, from given numbers, in the rows' order."""
    model = BPNetRegressor(
        (),
        solver="sgd",
        momentum=0.0,
        learning_rate="constant",
        learning_rate_init=RATE,
        batch_size=batch_size,
        shuffle=False,
        max_iter=1,
        alpha=0.0,
        input_scaling=None,
        target_scaling=None,
        dtype="float64",
    )
    model.fit(X, Y, coefs_init=[[[w]]], intercepts_init=[[b]])
    return model.coefs_[0][0, 0], model.intercepts_[0][0]


def test_full_batch_is_gradient_descent():
    # outputs 0.5, 1, 1.5, 2; errors -1.5, 0, -1.5, -3
    # dJ/dw = (-1.5 * 1 + 0 * 2 - 1.5 * 3 - 3 * 4) / 4 = -4.5; dJ/db = -6 / 4
    assert_allclose(one_epoch("full"), [0.5 + 0.45, 0.15], rtol=1e-14)


def test_online_learning_takes_a_step_after_each_example():
    # x = 1: output 0.5, error -1.5: w = 0.65, b = 0.15
    # x = 2: output 1.45, error 0.45: w = 0.65 - 0.09 = 0.56, b = 0.105
    # x = 3: output 1.785, error -1.215: w = 0.56 + 0.3645 = 0.9245, b = 0.2265
    # x = 4: output 3.9245, error -1.0755: w = 0.9245 + 0.4302, b = 0.2265 + 0.10755
    assert_allclose(one_epoch(1), [1.3547, 0.33405], rtol=1e-13)


def test_a_mini_batch_takes_the_mean_of_its_rows():
    # rows 1, 2: errors -1.5, 0: dw = -0.75, db = -0.75: w = 0.575, b = 0.075
    # rows 3, 4: outputs 1.8, 2.375, errors -1.2, -2.625
    # dw = (-3.6 - 10.5) / 2 = -7.05, db = -1.9125: w = 1.28, b = 0.26625
    assert_allclose(one_epoch(2), [1.28, 0.26625], rtol=1e-13)


def test_the_last_batch_may_be_smaller():
    # rows 1, 2, 3: errors -1.5, 0, -1.5: dw = -6 / 3 = -2, db = -1: w = 0.7, b = 0.1
    # row 4: output 2.9, error -2.1: w = 0.7 + 0.84, b = 0.1 + 0.21
    assert_allclose(one_epoch(3), [1.54, 0.31], rtol=1e-13)


def test_a_shuffled_epoch_visits_every_example_once(rng):
    # orthogonal rows: the order does not matter, so every row shows in its weight
    n = 6
    model = BPNetRegressor(
        (),
        solver="sgd",
        momentum=0.0,
        learning_rate="constant",
        learning_rate_init=RATE,
        batch_size=1,
        max_iter=1,
        alpha=0.0,
        input_scaling=None,
        target_scaling=None,
        dtype="float64",
        random_state=0,
    )
    y = rng.normal(size=n)
    start = {"coefs_init": [np.zeros((n, 1))], "intercepts_init": [[0.0]]}
    model.fit(np.eye(n), y, **start)
    # w_i = 0.1 * (y_i - b), and b moves a little with every example
    b, left = 0.0, list(range(n))
    for _ in range(n):
        i = next(
            i for i in left if np.isclose(model.coefs_[0][i, 0], RATE * (y[i] - b))
        )
        b += RATE * (y[i] - b)
        left.remove(i)
    assert_allclose(model.intercepts_[0][0], b, rtol=1e-12)


def test_online_learning_of_a_hidden_layer_is_the_lectures_algorithm(iris):
    X, y = iris
    clf = BPNetClassifier(
        (3,),
        activation="sigmoid",
        solver="sgd",
        momentum=0.0,
        learning_rate="constant",
        learning_rate_init=RATE,
        batch_size=1,
        shuffle=False,
        max_iter=2,
        tol=0.0,
        alpha=0.0,
        input_scaling=None,
        dtype="float64",
        random_state=0,
    )
    rng = np.random.default_rng(0)
    w1, b1 = rng.normal(size=(3, 4)), rng.normal(size=(3, 1))
    w2, b2 = rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    start = {
        "coefs_init": [w1.T.copy(), w2.T.copy()],
        "intercepts_init": [b1[:, 0].copy(), b2[:, 0].copy()],
    }
    clf.fit(X, y, **start)
    for _ in range(2):
        for x, label in zip(X[:, :, None], y, strict=True):
            a1 = 1 / (1 + np.exp(-(w1 @ x + b1)))
            z2 = w2 @ a1 + b2
            a2 = np.exp(z2) / np.exp(z2).sum()
            d2 = a2 - np.eye(3)[:, [label]]
            d1 = (w2.T @ d2) * a1 * (1 - a1)
            w2, b2 = w2 - RATE * d2 @ a1.T, b2 - RATE * d2
            w1, b1 = w1 - RATE * d1 @ x.T, b1 - RATE * d1
    assert_allclose(clf.coefs_[0], w1.T, rtol=1e-10)
    assert_allclose(clf.coefs_[1], w2.T, rtol=1e-10)
    assert_allclose(clf.intercepts_[0], b1[:, 0], rtol=1e-10)
    assert_allclose(clf.intercepts_[1], b2[:, 0], rtol=1e-10)


def test_stop_criteria():
    X = np.linspace(-1, 1, 20)[:, None]
    y = (X[:, 0] > 0).astype(float)
    model = BPNetRegressor(
        (),
        solver="sgd",
        momentum=0.0,
        learning_rate="constant",
        learning_rate_init=0.1,
        random_state=0,
    )
    assert model.set_params(max_iter=7).fit(X, y).n_iter_ == 7
    # exactly n_iter_no_change epochs in a row did not lower the loss by tol
    model.set_params(max_iter=10_000, tol=1e-3, n_iter_no_change=3).fit(X, y)
    lowered = -np.diff(model.loss_curve_) >= 1e-3
    assert not lowered[-3:].any()
    assert lowered[:-3].all()
