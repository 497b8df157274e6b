"""A block that the package does not know joins a chain without a change there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from differences import relative_error

from sklearn_bpnet.net.activations import PReLU, Tanh
from sklearn_bpnet.net.blocks import KINDS, Block, Dense, InputScale
from sklearn_bpnet.net.gradcheck import compare, numerical_gradient
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk

N_SAMPLES, N_FEATURES = 5, 3


@dataclass(frozen=True)
class Shift(Block):
    """A = X + t, a learned shift per feature."""

    n_in: int

    descriptions: ClassVar[Mapping[str, str]] = {"shift": "shift of the features"}

    @property
    def n_out(self):
        return self.n_in

    @property
    def shapes(self):
        return ((self.n_in,),)

    @property
    def kinds(self):
        return ("shift",)

    @property
    def attributes(self):
        return ("input_shift_",)

    def workspace(self, n_samples, dtype, keep_Z=False, backward=True):
        A = np.empty((n_samples, self.n_in), dtype)
        return SimpleNamespace(A=A, G=np.empty_like(A))

    def start(self, arrays, scheme, rng, A_below=None):
        arrays[0][...] = 0.5

    def forward(self, arrays, A_below, ws):
        return np.add(A_below, arrays[0], out=ws.A)

    def backward(self, arrays, A_below, ws, gradient, G_below):
        np.add.reduce(ws.G, axis=0, out=gradient[0])
        if G_below is not None:
            np.copyto(G_below, ws.G)


OUTPUT = Dense(4, 2, Tanh())
CHAINS = {
    "first": (Shift(3), Dense(3, 4, PReLU()), OUTPUT),
    "above a scale": (InputScale(3), Shift(3), Dense(3, 4, Tanh()), OUTPUT),
    "between layers": (Dense(3, 4, Tanh()), Shift(4), OUTPUT),
    "above two layers": (Dense(3, 4, PReLU()), Dense(4, 4, PReLU()), Shift(4), OUTPUT),
}
every_chain = pytest.mark.parametrize("blocks", CHAINS.values(), ids=CHAINS)


@pytest.fixture
def data(rng):
    return rng.normal(size=(N_SAMPLES, N_FEATURES)), rng.normal(size=(N_SAMPLES, 2))


def start(network, X=None):
    scheme, rng = Initialization(GLOROT), np.random.default_rng(0)
    return network.initial_theta(scheme, rng, np.float64, X)


@every_chain
def test_its_gradient_is_that_of_central_differences(blocks, data):
    network = Network(blocks)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=0.1)
    theta = start(network).flat
    _, gradient = risk.value_and_gradient(theta, *data)
    numeric = numerical_gradient(lambda t: risk.value(t, *data), theta)
    assert relative_error(gradient, numeric) < 1e-7


@every_chain
def test_it_starts_where_it_says_and_is_not_penalised(blocks):
    network = Network(blocks)
    i = next(i for i, block in enumerate(blocks) if isinstance(block, Shift))
    np.testing.assert_array_equal(start(network).arrays[i][0], 0.5)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=0.7)
    strength = network.arrays(risk.strength(np.zeros(network.n_parameters)))
    np.testing.assert_array_equal(strength[i][0], 0)
    for W, *others in network.of_layers(strength):
        np.testing.assert_array_equal(W, 0.7)
        assert not any(array.any() for array in others)


@every_chain
def test_what_is_shown_leads_back(blocks):
    network = Network(blocks)
    arrays = start(network).arrays
    shown = network.show(arrays)
    assert set(shown) == set(network.attributes) >= {"input_shift_", "coefs_"}
    assert len(shown["coefs_"]) == len(network.layers)
    back = network.arrays_from(shown | {"n_iter_": 3})
    for ours, theirs in zip(back, arrays, strict=True):
        assert all(a is b for a, b in zip(ours, theirs, strict=True))


def test_its_kind_has_a_description():
    network = Network(CHAINS["first"])
    assert "shift" not in KINDS
    assert network.kinds == {
        "W": "weights",
        "b": "biases",
        "activation": "weights that activations learn",
        "shift": "shift of the features",
    }


def test_the_gradient_check_names_it_by_what_it_shows(data):
    network = Network(CHAINS["first"])
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    theta = start(network).flat
    _, gradient = risk.value_and_gradient(theta, *data)
    gradient[1] += 1
    report = compare(lambda t: risk.value(t, *data), theta, gradient, network)
    (wrong,) = report.mismatches
    assert (wrong.layer, wrong.parameter, wrong.index) == (0, "shift", (1,))
    assert "layer 0, shift[1] (input_shift_): " in str(wrong)


def test_what_it_has_of_weights_is_penalised_like_the_layer_above(rng):
    class Penalised(Shift):
        penalised = frozenset({"shift"})

    blocks = (Penalised(3), Dense(3, 4, Tanh()), Penalised(4), OUTPUT)
    network = Network(blocks)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=(0.1, 0.2))
    strength = network.arrays(risk.strength(np.zeros(network.n_parameters)))
    for i, alpha in ((0, 0.1), (1, 0.1), (2, 0.2), (3, 0.2)):
        np.testing.assert_array_equal(strength[i][0], alpha)


def test_features_are_as_important_as_what_leaves_them():
    network = Network((InputScale(3), Shift(3), Dense(3, 4, Tanh()), OUTPUT))
    arrays = start(network).arrays
    arrays[0][0][...] = [1, -2, 0]
    norms = np.linalg.norm(arrays[2][0], axis=1)
    np.testing.assert_allclose(
        network.feature_importances(arrays), norms * [1, 2, 0], rtol=1e-15
    )


def test_only_numpy_can_train_it():
    assert Shift(3).compiled_as is None
    assert not Network(CHAINS["first"]).is_noisy


def test_two_blocks_cannot_show_their_arrays_in_one_place():
    network = Network((Shift(3), Shift(3), Dense(3, 4, Tanh()), OUTPUT))
    with pytest.raises(ValueError, match="Two blocks show an array as input_shift_:"):
        network.show(start(network).arrays)


def test_a_block_that_lists_its_attribute_may_stand_in_a_chain_twice():
    class ListedShift(Shift):
        listed = ("input_shift_",)

    blocks = (ListedShift(3), Dense(3, 4, Tanh()), ListedShift(4), OUTPUT)
    network = Network(blocks)
    arrays = start(network).arrays
    shown = network.show(arrays)
    assert [t.shape for t in shown["input_shift_"]] == [(3,), (4,)]
    assert network.arrays_from(shown)[2][0] is arrays[2][0]
