from math import cos, inf, log2, nan, pi

import numpy as np
import pytest

from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosineRestarts,
    ExponentialDecay,
    FlatCosine,
    FunctionOfProgress,
    InverseScaling,
    LogCosine,
    OneCycle,
    StepDecay,
    TrainingTime,
    Warmup,
    schedule_from,
)

every_schedule = pytest.mark.parametrize(
    "schedule", SCHEDULES.values(), ids=SCHEDULES.keys()
)


def wave(first, last, t):
    return last + (first - last) * (1 + cos(pi * t)) / 2


@pytest.mark.parametrize(
    ("schedule", "epoch", "n_plateaus", "factor"),
    [
        (Constant(), 0, 0, 1.0),
        (Constant(), 100, 3, 1.0),
        (InverseScaling(), 0, 0, 1.0),
        (InverseScaling(), 3, 0, 0.5),
        (InverseScaling(), 3.9, 5, 0.5),
        (InverseScaling(), 99, 0, 0.1),
        (InverseScaling(1), 3, 0, 0.25),
        (InverseScaling(2.0), 3, 0, 0.0625),
        (InverseScaling(0.0), 50, 0, 1.0),
        (Adaptive(), 0, 0, 1.0),
        (Adaptive(), 100, 0, 1.0),
        (Adaptive(), 7, 1, 0.2),
        (Adaptive(), 7, 3, 0.008),
        (Adaptive(divisor=2), 0, 4, 0.0625),
        (StepDecay(10, 0.5), 9.9, 0, 1.0),
        (StepDecay(10, 0.5), 10, 0, 0.5),
        (StepDecay(10, 0.1), 35, 0, 1e-3),
        (ExponentialDecay(0.9), 0.5, 0, 1.0),
        (ExponentialDecay(0.9), 3.5, 0, 0.729),
        # of 100 epochs
        (Cosine(), 0, 0, 1.0),
        (Cosine(), 50, 0, 0.5),
        (Cosine(), 25, 0, (1 + 0.5**0.5) / 2),
        (Cosine(), 100, 0, 0.0),
        (Cosine(), 150, 0, 0.0),
        (Cosine(final=0.2), 50, 0, 0.6),
        (CosineRestarts(10), 0, 0, 1.0),
        (CosineRestarts(10), 5, 0, 0.5),
        (CosineRestarts(10), 10, 0, 1.0),
        (CosineRestarts(10), 20, 0, 0.5),
        (CosineRestarts(10), 30, 0, 1.0),
        (CosineRestarts(10), 40, 0, (1 + 0.5**0.5) / 2),
        (CosineRestarts(10, 1, 0.4), 95, 0, 0.7),
        (OneCycle(), 0, 0, 0.04),
        (OneCycle(), 15, 0, 0.52),
        (OneCycle(), 30, 0, 1.0),
        (OneCycle(0.5, 0.1, 0.2), 75, 0, 0.6),
        (OneCycle(), 100, 0, 4e-6),
        (FlatCosine(), 49.9, 0, 1.0),
        (FlatCosine(), 75, 0, 0.5),
        (FlatCosine(0.0), 50, 0, 0.5),
        (FlatCosine(), 100, 0, 0.0),
        (LogCosine(), 0, 0, 0.0),
        (LogCosine(), 100 / 15, 0, 0.0),
        (LogCosine(), 20, 0, 0.0),
        (LogCosine(), 140 / 3, 0, 0.0),
        (LogCosine(), 100 * (2**3.5 - 1) / 15, 0, 1.0),  # the last peak
        (LogCosine(1), 100 * (2**0.5 - 1), 0, 1.0),
        (LogCosine(), 10, 0, (1 - cos(2 * pi * log2(2.5))) / 2),
        # the rise, then what follows with its time counted from there
        (Warmup(), 0, 0, 0.1),
        (Warmup(), 2.5, 0, 0.55),
        (Warmup(), 5, 0, 1.0),
        (Warmup(start=0.0), 1, 0, 0.2),
        (Warmup("cosine", 20), 20, 0, 1.0),
        (Warmup("cosine", 20), 60, 0, 0.5),
        (Warmup("cosine", 20), 100, 0, 0.0),
        (Warmup(InverseScaling(), 10), 13, 0, 0.5),
        (Warmup("adaptive", 10), 5, 1, 0.2 * 0.55),
        (Warmup("adaptive", 10), 50, 1, 0.2),
        (Warmup(lambda t: 1 - t, 20), 40, 0, 0.75),
        (Warmup(Cosine(), 200), 100, 0, 0.55),  # longer than the plan
        (Warmup(Cosine(), 200), 300, 0, 0.0),
        (FunctionOfProgress(lambda t: t**2), 50, 0, 0.25),
        (FunctionOfProgress(lambda t: t**2), 200, 0, 1.0),
    ],
    ids=lambda value: str(value).split(" at 0x")[0],
)
def test_table_of_factors(schedule, epoch, n_plateaus, factor):
    time = TrainingTime(epoch, 100, n_plateaus)
    assert schedule.factor(time) == pytest.approx(factor, rel=1e-10, abs=1e-10)


