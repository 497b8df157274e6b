import tracemalloc

import numpy as np
import pytest

from sklearn_bpnet.net.activations import Identity, ReLU, Sigmoid, Softmax, Tanh
from sklearn_bpnet.net.initializers import INITIALIZERS, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.optimizers import SGD, Adam
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.epoch import Descent, Progress, Rates, Walk
from sklearn_bpnet.training.stochastic.epoch_pass import NumpyEpochPass


@pytest.mark.parametrize(
    ("optimizer", "hidden", "loss", "output", "k", "dtype"),
    [
        (Adam(), ReLU(), "log_loss", Softmax(), 3, np.float32),
        (Adam(), Tanh(), "log_loss", Sigmoid(), 1, np.float64),
        (SGD(), Sigmoid(), "squared_error", Identity(), 2, np.uint8),
    ],
    ids=str,
)
def test_after_the_first_an_epoch_allocates_no_array_of_a_layer(
    optimizer, hidden, loss, output, k, dtype
):
    rng = np.random.default_rng(0)
    n_rows, batch_size, units = 2_000, 200, 1024
    X = rng.integers(0, 255, (n_rows, 100)).astype(dtype)
    Y = rng.uniform(size=(n_rows, k)).astype(np.float32)
    network = Network.dense((100, units, k), (hidden, output))
    theta = network.initial_theta(
        Initialization(INITIALIZERS["auto"]), rng, np.float32
    ).flat
    scaling = Standardization(X.mean(axis=0), X.std(axis=0))
    batches = Batches(
        RowReader(X, np.float32, scaling),
        Y,
        np.ones(n_rows, np.float32),
        None,
        batch_size,
    )
    descent = Descent(
        EmpiricalRisk(network, LOSSES[loss], 1e-4), optimizer, batches, rng=rng
    )
    epoch_pass = NumpyEpochPass(descent, Walk(theta, optimizer, Progress()))
    rates = Rates.of(batches.n_batches, 0.001)
    epoch_pass.run(rates)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        epoch_pass.run(rates)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # nothing of a layer's or of theta's size; what rises is ufuncs' own buffers
    assert peak - before < min(batch_size * units, theta.size) * theta.itemsize / 4
