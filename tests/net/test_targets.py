import numpy as np
import pytest

from sklearn_bpnet.net.targets import TARGET_ENCODINGS, BinaryCode, OneHot, Ordinal

every_encoding = pytest.mark.parametrize(
    "encoding", TARGET_ENCODINGS.values(), ids=TARGET_ENCODINGS.keys()
)
every_n_classes = pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 10, 17])


def test_one_neuron_a_class():
    Y = OneHot().encode(np.array([2, 0, 1, 2]), 4)
    expected = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    np.testing.assert_array_equal(Y, expected)


@every_encoding
def test_a_single_neuron_stands_for_the_second_of_two_classes(encoding):
    np.testing.assert_array_equal(
        encoding.encode(np.array([0, 1, 1]), 2), [[0], [1], [1]]
    )


@every_encoding
def test_a_single_class_has_a_neuron_that_is_zero(encoding):
    np.testing.assert_array_equal(encoding.encode(np.array([0, 0]), 1), [[0], [0]])


def test_two_classes_have_two_neurons_below_a_softmax():
    Y = OneHot(two_neurons=True).encode(np.array([0, 1]), 2)
    np.testing.assert_array_equal(Y, [[1, 0], [0, 1]])


@pytest.mark.parametrize("encoding", [OneHot(), BinaryCode()], ids=str)
def test_yes_and_no_take_a_byte_each(encoding):
    assert encoding.encode(np.array([0, 1, 2, 3]), 4).dtype == np.uint8


def test_a_binary_code_is_the_number_in_binary_lowest_bit_first():
    np.testing.assert_array_equal(
        BinaryCode().table(5), [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]]
    )


@pytest.mark.parametrize(
    ("n_classes", "n_bits"), [(2, 1), (3, 2), (4, 2), (5, 3), (10, 4), (17, 5)]
)
def test_a_binary_code_has_ceil_log2_bits(n_classes, n_bits):
    assert BinaryCode().table(n_classes).shape == (n_classes, n_bits)


def test_an_ordinal_code_is_the_number_over_the_last():
    np.testing.assert_allclose(Ordinal().table(5)[:, 0], [0, 0.25, 0.5, 0.75, 1])


@every_encoding
@every_n_classes
def test_a_code_is_decoded_to_its_class(encoding, n_classes):
    classes = np.arange(n_classes)
    Y = encoding.encode(classes, n_classes)
    np.testing.assert_array_equal(encoding.decode(Y, n_classes), classes)


@every_encoding
@every_n_classes
def test_probabilities_sum_to_one_and_are_highest_at_the_code(encoding, n_classes):
    classes = np.arange(n_classes)
    Y = encoding.encode(classes, n_classes).astype(float)
    P = encoding.probabilities(np.clip(Y, 1e-6, 1), n_classes)
    np.testing.assert_array_equal(P.argmax(axis=1), classes)
    rng = np.random.default_rng(0)
    P = encoding.probabilities(
        rng.uniform(0.01, 0.99, size=(20, Y.shape[1])), n_classes
    )
    assert P.shape == (20, n_classes)
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)


def test_bits_are_independent_events():
    a, b = 0.7, 0.2
    P = BinaryCode().probabilities(np.array([[a, b]]), 3)  # 0 = 00, 1 = 10, 2 = 01
    expected = np.array([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b])
    np.testing.assert_allclose(P[0], expected / expected.sum(), rtol=1e-12)


def test_an_ordinal_output_is_divided_between_its_neighbours():
    P = Ordinal().probabilities(np.array([[0.3], [1.7], [-1.0]]), 5)  # 1.2 of 4
    np.testing.assert_allclose(
        P, [[0, 0.8, 0.2, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0]], atol=1e-12
    )


def test_agreement_counts_the_bits_of_a_code():
    S = np.array([[2.0, -1.0]])  # yes, no: class 1 = 10
    np.testing.assert_array_equal(BinaryCode().agreement(S, 4), [[-1, 3, -3, 1]])
