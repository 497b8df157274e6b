"""The cluster of the tests of this folder."""

import pytest


@pytest.fixture(scope="package")
def client(tmp_path_factory):
    """One cluster of two worker processes on loopback for all tests."""
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    folder = str(tmp_path_factory.mktemp("dask"))
    with (
        dask.config.set(
            {
                "distributed.worker.multiprocessing-method": "spawn",
                "distributed.worker.profile.enabled": False,  # which takes time
                # after which a worker that was killed would not be started again
                "distributed.deploy.lost-worker-timeout": "1 hour",
            }
        ),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=folder,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as running,
    ):
        yield running