@every_schedule
def test_factors_are_finite_numbers_in_the_unit_interval(schedule):
    for plan in (1, 7, 300, inf):
        for epoch in np.linspace(0, 400, 333):
            factor = schedule.factor(TrainingTime(float(epoch), plan, int(epoch) // 50))
            assert isinstance(factor, float)
            assert 0 <= factor <= 1


@pytest.mark.parametrize(
    "name",
    ["constant", "invscaling", "adaptive", "step", "exponential", "cosine",
     "flat_cosine"],
)  # fmt: skip
def test_these_start_at_the_whole_rate_and_never_speed_up(name):
    schedule = SCHEDULES[name]
    assert schedule.factor(TrainingTime(0, 100)) == 1
    factors = [schedule.factor(TrainingTime(n, 100, n // 10)) for n in range(100)]
    assert factors == sorted(factors, reverse=True)


@every_schedule
def test_what_does_not_move_within_an_epoch_says_so(schedule):
    moves = any(
        schedule.factor(TrainingTime(epoch + 0.5, 100))
        != schedule.factor(TrainingTime(epoch, 100))
        for epoch in range(100)
    )
    assert moves is schedule.moves_within_epoch


def test_one_cycle_has_its_peak_where_the_rise_ends():
    factors = [OneCycle(0.3).factor(TrainingTime(n, 1000)) for n in range(1001)]
    assert np.argmax(factors) == 300
    assert (np.diff(factors[:301]) > 0).all()
    assert (np.diff(factors[300:]) < 0).all()


@pytest.mark.parametrize(
    ("schedule", "learning_rate", "goes_on"),
    [
        (Constant(), 1.0, False),
        (InverseScaling(), 1.0, False),
        (Cosine(), 1.0, False),
        (Adaptive(), 1e-3, True),
        (Adaptive(), 1.1e-6, True),
        (Adaptive(), 1e-6, False),
        (Adaptive(), 1e-7, False),
        (Adaptive(smallest=0.1), 0.05, False),
        (Adaptive(smallest=0.1), 0.2, True),
        (Warmup("adaptive"), 1e-3, True),
        (Warmup("constant"), 1e-3, False),
    ],
    ids=str,
)
def test_only_a_rate_that_can_shrink_continues_after_a_plateau(
    schedule, learning_rate, goes_on
):
    assert schedule.goes_on_after_plateau(learning_rate) is goes_on


def test_a_schedule_goes_by_name_function_or_instance():
    assert schedule_from("cosine") == Cosine()
    assert schedule_from(Cosine(0.1)) == Cosine(0.1)
    assert schedule_from(cos) == FunctionOfProgress(cos)
    with pytest.raises(ValueError, match="Unknown learning_rate 'cosinus'"):
        schedule_from("cosinus")
    with pytest.raises(TypeError, match="a name or an instance"):
        schedule_from(3)


@pytest.mark.parametrize("value", [nan, inf, -0.1])
def test_a_function_has_to_return_factors(value):
    schedule = FunctionOfProgress(lambda t: value)
    with pytest.raises(ValueError, match=rf"factors of at least 0.*got {value} at 0.5"):
        schedule.factor(TrainingTime(5, 10))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: InverseScaling(-1), "power_t must be at least 0; got -1"),
        (lambda: Adaptive(divisor=1), "divisor must be above 1; got 1"),
        (lambda: Adaptive(smallest=-1), "smallest must be at least 0; got -1"),
        (lambda: StepDecay(0), "n_epochs must be at least 1; got 0"),
        (lambda: StepDecay(decay=0), r"decay must lie in \(0, 1\]; got 0"),
        (lambda: ExponentialDecay(1.1), r"decay must lie in \(0, 1\]; got 1.1"),
        (lambda: Cosine(-0.1), r"final must lie in \[0, 1\]; got -0.1"),
        (lambda: CosineRestarts(0), "n_epochs must be at least 1; got 0"),
        (lambda: CosineRestarts(multiplier=0.5), "multiplier must be at least 1"),
        (lambda: OneCycle(rise=1), r"rise must lie in \(0, 1\); got 1"),
        (lambda: OneCycle(start=2), r"start must lie in \[0, 1\]; got 2"),
        (lambda: FlatCosine(1), r"flat must lie in \[0, 1\); got 1"),
        (lambda: LogCosine(0), "n_cycles must be at least 1; got 0"),
        (lambda: Warmup(n_epochs=0), "n_epochs must be positive; got 0"),
        (lambda: Warmup(start=-1), r"start must lie in \[0, 1\]; got -1"),
        (lambda: Warmup("warm"), "Unknown learning_rate 'warm'"),
    ],
)
def test_hyper_parameters_outside_their_ranges_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
