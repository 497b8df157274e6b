"""Processes that are killed, interrupted and forked at random moments."""

import errno
import os
import signal
import time

import pytest

from sklearn_bpnet import BPNetClassifier

from .jobs import KINDS, data

# L-BFGS resumes from the weights alone
RESUMED = tuple(kind for kind in KINDS if kind != "full batch")


@pytest.fixture(scope="module")
def whole(start, tmp_path_factory):
    """A function from a kind to the seconds of its fit and its digest."""
    known = {}

    def of(kind):
        if kind not in known:
            path = tmp_path_factory.mktemp("whole") / "file"
            known[kind] = start("time_fit", kind, str(path)).answer()
        return known[kind]

    return of


def others(folder):
    """What is in a folder beside the checkpoint, of which killed processes may leave
    temporary files."""
    return [
        name
        for name in os.listdir(folder)
        if name != "file" and not name.endswith(".part")
    ]


@pytest.mark.parametrize("kind", RESUMED)
def test_a_killed_fit_resumes_to_the_same_weights(
    kind, start, whole, rng, n_rounds, tmp_path
):
    seconds, expected = whole(kind)
    path = tmp_path / "file"
    for _ in range(n_rounds):
        path.unlink(missing_ok=True)
        for _ in range(2):  # the fit that resumes it is killed, too
            process = start("fit", kind, str(path))
            time.sleep(rng.uniform(0, seconds))
            process.kill()
            assert not others(tmp_path)
            if path.exists():
                BPNetClassifier.load_checkpoint(path)
        assert start("fit", kind, str(path)).answer() == expected


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_fit_leaves_everything_as_it_was(
    kind, start, whole, rng, n_rounds, tmp_path
):
    seconds, expected = whole(kind)
    for i in range(n_rounds):
        (tmp_path / str(i)).mkdir()
        path = tmp_path / str(i) / "file"
        process = start("fit_until_ctrl_c", kind, str(path))
        assert process.answer() == "ready"
        time.sleep(rng.uniform(0, seconds))
        process.signal(signal.SIGINT)
        outcome, changed, again = process.answer()
        assert not changed, outcome
        assert again == expected
        assert not [name for name in os.listdir(path.parent) if name != "file"]


def test_two_writers_of_one_path_leave_it_whole_even_if_one_is_killed(
    start, rng, n_rounds, tmp_path
):
    path = tmp_path / "file"
    processes = [
        start("save_until_killed", str(path), rng.randrange(1000)) for _ in range(2)
    ]
    for process in processes:
        assert process.answer() == "ready"
    for i in range(2 + n_rounds):
        end = time.monotonic() + rng.uniform(0, 0.2)
        while not path.exists():
            time.sleep(0.001)
        while time.monotonic() < end:
            BPNetClassifier.load_checkpoint(path)
        processes[i % 2].kill()
        BPNetClassifier.load_checkpoint(path)
        processes[i % 2] = start("save_until_killed", str(path), i)
        assert processes[i % 2].answer() == "ready"
    for process in processes:
        process.kill()
    BPNetClassifier.load_checkpoint(path)
    assert not others(tmp_path)


def test_a_full_disk_leaves_the_file_of_before(start, rng, n_rounds, tmp_path):
    whole, path = tmp_path / "whole", tmp_path / "file"
    model = BPNetClassifier((50,), max_iter=2, random_state=0).fit(*data())
    model.save_checkpoint(whole)
    whole_size = whole.stat().st_size
    model.save_checkpoint(path)
    before = path.read_bytes()
    sizes = [rng.randrange(whole_size) for _ in range(n_rounds)]
    for size in (0, 1, *sizes, whole_size - 1):
        saved, with_checkpoint, without = start(
            "save_on_full_disk", str(path), size
        ).answer()
        assert saved == [errno.EFBIG, str(path)]
        assert with_checkpoint == [errno.EFBIG, str(path)]
        assert without == "done"
        assert path.read_bytes() == before
        assert sorted(os.listdir(tmp_path)) == ["file", "whole"]


def test_interrupts_at_random_lines_leave_everything_as_it_was(
    start, rng, n_rounds, tmp_path
):
    n = 10 * n_rounds
    for i in range(2):
        (tmp_path / str(i)).mkdir()
        kinds = [("numpy", "monitor", "members"), ("compiled", "threads", "shared")][i]
        n_lines, found = start(
            "interrupt_at_lines", kinds, n, rng.randrange(10**6), str(tmp_path / str(i))
        ).answer(600)
        assert n_lines > 3000
        assert not found


def test_processes_forked_beside_fits_train_as_ever(start, rng, n_rounds):
    statuses, is_restored = start(
        "fork_beside_fits", 2 * n_rounds, rng.randrange(10**6)
    ).answer(300)
    assert statuses == [0] * 2 * n_rounds
    assert is_restored


def test_a_process_forked_beside_a_compilation_trains_in_numpy(start):
    status, messages = start("fork_beside_a_compilation", 0).answer()
    assert status == 0
    assert len(messages) <= 1  # nothing is said without Numba
    assert all("forked while another thread compiled" in text for text in messages)
