"""Writing to full disks, to folders that vanish, and beside writers that are killed."""

import errno
import os
import shutil
import time

import pytest
from tiny_functions import TINY

from sklearn_bpnet import BPNetClassifier

from .jobs import HAS_NUMBA, data

needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="needs Numba")


def test_two_writers_of_one_path_leave_it_whole_even_if_one_is_killed(
    start, rng, n_rounds, tmp_path
):
    path = tmp_path / "file"
    BPNetClassifier((2,), max_iter=1).fit(*data()).save_checkpoint(path)
    processes = [
        start("save_until_killed", str(path), rng.randrange(1000)) for _ in range(2)
    ]
    for process in processes:
        assert process.answer() == "ready"
    for i in range(2 + n_rounds):
        end = time.monotonic() + rng.uniform(0, 0.2)
        while time.monotonic() < end:
            BPNetClassifier.load_checkpoint(path)
        processes[i % 2].kill()
        BPNetClassifier.load_checkpoint(path)
        processes[i % 2] = start("save_until_killed", str(path), i)
        assert processes[i % 2].answer() == "ready"
    for process in processes:
        process.kill()
    BPNetClassifier.load_checkpoint(path)
    names = [name for name in os.listdir(tmp_path) if not name.endswith(".part")]
    assert names == ["file"]


def test_a_full_disk_leaves_the_file_of_before(start, rng, n_rounds, tmp_path):
    whole, path = tmp_path / "whole", tmp_path / "file"
    model = BPNetClassifier((50,), max_iter=2, random_state=0).fit(*data())
    model.save_checkpoint(whole)
    whole_size = whole.stat().st_size
    model.save_checkpoint(path)
    before = path.read_bytes()
    sizes = [rng.randrange(whole_size) for _ in range(n_rounds)]
    for size in (0, 1, *sizes, whole_size - 1):
        process = start("save_on_full_disk", str(path), size)
        saved, with_checkpoint, without = process.answer()
        assert saved == [errno.EFBIG, str(path)]
        assert with_checkpoint == [errno.EFBIG, str(path)]
        assert without == "done"
        assert path.read_bytes() == before
        assert sorted(os.listdir(tmp_path)) == ["file", "whole"]


@pytest.mark.parametrize("kind", ["numpy", "members"])
@pytest.mark.parametrize("becomes", ["nothing", "a file"])
def test_a_folder_that_vanishes_ends_the_fit_with_an_error_that_names_the_path(
    kind, becomes, start, rng, n_rounds, tmp_path
):
    expected = start("fit", kind, str(tmp_path / "file")).answer()
    for i in range(n_rounds):
        folder = tmp_path / str(i)
        folder.mkdir()
        process = start("fit_and_report", kind, str(folder / "file"))
        assert process.answer() == "ready"
        time.sleep(rng.uniform(0, 0.1))
        folder.rename(tmp_path / f"{i} moved")
        if becomes == "a file":
            folder.write_text("")
        outcome, changed, again = process.answer()
        if outcome != "ended":
            assert outcome[0] in ("FileNotFoundError", "NotADirectoryError")
            assert outcome[1] == str(folder / "file")
        assert not changed
        assert again == expected


@needs_numba
def test_a_cache_that_is_full_cut_or_gone_is_made_anew(start, rng, n_rounds, tmp_path):
    (tmp_path / "tiny.py").write_text(TINY)
    folder, cache = str(tmp_path), tmp_path / "cache"
    seconds, *_ = start("compile_tiny", folder).answer()
    for _ in range(n_rounds):
        shutil.rmtree(cache)
        killed = start("compile_tiny", folder)
        beside = start("compile_tiny", folder)  # with the same cache
        time.sleep(rng.uniform(0, 2 * seconds))
        killed.kill()
        assert beside.answer()[1] == [4, 6]
        if rng.random() < 0.5:
            shutil.rmtree(cache)
        full = start("compile_tiny", folder, rng.randrange(10_000))
        assert full.answer()[1] == [4, 6]
        for _ in range(2):
            _, results, n_found, news = start("compile_tiny", folder).answer()
            assert (results, news) == ([4, 6], [])
        assert n_found == 2
