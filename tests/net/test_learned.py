import pickle

import numpy as np
import pytest
from differences import relative_error

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    SELU,
    Identity,
    LeakyReLU,
    Mish,
    Mixed,
    PReLU,
)
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.initializers import INITIALIZERS, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk

N_SAMPLES, N_UNITS = 6, 3
LEARNED = [PReLU(), PReLU(0.1), Mixed(SELU()), Mixed(Mish(), 0.3)]
each_one = pytest.mark.parametrize("f", LEARNED, ids=str)


def away_from_zero(rng, shape=(N_SAMPLES, N_UNITS)):
    return rng.uniform(0.1, 2, size=shape) * rng.choice([-1, 1], size=shape)


def test_prelu_of_worked_numbers():
    Z = np.array([[-2.0, -2.0, 3.0], [0.0, 1.0, -1.0]])
    f = PReLU().at(np.array([0.5, -1.0, 0.25]))
    A = f.forward(Z, np.empty_like(Z))
    np.testing.assert_array_equal(A, [[-1, 2, 3], [0, 1, -0.25]])
    np.testing.assert_array_equal(
        f.derivative(Z, A, np.empty_like(Z)), [[0.5, -1, 1], [0.5, 1, 0.25]]
    )
    # dJ/dw = sum of g z over the samples with z < 0: He et al., eq. 10 and 11
    G = np.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]])
    np.testing.assert_array_equal(
        PReLU().weight_gradient(np.zeros(3), Z, G), [-2, -20, -200]
    )


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_prelu_of_one_slope_is_leaky_relu(slope, rng):
    Z = away_from_zero(rng)
    f, leaky = PReLU().at(np.full(N_UNITS, slope)), LeakyReLU(slope)
    A = f.forward(Z, np.empty_like(Z))
    np.testing.assert_array_equal(A, leaky.forward(Z, np.empty_like(Z)))
    np.testing.assert_array_equal(
        f.derivative(Z, A, np.empty_like(Z)), leaky.derivative(Z, A, np.empty_like(Z))
    )


def test_a_mix_runs_from_the_identity_to_its_function(rng):
    Z = rng.normal(size=(N_SAMPLES, N_UNITS))
    bent = Mish().forward(Z, np.empty_like(Z))
    for w, expected in ((0.0, Z), (1.0, bent), (0.25, 0.75 * Z + 0.25 * bent)):
        f = Mixed(Mish()).at(np.full(N_UNITS, w))
        np.testing.assert_allclose(f.forward(Z, np.empty_like(Z)), expected, rtol=1e-14)


@each_one
def test_both_derivatives_equal_central_differences(f, rng):
    Z, G = away_from_zero(rng), rng.normal(size=(N_SAMPLES, N_UNITS))
    w = rng.normal(size=N_UNITS)

    def J(Z, w):
        return float((f.at(w).forward(Z, np.empty_like(Z)) * G).sum())

    A = f.at(w).forward(Z, np.empty_like(Z))
    D = f.at(w).vjp(Z, A, G, np.empty_like(Z))
    by_Z = numerical_gradient(lambda z: J(z.reshape(Z.shape), w), Z.ravel())
    assert relative_error(D.ravel(), by_Z) < 1e-7
    by_w = numerical_gradient(lambda v: J(Z, v), w)
    assert relative_error(f.weight_gradient(w, Z, G), by_w) < 1e-7


@each_one
def test_alone_it_is_the_function_of_its_first_weights(f, rng):
    Z, G = away_from_zero(rng), rng.normal(size=(N_SAMPLES, N_UNITS))
    at_start = f.at(np.full(N_UNITS, f.initial))
    A = f.forward(Z, np.empty_like(Z))
    np.testing.assert_array_equal(A, at_start.forward(Z, np.empty_like(Z)))
    for method, arguments in (("derivative", (Z, A)), ("vjp", (Z, A, G))):
        one, other = (
            getattr(g, method)(*arguments, np.empty_like(Z)) for g in (f, at_start)
        )
        np.testing.assert_array_equal(one, other)


@each_one
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_argument_is_changed_and_the_dtype_stays(f, dtype, rng):
    Z, G = (a.astype(dtype) for a in (away_from_zero(rng), away_from_zero(rng)))
    w = rng.normal(size=N_UNITS).astype(dtype)
    for a in (Z, G, w):
        a.flags.writeable = False
    A = f.at(w).forward(Z, np.empty_like(Z))
    D = f.at(w).vjp(Z, A, G, np.empty_like(Z))
    assert A.dtype == D.dtype == f.weight_gradient(w, Z, G).dtype == dtype
    with np.errstate(over="ignore"):
        huge = np.full((1, N_UNITS), -1e3, dtype=dtype)
        assert np.isfinite(f.at(w).forward(huge, np.empty_like(huge))).all()


@each_one
def test_it_survives_pickling(f):
    assert pickle.loads(pickle.dumps(f)) == f


# In a network


def network_of(f, n_hidden=2):
    return Network.dense(
        (2, *[N_UNITS] * n_hidden, 1), [*[f] * n_hidden, ACTIVATIONS["identity"]]
    )


@each_one
def test_a_layer_holds_one_weight_per_unit_behind_W_and_b(f, rng):
    network = network_of(f)
    assert network.shapes[:2] == [((2, 3), (3,), (3,)), ((3, 3), (3,), (3,))]
    assert network.shapes[2] == ((3, 1), (1,))
    start = network.initial_theta(Initialization(INITIALIZERS["auto"]), rng, np.float64)
    for _, b, w in start.arrays[:2]:
        np.testing.assert_array_equal(w, f.initial)
        np.testing.assert_array_equal(b, 0)


@each_one
def test_gradient_of_a_network_equals_central_differences(f, rng):
    network = network_of(f)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], 0.1)
    X, Y = rng.normal(size=(N_SAMPLES, 2)), rng.normal(size=(N_SAMPLES, 1))
    theta = rng.normal(size=network.n_parameters)
    s = rng.uniform(1, 2, size=N_SAMPLES)
    _, gradient = risk.value_and_gradient(theta, X, Y, s)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y, s), theta)
    assert relative_error(gradient, numeric) < 1e-6


@each_one
def test_its_weights_are_not_penalised(f):
    network = network_of(f)
    strength = EmpiricalRisk(network, LOSSES["squared_error"], 0.7).strength(
        np.zeros(network.n_parameters)
    )
    for W, *others in network.arrays(strength):
        assert (W == 0.7).all()
        assert all((a == 0).all() for a in others)


def test_an_output_learns_no_activation():
    network = Network.dense((2, 1), [PReLU()])
    with pytest.raises(ValueError, match="only hidden layers may"):
        EmpiricalRisk(network, LOSSES["squared_error"])


def test_a_mix_with_the_identity_has_nothing_to_learn(rng):
    Z, G = away_from_zero(rng), away_from_zero(rng)
    w = rng.normal(size=N_UNITS)
    np.testing.assert_array_equal(Mixed(Identity()).weight_gradient(w, Z, G), 0)
