import numpy as np
import pytest
from differences import relative_error

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.noise import Dropout, GaussianNoise
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta

N_SAMPLES, N_UNITS = 5, 3
BLOCKS = [Dropout(N_UNITS, 0.4), GaussianNoise(N_UNITS, 0.3)]
each_block = pytest.mark.parametrize("block", BLOCKS, ids=lambda b: type(b).__name__)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(block, n_samples=N_SAMPLES, seed=0, dtype=np.float64):
    ws = block.workspace(n_samples, dtype)
    block.draw(ws, np.random.default_rng(seed))
    return ws


def noisy_network(activations=("tanh", "tanh"), n_outputs=2):
    return Network.dense(
        (N_UNITS, 4, 4, n_outputs),
        [*(ACTIVATIONS[name] for name in activations), ACTIVATIONS["identity"]],
        dropout=(0.3, 0.5, 0.25),
        input_noise=0.5,
    )


# One block


@each_block
def test_what_was_drawn_holds_until_the_next_draw(block, rng):
    ws, A = drawn(block), rng.normal(size=(N_SAMPLES, N_UNITS))
    once = block.forward((), A, ws).copy()
    np.testing.assert_array_equal(block.forward((), A, ws), once)
    block.draw(ws, rng)
    assert (block.forward((), A, ws) != once).any()


