"""B.2: a NAND neuron by hand, and any Boolean function as a network of them."""

from itertools import product

import numpy as np
import pytest

from sklearn_bpnet import BPNetClassifier

TABLE = np.array(list(product([0, 1], repeat=2)))


@pytest.mark.parametrize(
    ("weights", "bias", "truth"),
    [
        ((-2, -2), 3, (1, 1, 1, 0)),  # NAND
        ((2, 2), -3, (0, 0, 0, 1)),  # AND
        ((2, 2), -1, (0, 1, 1, 1)),  # OR
    ],
)
def test_one_heaviside_neuron(weights, bias, truth):
    neuron = BPNetClassifier.from_weights(
        [np.array(weights)[:, None]], [[bias]], output_activation="heaviside"
    )
    assert neuron.predict(TABLE).tolist() == list(truth)


def test_heaviside_is_zero_at_zero():
    neuron = BPNetClassifier.from_weights(
        [[[1.0]]], [[0.0]], output_activation="heaviside"
    )
    assert neuron.predict([[0.0], [1e-300], [-1e-300]]).tolist() == [0, 1, 0]


@pytest.mark.slow
def test_every_function_of_two_and_three_variables(run_example):
    nand_network = run_example("boolean_functions")["nand_network"]
    for n in (2, 3):
        table = np.array(list(product([0, 1], repeat=n)))
        for values in product([0, 1], repeat=2**n):
            clf = nand_network(values)
            assert clf.predict(table).tolist() == list(values)
            for W, b in zip(clf.coefs_, clf.intercepts_, strict=True):
                for w, bias in zip(W.T, b, strict=True):
                    used = w[w != 0].tolist()
                    nand = bias == 3 and used in ([-2, -2], [-4])  # of two, or of one
                    wire = bias == -1 and used == [2]
                    assert nand or wire
