import tracemalloc

import numpy as np
import pytest

from sklearn_bpnet.net.activations import Identity, ReLU, Sigmoid, Softmax, Tanh
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.optimizers import SGD, Adam
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.epoch import Descent, Progress, Rates, Walk
from sklearn_bpnet.training.stochastic.epoch_pass import NumpyEpochPass


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=str)
@pytest.mark.parametrize("hidden", [ReLU(), Tanh(), Sigmoid()], ids=str)
@pytest.mark.parametrize(
    ("loss", "output", "k"),
    [
        ("log_loss", Softmax(), 3),
        ("log_loss", Sigmoid(), 1),
        ("squared_error", Identity(), 2),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_after_the_first_an_epoch_allocates_no_array(
    optimizer, hidden, loss, output, k, dtype
):
    rng = np.random.default_rng(0)
    n_rows, batch_size, units = 2_000, 200, 1024
    X = rng.integers(0, 255, (n_rows, 30)).astype(dtype)
    Y = rng.uniform(size=(n_rows, k)).astype(np.float32)
    network = Network.dense((30, units, k), (hidden, output))
    theta = network.initial_parameters(INITIALIZERS["auto"], rng, np.float32).theta
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
    # what rises is ufuncs' own buffers and a batch's column of losses
    assert peak - before < 80_000 < min(batch_size * units, theta.size) * 4
