import numpy as np
import pytest

from sklearn_bpnet.net.activations import Identity, PReLU, Tanh
from sklearn_bpnet.net.blocks import PBLD, Dense, Dropout, Embedding, InputScale
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.network import Network

EMBEDDING = Embedding(2, (1,), PBLD(3, 2))
NETWORK = Network(
    (
        EMBEDDING,
        InputScale(3),
        Dense(3, 4, Tanh()),
        Dropout(4, 0.5),
        Dense(4, 2, PReLU()),
        Dense(2, 1, Identity()),
    )
)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return NETWORK.initial_theta(Initialization(GLOROT), rng, np.float64).arrays


@pytest.fixture
def shown(arrays):
    return NETWORK.show(arrays)


def test_every_array_has_its_place():
    places = [[str(p) for p in of_block] for of_block in NETWORK.places.of_blocks]
    assert places == [
        [f"embedding_weights_[{i}]" for i in range(4)],
        ["learned_input_scale_"],
        ["coefs_[0]", "intercepts_[0]"],
        [],
        ["coefs_[1]", "intercepts_[1]", "activation_weights_[1]"],
        ["coefs_[2]", "intercepts_[2]"],
    ]


def test_lists_have_an_entry_per_layer_and_the_others_are_arrays(arrays, shown):
    assert list(shown["embedding_weights_"]) == list(arrays[0])
    assert shown["learned_input_scale_"] is arrays[1][0]
    assert [W.shape for W in shown["coefs_"]] == [(3, 4), (4, 2), (2, 1)]
    assert [b.shape for b in shown["intercepts_"]] == [(4,), (2,), (1,)]
    none, w, none_either = shown["activation_weights_"]
    assert none is none_either is None
    assert w is arrays[4][2]


def test_what_no_block_has_is_left_out():
    network = Network((Dense(2, 1, Identity()),))
    assert network.attributes == ("coefs_", "intercepts_")
    shown = network.show([(np.zeros((2, 1)), np.zeros(1))])
    assert set(shown) == {"coefs_", "intercepts_"}
    back = network.arrays_from(shown | {"activation_weights_": [None]})
    assert [array.shape for array in back[0]] == [(2, 1), (1,)]
    with pytest.raises(ValueError, match="activation_weights_ has 0 entries"):
        network.arrays_from(shown | {"activation_weights_": []})


def test_the_way_back_takes_any_array_like(shown):
    shown["coefs_"] = tuple(W.tolist() for W in shown["coefs_"])
    W = NETWORK.arrays_from(shown)[2][0]
    assert isinstance(W, np.ndarray)
    np.testing.assert_array_equal(W, shown["coefs_"][0])


def replaced(name, value):
    def change(shown):
        shown[name] = value

    return change


def replaced_entry(name, i, value):
    def change(shown):
        shown[name][i] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            replaced_entry("coefs_", 1, np.zeros((4, 3))),
            r"coefs_\[1\] has shape \(4, 3\), the network needs \(4, 2\)",
        ),
        (
            replaced("learned_input_scale_", np.ones(2)),
            r"learned_input_scale_ has shape \(2,\), the network needs \(3,\)",
        ),
        (
            replaced("learned_input_scale_", None),
            r"learned_input_scale_ is missing, the network needs shape \(3,\)",
        ),
        (
            replaced_entry("activation_weights_", 1, None),
            r"activation_weights_\[1\] is missing, the network needs shape \(2,\)",
        ),
        (
            replaced_entry("activation_weights_", 0, np.ones(4)),
            r"activation_weights_\[0\] has shape \(4,\), the network needs None",
        ),
        (replaced("intercepts_", []), "intercepts_ has 0 entries, the network needs 3"),
        (
            replaced_entry("embedding_weights_", 3, np.zeros((1, 2))),
            r"embedding_weights_\[3\] has shape \(1, 2\), the network needs \(1, 1\)",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes(change, message, shown):
    change(shown)
    with pytest.raises(ValueError, match=message):
        NETWORK.arrays_from(shown)
