from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.standardization import Standardization

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
every_sparse_form = pytest.mark.parametrize(
    "form", [sparse.csr_matrix, sparse.csr_array], ids=lambda f: f.__name__
)


def statistics(X):
    X = np.asarray(X, dtype=np.float64)
    return Standardization(X.mean(axis=0), X.std(axis=0))


def standardized(X, s):
    return (np.asarray(X, dtype=np.float64) - s.mean) / s.scale


def as_memmap(X, tmp_path):
    mapped = np.memmap(tmp_path / "X", dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    return np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape)


def read_only(X, tmp_path):
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS = {
    "rows": lambda X, tmp_path: X,
    "columns": lambda X, tmp_path: np.asfortranarray(X),
    "every second row": lambda X, tmp_path: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda X, tmp_path: X[:, ::-1].copy()[:, ::-1],
    "read-only": read_only,
    "memory map": as_memmap,
}


def numbers(dtype, n_rows=11, n_features=3):
    """Numbers that every dtype holds exactly."""
    rng = np.random.default_rng(4)
    if np.dtype(dtype).kind == "b":
        return rng.integers(2, size=(n_rows, n_features)).astype(bool)
    low = 0 if np.dtype(dtype).kind == "u" else -50
    return rng.integers(low, 50, size=(n_rows, n_features)).astype(dtype)


# RowReader


DTYPES = ["bool", "uint8", "int64", "float16", "float32", "float64", ">f8"]


@pytest.mark.parametrize(
    ("layout", "source"),
    [
        *(("rows", source) for source in DTYPES),
        *((layout, "float64") for layout in LAYOUTS if layout != "rows"),
        ("columns", "uint8"),
        ("memory map", ">f8"),
    ],
)
@every_dtype
def test_every_input_reads_as_its_float64_copy(layout, source, dtype, tmp_path):
    X = numbers(source)
    before = X.copy()
    given = LAYOUTS[layout](X, tmp_path)
    s = statistics(before)
    # a few roundings of numbers around 1, in the lesser precision of the two
    is_float64 = dtype == np.float64 and source in ("int64", "float64", ">f8")
    atol = 1e-14 if is_float64 else 1e-6
    for rows in (np.array([4]), np.array([3, 0, 7, 7]), slice(2, 6)):
        plain = RowReader(given, dtype).read(rows)
        assert plain.dtype == dtype
        np.testing.assert_array_equal(plain, before[rows].astype(np.float64))
        scaled = RowReader(given, dtype, s).read(rows)
        assert scaled.dtype == dtype
        np.testing.assert_allclose(scaled, standardized(before, s)[rows], atol=atol)
    np.testing.assert_array_equal(given, before)


@every_dtype
@pytest.mark.parametrize("source", ["int64", "float32", "float64"])
@pytest.mark.parametrize("clip", [None, 3.0])
def test_codes_are_read_as_they_are(dtype, source, clip):
    X = numbers(source)
    codes = np.random.default_rng(0).integers(0, 2**24, (len(X), 2))
    X_codes = np.hstack([X, codes]).astype(source)
    s = replace(statistics(X), smooth_clip=clip)
    rows = np.array([3, 0, 7, 7])
    seen = RowReader(X_codes, dtype, s.with_codes(2)).read(rows)
    np.testing.assert_array_equal(seen[:, 3:], codes[rows])
    np.testing.assert_array_equal(seen[:, :3], RowReader(X, dtype, s).read(rows))


def test_codes_are_added_after_the_features():
    s = Standardization(np.array([1.0, 2.0]), np.array([3.0, 4.0]), 1.5)
    t = s.with_codes(1).with_codes(2)
    np.testing.assert_array_equal(t.mean, [1, 2, 0, 0, 0])
    np.testing.assert_array_equal(t.scale, [3, 4, 1, 1, 1])
    assert (t.n_codes, t.n_numeric, t.smooth_clip) == (3, 2, 1.5)
    assert (s.n_codes, s.n_numeric) == (0, 2)


@every_dtype
@pytest.mark.parametrize("standardize", [True, False])
def test_a_reader_used_before_gives_the_same_rows(dtype, standardize):
    X = numbers("int64", n_rows=40)
    s = statistics(X) if standardize else None
    reader = RowReader(X, dtype, s)
    for rows in (np.arange(30), np.array([5, 2]), slice(3, 9), np.array([1, 1, 39])):
        reused = reader.read(rows)
        fresh = RowReader(X, dtype, s).read(rows)
        np.testing.assert_array_equal(reused, fresh)


