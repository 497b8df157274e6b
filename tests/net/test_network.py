from math import exp, tanh

import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta

# A network of 2 inputs, 2 hidden units and 1 output, in plain Python.
X = [[1.0, -2.0], [0.5, 3.0], [0.0, 0.0]]
W1, B1 = [[0.1, -0.4], [0.3, 0.2]], [0.05, -0.1]
W2, B2 = [[0.7], [-1.2]], [0.25]

SPARSE = [sparse.csr_matrix, sparse.csr_array, sparse.csc_array]


def build(units, *names):
    return Network.dense(units, [ACTIVATIONS[name] for name in names])


def outputs(network, theta, X):
    arrays = network.arrays(theta)
    return network.forward(arrays, X, network.workspace(X.shape[0], theta.dtype))


def random_network(names=("tanh", "sigmoid", "softplus"), seed=0):
    network = build((2, 4, 3, 2), *names)
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=network.n_parameters)
    return network, theta, rng.normal(size=(5, 2)), rng.normal(size=(5, 2))


def backpropagate(network, theta, X, D):
    """The gradient for a given D[L], and the workspace that it was computed in."""
    arrays = network.arrays(theta)
    gradient = Theta.zeros(network.shapes, theta.dtype)
    ws = network.workspace(X.shape[0], theta.dtype)
    network.forward(arrays, X, ws)
    ws[-1].D[:] = D
    network.backward(arrays, X, ws, gradient.arrays)
    return gradient, ws


def test_forward_of_a_worked_example():
    network = build((2, 2, 1), "tanh", "sigmoid")
    expected = []
    for x in X:
        a1 = [tanh(sum(x[k] * W1[k][j] for k in range(2)) + B1[j]) for j in range(2)]
        z2 = sum(a1[j] * W2[j][0] for j in range(2)) + B2[0]
        expected.append([1 / (1 + exp(-z2))])
    theta = Theta.pack([(W1, B1), (W2, B2)]).flat
    A = outputs(network, theta, np.array(X))
    np.testing.assert_allclose(A, expected, rtol=1e-14)


def test_one_neuron_makes_nand():
    # the lecture's perceptron: weights -2, bias 3
    network = build((2, 1), "heaviside")
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    A = outputs(network, np.array([-2.0, -2.0, 3.0]), inputs)
    np.testing.assert_array_equal(A.ravel(), [1, 1, 1, 0])


def test_a_hidden_layer_makes_xor():
    # the lecture's features: max(0, x1 + x2) and max(0, x1 + x2 - 1)
    network = build((2, 2, 1), "relu", "identity")
    theta = Theta.pack([([[1, 1], [1, 1]], [0, -1]), ([[1], [-2]], [0])]).flat
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(outputs(network, theta, inputs).ravel(), [0, 1, 1, 0])


def test_forward_Z_stops_before_the_last_activation():
    network, theta, X, _ = random_network()
    arrays = network.arrays(theta)
    Z = network.forward_Z(arrays, X, network.workspace(5, np.float64)).copy()
    A = outputs(network, theta, X)
    np.testing.assert_array_equal(A, ACTIVATIONS["softplus"].forward(Z, out=Z))


def test_backward_is_the_four_equations():
    network, theta, X, D3 = random_network()
    (W1, b1), (W2, b2), (W3, _) = network.arrays(theta)
    A1 = np.tanh(X @ W1 + b1)
    A2 = 1 / (1 + np.exp(-(A1 @ W2 + b2)))
    D2 = (D3 @ W3.T) * A2 * (1 - A2)  # BP2
    D1 = (D2 @ W2.T) * (1 - A1**2)  # BP2
    expected = Theta.pack(
        [(below.T @ D, D.sum(axis=0)) for below, D in ((X, D1), (A1, D2), (A2, D3))]
    )  # BP4, BP3
    gradient, ws = backpropagate(network, theta, X, D3)
    np.testing.assert_allclose(ws[1].D, D2, rtol=1e-12)
    np.testing.assert_allclose(ws[0].D, D1, rtol=1e-12)
    np.testing.assert_allclose(gradient.flat, expected.flat, rtol=1e-12)


def test_the_output_delta_is_the_activations_vjp():
    # BP1: delta = dJ/dA * f'(Z) at the output
    network, theta, X, G = random_network()
    ws = network.workspace(5, np.float64)
    network.forward(network.arrays(theta), X, ws)
    ws[-1].G[:] = G
    D = network.output.delta(network.arrays(theta)[-1], ws[-1])
    np.testing.assert_allclose(D, G / (1 + np.exp(-ws[-1].Z)), rtol=1e-12)


