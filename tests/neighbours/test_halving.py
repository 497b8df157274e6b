"""Successive halving over max_iter: every fit spends its budget, and no more."""

from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV

from neighbours.tables import numbers
from sklearn_bpnet import BPNetRegressor, config_context

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Counted(BPNetRegressor):
    """A regressor that notes the parameters and the epochs of every fit."""

    fits: ClassVar[list] = []

    def fit(self, X, y, **arguments):
        super().fit(X, y, **arguments)
        self.fits.append((self.alpha, self.max_iter, self.n_iter_, len(X)))
        return self


@pytest.mark.parametrize("warm_start", [False, True])
def test_every_fit_of_a_rung_spends_exactly_its_epochs(warm_start):
    X, y = numbers(60)
    Counted.fits = []
    net = Counted((4,), random_state=0, warm_start=warm_start)
    assert net.max_iter == "auto"
    with config_context(compiled=False):
        search = HalvingRandomSearchCV(
            net,
            {"alpha": [1e-4, 1e-2, 1.0, 10.0]},
            n_candidates=4,
            resource="max_iter",
            min_resources=3,
            max_resources=12,
            factor=2,
            cv=2,
            random_state=0,
            error_score="raise",
        ).fit(X, y)
    assert search.n_candidates_ == [4, 2, 1]
    assert search.n_resources_ == [3, 6, 12]
    assert all(n_iter == budget for _, budget, n_iter, _ in Counted.fits)
    *rungs, (alpha, budget, _, n_refit) = Counted.fits
    assert Counter(budget for _, budget, _, _ in rungs) == {3: 8, 6: 4, 12: 2}
    assert {n for *_, n in rungs} == {30}  # the folds
    assert (alpha, budget, n_refit) == (search.best_params_["alpha"], 12, 60)


def test_a_rung_is_the_training_that_its_budget_gives_alone():
    """The learning rate is annealed within the epochs of the rung."""
    X, y = numbers(60)
    folds = [(np.arange(30), np.arange(30, 60))]
    with config_context(compiled=False):
        search = HalvingRandomSearchCV(
            BPNetRegressor((4,), random_state=0),
            {"alpha": [1e-4, 1.0]},
            n_candidates=2,
            resource="max_iter",
            min_resources=3,
            max_resources=6,
            factor=2,
            cv=folds,
            random_state=0,
        ).fit(X, y)
        results = search.cv_results_
        for params, found in zip(
            results["params"], results["split0_test_score"], strict=True
        ):
            net = BPNetRegressor((4,), random_state=0, **params).fit(X[:30], y[:30])
            assert found == pytest.approx(net.score(X[30:], y[30:]), abs=1e-12)