def test_rows_in_column_order_too_big_to_copy_are_read_too(monkeypatch):
    monkeypatch.setattr("sklearn_bpnet.training.batches._COPY_TO_ROW_ORDER_BELOW", 1)
    X = np.asfortranarray(numbers("float32"))
    reader = RowReader(X, np.float64)
    assert reader.X is X
    for rows in (np.array([9, 0, 4]), slice(1, 5)):
        np.testing.assert_array_equal(reader.read(rows), X[rows])


def test_a_unix_timestamp_keeps_its_digits_in_a_float32_network():
    # float32 numbers near 1.7e9 are 128 seconds apart
    seconds = 1_700_000_000 + np.arange(600.0)
    for X in (seconds[:, None], seconds[:, None].astype(np.int64)):
        s = statistics(X)
        read = RowReader(X, np.float32, s).read(np.arange(600))
        assert read.dtype == np.float32
        np.testing.assert_allclose(read, standardized(X, s), atol=1e-6)


def test_the_largest_offset_is_in_units_of_the_scale():
    s = Standardization(np.array([1.0, -30.0, 0.0]), np.array([2.0, 3.0, 1.0]))
    assert s.largest_offset == 10
    assert Standardization(np.zeros(0), np.zeros(0)).largest_offset == 0


@every_sparse_form
@every_dtype
@pytest.mark.parametrize("source", ["bool", "uint8", "int64", "float32", "float64"])
def test_sparse_rows_stay_sparse_and_equal_dense_ones(form, dtype, source):
    X = numbers(source) * (np.arange(33).reshape(11, 3) % 2).astype(source)
    S = form(X)
    before = S.copy()
    for rows in (np.array([3, 0, 7]), slice(2, 6)):
        read = RowReader(S, dtype).read(rows)
        assert sparse.issparse(read)
        assert read.dtype == dtype
        np.testing.assert_array_equal(read.toarray(), X[rows].astype(np.float64))
    assert (S != before).nnz == 0
    assert S.dtype == before.dtype


@every_sparse_form
@every_dtype
@pytest.mark.parametrize("rows", [np.array([3, 0, 7, 7]), slice(2, 6)], ids=str)
def test_a_centred_sparse_operand_multiplies_like_the_dense_one(form, dtype, rows):
    rng = np.random.default_rng(1)
    X = rng.normal(2, 3, size=(11, 5)) * (rng.uniform(size=(11, 5)) < 0.4)
    S, s = form(X), statistics(X)
    before = S.copy()
    operand = RowReader(S, dtype, s).read(rows)
    dense = standardized(X, s)[rows]
    W, D = rng.normal(size=(5, 2)).astype(dtype), rng.normal(size=(4, 2)).astype(dtype)
    rtol = 1e-4 if dtype == np.float32 else 1e-12
    assert operand.shape == dense.shape
    assert operand.T.shape == dense.T.shape
    for product, expected in ((operand @ W, dense @ W), (operand.T @ D, dense.T @ D)):
        assert product.dtype == dtype
        np.testing.assert_allclose(product, expected, rtol=rtol, atol=rtol / 10)
    assert (S != before).nnz == 0


@every_sparse_form
def test_scaling_without_centring_leaves_a_plain_sparse_operand(form):
    S = form(np.array([[0.0, 4.0], [2.0, 0.0]]))
    s = Standardization(np.zeros(2), np.array([1.0, 2.0]))
    read = RowReader(S, np.float64, s).read(slice(0, 2))
    assert sparse.issparse(read)
    np.testing.assert_array_equal(read.toarray(), [[0, 2], [2, 0]])


# Batches: row i of X is (i, 10 i), its target 100 i, its weight 1000 i


def numbered(n_rows, batch_size, rows=None, form=np.asarray, weighted=True):
    i = np.arange(n_rows, dtype=np.float64)
    X = form(np.stack([i, 10 * i], axis=1))
    s = 1000 * i if weighted else None
    return Batches(RowReader(X, np.float64), 100 * i[:, None], s, rows, batch_size)


