"""Piecewise-linear functions of features in compiled code, against the NumPy pass."""

from itertools import product

import numpy as np
import pytest

pytest.importorskip("numba")

from sklearn_bpnet.net.activations import Identity, Tanh
from sklearn_bpnet.net.blocks import (
    PLE,
    PWL,
    EmbeddedFeatures,
    InputScale,
    LearnedTable,
    Lookup,
    PiecewiseEncoding,
)
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import Adam
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.stochastic.compiled import piecewise
from sklearn_bpnet.training.stochastic.compiled.supported import (
    is_supported,
    parts_of,
)

from .test_compiled import OPTIMIZERS, assert_same
from .test_compiled_lookup import reader_of

EDGES = {
    "one bin": [[-1, 1]] * 4,
    "two": [[-1, 0, 1], [-0.5, 0, 2]] * 2,
    "many": [np.linspace(-2, 2, 49)] * 4,
    "as a power of two": [np.linspace(-2, 2, 34)] * 4,
    "uneven": [np.linspace(-2, 2, 49), [-1, 1], np.linspace(-1, 2, 30), [0, 1e-3, 1]],
    "different": [[-1, 1], np.linspace(-1, 1, 17), [-2, 0.1, 0.2, 3], [0, 1e-3, 1]],
}
FORMS = [PLE(), PWL(), PWL(48, 3), PWL(48, 1)]
each_form = pytest.mark.parametrize("form", FORMS, ids=str)
each_bins = pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
each_dtype = pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-3)], ids=["64", "32"]
)


def risk_of(
    form, edges, of=range(4), *, tables=(), scaled=False, hidden=(6,), **options
):
    inputs, n = ([Lookup(4, tables)], 5) if tables else ([], 4)
    edges = [np.array(edges[f], dtype=float) for f in range(len(of))]
    embedded = EmbeddedFeatures(np.array(of, dtype=np.intp), edges)
    inputs.append(form.block(n, embedded))
    if scaled:
        inputs.append(InputScale(inputs[-1].n_out))
    units = (4, *hidden, 1)
    functions = [Tanh()] * len(hidden) + [Identity()]
    network = Network.dense(units, functions, inputs=inputs, **options)
    return EmpiricalRisk(network, LOSSES["squared_error"], 0.02, ElasticNet(0.5))


@each_form
@each_bins
@each_dtype
def test_they_are_those_of_numpy(form, edges, dtype, rtol):
    for of, n_threads in ((range(4), 1), ((1, 3), 2)):
        risk = risk_of(form, edges, of)
        kwargs = {"n_threads": n_threads, "dtype": dtype, "weighted": True}
        assert_same(risk, Adam(epsilon=1e-4), rtol, **kwargs)


@each_form
@each_dtype
def test_what_stands_around_them_is_that_of_numpy(form, dtype, rtol):
    # above learned tables they hand their gradient on, and so does noise between
    tables = (LearnedTable(5, 2, 0.7),)
    for name, options in product(
        ("different", "uneven"),
        (
            {"scaled": True},
            {"hidden": ()},
            {"dropout": (0.3, 0.2)},
            {"tables": tables},
            {"tables": tables, "scaled": True, "dropout": (0.3, 0.2)},
            {"tables": tables, "dropout": (0.3, 0.2), "input_noise": 0.1},
        ),
    ):
        read = reader_of(tables) if "tables" in options else None
        risk = risk_of(form, EDGES[name], (0, 2), **options)
        kwargs = {"n_threads": 2, "dtype": dtype, "read": read}
        assert_same(risk, Adam(epsilon=1e-4), rtol, **kwargs)


@each_form
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_step_is_that_of_numpy(form, optimizer):
    risk = risk_of(form, EDGES["many"])
    factors = np.linspace(2, 0, risk.network.n_parameters)
    for options in (
        StepOptions(clip_norm=0.1),
        StepOptions(weight_decay=0.1, factors=factors),
    ):
        assert_same(risk, optimizer, 1e-9, n_threads=2, options=options)


@each_form
@pytest.mark.parametrize("scale", [1e-3, 30.0])
def test_values_far_beyond_the_bins_are_those_of_numpy(form, scale):
    risk = risk_of(form, EDGES["different"])
    assert_same(risk, Adam(), 1e-6, scale=scale, learning_rate=1e-3)


def test_the_first_layer_looks_rows_up_where_there_are_many_bins():
    def units(edges, **options):
        parts = parts_of(risk_of(PLE(), EDGES[edges], **options).network)
        return [part.forward for of_block in parts for part in of_block]

    assert piecewise.encoded_product in units("many")
    assert piecewise.encode not in units("many")
    assert piecewise.encoded_product in units("many", hidden=())
    # a few are multiplied, and so are those that are scaled in between
    assert piecewise.encode in units("different")
    assert piecewise.encode in units("many", scaled=True)


def test_a_subclass_is_left_to_numpy():
    class Mine(PiecewiseEncoding):
        pass

    risk = risk_of(PLE(), EDGES["two"])
    assert is_supported(risk, Adam())
    first, *others = risk.network.blocks
    mine = Mine(first.n_in, first.features, first.bins)
    network = Network((mine, *others))
    assert not is_supported(EmpiricalRisk(network, risk.loss), Adam())
