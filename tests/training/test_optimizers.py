from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, Adam

UNDER_TEST = {
    **OPTIMIZERS,
    "sgd(momentum=0)": SGD(momentum=0),
    "sgd(momentum=0.9)": SGD(nesterov=False),
    "sgd(momentum=0.5, nesterov)": SGD(momentum=0.5),
    "adam(beta_1=0)": Adam(beta_1=0),
    "adam(beta_2=0.9)": Adam(beta_2=0.9, epsilon=1e-6),
}
every_optimizer = pytest.mark.parametrize(
    "optimizer", UNDER_TEST.values(), ids=UNDER_TEST.keys()
)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def walk(optimizer, theta, gradients, learning_rates):
    """Theta after every step."""
    state, path = optimizer.start(theta), []
    for gradient, rate in zip(gradients, learning_rates, strict=True):
        optimizer.step(theta, np.array(gradient, dtype=theta.dtype), state, rate)
        path.append(theta.copy())
    return path


# The first steps by hand: theta = 1, learning rate 0.1, gradients 0.5, -0.25 and 1


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        # theta - 0.1 g
        (SGD(momentum=0), [0.95, 0.975, 0.875]),
        # v = -0.05, 0.9 * -0.05 + 0.025 = -0.02, 0.9 * -0.02 - 0.1 = -0.118
        (SGD(momentum=0.9, nesterov=False), [0.95, 0.93, 0.812]),
        # the same v; theta + 0.9 v - 0.1 g
        (SGD(momentum=0.9), [0.905, 0.912, 0.7058]),
        # never forgets: v = -0.05, -0.025, -0.125
        (SGD(momentum=1, nesterov=False), [0.95, 0.925, 0.8]),
    ],
    ids=["plain", "momentum", "nesterov", "momentum=1"],
)
def test_first_steps_of_sgd_by_hand(optimizer, expected):
    path = walk(optimizer, np.ones(1), [[0.5], [-0.25], [1.0]], [0.1] * 3)
    np.testing.assert_allclose(np.ravel(path), expected, rtol=1e-13)


def test_first_steps_of_adam_by_hand():
    # beta_1 = 0.5, beta_2 = 0.75, epsilon = 0.25; gradients 2, -1, 1
    # m = 1, 0, 0.5; v = 1, 1, 1
    # a_1 = 0.1 sqrt(1 - 0.75) / (1 - 0.5) = 0.1
    # a_3 = 0.1 sqrt(1 - 0.421875) / (1 - 0.125)
    adam = Adam(beta_1=0.5, beta_2=0.75, epsilon=0.25)
    path = walk(adam, np.ones(1), [[2.0], [-1.0], [1.0]], [0.1] * 3)
    third = 0.92 - 0.1 * sqrt(0.578125) / 0.875 * 0.5 / 1.25
    np.testing.assert_allclose(np.ravel(path), [0.92, 0.92, third], rtol=1e-13)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient():
    (theta,) = walk(Adam(), np.zeros(3), [[1e-3, -5.0, 1e6]], [0.1])
    np.testing.assert_allclose(theta, [-0.1, 0.1, -0.1], rtol=1e-3)


@every_optimizer
def test_the_learning_rate_may_change_from_step_to_step(optimizer):
    # at rate 0 nothing moves at the first step; at the second something does
    start = np.array([1.0, -2.0])
    still, moved = walk(optimizer, start.copy(), [[1.0, 2.0]] * 2, [0.0, 0.1])
    np.testing.assert_array_equal(still, start)
    assert (moved != start).all()


# Contracts


@every_optimizer
@every_dtype
def test_a_step_moves_theta_in_place_and_keeps_its_dtype(optimizer, dtype):
    theta = np.array([1.0, -2.0, 3.0], dtype=dtype)
    view = theta[:]
    walk(optimizer, theta, [[0.5, 0.5, -0.5]] * 3, [0.1] * 3)
    assert theta.dtype == dtype
    np.testing.assert_array_equal(np.sign(theta - view), 0)  # the same memory
    assert (theta != np.array([1.0, -2.0, 3.0])).all()


@every_optimizer
@every_dtype
def test_the_state_holds_only_flat_arrays_and_numbers(optimizer, dtype):
    theta = np.ones(5, dtype=dtype)
    state = optimizer.start(theta)
    for _ in range(3):
        optimizer.step(theta, np.ones(5, dtype=dtype), state, 0.1)
        for value in state.values():
            if isinstance(value, np.ndarray):
                assert value.shape == theta.shape
                assert value.dtype == dtype
                assert not np.shares_memory(value, theta)
            else:
                assert isinstance(value, int | float)


