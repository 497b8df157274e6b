"""Fits that lose a worker or the scheduler, and fits that complete interrupted ones."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)

from sklearn_bpnet import BPNetClassifier  # noqa: E402
from sklearn_bpnet.dask import DaskBPNetClassifier  # noqa: E402
from sklearn_bpnet.dask._calls import Calls  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

P = {"hidden_layer_sizes": (4,), "random_state": 0, "batch_size": 40, "max_iter": 4}
NOISY = {"dropout": 0.2, "n_members": 2, "early_stopping": True, "ema_decay": 0.9}
LOCAL = {"local_steps": 2, "learning_rate": "cosine", "dropout": 0.2}
FULL = {"solver": "lbfgs", "batch_size": "auto", "max_iter": 12}


class After(callbacks.Callback):
    """Does something once, after the given number of epochs or members."""

    def __init__(self, n, action):
        self.n, self.action = n, action

    def on_fit_task_end(self, estimator, context):
        if context.task_name in ("epoch", "member"):
            self.n -= 1
            if self.n == 0:
                self.action()


@pytest.fixture(scope="module")
def samples():
    """X and y in three partitions, and validation samples."""
    X = np.random.default_rng(0).normal(size=(150, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    chunks = (30, 50, 40)
    table = da.from_array(X[:120], chunks=(chunks, 3)), da.from_array(y[:120], chunks)
    return table, {"X_val": X[120:], "y_val": y[120:]}


def weights_of(clf):
    networks = getattr(clf, "estimators_", [clf])
    return np.concatenate(
        [part.ravel() for net in networks for part in (*net.coefs_, *net.intercepts_)]
    )


def raise_error():
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "extra", [NOISY, {"local_steps": 2, "learning_rate": "cosine"}]
)
def test_a_resumed_fit_has_the_weights_of_an_uninterrupted_one(
    client, samples, tmp_path, extra
):
    table, validation = samples
    p, path = P | extra, tmp_path / "fit.ckpt"
    expected = DaskBPNetClassifier(**p).fit(*table, **validation)
    clf = DaskBPNetClassifier(**p, client=client)
    clf.set_callbacks(callbacks.Checkpoint(path), After(1, raise_error))
    with pytest.raises(ZeroDivisionError):
        clf.fit(*table, **validation)
    loaded = DaskBPNetClassifier.load_checkpoint(path, client=client)
    assert loaded.client is client
    loaded.fit(*table, **validation)
    np.testing.assert_array_equal(weights_of(loaded), weights_of(expected))
    assert loaded.n_iter_ == expected.n_iter_


def test_a_resumed_full_batch_fit_makes_the_remaining_iterations(
    client, samples, tmp_path
):
    path = tmp_path / "fit.ckpt"
    clf = DaskBPNetClassifier(**P | FULL)
    clf.set_callbacks(callbacks.Checkpoint(path), After(5, raise_error))
    with pytest.raises(ZeroDivisionError):
        clf.fit(*samples[0])
    clf = DaskBPNetClassifier.load_checkpoint(path)
    assert (clf.n_iter_, clf.stop_reason_) == (5, "unfinished")
    loss = clf.loss_
    clf.fit(*samples[0])  # from the weights alone
    assert (clf.n_iter_, clf.stop_reason_) == (FULL["max_iter"], "max_iter")
    assert clf.loss_ < loss


def test_other_samples_do_not_resume_a_fit(client, samples, tmp_path):
    (X, y), validation = samples
    path = tmp_path / "fit.ckpt"
    clf = DaskBPNetClassifier(**P)
    clf.set_callbacks(callbacks.Checkpoint(path), After(1, raise_error))
    with pytest.raises(ZeroDivisionError):
        clf.fit(X, y, **validation)
    clf = DaskBPNetClassifier.load_checkpoint(path)
    with pytest.raises(ValueError, match="other samples: X differs"):
        clf.fit(X + 1, y, **validation)
    with pytest.raises(ValueError, match=r"other partitions.* 30, 50, 40, and are 120"):
        clf.fit(X.rechunk((120, 3)), y.rechunk(120), **validation)
    with pytest.raises(ValueError, match=r"DaskBPNetClassifier\.load_checkpoint"):
        BPNetClassifier.load_checkpoint(path)


def test_calls_and_tasks_make_the_same_steps(client, samples, monkeypatch):
    """Tasks take over where a call fails."""
    weights, failed = [], []
    called, locate = Calls._called, Calls._locate

    def note(self, *args):
        found = called(self, *args)
        failed.append(not found)
        return found

    def without_shares(self):
        is_located = locate(self)
        self._held = {address: {0: "moved"} for address in self._held}
        return is_located

    def of_a_few_workers(self):
        is_located = locate(self)
        self._is_small = True
        return is_located

    monkeypatch.setattr(Calls, "_called", note)
    for located in (locate, without_shares, of_a_few_workers):
        monkeypatch.setattr(Calls, "_locate", located)
        weights.append(weights_of(DaskBPNetClassifier(**P).fit(*samples[0])))
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])
    n = P["max_iter"] * 3  # steps, with 3 attempts each where the shares are not found
    assert [sum(failed[:n]), sum(failed[n : 4 * n]), len(failed)] == [0, 3 * n, 5 * n]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("extra", [FULL, NOISY])
def test_a_killed_worker_does_not_change_the_weights(client, samples, extra):
    client.wait_for_workers(2, timeout=60)  # one may be starting again
    table, validation = samples
    expected = DaskBPNetClassifier(**P | extra).fit(*table, **validation)
    pids = []

    def kill():
        pids.extend(client.run(os.getpid).values())
        os.kill(pids[0], signal.SIGKILL)

    clf = DaskBPNetClassifier(**P | extra)
    clf.set_callbacks(After(1, kill)).fit(*table, **validation)
    assert len(pids) == 2
    np.testing.assert_array_equal(weights_of(clf), weights_of(expected))


CLUSTER = """
from time import sleep
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(
        n_workers=1, processes=False, host="127.0.0.1", protocol="tcp://",
        dashboard_address=None, silence_logs=50,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sleep(1000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_lost_scheduler_is_an_error_and_a_checkpoint_resumes(
    client, samples, tmp_path
):
    table, _ = samples
    path = tmp_path / "fit.ckpt"
    expected = DaskBPNetClassifier(**P, client=client).fit(*table)
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().strip()
            with distributed.Client(address, set_as_default=False, timeout=3) as other:
                clf = DaskBPNetClassifier(**P, client=other)
                clf.set_callbacks(callbacks.Checkpoint(path), After(2, process.kill))
                start = time.monotonic()
                with pytest.raises(RuntimeError, match=r"scheduler is\s+lost"):
                    clf.fit(*table)
                assert time.monotonic() - start < 60
        finally:
            process.kill()
    loaded = DaskBPNetClassifier.load_checkpoint(path, client=client).fit(*table)
    np.testing.assert_array_equal(weights_of(loaded), weights_of(expected))
