"""Tables of categories in compiled code, against the NumPy pass."""

import numpy as np
import pytest

pytest.importorskip("numba")

import numba

from sklearn_bpnet.net.activations import Identity, Tanh
from sklearn_bpnet.net.blocks import (
    PBLD,
    Embedding,
    FixedTable,
    InputScale,
    LearnedTable,
    Lookup,
    OneHotTable,
)
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.optimizers import Adam
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.compiled import affine, chain, lookup
from sklearn_bpnet.training.stochastic.compiled.supported import is_supported

from .test_compiled import OPTIMIZERS, assert_same

ONE_HOT = FixedTable(np.vstack([np.eye(3) - 1 / 3, np.zeros(3)]))
TWO_LEVELS = FixedTable(np.array([[1.0], [-1.0], [0.0]]))
VECTORS = np.random.default_rng(1).normal(size=(3, 4))
COMPACT, COMPACT_WITH_LAST = OneHotTable(*VECTORS[:2]), OneHotTable(*VECTORS)
EMPTY = FixedTable(np.zeros((2, 0)))
LARGE, SMALL = LearnedTable(30, 2), LearnedTable(5, 3, 0.7)
MIXES = {
    "fixed": (ONE_HOT,),
    "learned": (SMALL,),
    "fixed ones": (ONE_HOT, EMPTY, TWO_LEVELS),
    "compact ones": (COMPACT, COMPACT_WITH_LAST),
    "learned ones": (SMALL, LARGE),
    "mixed": (LARGE, ONE_HOT, SMALL),
    "mixed otherwise": (TWO_LEVELS, SMALL, ONE_HOT),
    "codes only": (LARGE, ONE_HOT, COMPACT_WITH_LAST, SMALL),
}
every_mix = pytest.mark.parametrize("tables", MIXES.values(), ids=MIXES)
every_dtype = pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-3)], ids=["64", "32"]
)


def reader_of(tables, clip=None, change=lambda X: X):
    """A reader of samples whose last columns are codes of the tables."""

    def read(X, dtype):
        rng, n_numeric = np.random.default_rng(7), 4 - len(tables)
        X = X.copy()
        for j, table in enumerate(tables, n_numeric):
            X[:, j] = rng.integers(0, table.n_codes, len(X))
        numeric = X[:, :n_numeric]
        mean, scale = numeric.mean(axis=0, dtype=float), numeric.std(axis=0) + 0.5
        scaling = Standardization(mean, scale, clip).with_codes(len(tables))
        return RowReader(change(X), dtype, scaling)

    return read


def risk_of(tables, *, embedded=False, scaled=False, alpha=0.02, ratio=0.5, **noise):
    inputs = [Lookup(4, tables)]
    if embedded:
        inputs.append(Embedding(inputs[-1].n_out, (0,), PBLD(5, 4, 1.0)))
    if scaled:
        inputs.append(InputScale(inputs[-1].n_out))
    functions = Tanh(), Identity()
    network = Network.dense((4, 6, 1), functions, inputs=inputs, **noise)
    penalty = ElasticNet(ratio)
    return EmpiricalRisk(network, LOSSES["squared_error"], alpha, penalty)


@every_mix
@every_dtype
@pytest.mark.parametrize("n_threads", [1, 3])
def test_tables_are_those_of_numpy(tables, n_threads, dtype, rtol):
    kwargs = {"n_threads": n_threads, "dtype": dtype, "read": reader_of(tables)}
    for ratio in (0.5, 0.0):
        risk = risk_of(tables, ratio=ratio)
        assert_same(risk, Adam(epsilon=1e-4), rtol, weighted=True, **kwargs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_every_step_on_a_table_is_that_of_numpy(optimizer, clip_norm):
    tables = MIXES["mixed"]
    risk, n_threads = risk_of(tables), 2
    factors = np.linspace(2, 0, risk.network.n_parameters)
    for options in (
        StepOptions(clip_norm=clip_norm),
        StepOptions(clip_norm=clip_norm, weight_decay=0.1, factors=factors),
    ):
        kwargs = {"options": options, "read": reader_of(tables)}
        assert_same(risk, optimizer, 1e-9, n_threads=n_threads, **kwargs)


@pytest.mark.parametrize("mix", ["fixed", "learned", "mixed"])
@pytest.mark.parametrize("n_threads", [1, 2])
@every_dtype
def test_what_stands_above_tables_is_that_of_numpy(mix, n_threads, dtype, rtol):
    # an embedding hands its gradient on to learned tables, and so does noise
    tables = MIXES[mix]
    kwargs = {"n_threads": n_threads, "dtype": dtype, "read": reader_of(tables)}
    for options in (
        {"embedded": True},
        {"scaled": True},
        {"embedded": True, "scaled": True},
        {"dropout": (0.3, 0.2)},
        {"input_noise": 0.1, "dropout": (0.3, 0.0), "embedded": True},
    ):
        if mix == "mixed":
            options = options | {"embedded": False}
        risk = risk_of(tables, **options)
        assert_same(risk, Adam(epsilon=1e-4), rtol, **kwargs)


@pytest.mark.parametrize("clip", [None, 1.5])
@pytest.mark.parametrize(
    "change",
    [
        lambda X: X,
        lambda X: X.astype(np.float32),
        lambda X: (
            np.trunc(10 * X).astype(np.int64) * [1, 1, 0, 0]
            + X.astype(np.int64) * [0, 0, 1, 1]
        ),
        lambda X: np.asfortranarray(X),
        lambda X: X.astype(">f8"),
    ],
    ids=["float64", "float32", "int64", "columns", ">f8"],
)
def test_codes_are_read_as_in_numpy(change, clip):
    tables = SMALL, LARGE
    read = reader_of(tables, clip, change)
    assert_same(risk_of(tables), Adam(), 1e-6, read=read)


def test_an_unknown_code_is_the_last_row_as_in_numpy():
    tables = SMALL, ONE_HOT

    def beyond(X):
        X[::3, 2:] += 100
        return X

    assert_same(risk_of(tables), Adam(), 1e-9, read=reader_of(tables, change=beyond))


def test_without_noise_a_table_comes_first_all_the_same():
    tables = MIXES["mixed"]
    risk = risk_of(tables, input_noise=0.1, dropout=(0.3, 0.2))
    risk = EmpiricalRisk(risk.network, risk.loss)
    assert_same(risk, Adam(), 1e-9, read=reader_of(tables), average=0.9)


def test_a_table_of_another_form_is_left_to_numpy():
    class Mine(FixedTable):
        pass

    assert is_supported(risk_of((ONE_HOT,)), Adam())
    assert not is_supported(risk_of((SMALL, Mine(ONE_HOT.values))), Adam())


def test_only_what_takes_part_is_compiled(monkeypatch):
    made = []
    monkeypatch.setattr(chain, "address_of", lambda unit, _: made.append(unit) or 0)

    def units_of(*tables, **options):
        made.clear()
        chain.Chain(risk_of(tables, **options).network, numba.float64, is_noisy=True)
        return set(made) - layers

    layers = set()
    layers = units_of()
    assert not layers & {lookup.look_up_backward, affine.drop_backward}
    layers -= {lookup.look_up}
    assert units_of(ONE_HOT) == {lookup.look_up}
    assert units_of(SMALL) == {lookup.look_up, lookup.look_up_backward}
    # noise of the inputs passes gradients on to learned tables only
    noisy = {"dropout": (0.2, 0.0)}
    assert units_of(ONE_HOT, **noisy) == {lookup.look_up, affine.drop}
    assert affine.drop_backward in units_of(SMALL, **noisy)
