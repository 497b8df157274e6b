"""C.2: the four equations, for one example in column vectors and for a batch."""

from math import exp

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_bpnet.net.activations import Sigmoid, Softmax, Tanh
from sklearn_bpnet.net.losses import LogLoss, SquaredError
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta

# The lecture's weights: row j, column k is the connection from unit k to unit j.
W1 = np.array([[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]])
B1 = np.array([0.01, -0.02, 0.03])
W2 = np.array([[0.7, -0.8, 0.9], [-1.0, 1.1, 1.2]])
B2 = np.array([0.04, -0.05])
X = np.array([[1.0, 2.0]])
Y = np.array([[1.0, 0.0]])


def sigma(z):
    return 1 / (1 + exp(-z))


def theta_of(*blocks):
    """Our theta, whose W[l] is the transpose of the lecture's."""
    return Theta.pack([(W.T, b) for W, b in blocks]).flat


def test_a_network_of_2_3_2_units_worked_by_hand():
    # forward, unit by unit
    z1 = [
        0.1 * 1 + 0.2 * 2 + 0.01,  # 0.51
        -0.3 * 1 + 0.4 * 2 - 0.02,  # 0.48
        0.5 * 1 - 0.6 * 2 + 0.03,  # -0.67
    ]
    a1 = [sigma(z) for z in z1]
    z2 = [
        0.7 * a1[0] - 0.8 * a1[1] + 0.9 * a1[2] + 0.04,
        -1.0 * a1[0] + 1.1 * a1[1] + 1.2 * a1[2] - 0.05,
    ]
    a2 = [sigma(z) for z in z2]
    # equation 1: dL/da = a - y, sigma' = a (1 - a)
    d2 = [(a2[0] - 1) * a2[0] * (1 - a2[0]), (a2[1] - 0) * a2[1] * (1 - a2[1])]
    # equation 2, over the columns of W2
    d1 = [
        (0.7 * d2[0] - 1.0 * d2[1]) * a1[0] * (1 - a1[0]),
        (-0.8 * d2[0] + 1.1 * d2[1]) * a1[1] * (1 - a1[1]),
        (0.9 * d2[0] + 1.2 * d2[1]) * a1[2] * (1 - a1[2]),
    ]

    network = Network.dense([2, 3, 2], [Sigmoid(), Sigmoid()])
    risk = EmpiricalRisk(network, SquaredError())
    value, layers, gradient = risk.backpropagate(theta_of((W1, B1), (W2, B2)), X, Y)
    for layer, z, a, d in zip(layers, (z1, z2), (a1, a2), (d1, d2), strict=True):
        assert_allclose(layer.Z.T[:, 0], z, rtol=1e-14)
        assert_allclose(layer.A.T[:, 0], a, rtol=1e-14)
        assert_allclose(layer.D.T[:, 0], d, rtol=1e-13)
    assert_allclose(value, ((a2[0] - 1) ** 2 + a2[1] ** 2) / 2, rtol=1e-14)
    # equations 3 and 4: dL/db_j = d_j, dL/dw_jk = a_k d_j
    (dW1, db1), (dW2, db2) = gradient.arrays
    assert_allclose(db1, d1, rtol=1e-13)
    assert_allclose(db2, d2, rtol=1e-13)
    assert_allclose(dW1.T, [[x * d for x in (1, 2)] for d in d1], rtol=1e-13)
    assert_allclose(dW2.T, [[a * d for a in a1] for d in d2], rtol=1e-13)
    # for a pocket calculator
    assert_allclose(a1, [0.624806, 0.617748, 0.338497], atol=1e-6)
    assert_allclose(a2, [0.571461, 0.601307], atol=1e-6)


def columns(theta, network, x, y, output_delta):
    """The lecture's pseudocode, column vectors and all: every delta and gradient."""
    layers = [(W.T, b[:, None]) for W, b in network.arrays(theta)]
    a, As, Zs = x, [x], []
    for (w, b), block in zip(layers, network.blocks, strict=True):
        z = w @ a + b
        a = block.activation.forward(z.T, out=np.empty_like(z.T)).T
        Zs.append(z)
        As.append(a)
    deltas = [output_delta(As[-1], y)]
    for i in range(len(layers) - 1, 0, -1):
        w, _ = layers[i]
        f = network.blocks[i - 1].activation
        slope = f.derivative(Zs[i - 1], As[i], np.empty_like(Zs[i - 1]))
        deltas.insert(0, (w.T @ deltas[0]) * slope)
    gradients = [(d @ a.T, d) for a, d in zip(As, deltas, strict=False)]
    return deltas, gradients


@pytest.mark.parametrize("weighted", [False, True])
def test_one_example_at_a_time_and_the_batch_agree(weighted, rng):
    n = 5
    network = Network.dense([4, 3, 6, 3], [Tanh(), Sigmoid(), Softmax()])
    risk = EmpiricalRisk(network, LogLoss())
    theta = rng.normal(size=Theta.zeros(network.shapes).flat.size)
    X, Y = rng.normal(size=(n, 4)), np.eye(3)[rng.integers(3, size=n)]
    weights = rng.uniform(0.5, 2, size=n) if weighted else np.ones(n)
    s = weights / weights.mean()
    batch = risk.backpropagate(theta, X, Y, weights if weighted else None)
    total = [[0.0, 0.0] for _ in network.blocks]
    for i in range(n):
        one = risk.backpropagate(theta, X[[i]], Y[[i]])
        deltas, gradients = columns(
            theta, network, X[[i]].T, Y[[i]].T, lambda a, y: a - y
        )
        for layer, (row, delta, (dW, db)) in enumerate(
            zip(one.layers, deltas, gradients, strict=True)
        ):
            assert_allclose(row.D.T, delta, rtol=1e-12)
            assert_allclose(one.gradient.arrays[layer][0].T, dW, rtol=1e-12)
            assert_allclose(one.gradient.arrays[layer][1][:, None], db, rtol=1e-12)
            # the batch holds the same deltas, weighted and divided by its size
            assert_allclose(
                batch.layers[layer].D[i], s[i] / n * delta[:, 0], rtol=1e-12
            )
            total[layer][0] += s[i] / n * dW.T
            total[layer][1] += s[i] / n * db[:, 0]
    for (dW, db), (sum_W, sum_b) in zip(batch.gradient.arrays, total, strict=True):
        assert_allclose(dW, sum_W, atol=1e-15, rtol=1e-12)
        assert_allclose(db, sum_b, atol=1e-15, rtol=1e-12)
