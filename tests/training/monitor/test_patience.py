from math import inf, nan

import pytest

from sklearn_bpnet.training.monitor.patience import Patience


def stop_and_best(patience, values, losses=None):
    """The epoch, from 1, at which patience ran out, and the best one by then."""
    best = None
    for epoch, value in enumerate(values, start=1):
        loss = nan if losses is None else losses[epoch - 1]
        if patience.update(value, loss):
            best = epoch
        if patience.ran_out:
            return epoch, best
    return None, best


@pytest.mark.parametrize(
    ("values", "tol", "n", "maximize", "stop", "best"),
    [
        # losses
        ([5, 4, 3, 2, 1], 0.1, 2, False, None, 5),
        ([1, 2, 3, 4], 0.1, 2, False, 3, 1),
        ([1, 1, 1, 1], 0.1, 3, False, 4, 1),
        ([1, 1, 1, 1], 0.1, 1, False, 2, 1),
        ([3, 2, 2, 1, 1, 1], 0.1, 2, False, 6, 4),
        ([-1, -2, -3, -3, -3], 0.1, 2, False, 5, 3),
        ([-1, 1, 0, -1], 0.1, 3, False, 4, 1),
        # less than tol is no improvement, but still the best; tol itself is one
        ([1, 0.75, 0.5, 0.25], 0.5, 2, False, 3, 3),
        ([1, 0.5, 0.0, -0.5], 0.5, 1, False, None, 4),
        ([1, 0.9, 0.1, 0.0, 0.0], 0.5, 2, False, 5, 4),
        # without tol any gain counts, however small, and a tie does not
        ([1, 1 - 1e-9, 1 - 2e-9], 0.0, 1, False, None, 3),
        ([1, 1, 1, 1], 0.0, 2, False, 3, 1),
        ([1, 2, 1, 0.5, 0.5], 0.0, 2, False, 3, 1),
        # NaN never improves, and does not stay the best
        ([nan, nan, nan], 0.1, 3, False, 3, None),
        ([nan, 1, nan, nan], 0.1, 2, False, 4, 2),
        ([2, nan, 1, nan, 0], 0.1, 2, False, None, 5),
        ([inf, 1, inf, inf], 0.1, 2, False, 4, 2),
        # endless patience
        ([1, 2, 3, 4, 5, 6], 0.1, inf, False, None, 1),
        # scores
        ([0.1, 0.2, 0.3], 0.05, 1, True, None, 3),
        ([0.3, 0.2, 0.1], 0.05, 2, True, 3, 1),
        ([0.5, 0.5, 0.5, 0.9], 0.05, 2, True, 3, 1),
        ([-0.5, -0.9, -0.1, -0.1, -0.2], 0.05, 2, True, 5, 3),
        ([-3, -2, -2.5, -2], 0.05, 2, True, 4, 2),
        ([nan, 0.5, nan, 0.6], 0.05, 2, True, None, 4),
        ([0.5, 0.5, 0.5], 0.0, 2, True, 3, 1),
    ],
)
def test_table_of_sequences(values, tol, n, maximize, stop, best):
    assert stop_and_best(Patience(tol, n, maximize), values) == (stop, best)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_score_is_a_loss_with_its_sign_changed(maximize):
    values = [3, 2.9, 3.1, 2.0, 2.05, 1.95, 1.9, 1.9]
    sign = -1 if maximize else 1
    patience = Patience(0.2, 4, maximize)
    assert stop_and_best(patience, [sign * v for v in values]) == (8, 7)
    assert patience.best == sign * 1.9


def test_attributes_say_where_patience_stands():
    patience = Patience(0.1, 3)
    for value, best, count in ((2, 2, 0), (3, 2, 1), (1.95, 1.95, 2), (1, 1, 0)):
        patience.update(value)
        assert (patience.best, patience.count) == (best, count)
        assert not patience.ran_out


def test_a_value_to_start_from_must_be_beaten():
    patience = Patience(0.1, 3, maximize=True)
    patience.start_from(0.8)
    assert stop_and_best(patience, [0.5, 0.8, 0.7]) == (3, None)
    assert patience.best == 0.8
    patience = Patience(0.1, 3, maximize=True)
    patience.start_from(0.8)
    assert stop_and_best(patience, [0.5, 0.95, 0.8, 0.7, 0.6]) == (5, 2)


@pytest.mark.parametrize("maximize", [False, True])
def test_starting_from_nan_is_starting_from_nothing(maximize):
    patience = Patience(0.1, 2, maximize)
    patience.start_from(nan)
    assert stop_and_best(patience, [5, 5, 5]) == (3, 1)


