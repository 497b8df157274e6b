"""Processes that are killed, interrupted and forked at random moments."""

import os
import time

import pytest

from sklearn_bpnet import BPNetClassifier

from .jobs import HAS_NUMBA, KINDS, RESUMED


def slow_if_processes(kinds):
    """The kinds as parameters of a test; joblib's processes take seconds to start."""
    marks = {"processes": pytest.mark.slow}
    return [pytest.param(kind, marks=marks.get(kind, ())) for kind in kinds]


@pytest.fixture
def rounds(n_rounds, kind):
    """The rounds, half as many where each takes seconds."""
    return range(-(-n_rounds // 2) if kind == "processes" else n_rounds)


needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="needs Numba")


@pytest.fixture(scope="session")
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


@pytest.mark.parametrize("kind", slow_if_processes(RESUMED))
def test_a_killed_fit_resumes_to_the_same_weights(
    kind, start, whole, rng, rounds, tmp_path
):
    seconds, expected = whole(kind)
    path = tmp_path / "file"
    for _ in rounds:
        path.unlink(missing_ok=True)
        for _ in range(2):  # the fit that resumes it is killed, too
            process = start("fit", kind, str(path))
            time.sleep(rng.uniform(0, seconds))
            process.kill()
            assert not others(tmp_path)
            if path.exists():
                BPNetClassifier.load_checkpoint(path)
        assert start("fit", kind, str(path)).answer() == expected


@pytest.mark.parametrize("kind", slow_if_processes(KINDS))
def test_f25_an_interrupted_fit_leaves_everything_as_it_was(
    kind, start, whole, rng, rounds, tmp_path
):
    seconds, expected = whole(kind)
    for i in rounds:
        (tmp_path / str(i)).mkdir()
        path = tmp_path / str(i) / "file"
        process = start("fit_and_report", kind, str(path))
        assert process.answer() == "ready"
        time.sleep(rng.uniform(0, seconds))
        process.interrupt()
        outcome, changed, again = process.answer()
        assert outcome in ("ended", ["KeyboardInterrupt", None])
        assert not changed, outcome
        assert again == expected
        assert not [name for name in os.listdir(path.parent) if name != "file"]


GROUPS = [("numpy", "monitor", "full batch", "members", "partial")]
GROUPS += [("compiled", "threads", "shared")] if HAS_NUMBA else []


@pytest.mark.parametrize("kinds", GROUPS, ids=["numpy", "compiled"][: len(GROUPS)])
def test_f25_interrupts_at_random_lines_leave_everything_as_it_was(
    kinds, start, rng, n_rounds, tmp_path
):
    n, seed = 10 * n_rounds, rng.randrange(10**6)
    process = start("interrupt_at_lines", kinds, n, seed, str(tmp_path))
    n_lines, found = process.answer()
    assert n_lines > 3000
    assert not found


def test_f18_processes_forked_beside_fits_train_as_ever(start, rng, n_rounds):
    n, seed = 2 * n_rounds, rng.randrange(10**6)
    statuses, is_restored = start("fork_beside_fits", n, seed).answer()
    assert statuses == [0] * n
    assert is_restored


@needs_numba
def test_f18_a_process_forked_beside_a_compilation_trains_in_numpy(start):
    status, messages = start("fork_beside_a_compilation").answer()
    assert status == 0
    assert len(messages) == 1
    assert "forked while another thread compiled" in messages[0]
