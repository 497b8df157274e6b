"""Members that share weights, against a loop over ordinary networks."""

from itertools import product

import numpy as np
import pytest
from differences import relative_error

from sklearn_bpnet.net.activations import ACTIVATIONS, Grouped, PReLU
from sklearn_bpnet.net.blocks import (
    PBLD,
    Embedding,
    InputScale,
    LearnedTable,
    Lookup,
    MemberHeads,
    MemberScale,
    OneHotTable,
)
from sklearn_bpnet.net.blocks.members import by_member
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.initializers import GLOROT, Hull, Initialization, UnitVariance
from sklearn_bpnet.net.losses import LOSSES, GroupedLoss, LogLoss
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta

N_SAMPLES, N_FEATURES = 5, 3
TANH, IDENTITY, SOFTMAX = (ACTIVATIONS[n] for n in ("tanh", "identity", "softmax"))
hidden_layers = pytest.mark.parametrize("hidden", [(), (4,), (4, 3)], ids=str)


def network(k=3, hidden=(4,), n_outputs=2, f=TANH, output=IDENTITY, below=(), **noise):
    n_units = below[-1].n_out if below else N_FEATURES
    return Network.dense(
        (N_FEATURES, *hidden, n_outputs),
        (*[f] * len(hidden), output),
        inputs=[*below, MemberScale(n_units, k)],
        n_heads=k,
        **noise,
    )


def samples(rng, n_outputs=2):
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    return X, rng.normal(size=(N_SAMPLES, n_outputs)), rng.uniform(0.5, 2, N_SAMPLES)


def test_the_scale_by_hand(read_only):
    X, r = read_only([[1, 2], [-1, 0]]), read_only([[2, -1], [1, 3], [0, 1]])
    block = MemberScale(2, 3)
    ws = block.workspace(2, np.float64)
    A = block.forward([r], X, ws)
    np.testing.assert_array_equal(
        A, [[2, -2], [1, 6], [0, 2], [-2, 0], [-1, 0], [0, 0]]
    )
    ws.G[:] = [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50], [6, 60]]
    dr, G = np.full((3, 2), np.nan), np.full((2, 2), np.nan)
    block.backward([r], X, ws, [dr], G)
    np.testing.assert_array_equal(dr, [[1 - 4, 20], [2 - 5, 40], [3 - 6, 60]])
    np.testing.assert_array_equal(G, [[2 + 2, -10 + 60 + 30], [8 + 5, -40 + 150 + 60]])


@pytest.mark.parametrize("n_outputs", [1, 2])
@hidden_layers
def test_members_are_networks_of_scaled_first_weights(hidden, n_outputs, rng):
    """The same outputs, the same mean loss, and the gradients add up."""
    k = 3
    risk = EmpiricalRisk(network(k, hidden, n_outputs), LOSSES["squared_error"])
    X, Y, s = samples(rng, n_outputs)
    theta = rng.normal(size=risk.network.n_parameters)
    result = risk.backpropagate(theta, X, Y, s)
    (r,), *layers = risk.network.arrays(theta)
    (dr,), *gradients = result.gradient.arrays
    outputs = by_member(result.layers[-1].A, k)
    plain = EmpiricalRisk(
        Network.dense(
            (N_FEATURES, *hidden, n_outputs), (*[TANH] * len(hidden), IDENTITY)
        ),
        LOSSES["squared_error"],
    )
    total, of_trunk = 0.0, [np.zeros_like(a) for W, b in gradients[:-1] for a in (W, b)]
    for i in range(k):
        own = [(W.copy(), b.copy()) for W, b in layers[:-1]]
        own.append((layers[-1][0][i].copy(), layers[-1][1][i].copy()))
        first = own[0][0].copy()
        own[0][0][...] *= r[i][:, None]
        one = plain.backpropagate(Theta.pack(own).flat, X, Y, s)
        np.testing.assert_allclose(outputs[i], one.layers[-1].A, rtol=1e-12)
        total += one.value / k
        expected = one.gradient.arrays
        np.testing.assert_allclose(
            dr[i], (expected[0][0] * first).sum(axis=1) / k, rtol=1e-10, atol=1e-13
        )
        expected[0][0][...] *= r[i][:, None]
        for dW, dV in zip(gradients[-1], expected[-1], strict=True):
            np.testing.assert_allclose(dW[i], dV / k, rtol=1e-10, atol=1e-13)
        for sums, part in zip(of_trunk, sum(expected[:-1], ()), strict=True):
            sums += part / k
    assert result.value == pytest.approx(total, rel=1e-12)
    for ours, sums in zip(sum(gradients[:-1], ()), of_trunk, strict=True):
        np.testing.assert_allclose(ours, sums, rtol=1e-10, atol=1e-13)


