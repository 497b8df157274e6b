import pickle
from itertools import pairwise

import numpy as np
import pytest
from differences import relative_error

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks import (
    KINDS,
    PBLD,
    Embedding,
    FixedTable,
    InputScale,
    LearnedTable,
    Lookup,
    OneHotTable,
)
from sklearn_bpnet.net.blocks.tables import usual_width
from sklearn_bpnet.net.gradcheck import compare, numerical_gradient
from sklearn_bpnet.net.initializers import GLOROT, INITIALIZERS, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta

SCHEME = Initialization(GLOROT)  # tables have their own
N_SAMPLES = 9
FUNCTIONS = (ACTIVATIONS["tanh"], ACTIVATIONS["identity"])

ONE_HOT = FixedTable(np.vstack([np.eye(3) - 1 / 3, np.zeros((1, 3))]))
TWO_LEVELS = FixedTable(np.array([[1.0], [-1.0], [0.0]]))
COMPACT = OneHotTable(np.array([-0.2, -0.3]), np.array([0.8, 0.7]))
COMPACT_WITH_LAST = OneHotTable(COMPACT.off, COMPACT.on, np.array([0.1, 0.0]))
EMPTY = FixedTable(np.zeros((2, 0)))
LARGE, SMALL = LearnedTable(50, 2), LearnedTable(5, 3)
TABLES = {
    "fixed": (ONE_HOT,),
    "learned": (SMALL,),
    "fixed ones": (ONE_HOT, TWO_LEVELS),
    "compact ones": (COMPACT, COMPACT_WITH_LAST),
    "learned ones": (SMALL, LARGE),
    "mixed": (LARGE, ONE_HOT, EMPTY, SMALL, COMPACT_WITH_LAST),
}
every_mix = pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)


def samples(tables, rng, n_numeric=2, n=N_SAMPLES):
    numeric = rng.normal(size=(n, n_numeric))
    codes = [rng.integers(0, table.n_codes, n) for table in tables]
    return np.column_stack([numeric, *codes])


def dense(table):
    """The rows of a fixed table."""
    if isinstance(table, FixedTable):
        return table.values
    rows = [np.where(own, table.on, table.off) for own in np.eye(table.width)]
    return np.array(rows if table.last is None else [*rows, table.last])


def block_of(tables, n_numeric=2):
    return Lookup(n_numeric + len(tables), tables)


def drawn(tables, rng, dtype=np.float64):
    block = block_of(tables)
    theta = Theta.zeros([block.shapes], dtype)
    theta.flat[:] = rng.normal(size=theta.flat.size)
    return block, theta


def forward(block, arrays, X):
    return block.forward(arrays, X, block.workspace(len(X), X.dtype))


@every_mix
def test_the_rows_of_the_codes_follow_the_numeric_features(tables, rng):
    block, theta = drawn(tables, rng)
    X = samples(tables, rng)
    A = forward(block, theta.arrays[0], X)
    assert A.shape == (N_SAMPLES, block.n_out)
    learned = iter(theta.arrays[0])
    rows = [next(learned) if isinstance(t, LearnedTable) else dense(t) for t in tables]
    for a, x in zip(A, X, strict=True):
        codes = x[2:].astype(int)
        of_codes = [T[code] for T, code in zip(rows, codes, strict=True)]
        np.testing.assert_array_equal(a, np.concatenate([x[:2], *of_codes]))
    at = [2 + sum(t.width for t in tables[:k]) for k in range(len(tables) + 1)]
    assert [(c.start, c.stop) for c in block.columns] == [*pairwise(at)]