# Between equal scores the validation loss decides


@pytest.mark.parametrize(
    ("scores", "losses", "stop", "best"),
    [
        # the loss falls all along: every epoch is better than the one before
        ([0.5] * 6, [6, 5, 4, 3, 2, 1], None, 6),
        # the loss stops falling after epoch 3
        ([0.5] * 6, [6, 5, 4, 4, 4, 4], 5, 3),
        # a fall by less than tol is the best, but no improvement
        ([0.5] * 4, [6, 5.99, 5.98, 5.97], 3, 3),
        # the loss must be lower than that of the best epoch
        ([0.5] * 5, [6, 4, 5, 4.5, 1], 4, 2),
        # a better score is better whatever its loss
        ([0.5, 0.6, 0.6, 0.6], [1, 6, 5.5, 6], None, 3),
        # a worse score is worse whatever its loss
        ([0.5, 0.4, 0.3, 0.2], [6, 5, 4, 3], 3, 1),
        # less than tol apart is alike, and the best score stays what it was
        ([0.5, 0.46, 0.46, 0.44, 0.44], [6, 5, 4, 3, 3], 5, 3),
        # a loss of NaN decides nothing
        ([0.5] * 3, [6, nan, nan], 3, 1),
        ([0.5] * 4, [nan, nan, 6, 5], None, 4),
    ],
)
def test_between_equal_scores_the_loss_decides(scores, losses, stop, best):
    patience = Patience(0.05, 2, maximize=True)
    assert stop_and_best(patience, scores, losses) == (stop, best)


def test_equal_to_the_start_with_a_lower_loss_is_better():
    patience = Patience(0.05, 2, maximize=True)
    patience.start_from(0.5, 3.0)
    assert not patience.update(0.5, 4.0)
    assert patience.update(0.5, 2.0)


# Of equal values the first or the last


@pytest.mark.parametrize(
    ("ties", "values", "stop", "best"),
    [
        # flat: neither is an improvement, so both stop at the same epoch
        ("first", [0.5] * 4, 3, 1),
        ("last", [0.5] * 4, 3, 3),
        # a tie with the best, after a fall
        ("first", [0.3, 0.7, 0.6, 0.7], 4, 2),
        ("last", [0.3, 0.7, 0.6, 0.7], 4, 4),
        # only equal is a tie
        ("last", [0.7, 0.69, 0.68], 3, 1),
        # a rise by less than tol is the best, and no improvement
        ("first", [0.5, 0.51, 0.52], 3, 3),
        ("last", [0.5, 0.51, 0.52], 3, 3),
        # NaN ties with nothing
        ("last", [nan, nan, nan], 2, None),
        ("last", [-0.5, nan, -0.5], 3, 3),
        # negative scores
        ("first", [-3, -2, -2, -2], 4, 2),
        ("last", [-3, -2, -2, -2], 4, 4),
    ],
)
def test_the_validation_loss_may_be_left_out(ties, values, stop, best):
    patience = Patience(0.05, 2, maximize=True, ties=ties)
    falling = [10.0 - epoch for epoch in range(len(values))]
    assert stop_and_best(patience, values, falling) == (stop, best)


def test_a_tie_without_tol_is_no_improvement():
    patience = Patience(0.0, 2, maximize=True, ties="last")
    assert stop_and_best(patience, [0.5, 0.5, 0.5, 0.9]) == (3, 3)


def test_its_state_is_all_there_is():
    values = [3, 2.9, 3.1, 2.0, 2.05, 1.95, 1.9, 1.9]
    for cut in range(len(values)):
        one, other = Patience(0.2, 4), Patience(0.2, 4)
        for value in values[:cut]:
            one.update(value)
        other.state = one.state
        rest = values[cut:]
        assert stop_and_best(other, rest) == stop_and_best(one, rest)
        assert other.state == one.state


@pytest.mark.parametrize("ties", ["loss", "first", "last"])
def test_a_state_continues_where_it_was_taken(ties):
    first, second = (Patience(0.05, 3, maximize=True, ties=ties) for _ in range(2))
    epochs = [(0.5, 2.0), (0.5, 1.0), (0.5, 1.5), (0.51, 0.9), (0.51, 0.97)]
    for epoch in epochs[:2]:
        first.update(*epoch)
    second.state = first.state
    for epoch in epochs[2:]:
        assert first.update(*epoch) == second.update(*epoch)
        assert first.state == second.state
