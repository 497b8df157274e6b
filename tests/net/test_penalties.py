import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from sklearn_bpnet.net.gradcheck import numerical_gradient, relative_error
from sklearn_bpnet.net.penalties import ElasticNet

every_ratio = pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])

THETA = np.array([1.5, -2.0, 0.5, -0.25, 3.0])
STRENGTH = np.array([0.1, 0.2, 0.4, 0.0, 0.0])  # the last two are biases


def l2_gradient(penalty, theta, strength):
    gradient = np.zeros_like(theta)
    scratch = np.full_like(theta, np.nan)
    penalty.add_l2_gradient(theta, strength, gradient, scratch)
    return gradient


def l1_subgradient(penalty, theta, strength):
    gradient = np.zeros_like(theta)
    penalty.add_l1_subgradient(theta, strength, gradient)
    return gradient


def test_value_is_that_of_the_formula():
    # 0.1 * (0.3 * 1.5 + 0.35 * 2.25) + 0.2 * (0.3 * 2 + 0.35 * 4)
    # + 0.4 * (0.3 * 0.5 + 0.35 * 0.25)
    expected = 0.1 * (0.45 + 0.7875) + 0.2 * (0.6 + 1.4) + 0.4 * (0.15 + 0.0875)
    assert ElasticNet(0.3).value(THETA, STRENGTH) == pytest.approx(expected, rel=1e-14)


@every_ratio
def test_value_is_the_sum_of_its_l1_and_l2_parts(l1_ratio):
    penalty = ElasticNet(l1_ratio)
    l1, l2 = penalty.l1_value(THETA, STRENGTH), penalty.l2_value(THETA, STRENGTH)
    assert l1 == pytest.approx(l1_ratio * (0.15 + 0.4 + 0.2), abs=1e-15)
    assert l2 == pytest.approx((1 - l1_ratio) / 2 * (0.225 + 0.8 + 0.1), abs=1e-15)
    assert penalty.value(THETA, STRENGTH) == l1 + l2


@every_ratio
def test_gradients_equal_central_differences_off_zero(l1_ratio):
    penalty = ElasticNet(l1_ratio)
    for analytic, part in (
        (l2_gradient(penalty, THETA, STRENGTH), penalty.l2_value),
        (l1_subgradient(penalty, THETA, STRENGTH), penalty.l1_value),
    ):
        numeric = numerical_gradient(lambda t, part=part: part(t, STRENGTH), THETA)
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9)
        assert relative_error(analytic, numeric) < 1e-6


def test_the_gradient_is_added_to_what_is_there():
    gradient = np.full(5, 10.0)
    ElasticNet(0.5).add_l2_gradient(THETA, STRENGTH, gradient, np.empty(5))
    np.testing.assert_allclose(gradient, 10 + 0.5 * STRENGTH * THETA, rtol=1e-14)
    ElasticNet(1.0).add_l1_subgradient(THETA, STRENGTH, gradient)
    expected = 10 + 0.5 * STRENGTH * THETA + STRENGTH * np.sign(THETA)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_the_subgradient_at_zero_is_zero():
    theta = np.array([0.0, -0.0])
    np.testing.assert_array_equal(l1_subgradient(ElasticNet(1.0), theta, theta + 1), 0)


@every_ratio
@pytest.mark.parametrize(
    "step", [0.7, np.array([0.1, 0.5, 1.0, 2.0, 4.0])], ids=["number", "per parameter"]
)
def test_prox_minimises_distance_plus_l1(l1_ratio, step):
    # argmin over x of (x - t)^2 / (2 step) + strength * l1_ratio * |x|
    result = THETA.copy()
    ElasticNet(l1_ratio).prox(result, STRENGTH, step)
    steps = np.broadcast_to(step, THETA.shape)
    for t, strength, h, x in zip(THETA, STRENGTH, steps, result, strict=True):

        def objective(x, t=t, strength=strength, h=h):
            return (x - t) ** 2 / (2 * h) + strength * l1_ratio * abs(x)

        best = minimize_scalar(objective, bounds=(-5, 5), options={"xatol": 1e-9})
        assert x == pytest.approx(best.x, abs=1e-6)
        assert objective(x) <= best.fun + 1e-15


def test_prox_makes_exact_zeros_and_no_sign_changes():
    theta = np.array([0.3, -0.3, 0.1, -0.1, 0.2, -0.2])
    ElasticNet(1.0).prox(theta, np.ones(6), 0.2)
    np.testing.assert_array_equal(theta[2:], 0)
    np.testing.assert_allclose(theta[:2], [0.1, -0.1], rtol=1e-14)


@every_ratio
def test_parameters_of_strength_zero_are_untouched(l1_ratio):
    penalty, theta = ElasticNet(l1_ratio), THETA.copy()
    penalty.prox(theta, STRENGTH, 10.0)
    np.testing.assert_array_equal(theta[3:], THETA[3:])
    np.testing.assert_array_equal(l2_gradient(penalty, THETA, STRENGTH)[3:], 0)
    np.testing.assert_array_equal(l1_subgradient(penalty, THETA, STRENGTH)[3:], 0)
    changed = THETA + np.array([0, 0, 0, 7, -7])
    assert penalty.value(changed, STRENGTH) == penalty.value(THETA, STRENGTH)


def test_prox_of_ridge_changes_nothing():
    theta = THETA.copy()
    ElasticNet(0.0).prox(theta, STRENGTH, 10.0)
    np.testing.assert_array_equal(theta, THETA)


def test_float32_stays_float32():
    theta, strength = THETA.astype(np.float32), STRENGTH.astype(np.float32)
    penalty = ElasticNet(0.5)
    penalty.prox(theta, strength, 0.1)
    assert theta.dtype == np.float32
    assert l2_gradient(penalty, theta, strength).dtype == np.float32
    assert l1_subgradient(penalty, theta, strength).dtype == np.float32