@every_mix
def test_backward_is_the_gradient_of_forward(tables, rng):
    block, theta = drawn(tables, rng)
    X, n_numeric = samples(tables, rng), block.n_numeric
    ws = block.workspace(N_SAMPLES, np.float64)
    block.forward(theta.arrays[0], X, ws)
    ws.G[:] = R = rng.normal(size=ws.A.shape)
    gradient, G_below = Theta.zeros([block.shapes]), np.full_like(X, np.nan)
    gradient.flat[:] = np.nan
    block.backward(theta.arrays[0], X, ws, gradient.arrays[0], G_below)

    def of_theta(flat):
        arrays = Theta([block.shapes], flat).arrays[0]
        return float((forward(block, arrays, X) * R).sum())

    numeric = numerical_gradient(of_theta, theta.flat)
    np.testing.assert_allclose(gradient.flat, numeric, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(G_below[:, :n_numeric], R[:, :n_numeric])
    np.testing.assert_array_equal(G_below[:, n_numeric:], 0)


@every_mix
def test_the_gradient_over_parts_of_the_samples_adds_up(tables, rng):
    block, theta = drawn(tables, rng)
    X = samples(tables, rng)
    whole = block.workspace(N_SAMPLES, np.float64)
    R, gradients = rng.normal(size=whole.A.shape), []
    for part in (slice(None), slice(0), slice(4), slice(4, None)):
        ws = whole.part(part)
        A = block.forward(theta.arrays[0], X[part], ws)
        assert A.size == 0 or np.shares_memory(A, whole.A)
        ws.G[:] = R[part]
        gradient = Theta.zeros([block.shapes])
        block.backward(theta.arrays[0], X[part], ws, gradient.arrays[0], None)
        gradients.append(gradient.flat)
    np.testing.assert_array_equal(gradients[1], 0)
    np.testing.assert_allclose(gradients[0], gradients[2] + gradients[3], atol=1e-12)


def inputs_of(tables, *, embedded=False, scaled=False):
    blocks = [block_of(tables)]
    if embedded:
        blocks.append(Embedding(blocks[-1].n_out, (0, 1), PBLD(3, 3, 0.7)))
    if scaled:
        blocks.append(InputScale(blocks[-1].n_out))
    return blocks


@every_mix
@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_the_gradient_of_a_network_is_that_of_differences(
    tables, embedded, scaled, rng
):
    inputs = inputs_of(tables, embedded=embedded, scaled=scaled)
    network = Network.dense((inputs[0].n_in, 4, 2), FUNCTIONS, inputs=inputs)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=0.1)
    X, Y = samples(tables, rng), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.uniform(-0.8, 0.8, size=network.n_parameters)
    _, gradient = risk.value_and_gradient(theta, X, Y)
    report = compare(lambda t: risk.value(t, X, Y), theta, gradient, network)
    assert not report.mismatches, str(report)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    assert relative_error(gradient, numeric) < 1e-6


def test_the_gradient_check_names_a_table(rng):
    inputs = inputs_of(TABLES["mixed"])
    network = Network.dense((inputs[0].n_in, 4, 2), FUNCTIONS, inputs=inputs)
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    X, Y = samples(inputs[0].tables, rng), rng.normal(size=(N_SAMPLES, 2))
    theta = rng.normal(size=network.n_parameters)
    _, gradient = risk.value_and_gradient(theta, X, Y)
    gradient[50 * 2 + 4] += 1
    report = compare(lambda t: risk.value(t, X, Y), theta, gradient, network)
    (wrong,) = report.mismatches
    assert (wrong.layer, wrong.parameter) == (0, "categorical_embedding")
    assert (wrong.attribute, wrong.index) == ("categorical_embeddings_[1]", (1, 1))


