"""Libraries whose import needs care."""

import warnings

import pytest


@pytest.fixture(scope="session")
def shap():
    """SHAP with functions that are not compiled: that takes 20 seconds."""
    numba = pytest.importorskip("numba")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # its colour maps use what is deprecated
        patch.setattr(numba.config, "DISABLE_JIT", True)
        return pytest.importorskip("shap")
