import pytest

from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    InverseScaling,
)


@pytest.mark.parametrize(
    ("schedule", "n_epochs", "n_plateaus", "factor"),
    [
        (Constant(), 0, 0, 1.0),
        (Constant(), 100, 3, 1.0),
        (InverseScaling(), 0, 0, 1.0),
        (InverseScaling(), 3, 0, 0.5),
        (InverseScaling(), 3, 5, 0.5),
        (InverseScaling(), 99, 0, 0.1),
        (InverseScaling(1), 3, 0, 0.25),
        (InverseScaling(2.0), 3, 0, 0.0625),
        (InverseScaling(0.0), 50, 0, 1.0),
        (Adaptive(), 0, 0, 1.0),
        (Adaptive(), 100, 0, 1.0),
        (Adaptive(), 7, 1, 0.2),
        (Adaptive(), 7, 3, 0.008),
        (Adaptive(divisor=2), 0, 4, 0.0625),
    ],
    ids=str,
)
def test_table_of_factors(schedule, n_epochs, n_plateaus, factor):
    assert schedule.factor(n_epochs, n_plateaus) == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_training_starts_at_the_whole_rate_and_never_speeds_up(schedule):
    assert schedule.factor(0, 0) == 1
    factors = [schedule.factor(n, n // 10) for n in range(100)]
    assert factors == sorted(factors, reverse=True)
    assert min(factors) > 0
    assert all(isinstance(factor, float) for factor in factors)


@pytest.mark.parametrize(
    ("schedule", "learning_rate", "goes_on"),
    [
        (Constant(), 1.0, False),
        (InverseScaling(), 1.0, False),
        (Adaptive(), 1e-3, True),
        (Adaptive(), 1.1e-6, True),
        (Adaptive(), 1e-6, False),
        (Adaptive(), 1e-7, False),
        (Adaptive(smallest=0.1), 0.05, False),
        (Adaptive(smallest=0.1), 0.2, True),
    ],
    ids=str,
)
def test_only_a_rate_that_can_shrink_goes_on_after_a_plateau(
    schedule, learning_rate, goes_on
):
    assert schedule.goes_on_after_plateau(learning_rate) is goes_on
