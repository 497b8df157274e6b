import numpy as np
import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.monitor.recording import RECORDS, Recorder


def recorder(names, activations, weights, X, Y=None):
    """A recorder of a network with the given W of every layer, and its theta."""
    units = [weights[0].shape[0], *(W.shape[1] for W in weights)]
    network = Network.dense(units, [ACTIVATIONS[name] for name in activations])
    theta = Theta(network.shapes, np.zeros(network.n_parameters))
    for (W, *_), given in zip(theta.arrays, weights, strict=True):
        W[...] = given
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    Y = np.zeros((len(X), units[-1])) if Y is None else Y
    return Recorder(names, risk, Batch(X, Y, None), np.float64), theta.flat


def test_gradient_norm_is_that_of_the_risk(make_problem):
    problem = make_problem(hidden=(4, 3), alpha=0.0)
    theta = problem.start(seed=1)
    record = Recorder(
        ("gradient_norm",), problem.risk, Batch(problem.X, problem.Y, None), np.float64
    )
    _, gradient = problem.risk.value_and_gradient(theta, problem.X, problem.Y)
    layers = problem.risk.network.arrays(gradient)
    expected = {
        f"gradient_norm_{i}": np.sqrt((dW**2).sum() + (db**2).sum())
        for i, (dW, db) in enumerate(layers, start=1)
    }
    assert record(theta) == pytest.approx(expected, rel=1e-12)


def test_tanh_units_far_out_are_saturated():
    X = np.ones((10, 1))
    # z = 0.1, 2.9 and 3.1: f' = 0.99, 0.012 and 0.008 of 1
    W = np.array([[0.1, 2.9, 3.1, -50.0]])
    record, theta = recorder(
        ("saturation",), ("tanh", "identity"), [W, np.ones((4, 1))], X
    )
    assert record(theta) == {"saturation_1": 0.5, "saturation_2": 0.0}


def test_relu_units_that_no_row_reaches_are_saturated():
    X = np.linspace(0.1, 1, 300)[:, None]
    # dead; active everywhere; active where x > 0.5
    W, b = np.array([[-1.0, 1.0, 1.0]]), [0.0, 0.0, -0.5]
    record, theta = recorder(
        ("saturation",), ("relu", "identity"), [W, np.ones((3, 1))], X
    )
    theta[3:6] = b
    assert record(theta)["saturation_1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_recorded(name):
    record, theta = recorder(
        tuple(RECORDS),
        (name, "identity"),
        [np.ones((1, 2)), np.ones((2, 1))],
        np.linspace(-1, 1, 50)[:, None],
    )
    found = record(theta)
    assert {"gradient_norm_1", "gradient_norm_2", "saturation_2"} <= found.keys()
    if name == "softmax":  # it has no derivative unit by unit
        assert "saturation_1" not in found
    else:
        assert found["saturation_1"] == (1.0 if name == "heaviside" else 0.0)


def test_theta_is_not_changed(make_problem):
    problem = make_problem(hidden=(4,))
    theta = problem.start(seed=1)
    before = theta.copy()
    Recorder(
        tuple(RECORDS), problem.risk, Batch(problem.X, problem.Y, None), np.float64
    )(theta)
    np.testing.assert_array_equal(theta, before)