def test_fixed_tables_are_the_layer_above_on_encoded_samples(rng):
    tables = ONE_HOT, TWO_LEVELS
    block = block_of(tables)
    of_codes, plain = (
        EmpiricalRisk(
            Network.dense((n, 4, 2), FUNCTIONS, inputs=inputs), LOSSES["squared_error"]
        )
        for n, inputs in ((4, [block]), (block.n_out, []))
    )
    X, Y = samples(tables, rng), rng.normal(size=(N_SAMPLES, 2))
    encoded = forward(block, (), X)
    theta = rng.normal(size=plain.network.n_parameters)
    assert of_codes.network.n_parameters == theta.size
    value, gradient = of_codes.value_and_gradient(theta, X, Y)
    expected, expected_gradient = plain.value_and_gradient(theta, encoded, Y)
    assert value == expected
    np.testing.assert_array_equal(gradient, expected_gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_small_tables_are_joined_and_give_the_same(dtype, rng):
    sizes = [(2, 1), (9, 8), (4, 4), (41, 40), (3, 0), (300, 299), (7, 6), (5, 4)]
    fixed = [FixedTable(rng.normal(size=size)) for size in sizes]
    tables = (*fixed, COMPACT, LARGE, COMPACT_WITH_LAST, *fixed, SMALL)
    block, theta = drawn(tables, rng, dtype)
    X = samples(tables, rng, n=200)
    X[::10, 2:] += 1000
    X = X.astype(dtype)
    joined, plain = (block.workspace(len(X), dtype, backward=b) for b in (True, False))
    assert len(plain.joined) == len(tables)
    assert len(joined.joined) <= len(tables) / 2
    assert max(one.table.n_codes * one.table.width for one in joined.joined[:2]) < 2**15
    A = block.forward(theta.arrays[0], X, joined)
    np.testing.assert_array_equal(A, block.forward(theta.arrays[0], X, plain))
    assert {one.table.values.dtype for one in joined.joined[:2]} == {np.dtype(dtype)}


def test_tables_without_a_column_are_joined_to_few_combinations():
    block = Lookup(61, (EMPTY,) * 60)
    ws = block.workspace(2, np.float32)
    assert max(one.table.n_codes for one in ws.joined) <= 2**15
    X = np.hstack([[[0.5], [0.7]], np.ones((2, 60))]).astype(np.float32)
    np.testing.assert_array_equal(block.forward((), X, ws), X[:, :1])


def test_an_unknown_code_is_the_last_row(rng):
    block, theta = drawn((SMALL, ONE_HOT), rng)
    X = np.array([[0.0, 0.0, 4, 3], [0.0, 0.0, 5, 4], [0.0, 0.0, 1e6, 9]])
    ws = block.workspace(3, np.float64)
    A = block.forward(theta.arrays[0], X, ws)
    np.testing.assert_array_equal(A[:, 2:5], [theta.arrays[0][0][-1]] * 3)
    np.testing.assert_array_equal(A[:, 5:], 0)
    ws.G[:] = 1
    gradient = Theta.zeros([block.shapes])
    block.backward(theta.arrays[0], X, ws, gradient.arrays[0], None)
    np.testing.assert_array_equal(gradient.arrays[0][0], [[0] * 3] * 4 + [[3] * 3])


def test_one_hot_rows_take_the_memory_of_three(rng):
    n = 100_000
    off, on, last = rng.normal(size=(3, n))
    table = OneHotTable(off, on, last)
    assert (table.n_codes, table.width, table.numbers.size) == (n + 1, n, 3 * n)
    A = forward(Lookup(1, (table,)), (), np.array([[7.0], [n - 1], [n], [n + 9]]))
    for a, code in zip(A, (7, n - 1), strict=False):
        assert a[code] == on[code]
        np.testing.assert_array_equal(np.delete(a, code), np.delete(off, code))
    np.testing.assert_array_equal(A[2:], [last, last])


def test_codes_are_exact_in_single_precision(rng):
    n_codes = 300_000
    block = Lookup(1, (LearnedTable(n_codes, 1),))
    T = np.arange(n_codes, dtype=np.float32)[:, None]
    codes = np.float32(rng.integers(0, n_codes, 1000))[:, None]
    A = forward(block, [T], codes)
    assert A.dtype == np.float32
    np.testing.assert_array_equal(A, codes)


def test_single_precision_stays_so(rng):
    block, theta = drawn(TABLES["mixed"], rng, np.float32)
    X = samples(TABLES["mixed"], rng).astype(np.float32)
    ws = block.workspace(N_SAMPLES, np.float32)
    assert block.forward(theta.arrays[0], X, ws).dtype == np.float32
    assert ws.G.dtype == np.float32
    assert block.workspace(7, np.float32, backward=False).G.size == 0


def test_learned_rows_start_around_zero_and_the_last_one_there():
    block = Lookup(3, (LearnedTable(4000, 5), ONE_HOT, LearnedTable(2000, 3, 0.7)))
    theta = Theta.zeros([block.shapes])
    block.start(theta.arrays[0], SCHEME, np.random.default_rng(0))
    for T, deviation in zip(theta.arrays[0], (LARGE.deviation, 0.7), strict=True):
        np.testing.assert_array_equal(T[-1], 0)
        assert T[:-1].all()
        assert T.std() == pytest.approx(deviation, rel=0.03)
        assert abs(T.mean()) < 0.03 * deviation


def test_a_table_of_many_rows_is_narrow():
    widths = [usual_width(n) for n in (11, 1001, 2501, 5001, 10_001, 100_001)]
    assert widths == [16, 16, 7, 3, 2, 2]


def test_the_row_of_the_unknown_stays_at_zero_in_training(rng):
    # no sample has its code, and a penalty pulls it to where it is
    network = Network.dense((3, 4, 1), FUNCTIONS, inputs=[block_of((SMALL,))])
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=0.1)
    X, Y = samples((SMALL,), rng), rng.normal(size=(N_SAMPLES, 1))
    X[:, 2] = np.minimum(X[:, 2], 3)
    theta = network.initial_theta(SCHEME, rng, np.float64).flat
    gradient = network.arrays(risk.value_and_gradient(theta, X, Y)[1])
    np.testing.assert_array_equal(gradient[0][0][-1], 0)
    assert gradient[0][0][:-1].any()


