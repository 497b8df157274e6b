import numpy as np
import pytest

from sklearn_bpnet.net.targets import one_hot


def test_one_neuron_a_class():
    Y = one_hot(np.array([2, 0, 1, 2]), 4)
    expected = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    np.testing.assert_array_equal(Y, expected)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([0, 1, 1], [[0], [1], [1]]), ([0, 0], [[0], [0]])],
    ids=["two classes", "one class"],
)
def test_a_single_neuron_stands_for_the_second_class(codes, expected):
    np.testing.assert_array_equal(one_hot(np.array(codes), 1), expected)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_targets_take_a_byte_each(n_outputs):
    Y = one_hot(np.array([0, 1, 0, 1]), n_outputs)
    assert Y.nbytes == 4 * n_outputs
    assert Y.dtype == np.uint8
