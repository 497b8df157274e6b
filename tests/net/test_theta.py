import numpy as np
import pytest

from sklearn_bpnet.net.theta import Theta

SHAPES = [((2, 3), (3,)), ((3, 1), (1,))]  # 6 + 3 + 3 + 1 numbers


def test_views_lie_in_theta_one_after_the_other():
    flat = np.arange(13.0)
    (W1, b1), (W2, b2) = Theta(SHAPES, flat).arrays
    np.testing.assert_array_equal(W1, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(b1, [6, 7, 8])
    np.testing.assert_array_equal(W2, [[9], [10], [11]])
    np.testing.assert_array_equal(b2, [12])


def test_views_and_theta_are_the_same_memory():
    flat = np.zeros(13)
    theta = Theta(SHAPES, flat)
    assert theta.flat is flat
    for of_block in theta.arrays:
        for view in of_block:
            assert np.shares_memory(view, flat)
            view += 1
    np.testing.assert_array_equal(flat, 1)  # and no two views overlap
    flat[:] = -1
    np.testing.assert_array_equal(theta.arrays[0][0], -np.ones((2, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_have_the_shapes_and_the_dtype(dtype):
    theta = Theta.zeros(SHAPES, dtype)
    np.testing.assert_array_equal(theta.flat, np.zeros(13))
    assert theta.flat.dtype == dtype
    assert [[v.shape for v in of_block] for of_block in theta.arrays] == [
        [(2, 3), (3,)],
        [(3, 1), (1,)],
    ]
    assert {v.dtype for of_block in theta.arrays for v in of_block} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pack_is_the_inverse_of_the_views(dtype):
    flat = np.random.default_rng(0).normal(size=13).astype(dtype)
    arrays = Theta(SHAPES, flat).arrays
    packed = Theta.pack(arrays, dtype)
    np.testing.assert_array_equal(packed.flat, flat)
    assert packed.flat.dtype == dtype
    for ours, theirs in zip(packed.arrays, arrays, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_pack_copies():
    W, b = np.ones((2, 3)), np.ones(3)
    packed = Theta.pack([(W, b)])
    packed.flat[:] = 5
    assert not np.shares_memory(packed.flat, W)
    np.testing.assert_array_equal(W, 1)
    np.testing.assert_array_equal(b, 1)


def test_pack_reads_lists_and_columns_first_arrays():
    W = np.asfortranarray([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    packed = Theta.pack(iter([(W, [6, 7, 8])]))
    np.testing.assert_array_equal(packed.flat, np.arange(9))


@pytest.mark.parametrize("size", [12, 14])
def test_a_theta_of_another_size_is_an_error_that_names_both(size):
    message = f"theta has {size} numbers; the shapes hold 13"
    with pytest.raises(ValueError, match=message):
        Theta(SHAPES, np.zeros(size))
