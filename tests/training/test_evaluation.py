import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.evaluation import chunk_size, output_Z


def network_and_blocks(dtype=np.float64):
    names = ("tanh", "gelu", "softmax")
    network = Network.dense((3, 5, 4, 2), [ACTIVATIONS[name] for name in names])
    rng = np.random.default_rng(0)
    theta = rng.normal(size=network.n_parameters).astype(dtype)
    return network, network.arrays(theta)


def expected_Z(blocks, X):
    A = X
    for name, (W, b) in zip(("tanh", "gelu", None), blocks, strict=True):
        Z = A @ W + b
        A = ACTIVATIONS[name].forward(Z, out=np.empty_like(Z)) if name else Z
    return A


@pytest.mark.parametrize("block_numbers", [2**20, 5 * 64])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("choice", ["all", "some"])
def test_outputs_are_those_of_every_row(block_numbers, form, choice, monkeypatch):
    monkeypatch.setattr(
        "sklearn_bpnet.training.evaluation._CHUNK_NUMBERS", block_numbers
    )
    network, blocks = network_and_blocks()
    X = np.random.default_rng(1).normal(size=(150, 3))  # 64 + 64 + 22
    rows = None if choice == "all" else np.r_[149:20:-1, 0, 0]
    Z = output_Z(network, blocks, RowReader(form(X), np.float64), rows)
    chosen = X if rows is None else X[rows]
    np.testing.assert_allclose(Z, expected_Z(blocks, chosen), rtol=1e-12, atol=1e-14)


def test_outputs_are_in_the_networks_dtype():
    network, blocks = network_and_blocks(np.float32)
    Z = output_Z(network, blocks, RowReader(np.ones((3, 3)), np.float32))
    assert Z.dtype == np.float32


@pytest.mark.parametrize(
    ("units", "n_rows"), [((4, 8, 2), 2**20 // 8), ((2**20, 3), 64), ((2**12, 1), 256)]
)
def test_a_block_is_bounded_by_its_widest_array(units, n_rows):
    activations = [ACTIVATIONS["identity"]] * (len(units) - 1)
    assert chunk_size(Network.dense(units, activations)) == n_rows
