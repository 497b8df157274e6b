"""What the tests of the mathematics share."""

import numpy as np
import pytest

from sklearn_bpnet.net.gradcheck import numerical_gradient


def _read_only(array, dtype=np.float64):
    array = np.array(array, dtype=dtype)
    array.flags.writeable = False
    return array


def _gradient_of_sum(function, array):
    def total(flat):
        return float(np.sum(function(flat.reshape(array.shape))))

    return numerical_gradient(total, array.ravel()).reshape(array.shape)


@pytest.fixture
def read_only():
    """A float array that a function of net/ cannot write to."""
    return _read_only


@pytest.fixture
def gradient_of_sum():
    """Central differences of sum(function(array)) with respect to every entry."""
    return _gradient_of_sum