@every_optimizer
def test_all_memory_is_in_the_state(optimizer):
    gradients = np.random.default_rng(0).normal(size=(6, 4))
    (*_, expected) = walk(optimizer, np.ones(4), gradients, [0.1] * 6)
    theta, state = np.ones(4), optimizer.start(np.ones(4))
    other_theta, other_state = np.zeros(4), optimizer.start(np.zeros(4))
    for g in gradients:
        optimizer.step(theta, g.copy(), state, 0.1)
        optimizer.step(other_theta, -3 * g, other_state, 0.7)
    np.testing.assert_array_equal(theta, expected)


@every_optimizer
def test_a_long_theta_moves_as_its_pieces_do(optimizer):
    n = 2 * 32_768 + 17  # more than two of the pieces that a step walks in
    rng = np.random.default_rng(0)
    theta, gradients = rng.normal(size=n), rng.normal(size=(3, n))
    edges = [0, 1, 20_000, 32_768, 50_000, 65_537, n]
    parts = [
        walk(optimizer, theta[a:b].copy(), gradients[:, a:b], [0.1, 0.2, 0.05])[-1]
        for a, b in pairwise(edges)
    ]
    (*_, whole) = walk(optimizer, theta, gradients, [0.1, 0.2, 0.05])
    np.testing.assert_array_equal(whole, np.concatenate(parts))


# Minimisation


@every_optimizer
def test_the_minimum_of_a_convex_quadratic_is_reached(optimizer):
    H, minimum = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.5, -0.5])
    theta = np.array([-1.0, 2.0])
    state = optimizer.start(theta)
    for t in range(1500):
        optimizer.step(theta, H @ (theta - minimum), state, 0.1 * 0.995**t)
    np.testing.assert_allclose(theta, minimum, atol=1e-4)


@every_optimizer
def test_the_rosenbrock_valley_is_followed_to_its_end(optimizer):
    theta = np.array([-1.0, 1.0])
    state = optimizer.start(theta)
    first_rate = 1e-3 if isinstance(optimizer, SGD) else 1e-2
    for t in range(8000):
        x, y = theta
        gradient = np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])
        optimizer.step(theta, gradient, state, first_rate * (1 - t / 8000))
    assert (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2 < 1e-2


@pytest.fixture(scope="module")
def lasso():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 6))
    y = X @ [3.0, -2.0, 0.0, 0.5, 0.0, 0.0] + 0.5 * rng.normal(size=40)
    coef = Lasso(alpha=0.3, fit_intercept=False, tol=1e-12).fit(X, y).coef_
    assert 0 < np.count_nonzero(coef) < 6
    return X, y, 0.3, coef


@every_optimizer
def test_proximal_steps_converge_to_the_lasso(optimizer, lasso):
    X, y, alpha, coef = lasso
    theta, strength, penalty = np.zeros(6), np.full(6, alpha), ElasticNet(1.0)
    state = optimizer.start(theta)
    for _ in range(3000):
        optimizer.step(theta, X.T @ (X @ theta - y) / len(y), state, 0.03)
        penalty.prox(theta, strength, optimizer.proximal_step(state, 0.03))
    np.testing.assert_allclose(theta, coef, atol=1e-6)
    np.testing.assert_array_equal(theta == 0, coef == 0)


@every_optimizer
def test_under_a_constant_gradient_a_step_tends_to_the_proximal_step(optimizer):
    g = np.array([0.5, -2.0, 1e-2])
    theta = np.zeros(3)
    state = optimizer.start(theta)
    for _ in range(400):
        before = theta.copy()
        optimizer.step(theta, g.copy(), state, 0.01)
    expected = -g * optimizer.proximal_step(state, 0.01)
    np.testing.assert_allclose(theta - before, expected, rtol=1e-6)


# What is refused


@pytest.mark.parametrize("momentum", [-0.1, 1.1, float("nan")])
def test_sgd_refuses_a_momentum_outside_its_interval(momentum):
    with pytest.raises(ValueError, match=r"momentum must lie in \[0, 1\]") as error:
        SGD(momentum=momentum)
    assert repr(momentum) in str(error.value)


@pytest.mark.parametrize("name", ["beta_1", "beta_2"])
@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, float("nan")])
def test_adam_refuses_a_decay_rate_outside_its_interval(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\)") as error:
        Adam(**{name: value})
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("epsilon", [0.0, -1e-8, float("nan")])
def test_adam_refuses_an_epsilon_that_is_not_positive(epsilon):
    with pytest.raises(ValueError, match="epsilon must be positive"):
        Adam(epsilon=epsilon)


@pytest.mark.parametrize("nesterov", [True, False])
def test_a_momentum_that_never_forgets_refuses_an_l1_penalty(nesterov):
    sgd = SGD(momentum=1, nesterov=nesterov)
    with pytest.raises(ValueError, match="momentum=1 never forgets") as error:
        sgd.proximal_step(sgd.start(np.zeros(2)), 0.1)
    assert "l1_ratio=0" in str(error.value)
