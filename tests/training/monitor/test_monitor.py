from math import inf, nan

import numpy as np
import pytest

from sklearn_bpnet.training.monitor.history import History, Validation
from sklearn_bpnet.training.monitor.monitor import Best, Monitor
from sklearn_bpnet.training.monitor.patience import Patience

THETAS = [np.full(2, float(i)) for i in range(10)]


def make_monitor(results, n=3, maximize=True, ties="loss", **options):
    """A monitor whose validations give these results, one after the other."""
    left = iter(results)
    patience = Patience(0.05, n, maximize, ties)
    return Monitor(History(), patience, lambda theta: next(left), **options)


@pytest.mark.parametrize(
    ("scores", "ties", "n_iter", "best"),
    [
        ([0.1, 0.3, 0.5, 0.7], "loss", 4, 4),
        ([0.5, 0.5, 0.5, 0.5, 0.9], "first", 4, 1),
        ([0.5, 0.5, 0.5, 0.5, 0.9], "last", 4, 4),
        ([-5.0, -4.0, -6.0, -4.5, -4.2, -1.0], "loss", 5, 2),
        ([nan, 0.2, nan, nan, nan, 0.9], "loss", 5, 2),
        ([0.9, 0.8, 0.7, 0.6, 0.5], "loss", 4, 1),
        ([nan, nan, nan, 0.5], "loss", 3, None),
    ],
)
def test_table_of_scores(scores, ties, n_iter, best):
    """The epoch at which training must stop, and the weights it must keep."""
    monitor = make_monitor([Validation(s) for s in scores], ties=ties)
    for theta in THETAS[1 : len(scores) + 1]:
        monitor.end_epoch(theta, loss=1.0)
        if monitor.patience.ran_out:
            break
    assert len(monitor.history) == n_iter
    kept, epoch = monitor.result(theta)
    assert epoch == (best or n_iter)
    np.testing.assert_array_equal(kept, THETAS[epoch])


def test_a_validation_loss_is_monitored_where_there_is_no_score():
    losses = [3.0, 2.0, 1.0, 1.5, 1.2, 1.1]
    monitor = make_monitor([Validation(None, x) for x in losses], maximize=False)
    for theta in THETAS[1:7]:
        monitor.end_epoch(theta, loss=0.0)
    assert monitor.patience.ran_out
    assert monitor.result(theta)[1] == 3
    assert monitor.history.column("validation_score") is None
    assert monitor.history.column("validation_loss") == losses


def test_without_early_stopping_the_training_loss_is_monitored():
    results = [Validation(0.9, 1.0), Validation(0.1, 2.0), Validation(0.1, 3.0)]
    monitor = make_monitor(results, n=2, maximize=False, early_stopping=False)
    for theta, loss in zip(THETAS, (3.0, 2.0, 1.0), strict=False):
        monitor.end_epoch(theta, loss)
    assert monitor.patience.count == 0
    np.testing.assert_array_equal(monitor.result(THETAS[2])[0], THETAS[2])
    assert monitor.history.column("validation_score") == [0.9, 0.1, 0.1]


def test_a_diverged_epoch_is_not_validated():
    monitor = make_monitor([Validation(0.5, 1.0)])
    monitor.end_epoch(THETAS[1], 1.0)
    monitor.end_epoch(THETAS[1], nan)
    np.testing.assert_array_equal(
        monitor.history.column("validation_score"), [0.5, nan]
    )
    assert monitor.patience.count == 1


def test_the_best_of_the_calls_before_stays_until_it_is_beaten():
    monitor = make_monitor(
        [Validation(0.4), Validation(0.6)], best=Best(7, THETAS[7].copy())
    )
    monitor.patience.start_from(0.5)
    monitor.end_epoch(THETAS[1], 1.0)
    assert monitor.result(THETAS[1])[1] == 7
    monitor.end_epoch(THETAS[2], 1.0)
    kept, epoch = monitor.result(THETAS[2])
    np.testing.assert_array_equal(kept, THETAS[2])
    assert epoch == 2


def test_the_start_may_be_the_best():
    monitor = make_monitor([Validation(0.5, 1.0), Validation(0.4, 1.0)])
    monitor.start_from(THETAS[3])
    monitor.end_epoch(THETAS[4], 1.0)
    kept, epoch = monitor.result(THETAS[4])
    np.testing.assert_array_equal(kept, THETAS[3])
    assert epoch == 0


def test_what_is_recorded_stands_in_the_row():
    monitor = Monitor(
        History(), Patience(0.0, inf), record=lambda theta: {"a": theta[0]}
    )
    monitor.begin_epoch()
    monitor.end_epoch(THETAS[3], 1.5, learning_rate=0.1)
    row = {name: column[0] for name, column in monitor.history.arrays().items()}
    assert row.pop("seconds") >= 0
    assert row == {"loss": 1.5, "learning_rate": 0.1, "a": 3.0}


def test_callbacks_are_told_of_theta_or_of_divergence():
    told = []
    monitor = Monitor(History(), Patience(0.0, inf), on_epoch_end=told.append)
    monitor.end_epoch(THETAS[3], 1.5)
    assert not monitor.stopped
    monitor.end_epoch(THETAS[3], nan)
    assert told[0] is THETAS[3]
    assert told[1] is None
    monitor.on_epoch_end = lambda theta: True
    monitor.end_epoch(THETAS[3], 1.5)
    assert monitor.stopped


def test_the_kept_start_is_a_copy():
    monitor = make_monitor([Validation(0.5), Validation(0.4)])
    theta = THETAS[3].copy()
    monitor.start_from(theta)
    theta += 1  # as training does
    monitor.end_epoch(theta, loss=1.0)
    np.testing.assert_array_equal(monitor.result(theta)[0], THETAS[3])
