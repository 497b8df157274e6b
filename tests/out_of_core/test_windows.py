"""Windows: every sample once per epoch, and no thread left."""

import numpy as np
import pytest
from training.threads import InterruptError, run_interrupted

from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.windows import ReadAhead, WindowedBatches, batches_of

from .tables import ArrayTable

N = 1000
X = np.repeat(np.arange(N, dtype=np.float32)[:, None], 4, axis=1)
Y = np.arange(N, dtype=np.float32)[:, None]
LENGTHS = [100, 0, 37, 363, *[50] * 10]


def batches_in_windows(window_rows, indices=None, batch_size=16, lengths=LENGTHS):
    table = ArrayTable(X, lengths, window_bytes=16 * window_rows)
    s = None if indices is None else np.arange(N, dtype=np.float32) * 2
    return batches_of(RowReader(table, np.float32), Y, s, indices, batch_size)


def samples_of(batches, rng=None):
    """The samples of an epoch by batch, after comparing X, Y and s."""
    found = []
    for x, y, s in batches.epoch(rng):
        assert (x == y).all()
        assert s is None or (s == 2 * y[:, 0]).all()
        found.append(y[:, 0].astype(int))
    return found


SOME = np.flatnonzero(np.arange(N) % 7 > 1)


@pytest.mark.parametrize("indices", [None, SOME])
@pytest.mark.parametrize("window_rows", [1, 40, 64, 320, 2000])
def test_every_sample_is_seen_once_per_epoch(window_rows, indices, no_thread_left):
    batches = batches_in_windows(window_rows, indices)
    rng, selected = np.random.default_rng(0), np.arange(N) if indices is None else SOME
    first, second = samples_of(batches, rng), samples_of(batches, rng)
    for found in (first, second):
        assert len(found) == batches.n_batches
        assert {len(batch) for batch in found[:-1]} == {16}
        np.testing.assert_array_equal(np.sort(np.concatenate(found)), selected)
    assert not np.array_equal(first[0], second[0])


@pytest.mark.parametrize("indices", [None, SOME])
@pytest.mark.parametrize("window_rows", [40, 2000])
def test_without_a_shuffle_the_batches_are_those_of_an_array(window_rows, indices):
    s = None if indices is None else np.arange(N, dtype=np.float32) * 2
    expected = Batches(RowReader(X, np.float32), Y, s, indices, 16)
    found = samples_of(batches_in_windows(window_rows, indices))
    np.testing.assert_equal(found, samples_of(expected))


def test_one_window_has_the_order_of_an_array():
    expected = Batches(RowReader(X, np.float32), Y, None, None, 16)
    batches = batches_in_windows(N)
    rngs = [np.random.default_rng(3) for _ in range(2)]
    for _ in range(2):
        found = samples_of(batches, rngs[0])
        np.testing.assert_equal(found, samples_of(expected, rngs[1]))
    assert batches.reader.X.n_made == 13  # it is read once


def test_a_window_mixes_blocks_of_the_whole_table():
    batches = batches_in_windows(320, lengths=[10] * 100)
    found = np.concatenate(samples_of(batches, np.random.default_rng(0)))
    for window in (found[:320], found[320:640]):
        assert len(np.unique(window // 10)) == 32
        assert window.std() > N / 5
        # as far as 2.6 standard deviations of a random permutation
        assert abs(np.corrcoef(np.arange(320), window)[0, 1]) < 0.15


@pytest.mark.parametrize("k", [0, 3, 12])
def test_an_error_of_the_reader_is_raised(k, no_thread_left, monkeypatch):
    batches = batches_in_windows(64)
    make = batches.table.make

    def failing(j):
        if j == k:
            raise OSError("no disk")
        return make(j)

    monkeypatch.setattr(batches.table, "make", failing)
    with batches, batches, pytest.raises(OSError, match="no disk"):
        samples_of(batches)


def test_no_thread_is_left_after_an_interrupt_at_any_line(no_thread_left):
    files = {module.__code__.co_filename for module in (ReadAhead.over,)}
    at, is_interrupted = 0, True

    def epoch():
        batches = batches_in_windows(320)
        with batches, batches:
            samples_of(batches, np.random.default_rng(0))

    while is_interrupted:
        at += 7
        is_interrupted = run_interrupted(epoch, at, files)
    assert at > 100


def test_a_caller_who_stops_leaves_no_thread(no_thread_left):
    batches = batches_in_windows(64)

    def broken_off():
        with batches, batches:
            for _ in batches.epoch():
                raise InterruptError

    with pytest.raises(InterruptError):
        broken_off()
    assert batches.ahead.is_stopped


def test_it_can_be_read_again_after_an_epoch_that_broke_off(no_thread_left):
    batches = batches_in_windows(64)
    with batches, batches:
        for _ in range(2):
            next(iter(batches.epoch(np.random.default_rng(0))))
        np.testing.assert_array_equal(np.concatenate(samples_of(batches)), np.arange(N))


def test_an_array_needs_no_windows():
    assert type(batches_of(RowReader(X, np.float32), Y, None, None, 16)) is Batches
    assert isinstance(batches_in_windows(64), WindowedBatches)
