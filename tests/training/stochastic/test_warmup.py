"""Compilation ahead of time, and what is said where it takes long."""

import time

import numpy as np
import pytest

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context, warmup
from sklearn_bpnet.training.stochastic import choice, compiler


def fit(**parameters):
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = BPNetClassifier((3,), max_iter=1, batch_size=4, random_state=0, **parameters)
    with config_context(compiled=True):
        net.fit(X, X[:, 0] > 0)


def test_a_training_that_was_compiled_ahead_compiles_nothing(capsys):
    pytest.importorskip("numba")
    from numba.core import event

    warmup._main([])
    assert "recipe 'realmlp-td', float32" in capsys.readouterr().out
    with event.install_recorder("numba:compile") as compilations:
        fit(dtype="float32")
        fit(dtype="float32", activation="tanh")
    assert not compilations.buffer


def test_the_defaults_of_a_table_with_categories_are_compiled_ahead(monkeypatch):
    pytest.importorskip("numba")
    from numba.core import event

    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(1500, 2)), np.arange(1500) % 50])
    ours = [pair for pair in warmup._estimators(["float32"]) if "embed" in pair[0]]
    monkeypatch.setattr(warmup, "_estimators", lambda dtypes: iter(ours))
    warmup.warm_up()
    with event.install_recorder("numba:compile") as compilations:
        for estimator in (BPNetClassifier, BPNetRegressor):
            with config_context(compiled=True):
                clf = estimator(max_iter=1, categorical_features=[2], random_state=0)
                clf.fit(X, X[:, 0] > 0)
            assert clf.plan_["numeric_embedding"] == "pbld"
            assert "x2_embedding0" in clf.get_network_input_names()
    assert not compilations.buffer


def test_the_folder_of_compiled_code_is_returned(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(warmup, "_estimators", lambda dtypes: iter([]))
    assert warmup.warm_up().is_absolute()


def test_without_numba_there_is_nothing_to_compile(monkeypatch):
    monkeypatch.setattr(compiler, "load", lambda name: None)
    with pytest.raises(ImportError, match="pip install numba"):
        warmup.warm_up()


def test_without_a_folder_nothing_is_compiled(monkeypatch):
    pytest.importorskip("numba")
    from sklearn_bpnet.training.stochastic.compiled import cache

    monkeypatch.setattr(cache, "obstacle", "no locator")
    with pytest.raises(OSError, match=r"\(no locator\).*NUMBA_CACHE_DIR"):
        warmup.warm_up()


@pytest.mark.parametrize(("verbose", "seconds"), [(True, 0), (True, 60), (False, 0)])
def test_a_line_says_that_compilation_takes_long(capsys, monkeypatch, verbose, seconds):
    pytest.importorskip("numba")
    from sklearn_bpnet.training.stochastic.compiled import epoch_pass

    class Slow(epoch_pass.CompiledEpochPass):
        def __init__(self, *arguments):
            time.sleep(0.1)
            super().__init__(*arguments)

    monkeypatch.setattr(epoch_pass, "CompiledEpochPass", Slow)
    monkeypatch.setattr(choice, "_SECONDS_IN_SILENCE", seconds)
    fit(verbose=verbose)
    said = "Compiling" in capsys.readouterr().out
    assert said is (verbose and seconds == 0)
