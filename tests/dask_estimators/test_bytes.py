"""What travels per step, by Dask's own counters."""

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from distributed.comm.tcp import TCP  # noqa: E402

from sklearn_bpnet.dask import DaskBPNetRegressor  # noqa: E402
from sklearn_bpnet.dask._rounds import Rounds  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def bytes_so_far(client):
    """Bytes that workers sent: each other, and results to the scheduler.

    And what the scheduler sent them: tasks, with theta among their arguments.
    """

    def outgoing(dask_worker):
        return dask_worker.transfer_outgoing_bytes_total

    def sent(dask_scheduler):
        return sum(of.byte_count for of in dask_scheduler.stream_comms.values())

    return sum(client.run(outgoing).values()) + client.run_on_scheduler(sent)


def fitted(solver, n):
    X = da.random.default_rng(0).random((2000, 100), chunks=(1000, 100))
    p = {"hidden_layer_sizes": (200,), "tol": 0, "max_iter": n, "random_state": 0}
    return DaskBPNetRegressor(**p, solver=solver).fit(X, X[:, 0])


N_BYTES = 8 * ((100 + 2) * 200 + 1)  # of theta
N_WORKERS = 2


def test_a_round_moves_theta_and_a_gradient_per_worker(client, monkeypatch):
    client.wait_for_workers(N_WORKERS, timeout=60)
    gradient, moved = Rounds.gradient, []

    def observed(self, *arguments):
        found = gradient(self, *arguments)
        moved.append(bytes_so_far(client))
        return found

    monkeypatch.setattr(Rounds, "gradient", observed)
    fitted("lbfgs", 15)
    per_round = (moved[-1] - moved[4]) / (len(moved) - 5)  # once all is in its place
    assert N_BYTES < per_round <= 1.2 * 2 * N_BYTES * N_WORKERS


def test_a_call_moves_theta_and_a_gradient_per_worker(client, monkeypatch):
    written, write = [0], TCP.write  # by the client and by the scheduler, both here

    async def counted(self, *arguments, **options):
        n = await write(self, *arguments, **options)
        written[0] += n
        return n

    monkeypatch.setattr(TCP, "write", counted)
    moved, n_steps = [], []
    for n in (2, 12):
        before = written[0]
        n_steps.append(fitted("gd", n).n_iter_)
        moved.append(written[0] - before)
    per_step = np.diff(moved)[0] / np.diff(n_steps)[0]
    # from the client, to the workers, and what they sent, to the client
    assert N_BYTES < per_step <= 1.2 * (1 + 2 * N_WORKERS) * N_BYTES
