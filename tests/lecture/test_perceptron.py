"""B.1: the perceptron rule, its convergence theorem, and XOR."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Perceptron

from sklearn_bpnet import BPNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RATE = 0.25
XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def perceptron(**parameters):
    settings = {
        "loss": "perceptron",
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate": "constant",
        "learning_rate_init": RATE,
        "batch_size": 1,
        "shuffle": False,
        "alpha": 0.0,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "input_scaling": None,
        "dtype": "float64",
        "random_state": 0,
    }
    return BPNetClassifier((), **settings | parameters)


def with_one(X):
    """The lecture's x, whose last component is 1."""
    return np.column_stack([X, np.ones(len(X))])


def theta_of(clf):
    return np.append(clf.coefs_[0][:, 0], clf.intercepts_[0])


@pytest.fixture
def separable(rng):
    """40 rows in the plane, a separating theta of length 1, and its margin."""
    theta = np.array([3.0, -2.0, 0.5])
    theta /= np.linalg.norm(theta)
    X = rng.uniform(-3, 3, size=(60, 2))
    distances = with_one(X) @ theta
    chosen = np.abs(distances) > 0.2
    X, distances = X[chosen], distances[chosen]
    return X, (distances > 0).astype(int), theta, np.abs(distances).min()


def start():
    theta = np.array([0.3, 0.4, -0.1])
    return theta, {"coefs_init": [theta[:2, None]], "intercepts_init": [theta[2:]]}


def test_it_is_a_single_heaviside_unit(separable):
    X, y, *_ = separable
    clf = perceptron(max_iter=3).fit(X, y)
    assert clf.out_activation_ == "heaviside"
    assert_array_equal(clf.predict(X), with_one(X) @ theta_of(clf) > 0)


def test_one_example_at_a_time_the_steps_are_the_rules(separable):
    X, y, *_ = separable
    theta, init = start()
    clf = perceptron(max_iter=1)
    signs = np.where(y == 1, 1, -1)
    losses = []
    for x, t in zip(with_one(X), signs, strict=True):
        losses.append(max(0.0, -t * (theta @ x)))
        if t * (theta @ x) <= 0:  # misclassified
            theta = theta + RATE * t * x
    clf.fit(X, y, **init)
    assert_allclose(theta_of(clf), theta, rtol=1e-13)
    assert_allclose(clf.loss_, np.mean(losses), rtol=1e-13)


def test_with_all_rows_a_step_sums_over_the_misclassified(separable):
    X, y, *_ = separable
    theta, init = start()
    signs = np.where(y == 1, 1, -1)
    wrong = signs * (with_one(X) @ theta) <= 0
    assert 0 < wrong.sum() < len(y)
    step = RATE * (signs[wrong, None] * with_one(X)[wrong]).sum(axis=0)
    # the risk is a mean, so the rule's alpha is the learning rate over n
    clf = perceptron(
        max_iter=1, batch_size="full", learning_rate_init=RATE * len(y)
    ).fit(X, y, **init)
    assert_allclose(theta_of(clf), theta + step, rtol=1e-13)


def test_it_is_scikit_learns_perceptron(separable):
    X, y, *_ = separable
    theta, init = start()
    oracle = Perceptron(eta0=RATE, shuffle=False, max_iter=4, tol=None)
    # copies: it trains in the arrays that it is given
    oracle.fit(X, y, coef_init=theta[None, :2].copy(), intercept_init=theta[2:].copy())
    clf = perceptron(max_iter=4).fit(X, y, **init)
    assert_allclose(theta_of(clf), [*oracle.coef_[0], *oracle.intercept_], rtol=1e-12)


def count_updates(clf, X, y):
    """Epochs of one partial_fit a row until none moves theta; the number that did."""
    n_updates, moved = 0, True
    while moved:
        moved = False
        for x, label in zip(X, y, strict=True):
            before = theta_of(clf) if hasattr(clf, "coefs_") else np.zeros(3)
            clf.partial_fit(x[None], [label], classes=[0, 1])
            if (theta_of(clf) != before).any():
                n_updates, moved = n_updates + 1, True
    return n_updates


def test_it_stops_on_separable_data_within_the_theorems_bound(separable):
    X, y, _, margin = separable
    radius = np.linalg.norm(with_one(X), axis=1).max()
    bound = (radius / margin) ** 2  # Novikoff, from theta = 0
    n_updates = count_updates(perceptron(initializer="zeros"), X, y)
    assert 0 < n_updates <= bound
    clf = perceptron(initializer="zeros", max_iter=10_000).fit(X, y)
    assert clf.score(X, y) == 1
    assert clf.stop_reason_ == "converged"
    # every epoch but the last moved a weight
    assert clf.n_iter_ - 1 <= n_updates
    assert clf.loss_curve_[-1] == 0
    assert min(clf.loss_curve_[:-1]) > 0


@pytest.mark.parametrize("shuffle", [False, True])
def test_shuffled_or_not_the_bound_holds(shuffle, separable):
    X, y, _, margin = separable
    bound = (np.linalg.norm(with_one(X), axis=1).max() / margin) ** 2
    for seed in range(5):
        clf = perceptron(
            initializer="zeros", max_iter=10_000, shuffle=shuffle, random_state=seed
        ).fit(X, y)
        assert clf.score(X, y) == 1
        assert clf.n_iter_ - 1 <= bound


@pytest.mark.parametrize("batch_size", [1, "full"])
def test_it_never_solves_xor(batch_size):
    clf = perceptron(batch_size=batch_size, shuffle=True)
    for _ in range(100):
        assert clf.partial_fit(*XOR, classes=[0, 1]).score(*XOR) < 1
    clf.set_params(max_iter=300).fit(*XOR)
    assert clf.stop_reason_ == "max_iter"
    assert clf.n_iter_ == 300
