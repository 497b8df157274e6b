import numpy as np
import pytest

from sklearn_bpnet.net import memory
from sklearn_bpnet.net.memory import CACHE_LINE, add_scaled, aligned, scale

BOTH_WAYS = memory._MOST_OF_BLAS  # short vectors go to BLAS
each_size = pytest.mark.parametrize("size", [0, 1, 7, BOTH_WAYS, BOTH_WAYS + 1])
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each_dtype
@pytest.mark.parametrize("shape", [(0,), (1,), (37,), (5, 3), (2, 0, 4), (2, 33, 7)])
def test_memory_begins_on_a_cache_line_and_is_zero(shape, dtype):
    kept = []  # so that every array has a place of its own
    for _ in range(10):
        kept.append(aligned(shape, dtype))
        assert kept[-1].ctypes.data % CACHE_LINE == 0 or not kept[-1].size
        assert kept[-1].flags.c_contiguous
        assert kept[-1].dtype == dtype
        np.testing.assert_array_equal(kept[-1], np.zeros(shape))


@each_dtype
@each_size
def test_arithmetic_in_place_is_that_of_the_formula(size, dtype):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, size)).astype(dtype)
    eps = np.finfo(dtype).eps
    expected = y - 0.3 * x
    whole = np.concatenate([y, y])  # a part of a longer vector, as a layer's weights
    add_scaled(whole[:size], -0.3, x.copy())
    np.testing.assert_allclose(whole[:size], expected, rtol=4 * eps, atol=4 * eps)
    np.testing.assert_array_equal(whole[size:], y)
    scale(whole[size:], 0.9)
    np.testing.assert_allclose(whole[size:], 0.9 * y, rtol=2 * eps)
    assert whole.dtype == dtype