def assert_gradient(risk, X, Y, s, rng):
    theta = rng.uniform(-0.8, 0.8, size=risk.network.n_parameters)
    gradient = risk.value_and_gradient(theta, X, Y, s)[1]
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y, s), theta)
    assert relative_error(gradient, numeric) < 1e-6


@pytest.mark.parametrize(("k", "hidden"), list(product([1, 3], [(), (4,), (4, 3)])))
def test_gradient_equals_central_differences(k, hidden, rng):
    risk = EmpiricalRisk(network(k, hidden), LOSSES["squared_error"], alpha=0.1)
    assert_gradient(risk, *samples(rng), rng)


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        (LogLoss(label_smoothing=0.1), SOFTMAX),
        (LOSSES["log_loss"], ACTIVATIONS["sigmoid"]),
        (LOSSES["huber"], ACTIVATIONS["softplus"]),
    ],
    ids=str,
)
def test_gradient_of_any_loss_and_activation(loss, output, rng):
    risk = EmpiricalRisk(network(f=PReLU(0.3), output=output), loss)
    X, _, s = samples(rng)
    assert_gradient(risk, X, np.eye(2)[rng.integers(2, size=N_SAMPLES)], s, rng)


def test_gradient_through_blocks_below(rng):
    tables = (LearnedTable(3, 2), OneHotTable(np.zeros(2), np.ones(2)))
    lookup = Lookup(4, tables)
    embedding = Embedding(lookup.n_out, (0, 1), PBLD(3, 3))
    scale = InputScale(embedding.n_out)
    heads = MemberScale(embedding.n_out, 3)
    net = Network.dense(
        (4, 5, 2), (TANH, IDENTITY), inputs=[lookup, embedding, scale, heads], n_heads=3
    )
    X = np.column_stack(
        [rng.normal(size=(N_SAMPLES, 2)), [0, 1, 2, 1, 0], [1, 0, 1, 0, 0]]
    )
    _, Y, s = samples(rng)
    assert_gradient(EmpiricalRisk(net, LOSSES["squared_error"], 0.05), X, Y, s, rng)


def test_gradient_through_drawn_noise_of_which_members_have_their_own(rng):
    net = network(dropout=(0.3, 0.5), input_noise=0.5)
    risk = EmpiricalRisk(net, LOSSES["squared_error"])
    X, Y, s = samples(rng)
    theta = rng.uniform(-0.8, 0.8, size=net.n_parameters)
    ws = net.workspace(N_SAMPLES, np.float64)
    net.draw(ws, rng)
    shapes = [of_block.noise.shape for of_block in ws if hasattr(of_block, "noise")]
    assert shapes == [(5, 3), (5, 3), (15, 4)]
    gradient = Theta.zeros(net.shapes)

    def J(t):
        arrays = net.arrays(t)
        return risk.add_up(arrays, X, Y, s, N_SAMPLES, gradient.arrays, ws) / N_SAMPLES

    J(theta)
    exact = gradient.flat.copy()
    assert relative_error(exact, numerical_gradient(J, theta)) < 1e-6


@hidden_layers
def test_one_member_with_scale_one_is_the_plain_network_bit_for_bit(hidden, rng):
    sizes = (N_FEATURES, *hidden, 2)
    plain = Network.dense(sizes, (*[TANH] * len(hidden), IDENTITY))
    one = network(1, hidden)
    schemes = Initialization(GLOROT), Initialization(UnitVariance(), Hull())
    X, Y, s = samples(rng)
    for scheme in schemes:
        ours, theirs = (
            net.initial_theta(scheme, np.random.default_rng(3), np.float64, X).flat
            for net in (one, plain)
        )
        np.testing.assert_array_equal(ours[:N_FEATURES], 1)
        np.testing.assert_array_equal(ours[N_FEATURES:], theirs)
        risks = (
            EmpiricalRisk(net, LOSSES["squared_error"], 0.1) for net in (one, plain)
        )
        (value, gradient), (expected, its_gradient) = (
            risk.value_and_gradient(theta, X, Y, s)
            for risk, theta in zip(risks, (ours, theirs), strict=True)
        )
        assert value == expected
        np.testing.assert_array_equal(gradient[N_FEATURES:], its_gradient)


def test_members_start_with_signs_that_a_group_shares():
    block = MemberScale(4, 50, groups=(0, 1, 1, 0))
    (r,) = Theta.zeros([block.shapes]).arrays[0]
    block.start([r], Initialization(GLOROT), np.random.default_rng(0))
    assert set(np.unique(r)) == {-1, 1}
    np.testing.assert_array_equal(r[:, 0], r[:, 3])
    np.testing.assert_array_equal(r[:, 1], r[:, 2])
    assert 0 < (r[:, 0] == r[:, 1]).sum() < 50