@pytest.mark.parametrize("form", SPARSE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n_layers", [1, 3])
def test_a_sparse_first_operand_equals_a_dense_one(form, n_layers):
    names = ("tanh", "relu", "identity")[-n_layers:]
    units = (*(6, 4, 3, 2)[:n_layers], 2)
    network = build(units, *names)
    rng = np.random.default_rng(3)
    theta = rng.normal(size=network.n_parameters)
    dense = rng.normal(size=(5, 6)) * (rng.uniform(size=(5, 6)) < 0.4)
    D = rng.normal(size=(5, 2))
    assert 0 < np.count_nonzero(dense) < 30
    np.testing.assert_allclose(
        outputs(network, theta, form(dense)), outputs(network, theta, dense), rtol=1e-12
    )
    ours, _ = backpropagate(network, theta, form(dense), D)
    theirs, _ = backpropagate(network, theta, dense, D)
    np.testing.assert_allclose(ours.flat, theirs.flat, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
def test_nothing_is_written_to_X_theta_or_Y(hidden, read_only):
    network, theta, X, D = random_network((hidden, hidden, "identity"))
    backpropagate(network, read_only(theta), read_only(X), read_only(D))


@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pass_stays_in_the_dtype_of_theta(hidden, dtype):
    network, theta, X, D = random_network((hidden, hidden, "identity"))
    gradient, ws = backpropagate(network, theta.astype(dtype), X.astype(dtype), D)
    assert gradient.flat.dtype == dtype
    for layer in ws:
        assert {a.dtype for a in (layer.Z, layer.A, layer.G, layer.D)} == {
            np.dtype(dtype)
        }


@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
def test_only_a_layer_that_reads_Z_again_or_the_output_keeps_it(hidden):
    network = build((2, 3, 1), hidden, "identity")
    below, top = network.workspace(4, np.float64)
    assert np.shares_memory(below.Z, below.A) == (not ACTIVATIONS[hidden].reads_Z)
    assert not np.shares_memory(top.Z, top.A)


def test_a_shorter_batch_uses_the_same_memory():
    network, theta, X, _ = random_network(("tanh", "gelu", "identity"))
    whole = network.workspace(5, np.float64)
    for layer in whole:
        part = layer.part(slice(2))
        for name in ("Z", "A", "G", "D"):
            assert getattr(part, name).shape == (2, layer.Z.shape[1])
            assert np.shares_memory(getattr(part, name), getattr(layer, name))
        assert (part.A is part.Z) == (layer.A is layer.Z)
    arrays = network.arrays(theta)
    parts = [layer.part(slice(2)) for layer in whole]
    A = network.forward(arrays, X[:2], parts)
    np.testing.assert_array_equal(A, outputs(network, theta, X[:2]))


def test_a_workspace_used_before_gives_the_same_numbers():
    network, theta, X, D = random_network()
    arrays = network.arrays(theta)
    ws = network.workspace(5, np.float64)
    thetas = []
    for _ in range(2):
        gradient = Theta.zeros(network.shapes)
        network.forward(arrays, X, ws)
        ws[-1].D[:] = D
        network.backward(arrays, X, ws, gradient.arrays)
        thetas.append(gradient.flat)
    np.testing.assert_array_equal(*thetas)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_is_weight_is_one_for_weights_and_zero_for_biases(dtype):
    mask = build((2, 3, 1), "tanh", "identity").is_weight(dtype)
    assert mask.dtype == dtype
    np.testing.assert_array_equal(mask, [1] * 6 + [0] * 3 + [1] * 3 + [0])


def test_shapes_follow_the_units():
    network = build((2, 3, 1), "tanh", "exp")
    assert network.shapes == [((2, 3), (3,)), ((3, 1), (1,))]
    assert network.output_activation == ACTIVATIONS["exp"]


@pytest.mark.parametrize("n_names", [1, 3])
def test_every_layer_needs_one_activation(n_names):
    with pytest.raises(ValueError, match="argument"):
        build((2, 3, 1), *["tanh"] * n_names)


def test_the_initial_theta_fills_every_weight():
    network = build((2, 3, 1), "tanh", "identity")
    rng = np.random.default_rng(0)
    theta = network.initial_theta(Initialization(GLOROT), rng, np.float64).flat
    np.testing.assert_array_equal(theta != 0, network.is_weight() == 1)
