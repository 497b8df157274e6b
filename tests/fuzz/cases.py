"""How many cases, and which."""

import os

from hypothesis import HealthCheck, Phase, given, seed, settings


def fuzz(n_cases, **strategies):
    """Decorate a test that runs over drawn cases.

    Parameters
    ----------
    n_cases : int
        Number of cases where ``FUZZ_CASES`` is not set: the same in every run.
    **strategies : strategy
        The arguments of the test.

    Notes
    -----
    Set ``FUZZ_CASES`` for another number of cases, and ``FUZZ_SEED`` for other cases.
    """
    n = int(os.environ.get("FUZZ_CASES", n_cases))
    number = os.environ.get("FUZZ_SEED")
    configure = settings(
        max_examples=n,
        derandomize=number is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

    def decorate(test):
        test = configure(given(**strategies)(test))
        return test if number is None else seed(int(number))(test)

    return decorate
