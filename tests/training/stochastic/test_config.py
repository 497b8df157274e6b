"""The switch between the compiled pass and NumPy's, and what else decides."""

import importlib.util
import threading

import pytest
from scipy import sparse

from sklearn_bpnet import config_context, get_config
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import Adam
from sklearn_bpnet.training.stochastic.choice import is_compiled

HAS_NUMBA = importlib.util.find_spec("numba") is not None
NETWORK = Network.dense((2, 4, 1), [ACTIVATIONS["relu"], ACTIVATIONS["identity"]])
RISK = EmpiricalRisk(NETWORK, LOSSES["squared_error"])


def compiles(n_samples, batch_size, X=None, risk=RISK):
    return is_compiled(risk, Adam(), X, n_samples, batch_size)


def test_the_innermost_context_holds_and_ends(monkeypatch):
    monkeypatch.delenv("SKLEARN_BPNET_COMPILED", raising=False)
    assert get_config() == {"compiled": "auto"}
    with config_context(compiled=False):
        assert get_config() == {"compiled": False}
        with config_context(compiled=True):
            assert get_config() == {"compiled": True}
        with pytest.raises(KeyError), config_context(compiled="auto"):
            raise KeyError
        assert get_config() == {"compiled": False}
    assert get_config() == {"compiled": "auto"}


@pytest.mark.parametrize(
    ("value", "compiled"), [("0", False), ("1", True), ("auto", "auto")]
)
def test_the_environment_holds_outside_of_contexts(monkeypatch, value, compiled):
    monkeypatch.setenv("SKLEARN_BPNET_COMPILED", value)
    assert get_config() == {"compiled": compiled}
    with config_context(compiled=not compiled):
        assert get_config() == {"compiled": not compiled}


def test_a_context_holds_in_its_thread_alone():
    with config_context(compiled=False):
        seen = []
        thread = threading.Thread(target=lambda: seen.append(get_config()))
        thread.start()
        thread.join()
    assert seen != [{"compiled": False}]


def test_other_values_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="compiled must be True, False or 'auto'"):
        with config_context(compiled="yes"):
            pass
    monkeypatch.setenv("SKLEARN_BPNET_COMPILED", "no")
    with pytest.raises(ValueError, match="must be one of auto, 0, 1; got 'no'"):
        get_config()


@pytest.mark.skipif(not HAS_NUMBA, reason="Numba is not installed")
def test_what_pays_is_compiled():
    assert compiles(1000, 10)
    assert not compiles(990, 10)
    assert compiles(2**28 // 12 + 1, 2**28)
    assert not compiles(2**28 // 12, 2**28)
    with config_context(compiled=True):
        assert compiles(10, 10)
        assert compiles(10, 10, sparse.csr_array((10, 2)))  # its batches are dense
        assert not compiles(10, 10, sparse.csr_array((10, 10**6)))
        grouped = EmpiricalRisk(NETWORK, RISK.loss, group=GroupLasso(1.0))
        assert not compiles(10, 10, risk=grouped)
    with config_context(compiled=False):
        assert not compiles(10**6, 10)
