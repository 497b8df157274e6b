from math import sqrt

import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet.net.activations import ACTIVATIONS, ELU, LeakyReLU
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    GLOROT,
    INITIALIZERS,
    Hull,
    Initialization,
    NormalBiases,
    VarianceScaling,
)
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


def test_every_initializer_has_a_test_of_its_distribution():
    others = {"auto", "orthogonal", "zeros", "unit_variance"}
    assert set(INITIALIZERS) == others | set(VARIANCES)


@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance_are_those_of_the_paper(name):
    W, variance = draw(INITIALIZERS[name]), VARIANCES[name]
    # five deviations of the estimates, whose variance is larger for normal weights
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


def test_orthogonal_entries_have_a_symmetric_distribution():
    # without the sign correction Q's diagonal has one sign only
    first = [
        draw(INITIALIZERS["orthogonal"], 3, 3, seed=seed)[0, 0] for seed in range(400)
    ]
    assert abs(np.mean(np.array(first) > 0) - 0.5) < 5 * sqrt(0.25 / 400)


def test_zeros_are_zeros():
    np.testing.assert_array_equal(draw(INITIALIZERS["zeros"], 3, 4), np.zeros((3, 4)))


@pytest.mark.parametrize(
    "activation", sorted(set(ACTIVATIONS) - {"logistic", "sigmoid"})
)
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


@pytest.mark.parametrize("activation", ["logistic", "sigmoid"])
def test_auto_makes_up_for_the_slope_of_logistic_units(activation):
    np.testing.assert_allclose(
        draw(INITIALIZERS["auto"], activation=activation),
        4 * draw(INITIALIZERS["lecun_uniform"], activation=activation),
    )


def test_auto_of_a_logistic_output_is_glorot():
    f = ACTIVATIONS["logistic"]
    of_output = Initialization(INITIALIZERS["auto"]).of_output.weights
    W, expected = (
        initializer.draw(4, 3, f, np.random.default_rng(0))
        for initializer in (of_output, INITIALIZERS["glorot_uniform"])
    )
    np.testing.assert_array_equal(W, expected)


@pytest.mark.parametrize("activation", [LeakyReLU(0.3), ELU(2.0)], ids=repr)
def test_auto_knows_a_rectifier_with_parameters(activation):
    W, expected = (
        INITIALIZERS[name].draw(4, 3, activation, np.random.default_rng(0))
        for name in ("auto", "he_uniform")
    )
    np.testing.assert_array_equal(W, expected)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"unit_variance"}))
def test_same_seed_same_numbers_in_every_dtype(name):
    initializer = INITIALIZERS[name]
    network = Network.dense((5, 4, 2), (ACTIVATIONS["tanh"], ACTIVATIONS["identity"]))
    narrow, wide, again = (
        network.initial_theta(
            Initialization(initializer), np.random.default_rng(7), dtype
        ).flat
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
    start = network.initial_theta(
        Initialization(GLOROT), np.random.default_rng(0), np.float64
    )
    for W, b in start.arrays:
        assert W.all()
        np.testing.assert_array_equal(b, 0)


def test_the_gain_scales_the_deviation_by_its_root():
    one, four = (draw(VarianceScaling(gain, "in")) for gain in (1.0, 4.0))
    np.testing.assert_allclose(four, 2 * one, rtol=1e-12)


# Biases, and the output layer


@pytest.mark.parametrize("name", BIAS_INITIALIZERS)
def test_biases_are_one_per_unit_and_their_seed_decides(name):
    one, same = (
        BIAS_INITIALIZERS[name].draw(5, np.random.default_rng(1)) for _ in range(2)
    )
    assert one.shape == (5,)
    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("deviation", [1.0, 0.2])
def test_normal_biases_have_their_deviation(deviation):
    b = NormalBiases(deviation).draw(100_000, np.random.default_rng(0))
    # five deviations of the estimates
    assert abs(b.mean()) < 5 * deviation / sqrt(b.size)
    assert abs(b.std() / deviation - 1) < 5 / sqrt(2 * b.size)
    assert np.mean(np.abs(b) < deviation) == pytest.approx(0.6827, abs=0.01)


def test_a_deviation_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="deviation must be positive; got 0"):
        NormalBiases(0)


FUNCTIONS = (ACTIVATIONS["tanh"], ACTIVATIONS["selu"], ACTIVATIONS["identity"])


def start(biases="normal", output=None, sizes=(3, 50, 40, 30)):
    scheme = Initialization(
        GLOROT,
        BIAS_INITIALIZERS[biases],
        None if output is None else INITIALIZERS[output],
    )
    network = Network.dense(sizes, FUNCTIONS)
    return network.initial_theta(scheme, np.random.default_rng(0), np.float64)


