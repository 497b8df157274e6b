"""A table in blocks is indexed like the array that it stands for."""

import pickle

import numpy as np
import pytest
import sklearn

from sklearn_bpnet._data.chunks import SelectedColumns
from sklearn_bpnet._data.mapped import MappedTable, is_mapped
from sklearn_bpnet.training.block_table import FirstColumns, SelectedTable

from .tables import ArrayTable

X = np.arange(60, dtype=np.float32).reshape(12, 5)
LENGTHS = [3, 0, 4, 1, 4, 0]
ASCENDING = np.array([0, 2, 3, 6, 7, 8, 11])
INDICES = np.array([11, 0, 3, 3, 8])


@pytest.mark.parametrize(
    "key",
    [
        slice(None), slice(2, 9), slice(5, 5), slice(11, 20), INDICES, ASCENDING, [4],
        INDICES[:0], 7, np.intp(0), (slice(None), 2), (INDICES, slice(1, 3)),
        (slice(1, 4), np.array([4, 0])), (ASCENDING, 0),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["whole", "selected", "first columns"])
def test_it_is_indexed_like_an_array(key, kind):
    table, array = ArrayTable(X, LENGTHS), X
    if kind == "selected":
        array = np.concatenate([X, X])
        table = ArrayTable(array, LENGTHS * 2)
        indices = np.concatenate([np.arange(0, 24, 3), [22, 23], [23, 23]])
        table, array = SelectedTable(table, indices), array[indices]
    if kind == "first columns":
        array = np.hstack([X, X])
        table, array = FirstColumns(ArrayTable(array, LENGTHS), 5), array[:, :5]
    found, expected = table[key], array[key]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_ascending_indices_read_every_block_once():
    table = ArrayTable(X, LENGTHS)
    for start in range(0, len(ASCENDING), 2):
        table[ASCENDING[start : start + 2]]
    assert table.n_made == 4


@pytest.mark.parametrize("indices", [None, ASCENDING])
@pytest.mark.parametrize("columns", [3, slice(1, 3), np.array([0, 2, 4]), slice(2, 2)])
def test_columns_are_those_of_an_array(indices, columns):
    found = SelectedColumns(ArrayTable(X, LENGTHS), indices)[columns]
    expected = SelectedColumns(X, indices)[columns]
    rows = X if indices is None else X[indices]
    np.testing.assert_array_equal(expected, rows[:, columns])
    np.testing.assert_array_equal(found, expected)


def test_neighbouring_columns_are_read_together():
    table = ArrayTable(X, LENGTHS)
    columns = SelectedColumns(table, None)
    for j in range(5):
        columns[j]
    assert table.n_made == 4


def test_a_pickle_holds_no_block():
    table = ArrayTable(X, LENGTHS)
    table.block(0)
    assert pickle.loads(pickle.dumps(table))._last is None


# Memory maps


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_map_and_its_views_are_read(mapped, order, tiny_memory):
    numbers = np.random.default_rng(0).normal(size=(3000, 7))
    of_file = mapped(numbers, order=order)
    for view, expected in [
        (of_file, numbers),
        (of_file[10:, 1:5], numbers[10:, 1:5]),
        (np.asarray(of_file), numbers),
    ]:
        assert is_mapped(view)
        table = MappedTable(view)
        assert np.diff(table.offsets).max() <= 400 // (8 * view.shape[1])
        np.testing.assert_array_equal(table[:], expected)
        np.testing.assert_array_equal(table[[5, 2000]], expected[[5, 2000]])


def test_what_was_written_to_a_map_stays(mapped, tiny_memory):
    for mode in ("c", "r+"):
        of_file = mapped(np.zeros((3000, 7)), mode=mode)
        of_file[:] = 1
        table = MappedTable(of_file)
        assert (table[:] == 1).all()
        assert (table[:] == 1).all()  # after its release


def test_a_map_in_memory_is_an_array(mapped, tiny_memory):
    of_file = mapped(np.zeros((3000, 7)))
    assert is_mapped(of_file)
    with sklearn.config_context(working_memory=1024):
        assert not is_mapped(of_file)
    assert not is_mapped(np.array(of_file))
    assert not is_mapped(of_file[:100])
    assert not is_mapped(of_file[0])


def test_files_of_joblib_are_arrays(tmp_path, tiny_memory):
    folder = tmp_path / "joblib_memmapping_folder_1"
    folder.mkdir()
    np.save(folder / "X.npy", np.zeros((3000, 7)))
    assert not is_mapped(np.load(folder / "X.npy", mmap_mode="r"))