def test_without_learned_tables_nothing_changes_in_theta():
    with_tables, without = (
        Network.dense((7, 4, 1), FUNCTIONS, inputs=inputs)
        for inputs in ([], [Lookup(4, (TWO_LEVELS, FixedTable(np.eye(4))))])
    )
    assert with_tables.shapes == [s for s in without.shapes if s]
    assert "categorical_embedding" not in without.kinds
    starts = [
        network.initial_theta(SCHEME, np.random.default_rng(0), np.float64).flat
        for network in (with_tables, without)
    ]
    np.testing.assert_array_equal(*starts)


def test_noise_acts_on_rows_and_not_on_codes():
    inputs = inputs_of(TABLES["mixed"], embedded=True, scaled=True)
    network = Network.dense(
        (7, 4, 1), FUNCTIONS, inputs=inputs, input_noise=0.1, dropout=(0.2, 0.3)
    )
    names = [type(block).__name__ for block in network.blocks]
    assert names == [
        "Lookup", "GaussianNoise", "Dropout", "Embedding", "InputScale", "Dense",
        "Dropout", "Dense",
    ]  # fmt: skip
    for below, above in zip(network.blocks[:-1], network.blocks[1:], strict=True):
        assert below.n_out == above.n_in
    (lookup,) = (block for block in network.blocks if block.reads_codes)
    assert lookup is inputs[0]


def test_the_gradient_passes_through_drawn_noise(rng):
    tables = TABLES["mixed"]
    inputs = inputs_of(tables, embedded=True)
    network = Network.dense(
        (7, 4, 1), FUNCTIONS, inputs=inputs, input_noise=0.1, dropout=(0.3, 0.5)
    )
    risk = EmpiricalRisk(network, LOSSES["squared_error"])
    X, Y = samples(tables, rng), rng.normal(size=(N_SAMPLES, 1))
    theta = rng.uniform(-0.8, 0.8, size=network.n_parameters)
    ws = network.workspace(N_SAMPLES, np.float64)
    network.draw(ws, rng)
    gradient = Theta.zeros(network.shapes)

    def J(t):
        arrays = network.arrays(t)
        total = risk.add_up(arrays, X, Y, None, N_SAMPLES, gradient.arrays, ws)
        return total / N_SAMPLES

    J(theta)
    exact = gradient.flat.copy()
    assert relative_error(exact, numerical_gradient(J, theta)) < 1e-6