@each_block
def test_a_seed_determines_the_noise(block, rng):
    A = rng.normal(size=(N_SAMPLES, N_UNITS))
    one, same, other = (block.forward((), A, drawn(block, seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@each_block
@every_dtype
def test_noise_changes_nothing_on_average(block, dtype):
    n_samples = 40_000
    A = np.tile(np.array([1.0, -2.0, 3.0], dtype=dtype), (n_samples, 1))
    noisy = block.forward((), A, drawn(block, n_samples, dtype=dtype))
    assert noisy.dtype == dtype
    # five standard errors, of the largest unit
    np.testing.assert_allclose(noisy.mean(axis=0), A[0], atol=5 * 3 / n_samples**0.5)


def test_dropout_drops_its_share_and_scales_the_rest():
    noisy = Dropout(N_UNITS, 0.4).forward(
        (), np.ones((10_000, N_UNITS)), drawn(Dropout(N_UNITS, 0.4), 10_000)
    )
    assert set(np.unique(noisy)) == {0.0, 1 / (1 - 0.4)}
    assert (noisy == 0).mean() == pytest.approx(0.4, abs=0.015)
    dropped = noisy == 0  # every unit and every row by itself
    np.testing.assert_allclose(dropped.mean(axis=0), 0.4, atol=0.025)
    assert abs(np.corrcoef(dropped.T)[0, 1]) < 0.05


@each_block
def test_a_factor_of_dropout_is_that_of_the_rates_of_dropout_alone(block):
    one, half = (block.workspace(10_000, np.float64) for _ in range(2))
    block.draw(one, np.random.default_rng(0))
    block.draw(half, np.random.default_rng(0), 0.5)
    if isinstance(block, Dropout):
        assert set(np.unique(half.noise)) == {0.0, 1 / (1 - 0.2)}
        assert (half.noise == 0).mean() == pytest.approx(0.2, abs=0.012)
    else:
        np.testing.assert_array_equal(half.noise, one.noise)


def test_gaussian_noise_has_its_deviation():
    noisy = GaussianNoise(N_UNITS, 0.3).forward(
        (), np.ones((10_000, N_UNITS)), drawn(GaussianNoise(N_UNITS, 0.3), 10_000)
    )
    np.testing.assert_allclose(noisy.std(axis=0), 0.3, rtol=0.05)


@each_block
def test_where_nothing_was_drawn_the_block_hands_on_the_array_itself(block, rng):
    ws, A = (
        block.workspace(N_SAMPLES, np.float64),
        rng.normal(size=(N_SAMPLES, N_UNITS)),
    )
    assert block.forward((), A, ws) is A
    ws.G[:] = rng.normal(size=A.shape)
    G = np.full_like(A, np.nan)
    block.backward((), A, ws, (), G)
    np.testing.assert_array_equal(G, ws.G)


@each_block
def test_the_input_is_not_changed(block, rng):
    A = rng.normal(size=(N_SAMPLES, N_UNITS))
    before = A.copy()
    block.forward((), A, drawn(block))
    np.testing.assert_array_equal(A, before)


@each_block
def test_backward_is_the_transposed_derivative_of_forward(block, rng):
    ws, A = drawn(block), rng.normal(size=(N_SAMPLES, N_UNITS))
    ws.G[:] = rng.normal(size=A.shape)
    G = np.full_like(A, np.nan)
    block.backward((), A, ws, (), G)
    numeric = numerical_gradient(
        lambda a: float((block.forward((), a.reshape(A.shape), ws) * ws.G).sum()),
        A.ravel(),
    )
    np.testing.assert_allclose(G.ravel(), numeric, rtol=1e-6, atol=1e-9)


@each_block
def test_a_shorter_batch_uses_the_same_memory_and_draws_its_own_noise(block, rng):
    ws = drawn(block)
    short = ws.part(slice(2))
    assert short.noise is None  # until it is drawn
    A = rng.normal(size=(2, N_UNITS))
    assert block.forward((), A, short) is A
    block.draw(short, rng)
    noisy = block.forward((), A, short)
    assert noisy.shape == (2, N_UNITS)
    assert np.shares_memory(noisy, ws.memory)
    assert (noisy != A).any()


@each_block
def test_prediction_needs_no_memory(block):
    assert block.workspace(N_SAMPLES, np.float64, backward=False).memory.size == 0


# The network


def test_a_network_places_noise_below_the_layers_that_read_it():
    network = noisy_network()
    kinds = [type(block).__name__ for block in network.blocks]
    assert kinds == [
        "GaussianNoise", "Dropout", "Dense", "Dropout", "Dense", "Dropout", "Dense",
    ]  # fmt: skip
    assert [b.rate for b in network.blocks if isinstance(b, Dropout)] == [
        0.3,
        0.5,
        0.25,
    ]
    assert network.is_noisy
    assert not Network.dense((2, 1), [ACTIVATIONS["identity"]], dropout=[0.0]).is_noisy


@pytest.mark.parametrize("hidden", ["tanh", "gelu", "prelu", "relu"])
def test_gradient_through_drawn_noise_equals_central_differences(hidden, rng):
    network = noisy_network((hidden, hidden))
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    X, Y = rng.normal(size=(N_SAMPLES, N_UNITS)), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.uniform(-0.8, 0.8, size=network.n_parameters)
    ws = network.workspace(N_SAMPLES, np.float64)
    network.draw(ws, rng)
    gradient = Theta.zeros(network.shapes)

    def J(t):
        arrays = network.arrays(t)
        thrown = Theta.zeros(network.shapes).arrays
        return risk.add_up(arrays, X, Y, None, N_SAMPLES, thrown, ws) / N_SAMPLES

    arrays = network.arrays(theta)
    risk.add_up(arrays, X, Y, None, N_SAMPLES, gradient.arrays, ws)
    exact = gradient.flat.copy()
    numeric = numerical_gradient(J, theta)
    assert relative_error(exact, numeric) < 1e-6
    still = risk.value_and_gradient(theta, X, Y)[1]  # nothing drawn: no noise
    assert relative_error(exact, still) > 1e-2


def test_the_risk_itself_is_free_of_noise(rng):
    X, Y = rng.normal(size=(N_SAMPLES, N_UNITS)), rng.normal(size=(N_SAMPLES, 2))
    noisy = noisy_network()
    plain = Network.dense(
        (N_UNITS, 4, 4, 2), [layer.activation for layer in noisy.layers]
    )
    theta = rng.normal(size=plain.n_parameters)
    one, other = (
        EmpiricalRisk(n, LOSSES["squared_error"]).value_and_gradient(theta, X, Y)
        for n in (noisy, plain)
    )
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])


@every_dtype
def test_a_noisy_pass_stays_in_its_dtype(dtype, rng):
    network = noisy_network()
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    X, Y = (rng.normal(size=(N_SAMPLES, n)).astype(dtype) for n in (N_UNITS, 2))
    theta = rng.normal(size=network.n_parameters).astype(dtype)
    ws = network.workspace(N_SAMPLES, dtype)
    network.draw(ws, rng)
    gradient = Theta.zeros(network.shapes, dtype)
    arrays = network.arrays(theta)
    risk.add_up(arrays, X, Y, None, N_SAMPLES, gradient.arrays, ws)
    assert gradient.flat.dtype == dtype
    assert all(layer.A.dtype == dtype for layer in ws)


def test_one_rate_is_needed_for_every_layer():
    with pytest.raises(ValueError, match="zip"):
        Network.dense((2, 1), [ACTIVATIONS["identity"]], dropout=[0.1, 0.2])
