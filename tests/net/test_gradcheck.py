import numpy as np
import pytest
from differences import directional_derivative, relative_error

from sklearn_bpnet.net.gradcheck import numerical_gradient

THETA = np.array([0.5, -1.5, 2.0])


def function(t):
    return float(np.sin(t[0]) * t[1] + t[2] ** 3)


EXACT = np.array([np.cos(0.5) * -1.5, np.sin(0.5), 12.0])


def test_numerical_gradient_is_the_gradient():
    theta = THETA.copy()
    numeric = numerical_gradient(function, theta)
    np.testing.assert_allclose(numeric, EXACT, rtol=1e-8)
    np.testing.assert_array_equal(theta, THETA)  # left as it was


def test_the_difference_is_central():
    # a one-sided difference of t^2 would be off by the step
    numeric = numerical_gradient(lambda t: float(t[0] ** 2), np.array([3.0]), step=0.5)
    assert numeric[0] == pytest.approx(6.0, rel=1e-14)


def test_directional_derivative_is_the_gradient_times_the_direction():
    direction = np.array([1.0, -2.0, 0.5])
    value = directional_derivative(function, THETA, direction)
    assert value == pytest.approx(EXACT @ direction, rel=1e-8)


@pytest.mark.parametrize("i", range(3))
def test_a_planted_error_is_found(i):
    wrong = EXACT.copy()
    wrong[i] *= 1.001
    numeric = numerical_gradient(function, THETA)
    assert relative_error(EXACT, numeric) < 1e-8
    assert relative_error(wrong, numeric) > 1e-5
    direction = np.eye(3)[i]
    along = directional_derivative(function, THETA, direction)
    assert abs(wrong @ direction - along) > 1e-4 * abs(along)


def test_relative_error_is_symmetric_scale_free_and_zero_of_zeros():
    a, b = np.array([3.0, 4.0]), np.array([3.0, 3.5])
    assert relative_error(a, b) == pytest.approx(0.1, rel=1e-14)
    assert relative_error(b, a) == relative_error(a, b)
    assert relative_error(1e-20 * a, 1e-20 * b) == pytest.approx(0.1, rel=1e-12)
    assert relative_error(0 * a, 0 * b) == 0
    assert relative_error(a, 0 * b) == 1