def test_a_scheme_may_see_what_the_tables_make_of_samples(rng):
    inputs = inputs_of(TABLES["mixed"])
    network = Network.dense((7, 4, 1), FUNCTIONS, inputs=inputs)
    scheme = Initialization(INITIALIZERS["unit_variance"])
    assert scheme.needs_samples
    X = samples(TABLES["mixed"], rng)
    theta = network.initial_theta(scheme, rng, np.float64, X)
    assert np.isfinite(theta.flat).all()
    Z = forward(inputs[0], theta.arrays[0], X) @ theta.arrays[1][0]
    np.testing.assert_allclose(Z.var(axis=0), 1, rtol=1e-6)


def test_learned_tables_are_penalised_with_the_first_layer():
    network = Network.dense((7, 4, 1), FUNCTIONS, inputs=inputs_of(TABLES["mixed"]))
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=(0.1, 0.2))
    strength = network.arrays(risk.strength(np.zeros(network.n_parameters)))
    for array in strength[0]:
        np.testing.assert_array_equal(array, 0.1)


@pytest.mark.parametrize("tables", [(SMALL,), (SMALL, ONE_HOT, LARGE)])
def test_learned_tables_are_shown_as_a_list(tables, rng):
    n_in = 2 + len(tables)
    network = Network.dense((n_in, 4, 1), FUNCTIONS, inputs=[block_of(tables)])
    theta = rng.normal(size=network.n_parameters)
    arrays = network.arrays(theta)
    shown = network.show(arrays)
    shapes = [(t.n_codes, t.width) for t in tables if isinstance(t, LearnedTable)]
    assert [T.shape for T in shown["categorical_embeddings_"]] == shapes
    for ours, theirs in zip(network.arrays_from(shown), arrays, strict=True):
        assert all(a is b for a, b in zip(ours, theirs, strict=True))
    with pytest.raises(ValueError, match=r"categorical_embeddings_ has .* entries"):
        network.arrays_from(shown | {"categorical_embeddings_": []})
    shown["categorical_embeddings_"][0] = np.zeros((3, 3))
    with pytest.raises(ValueError, match=r"categorical_embeddings_\[0\] has shape"):
        network.arrays_from(shown)


def test_fixed_tables_are_not_shown():
    network = Network.dense((4, 4, 1), FUNCTIONS, inputs=[Lookup(4, (ONE_HOT,))])
    assert "categorical_embeddings_" not in network.attributes


def test_its_kind_is_known():
    assert KINDS["categorical_embedding"] == "embedding of categories"
    network = Network.dense((7, 4, 1), FUNCTIONS, inputs=inputs_of(TABLES["mixed"]))
    assert network.kinds["categorical_embedding"] == "embedding of categories"


def test_a_column_is_as_important_as_its_table(rng):
    tables = ONE_HOT, SMALL, TWO_LEVELS
    network = Network.dense((5, 4, 1), FUNCTIONS, inputs=[block_of(tables)])
    arrays = network.arrays(rng.normal(size=network.n_parameters))
    T, norms = arrays[0][0], np.linalg.norm(arrays[1][0], axis=1)
    T[-1] = 100  # of what training has not seen
    spread = T[:-1].std(axis=0)
    expected = [
        *norms[:2],
        np.linalg.norm(norms[2:5]),
        np.linalg.norm(spread * norms[5:8]),
        norms[8],
    ]
    np.testing.assert_allclose(network.feature_importances(arrays), expected)
    T[:] = 3  # alike for all categories
    assert network.feature_importances(arrays)[3] == pytest.approx(0, abs=1e-12)


def test_it_is_copied_with_its_tables(rng):
    block, theta = drawn(TABLES["mixed"], rng)
    X = samples(TABLES["mixed"], rng)
    copied = pickle.loads(pickle.dumps(block))
    np.testing.assert_array_equal(
        forward(copied, theta.arrays[0], X), forward(block, theta.arrays[0], X)
    )
