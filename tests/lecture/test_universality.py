"""B.2: one hidden layer comes as close as one likes to a continuous function."""

import numpy as np
import pytest


@pytest.mark.slow
def test_the_largest_error_falls_as_units_are_added(run_example):
    example = run_example("universality")
    assert example["SIZES"] == (2, 8, 32, 128)
    for found in example["largest"].values():
        assert (np.diff(found) < 0).all()
        assert found[0] > 0.2  # the functions are no easy ones
        assert found[-1] < 0.02
