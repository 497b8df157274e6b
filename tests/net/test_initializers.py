from math import sqrt

import numpy as np
import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS, ELU, LeakyReLU
from sklearn_bpnet.net.initializers import GLOROT, INITIALIZERS, VarianceScaling
from sklearn_bpnet.net.network import Network

every_initializer = pytest.mark.parametrize(
    "initializer", INITIALIZERS.values(), ids=INITIALIZERS.keys()
)

N_IN, N_OUT = 500, 300
# The variance of a weight, from the papers.
VARIANCES = {
    "glorot_uniform": 2 / (N_IN + N_OUT),
    "glorot_normal": 2 / (N_IN + N_OUT),
    "he_uniform": 2 / N_IN,
    "he_normal": 2 / N_IN,
    "lecun_uniform": 1 / N_IN,
    "lecun_normal": 1 / N_IN,
}
RECTIFIERS = {"relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish"}


def draw(initializer, n_in=N_IN, n_out=N_OUT, activation="relu", seed=0):
    rng = np.random.default_rng(seed)
    return initializer.draw(n_in, n_out, ACTIVATIONS[activation], rng)


@every_initializer
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (3, 5), (5, 3), (4, 4)])
def test_a_drawn_matrix_is_n_in_by_n_out_and_finite(initializer, n_in, n_out):
    W = draw(initializer, n_in, n_out)
    assert W.shape == (n_in, n_out)
    assert np.isfinite(W).all()


def test_every_initializer_has_a_test_of_its_law():
    others = {"auto", "orthogonal", "zeros"}
    assert set(INITIALIZERS) == others | set(VARIANCES)


@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance_are_those_of_the_paper(name):
    W, variance = draw(INITIALIZERS[name]), VARIANCES[name]
    # five deviations of the estimates; a normal law has the larger fourth moment
    assert abs(W.mean()) < 5 * sqrt(variance / W.size)
    assert abs(W.var() / variance - 1) < 5 * sqrt(2 / W.size)


@pytest.mark.parametrize("name", VARIANCES)
def test_only_uniform_weights_are_bounded_by_root_three_deviations(name):
    largest = np.abs(draw(INITIALIZERS[name])).max() / sqrt(3 * VARIANCES[name])
    if name.endswith("uniform"):
        assert 0.999 < largest <= 1
    else:
        assert largest > 2


@pytest.mark.parametrize(
    ("n_in", "n_out"), [(30, 12), (12, 30), (7, 7)], ids=["tall", "wide", "square"]
)
def test_orthogonal_rows_or_columns_are_orthonormal(n_in, n_out):
    W = draw(INITIALIZERS["orthogonal"], n_in, n_out)
    gram = W.T @ W if n_in >= n_out else W @ W.T
    np.testing.assert_allclose(gram, np.eye(min(n_in, n_out)), atol=1e-13)


def test_orthogonal_matrices_are_rotations_as_often_as_reflections():
    determinants = [
        np.linalg.det(draw(INITIALIZERS["orthogonal"], 2, 2, seed=seed))
        for seed in range(400)
    ]
    share = np.mean(np.array(determinants) > 0)
    assert abs(share - 0.5) < 5 * sqrt(0.25 / 400)


def test_orthogonal_entries_have_a_symmetric_law():
    # without the sign correction Q's diagonal has one sign only
    first = [
        draw(INITIALIZERS["orthogonal"], 3, 3, seed=seed)[0, 0] for seed in range(400)
    ]
    assert abs(np.mean(np.array(first) > 0) - 0.5) < 5 * sqrt(0.25 / 400)


def test_zeros_are_zeros():
    np.testing.assert_array_equal(draw(INITIALIZERS["zeros"], 3, 4), np.zeros((3, 4)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_auto_follows_the_activation(activation):
    if activation in RECTIFIERS:
        name = "he_uniform"
    elif activation == "selu":
        name = "lecun_normal"
    else:
        name = "glorot_uniform"
    np.testing.assert_array_equal(
        draw(INITIALIZERS["auto"], activation=activation),
        draw(INITIALIZERS[name], activation=activation),
    )


@pytest.mark.parametrize("activation", [LeakyReLU(0.3), ELU(2.0)], ids=repr)
def test_auto_knows_a_rectifier_with_parameters(activation):
    W, expected = (
        INITIALIZERS[name].draw(4, 3, activation, np.random.default_rng(0))
        for name in ("auto", "he_uniform")
    )
    np.testing.assert_array_equal(W, expected)


@every_initializer
def test_same_seed_same_numbers_in_every_dtype(initializer):
    network = Network.dense((5, 4, 2), (ACTIVATIONS["tanh"], ACTIVATIONS["identity"]))
    narrow, wide, again = (
        network.initial_parameters(initializer, np.random.default_rng(7), dtype).theta
        for dtype in (np.float32, np.float64, np.float64)
    )
    assert narrow.dtype == np.float32
    assert wide.dtype == np.float64
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))
    np.testing.assert_array_equal(wide, again)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros"}))
def test_another_seed_gives_other_numbers(name):
    initializer = INITIALIZERS[name]
    one, other = (draw(initializer, 5, 4, seed=seed) for seed in (1, 2))
    assert not np.any(one == other)


@every_initializer
def test_drawing_leaves_the_global_random_state_alone(initializer):
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (the state in question)
    draw(initializer, 5, 4)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_biases_start_at_zero():
    network = Network.dense((3, 4, 2), (ACTIVATIONS["tanh"], ACTIVATIONS["identity"]))
    start = network.initial_parameters(GLOROT, np.random.default_rng(0), np.float64)
    for W, b in start.blocks:
        assert W.all()
        np.testing.assert_array_equal(b, 0)


def test_the_gain_scales_the_deviation_by_its_root():
    one, four = (draw(VarianceScaling(gain, "in")) for gain in (1.0, 4.0))
    np.testing.assert_allclose(four, 2 * one, rtol=1e-12)
