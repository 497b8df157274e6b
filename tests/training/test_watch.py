from math import inf, nan

import numpy as np
import pytest

from sklearn_bpnet.training.history import History, Validation
from sklearn_bpnet.training.stopping import Patience
from sklearn_bpnet.training.watch import Best, Watch

THETAS = [np.full(2, float(i)) for i in range(10)]


def watch(found, n=3, maximize=True, ties="loss", **options):
    """A watch that is told what the validations find."""
    left = iter(found)
    patience = Patience(0.05, n, maximize, ties)
    return Watch(History(), patience, lambda theta: next(left), **options)


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
    looking = watch([Validation(s) for s in scores], ties=ties)
    for theta in THETAS[1 : len(scores) + 1]:
        looking.look(theta, loss=1.0)
        if looking.patience.ran_out:
            break
    assert len(looking.history) == n_iter
    kept, epoch = looking.result(theta)
    assert epoch == (best or n_iter)
    np.testing.assert_array_equal(kept, THETAS[epoch])


def test_a_validation_loss_is_watched_where_there_is_no_score():
    losses = [3.0, 2.0, 1.0, 1.5, 1.2, 1.1]
    looking = watch([Validation(None, x) for x in losses], maximize=False)
    for theta in THETAS[1:7]:
        looking.look(theta, loss=0.0)
    assert looking.patience.ran_out
    assert looking.result(theta)[1] == 3
    assert looking.history.column("validation_score") is None
    assert looking.history.column("validation_loss") == losses


def test_without_early_stopping_the_training_loss_is_watched():
    found = [Validation(0.9, 1.0), Validation(0.1, 2.0), Validation(0.1, 3.0)]
    looking = watch(found, n=2, maximize=False, early_stopping=False)
    for theta, loss in zip(THETAS, (3.0, 2.0, 1.0), strict=False):
        looking.look(theta, loss)
    assert looking.patience.count == 0
    np.testing.assert_array_equal(looking.result(THETAS[2])[0], THETAS[2])
    assert looking.history.column("validation_score") == [0.9, 0.1, 0.1]


def test_a_diverged_epoch_is_not_validated():
    looking = watch([Validation(0.5, 1.0)])
    looking.look(THETAS[1], 1.0)
    looking.look(THETAS[1], nan)
    np.testing.assert_array_equal(
        looking.history.column("validation_score"), [0.5, nan]
    )
    assert looking.patience.count == 1


def test_the_best_of_the_calls_before_stays_until_it_is_beaten():
    looking = watch([Validation(0.4), Validation(0.6)], best=Best(7, THETAS[7].copy()))
    looking.patience.start_from(0.5)
    looking.look(THETAS[1], 1.0)
    assert looking.result(THETAS[1])[1] == 7
    looking.look(THETAS[2], 1.0)
    kept, epoch = looking.result(THETAS[2])
    np.testing.assert_array_equal(kept, THETAS[2])
    assert epoch == 2


def test_the_start_may_be_the_best():
    looking = watch([Validation(0.5, 1.0), Validation(0.4, 1.0)])
    looking.start_from(THETAS[3])
    looking.look(THETAS[4], 1.0)
    kept, epoch = looking.result(THETAS[4])
    np.testing.assert_array_equal(kept, THETAS[3])
    assert epoch == 0


def test_what_is_recorded_stands_in_the_row():
    looking = Watch(History(), Patience(0.0, inf), record=lambda theta: {"a": theta[0]})
    looking.begin()
    looking.look(THETAS[3], 1.5, learning_rate=0.1)
    row = {name: column[0] for name, column in looking.history.arrays().items()}
    assert row.pop("seconds") >= 0
    assert row == {"loss": 1.5, "learning_rate": 0.1, "a": 3.0}


def test_callbacks_are_told_of_theta_or_of_divergence():
    told = []
    looking = Watch(History(), Patience(0.0, inf), after_epoch=told.append)
    looking.look(THETAS[3], 1.5)
    assert not looking.stopped
    looking.look(THETAS[3], nan)
    assert told[0] is THETAS[3]
    assert told[1] is None
    looking.after_epoch = lambda theta: True
    looking.look(THETAS[3], 1.5)
    assert looking.stopped


def test_the_kept_start_is_a_copy():
    looking, theta = watch([Validation(0.5), Validation(0.4)]), THETAS[3].copy()
    looking.start_from(theta)
    theta += 1  # as training does
    looking.look(theta, loss=1.0)
    np.testing.assert_array_equal(looking.result(theta)[0], THETAS[3])
