"""What travels per step, by Dask's own counters."""

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from sklearn_bpnet.dask import DaskBPNetRegressor  # noqa: E402

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


def test_a_step_moves_theta_and_a_gradient_per_worker(client):
    client.wait_for_workers(2, timeout=60)
    X = da.random.default_rng(0).random((2000, 100), chunks=(1000, 100))
    n_parameters, n_workers = (100 + 2) * 200 + 1, 2
    moved, n_steps = [], []
    for n in (2, 12):
        before = bytes_so_far(client)
        reg = DaskBPNetRegressor(
            hidden_layer_sizes=(200,), solver="gd", tol=0, max_iter=n, random_state=0
        ).fit(X, X[:, 0])
        moved.append(bytes_so_far(client) - before)
        n_steps.append(reg.n_iter_)
    per_step = np.diff(moved)[0] / np.diff(n_steps)[0]
    assert per_step <= 1.2 * 2 * 8 * n_parameters * n_workers
