import numpy as np
import pytest
from differences import relative_error
from scipy import sparse

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.input_scale import InputScale
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.initializers import INITIALIZERS, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.sparse_rows import CentredRows

N_SAMPLES, N_FEATURES = 5, 3
FUNCTIONS = (ACTIVATIONS["tanh"], ACTIVATIONS["identity"])


def network(input_scale=True, **noise):
    inputs = (InputScale(N_FEATURES),) if input_scale else ()
    return Network.dense((N_FEATURES, 4, 2), FUNCTIONS, inputs=inputs, **noise)


def test_forward_and_backward_by_hand(read_only):
    X = read_only([[1, 2, 3], [-1, 0, 2]])
    s = read_only([2, -1, 0.5])
    block = InputScale(3)
    ws = block.workspace(2, np.float64)
    np.testing.assert_array_equal(block.forward([s], X, ws), [[2, -2, 1.5], [-2, 0, 1]])
    ws.G[:] = [[1, 10, 100], [2, 20, 200]]
    ds, G = np.full(3, np.nan), np.full((2, 3), np.nan)
    block.backward([s], X, ws, [ds], G)
    np.testing.assert_array_equal(ds, [1 - 2, 20 + 0, 300 + 400])
    np.testing.assert_array_equal(G, [[2, -10, 50], [4, -20, 100]])


def operands(rng):
    """Mostly zero samples, in every form that a first block may see."""
    X = rng.normal(size=(N_SAMPLES, N_FEATURES)) * (
        rng.random((N_SAMPLES, N_FEATURES)) < 0.6
    )
    m = rng.normal(size=N_FEATURES)
    return {
        "array": (X, X),
        "csr_array": (sparse.csr_array(X), X),
        "csr_matrix": (sparse.csr_matrix(X), X),
        "centred": (CentredRows(sparse.csr_array(X), m), X - m),
    }


@pytest.mark.parametrize("form", ["array", "csr_array", "csr_matrix", "centred"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_form_of_X_has_the_same_value_and_gradient(form, dtype, rng):
    given, dense = operands(rng)[form]
    if dtype == np.float32:
        if form == "centred":
            given = CentredRows(given.S.astype(dtype), given.m.astype(dtype))
        else:
            given = given.astype(dtype)
    risk = EmpiricalRisk(network(), LOSSES["squared_error"])
    theta = rng.normal(size=risk.network.n_parameters).astype(dtype)
    Y = rng.normal(size=(N_SAMPLES, 2)).astype(dtype)
    value, gradient = risk.value_and_gradient(theta, given, Y)
    wide = theta.astype(np.float64)
    expected, expected_gradient = risk.value_and_gradient(wide, dense, Y)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert value == pytest.approx(expected, rel=tolerance)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, expected_gradient, rtol=0, atol=50 * tolerance)


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_gradient_equals_central_differences(hidden, rng):
    functions = (*[ACTIVATIONS["selu"]] * len(hidden), ACTIVATIONS["identity"])
    sizes = (N_FEATURES, *hidden, 2)
    net = Network.dense(sizes, functions, inputs=[InputScale(N_FEATURES)])
    risk = EmpiricalRisk(net, LOSSES["squared_error"], alpha=0.1)
    X, Y = rng.normal(size=(N_SAMPLES, N_FEATURES)), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.uniform(-0.8, 0.8, size=net.n_parameters)
    gradient = risk.value_and_gradient(theta, X, Y)[1]
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    assert relative_error(gradient, numeric) < 1e-7
    of_scale = slice(N_FEATURES)  # it comes first in theta
    assert relative_error(gradient[of_scale], numeric[of_scale]) < 1e-7


def test_gradient_through_drawn_noise_of_the_inputs(rng):
    net = network(dropout=(0.3, 0.5), input_noise=0.5)
    risk = EmpiricalRisk(net, LOSSES["squared_error"])
    X, Y = rng.normal(size=(N_SAMPLES, N_FEATURES)), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.uniform(-0.8, 0.8, size=net.n_parameters)
    ws = net.workspace(N_SAMPLES, np.float64)
    net.draw(ws, rng)
    gradient = Theta.zeros(net.shapes)

    def J(t, into=gradient):
        arrays = net.arrays(t)
        return risk.add_up(arrays, X, Y, None, N_SAMPLES, into.arrays, ws) / N_SAMPLES

    J(theta)
    exact = gradient.flat.copy()
    assert relative_error(exact, numerical_gradient(J, theta)) < 1e-6


def test_it_is_the_layer_above_with_scaled_weights(rng):
    scaled, plain = (
        EmpiricalRisk(network(on), LOSSES["squared_error"]) for on in (True, False)
    )
    X, Y = rng.normal(size=(N_SAMPLES, N_FEATURES)), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.normal(size=scaled.network.n_parameters)
    s, rest = theta[:N_FEATURES], theta[N_FEATURES:].copy()
    plain.network.arrays(rest)[0][0][...] *= s[:, None]
    assert scaled.value(theta, X, Y) == pytest.approx(
        plain.value(rest, X, Y), rel=1e-13
    )


def test_it_starts_at_one_and_the_draws_stay_the_same():
    with_scale, without = (
        network(on).initial_theta(
            Initialization(INITIALIZERS["auto"]), np.random.default_rng(3), np.float64
        )
        for on in (True, False)
    )
    np.testing.assert_array_equal(with_scale.flat[:N_FEATURES], 1)
    np.testing.assert_array_equal(with_scale.flat[N_FEATURES:], without.flat)


def test_it_is_not_penalised():
    risk = EmpiricalRisk(network(), LOSSES["squared_error"], alpha=0.5)
    np.testing.assert_array_equal(risk.strength(np.zeros(25))[:N_FEATURES], 0)
    np.testing.assert_array_equal(risk.network.is_weight()[:N_FEATURES], 0)


def test_noise_comes_below_it_and_prediction_needs_no_gradient_memory():
    net = network(dropout=(0.3, 0.5), input_noise=0.5)
    names = [type(block).__name__ for block in net.blocks]
    assert names == [
        "GaussianNoise", "Dropout", "InputScale", "Dense", "Dropout", "Dense",
    ]  # fmt: skip
    assert InputScale(3).workspace(7, np.float32, backward=False).G.size == 0
    short = InputScale(3).workspace(7, np.float32).part(slice(2))
    assert short.A.shape == short.G.shape == (2, 3)