def test_the_output_scheme_is_that_of_the_last_layer_alone():
    plain, other = start().arrays, start(output="lecun_normal").arrays
    for one, same in zip(plain[:-1], other[:-1], strict=True):
        for ours, theirs in zip(one, same, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    W, b = other[-1]
    assert W.std() == pytest.approx(sqrt(1 / 40), rel=0.1)
    assert plain[-1][0].std() == pytest.approx(sqrt(2 / 70), rel=0.1)
    assert b.std() == pytest.approx(1, rel=0.5)


def test_an_output_of_zeros_has_zero_biases_too():
    *hidden, (W, b) = start(output="zeros").arrays
    np.testing.assert_array_equal(W, 0)
    np.testing.assert_array_equal(b, 0)
    assert all(b.all() for _, b in hidden)


# Schemes that are adapted to training samples


def layer_by_layer(network, start, X):
    """Z[l] of every layer, and A[l-1] below it, by the formula of the forward pass."""
    A = X
    for layer, (W, b, *_) in zip(
        network.layers, network.of_layers(start.arrays), strict=True
    ):
        yield A, A @ W + b
        A = layer.activation.forward(A @ W + b, np.empty((len(A), len(b))))


def start_on(
    X, initializer=None, biases=None, output=None, seed=0, dtype=None, **noise
):
    network = Network.dense((X.shape[1], 30, 20, 4), FUNCTIONS_3, **noise)
    scheme = Initialization(
        initializer or GLOROT, biases or BIAS_INITIALIZERS["zeros"], output
    )
    rng = np.random.default_rng(seed)
    start = network.initial_theta(scheme, rng, dtype or np.float64, X)
    return network, start


FUNCTIONS_3 = [ACTIVATIONS[name] for name in ("relu", "tanh", "identity")]
UNIT_VARIANCE = INITIALIZERS["unit_variance"]


@pytest.fixture
def X(rng):
    """Samples of correlated features, of different scales and means."""
    return rng.normal(size=(200, 5)) @ rng.normal(size=(5, 7)) * 3 + rng.normal(size=7)


@pytest.mark.parametrize("biases", BIAS_INITIALIZERS.values(), ids=BIAS_INITIALIZERS)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_every_pre_activation_has_variance_1_over_the_samples(X, biases, as_sparse):
    given = sparse.csr_array(X) if as_sparse else X
    network, start = start_on(given, UNIT_VARIANCE, biases, dropout=(0.3, 0.3, 0.3))
    for _, Z in layer_by_layer(network, start, X):
        np.testing.assert_allclose(Z.var(axis=0), 1, rtol=1e-10)


def test_scaled_weights_are_normal_ones_in_direction(X):
    _, start = start_on(X, UNIT_VARIANCE)
    drawn = np.random.default_rng(0).normal(size=(7, 30))
    W = start.arrays[0][0]
    np.testing.assert_allclose(W, drawn / (X @ drawn).std(axis=0), rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_samples", [1, 40])
def test_a_pre_activation_that_does_not_vary_is_scaled_by_its_inputs(dtype, n_samples):
    X = np.full((n_samples, 7), 0.3, dtype=dtype)
    _, start = start_on(X, UNIT_VARIANCE, dtype=dtype)
    drawn = np.random.default_rng(0).normal(size=(7, 30)).astype(dtype)
    np.testing.assert_allclose(start.arrays[0][0], drawn / np.sqrt(7), rtol=1e-6)
    assert all(
        np.isfinite(array).all() for of_block in start.arrays for array in of_block
    )


def test_the_output_may_have_the_scheme_alone(X):
    network, start = start_on(X, output=UNIT_VARIANCE)
    variances = [Z.var(axis=0) for _, Z in layer_by_layer(network, start, X)]
    np.testing.assert_allclose(variances[-1], 1, rtol=1e-10)
    assert (np.abs(variances[0] - 1) > 0.1).all()
    np.testing.assert_array_equal(start.arrays[0][0], start_on(X)[1].arrays[0][0])


def test_a_hull_of_one_point_makes_every_unit_bend_at_a_sample(X):
    network, start = start_on(X, biases=Hull(1))
    for _, Z in layer_by_layer(network, start, X):
        assert np.abs(Z).min(axis=0).max() < 1e-12


def test_units_bend_among_the_samples(X):
    # without biases they all bend at the origin, here outside of what the samples span
    far = X + 50
    rates = {}
    for name in ("zeros", "hull"):
        network, start = start_on(far, biases=BIAS_INITIALIZERS[name])
        _, Z = next(layer_by_layer(network, start, far))
        rates[name] = ((Z.max(axis=0) > 0) & (Z.min(axis=0) < 0)).mean()
    assert rates["hull"] == 1
    assert rates["zeros"] < 0.5


def test_a_hull_is_a_mean_of_samples_with_dirichlet_shares():
    # of x uniform on [0, 1]: E b = -1/2, and sum s_k^2 has the mean 2 / (n + 1)
    Z = np.linspace(0, 1, 2001)[:, None] * np.ones(40_000)
    for n in (1, 5):
        b = Hull(n).adapt(np.zeros(40_000), Z, np.random.default_rng(0))
        assert b.mean() == pytest.approx(-0.5, abs=0.006)
        assert b.var() == pytest.approx(2 / (n + 1) / 12, rel=0.03)
        assert -1 <= b.min() <= b.max() <= 0


@pytest.mark.parametrize(
    "scheme",
    [
        Initialization(UNIT_VARIANCE),
        Initialization(GLOROT, Hull()),
        Initialization(GLOROT, output=UNIT_VARIANCE),
    ],
    ids=["weights", "biases", "output"],
)
def test_a_scheme_that_is_adapted_to_samples_needs_them(scheme):
    network = Network.dense((3, 2), [ACTIVATIONS["identity"]])
    with pytest.raises(ValueError, match="needs training samples"):
        network.initial_theta(scheme, np.random.default_rng(0), np.float64)


@pytest.mark.parametrize("n_points", [0, 1.5])
def test_a_hull_has_a_point(n_points):
    with pytest.raises(ValueError, match="n_points must be a whole number"):
        Hull(n_points)
