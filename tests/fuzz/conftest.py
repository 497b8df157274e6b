"""Hypothesis, made deterministic."""

import pytest

try:
    from hypothesis.internal.conjecture import providers
except ImportError:  # older versions collect no constants
    providers = None


@pytest.fixture(scope="session", autouse=True)
def _without_constants_of_imported_modules():
    """Draw no constants from source files, so that cases depend on the seed only.

    Hypothesis collects constants from all local modules that happen to be imported,
    hence from the tests that ran before.
    """
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(providers, "_get_local_constants"):
            nothing = providers.Constants()
            patch.setattr(providers, "_get_local_constants", lambda: nothing)
        yield
