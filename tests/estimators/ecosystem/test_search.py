"""Searches over hyper-parameters: halving, pruning, random draws of objects."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (opens the door)
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import LeakyReLU, ReLU
from sklearn_bpnet.training.optimizers import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


@each_class
def test_halving_spends_epochs_on_the_better_ones(estimator, iris):
    search = HalvingRandomSearchCV(
        estimator((8,), random_state=0),
        {
            "learning_rate_init": [1e-5, 1e-4, 1e-3, 3e-2],
            "activation": ["relu", "tanh"],
        },
        n_candidates=8,
        resource="max_iter",
        min_resources=4,
        max_resources=36,
        factor=3,
        cv=3,
        random_state=0,
        error_score="raise",
    ).fit(*iris)
    assert search.n_resources_ == [4, 12]
    assert search.best_params_["learning_rate_init"] == 3e-2
    assert search.best_estimator_.n_iter_ == 12


@each_class
def test_random_search_draws_objects(estimator, iris):
    search = RandomizedSearchCV(
        estimator((8,), learning_rate_init=0.02, max_iter=30, random_state=0),
        {
            "activation": [LeakyReLU(0.1), LeakyReLU(0.3), ReLU()],
            "solver": [Adam(beta_1=0.8), SGD(momentum=0.5)],
            "alpha": loguniform(1e-6, 1e-2),
        },
        n_iter=6,
        cv=3,
        random_state=0,
        error_score="raise",
    ).fit(*iris)
    assert search.best_score_ > 0.85
    assert isinstance(search.best_params_["solver"], Adam | SGD)


@pytest.mark.filterwarnings("ignore:.*is experimental")
@pytest.mark.filterwarnings("ignore:.optuna.terminator")  # its own use of it
@pytest.mark.parametrize("early_stopping", [False, True])
@each_class
def test_optuna_prunes_between_epochs(estimator, early_stopping, iris):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=3),
    )
    search = integration.OptunaSearchCV(
        estimator((8,), early_stopping=early_stopping, random_state=0),
        {
            "learning_rate_init": optuna.distributions.FloatDistribution(
                1e-6, 1e-1, log=True
            )
        },
        cv=3,
        enable_pruning=True,
        max_iter=15,
        n_trials=8,
        random_state=0,
        study=study,
        error_score="raise",
    ).fit(*iris)
    states = [trial.state for trial in study.trials]
    assert optuna.trial.TrialState.PRUNED in states
    assert optuna.trial.TrialState.COMPLETE in states
    finished = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert all(len(t.intermediate_values) == 15 for t in finished)  # epochs
    assert search.best_score_ > 0.5
    assert np.isfinite(search.best_score_)