def test_members_start_with_normal_factors_above_an_embedding():
    block = MemberScale(3, 2000, groups=(0, 1, 1), normal=True)
    r = np.zeros((2000, 3))
    block.start([r], Initialization(GLOROT), np.random.default_rng(0))
    np.testing.assert_array_equal(r[:, 1], r[:, 2])
    assert abs(r.mean()) < 0.05
    assert r.std() == pytest.approx(1, abs=0.05)


def test_heads_start_at_different_weights_by_the_scheme_of_the_output(rng):
    X = rng.normal(size=(200, N_FEATURES))
    net = network(4, (30,))
    scheme = Initialization(UnitVariance())
    _, _, (W, b) = net.initial_theta(scheme, rng, np.float64, X).arrays
    assert W.shape == (4, 30, 2)
    assert len(np.unique(W)) == W.size
    assert not b.any()
    theta = Theta.pack(net.initial_theta(scheme, rng, np.float64, X).arrays)
    Z = net.forward_Z(theta.arrays, X, net.workspace(200, np.float64))
    np.testing.assert_allclose(by_member(Z, 4).std(axis=1), 1, rtol=1e-10)


def test_an_output_layer_has_its_share_of_the_penalty(rng):
    net = network(4)
    risk = EmpiricalRisk(net, LOSSES["squared_error"], alpha=(0.5, 0.2))
    strength = net.arrays(risk.strength(np.zeros(net.n_parameters)))
    expected = [[0], [0.5, 0], [0.05, 0]]
    for of_block, numbers in zip(strength, expected, strict=True):
        for array, number in zip(of_block, numbers, strict=True):
            np.testing.assert_allclose(array, number)


def test_importances_are_the_mean_of_those_of_the_members(rng):
    for hidden in ((4,), ()):
        net = network(3, hidden)
        theta = rng.normal(size=net.n_parameters)
        (r,), (W, *_), *_ = net.arrays(theta)
        each = [
            np.linalg.norm(r[i][:, None] * (W if hidden else W[i]), axis=1)
            for i in range(3)
        ]
        importances = net.feature_importances(net.arrays(theta))
        np.testing.assert_allclose(importances, np.mean(each, axis=0), rtol=1e-12)


def test_a_part_of_the_memory_is_that_of_the_first_samples(rng):
    net = network(3, (4,))
    X, Y, _ = samples(rng)
    risk = EmpiricalRisk(net, LOSSES["squared_error"])
    theta = rng.normal(size=net.n_parameters)
    whole = net.workspace(N_SAMPLES, np.float64)
    ws, gradient = net.part(whole, 2), Theta.zeros(net.shapes)
    total = risk.add_up(net.arrays(theta), X[:2], Y[:2], None, 2, gradient.arrays, ws)
    value, expected = risk.value_and_gradient(theta, X[:2], Y[:2])
    assert total / 2 == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(gradient.flat, expected, rtol=1e-12, atol=1e-14)
    assert all(
        np.shares_memory(part.A, all_.A) for part, all_ in zip(ws, whole, strict=True)
    )


def test_what_a_network_says_of_its_rows():
    net = network(3, (4, 5))
    assert net.n_members == 3
    assert net.rows_below == (1, 3, 3, 3, 3)
    assert net.layer_work == (3 * 3 * 4, 3 * 4 * 5, 3 * 5 * 2)
    assert isinstance(net.output, MemberHeads)
    assert net.workspace(7, np.float32, backward=False)[0].G.size == 0


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_loss_of_the_mean_is_that_of_a_network_with_these_outputs(name, rng):
    loss = LOSSES[name]
    if name == "perceptron":
        Z = rng.normal(size=(3, N_SAMPLES, 2))
        Y = np.eye(2)[rng.integers(2, size=N_SAMPLES)]
        mean = Z.mean(axis=0)
        expected = loss.value_from_Z(Y, mean, np.where(mean > 0, 1.0, 0.0))
        A = np.where(Z > 0, 1.0, 0.0)
    else:
        A = rng.uniform(0.1, 0.9, size=(3, N_SAMPLES, 2))
        Z, Y = np.log(A), rng.uniform(0.1, 0.9, size=(N_SAMPLES, 2))
        expected = loss.value(Y, A.mean(axis=0))
    before = A.copy()
    np.testing.assert_allclose(loss.value_of_mean(Y, Z, A), expected)
    np.testing.assert_array_equal(A, before)
    f = ACTIVATIONS["heaviside" if name == "perceptron" else "identity"]
    grouped = GroupedLoss((loss, loss), Grouped((f, f), (1, 1)))
    both = [loss.value_of_mean(Y[:, [j]], Z[..., [j]], A[..., [j]]) for j in range(2)]
    np.testing.assert_allclose(grouped.value_of_mean(Y, Z, A), np.sum(both, axis=0))