def epoch_of(batches, rng=None):
    """The row numbers of every batch, checked to be the same in X, Y and s."""
    numbers = []
    for batch in batches.epoch(rng):
        X = batch.X.toarray() if sparse.issparse(batch.X) else batch.X
        i = X[:, 0].copy()
        np.testing.assert_array_equal(X[:, 1], 10 * i)
        np.testing.assert_array_equal(batch.Y, 100 * i[:, None])
        if batches.s is None:
            assert batch.s is None
        else:
            np.testing.assert_array_equal(batch.s, 1000 * i)
        numbers.append(i.astype(int).tolist())
    return numbers


ROWS = np.array([8, 1, 5, 3, 9, 0, 4])
every_choice = pytest.mark.parametrize(
    "rows", [None, ROWS], ids=["all rows", "some rows"]
)
every_batch_size = pytest.mark.parametrize("batch_size", [1, 3, 99])
every_form = pytest.mark.parametrize(
    "form", [np.asarray, sparse.csr_array], ids=lambda f: f.__name__
)


@pytest.fixture(params=[1, 12, 2**18], ids=lambda n: f"{n} numbers at once")
def numbers_at_once(request, monkeypatch):
    """How much is read at a time: a batch, a few, all."""
    monkeypatch.setattr("sklearn_bpnet.training.batches._READ_NUMBERS", request.param)


@pytest.mark.usefixtures("numbers_at_once")
@every_form
@every_batch_size
@every_choice
def test_an_epoch_has_every_sample_once_with_its_target_and_weight(
    form, batch_size, rows
):
    expected = sorted(range(10) if rows is None else rows)
    for weighted in (True, False):
        batches = numbered(10, batch_size, rows, form, weighted)
        rng = np.random.default_rng(0)
        for _ in range(2):
            assert sorted(chain(*epoch_of(batches, rng))) == expected


@pytest.mark.usefixtures("numbers_at_once")
@every_form
@every_choice
def test_without_a_generator_the_order_is_kept(form, rows):
    batches = numbered(10, 4, rows, form)
    order = list(range(10)) if rows is None else rows.tolist()
    for _ in range(2):
        pieces = epoch_of(batches)
        assert pieces == [order[a : a + 4] for a in range(0, len(order), 4)]


@every_choice
def test_a_generator_draws_another_order_every_epoch(rows):
    batches = numbered(10, 4, rows)
    given = None if rows is None else rows.copy()
    rng = np.random.default_rng(0)
    orders = [tuple(chain(*epoch_of(batches, rng))) for _ in range(5)]
    assert len(set(orders)) == 5
    again = np.random.default_rng(0)
    fresh = numbered(10, 4, rows)
    assert [tuple(chain(*epoch_of(fresh, again))) for _ in range(5)] == orders
    np.testing.assert_array_equal(rows, given)


@pytest.mark.usefixtures("numbers_at_once")
@pytest.mark.parametrize(
    ("n_rows", "batch_size", "sizes"),
    [
        (10, 4, [4, 4, 2]),
        (10, 5, [5, 5]),
        (10, 9, [9, 1]),
        (10, 10, [10]),
        (10, 11, [10]),
        (1, 1, [1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_only_the_last_batch_may_be_smaller(n_rows, batch_size, sizes):
    batches = numbered(n_rows, batch_size)
    for rng in (np.random.default_rng(0), None):
        assert [len(piece) for piece in epoch_of(batches, rng)] == sizes
    assert batches.n_samples == n_rows
    assert batches.batch_size == max(sizes)


def test_a_full_batch_is_read_once():
    batches = numbered(10, 10)
    (first,), (second,) = batches.epoch(), batches.epoch(np.random.default_rng(0))
    assert first is second


def test_X_Y_and_weights_are_only_read():
    i = np.arange(10.0)
    arrays = (np.stack([i, 10 * i], axis=1), 100 * i[:, None], 1000 * i)
    for array in arrays:
        array.flags.writeable = False
    rows = ROWS.copy()
    rows.flags.writeable = False
    X, Y, s = arrays
    for batch_size in (2, 7):
        for shuffle in (None, np.random.default_rng(0)):
            reader = RowReader(X, np.float64, statistics(X))
            list(Batches(reader, Y, s, rows, batch_size).epoch(shuffle))
