"""The mean and the standard deviation over networks, of outputs of any size."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet._data.moments import mean_and_std


@pytest.fixture
def arrays():
    return list(np.random.default_rng(0).normal(size=(5, 8, 2)))


def test_they_are_those_of_numpy(arrays):
    mean, std = mean_and_std(arrays)
    assert_allclose(mean, np.mean(arrays, axis=0), rtol=1e-14)
    assert_allclose(std, np.std(arrays, axis=0), rtol=1e-14)


# at 499 and 500, some outputs of some networks are computed in another unit
@pytest.mark.parametrize("power", [-400, 400, 499, 500, 700, 1020])
def test_a_unit_of_the_outputs_is_theirs(power, arrays):
    found = mean_and_std(array * 2.0**power for array in arrays)
    for value, expected in zip(found, mean_and_std(arrays), strict=True):
        assert_array_equal(value, expected * 2.0**power)


def test_outputs_of_very_different_size_do_not_disturb_each_other(arrays):
    sizes = np.array([1e-30, 1e300])
    found = mean_and_std(array * sizes for array in arrays)
    for value, expected in zip(found, mean_and_std(arrays), strict=True):
        assert_allclose(value, expected * sizes, rtol=1e-12)


def test_members_may_predict_what_has_no_square(regression):
    X, y = regression
    size = 2.0**600  # an exact unit: the same mathematics
    reg = BPNetRegressor((4,), max_iter=3, n_members=3, random_state=0)
    plain = reg.fit(X, y).predict(X, return_std=True)
    large = reg.fit(X, y * size).predict(X, return_std=True)
    for value, expected in zip(large, plain, strict=True):
        assert_allclose(value, expected * size, rtol=1e-5)
