"""Progress: in the terminal, and in Dask's dashboard."""

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from sklearn_bpnet import BPNetClassifier  # noqa: E402
from sklearn_bpnet.dask import DaskBPNetClassifier  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

P = {"hidden_layer_sizes": (4,), "random_state": 0, "solver": "lbfgs", "max_iter": 3}


def groups_of_fits(dask_scheduler):
    """The groups of tasks of every fit, of which each is a bar, and their sizes."""
    spans = dask_scheduler.extensions["spans"].spans_search_by_name
    found = spans.get(("BPNetClassifier.fit",), [])
    return [
        sorted((g.name.rsplit("-", 1)[0], sum(g.states.values())) for g in span.groups)
        for span in found
    ]


def test_a_fit_is_a_span_with_one_group_for_each_kind_of_task(client):
    X = np.random.default_rng(0).normal(size=(120, 4))
    lazy = da.from_array(X, (60, 4)), da.from_array(X[:, 0] > 0, 60)
    n_before = len(client.run_on_scheduler(groups_of_fits))
    for _ in range(2):
        DaskBPNetClassifier(**P).fit(*lazy)
    fits = client.run_on_scheduler(groups_of_fits)[n_before:]
    assert len(fits) == 2
    for groups in fits:
        names = [name for name, _ in groups]
        assert {"bpnet-gradient", "bpnet-add", "bpnet-columns"} <= set(names)
        assert names.count("bpnet-gradient") == 1
        assert dict(groups)["bpnet-gradient"] >= 2 * 3  # of all rounds


def test_verbose_prints_the_table_of_one_machine(client, capsys):
    X = np.random.default_rng(0).normal(size=(120, 4))
    y = X[:, 0] > 0
    BPNetClassifier(**P, verbose=True).fit(X, y)
    expected = capsys.readouterr().out.splitlines()
    est = DaskBPNetClassifier(**P, verbose=True)
    est.fit(da.from_array(X, (60, 4)), da.from_array(y, 60))
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(expected) == 5
    assert printed[1].split()[:2] == expected[1].split()[:2]  # epoch and loss
