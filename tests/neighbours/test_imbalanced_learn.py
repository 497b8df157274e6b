"""imbalanced-learn: samplers before a network, and its ensembles of networks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_score

from neighbours.tables import frame
from sklearn_bpnet import BPNetClassifier

imblearn = pytest.importorskip("imblearn")
CLF = BPNetClassifier((8,), max_iter=20, learning_rate_init=0.02, random_state=0)


def rare():
    """Every tenth sample is of class 1."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10 == 0
    return rng.normal(size=(200, 2)) + 1.5 * y[:, None], y.astype(int)


@pytest.mark.parametrize("name", ["SMOTE", "RandomOverSampler"])
def test_a_sampler_helps_the_rare_class(name):
    from imblearn import over_sampling
    from imblearn.pipeline import make_pipeline

    X, y = rare()
    sampler = getattr(over_sampling, name)(random_state=0)
    pipeline = make_pipeline(sampler, clone(CLF)).fit(X, y)
    plain = balanced_accuracy_score(y, CLF.fit(X, y).predict(X))
    assert balanced_accuracy_score(y, pipeline.predict(X)) > plain
    scores = cross_val_score(pipeline, X, y, cv=2, scoring="balanced_accuracy")
    assert scores.min() > 0.6


def test_a_sampler_equals_whole_sample_weights():
    from imblearn.over_sampling import RandomOverSampler

    X, y = rare()
    sampler = RandomOverSampler(random_state=0)
    X_more, y_more = sampler.fit_resample(X, y)
    weights = np.bincount(sampler.sample_indices_, minlength=len(y))
    net = BPNetClassifier((), solver="lbfgs", alpha=0.1, input_scaling=None)
    by_samples = net.fit(X_more, y_more).coefs_[0]
    by_weights = net.fit(X, y, weights).coefs_[0]
    np.testing.assert_allclose(by_weights, by_samples, rtol=1e-3)


def test_a_frame_with_text_is_sampled_and_read():
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline

    X, y = frame()
    pipeline = make_pipeline(RandomOverSampler(random_state=0), CLF).fit(X, y)
    assert pipeline.score(X, y) > 0.8
    assert "town_Rome" in pipeline[-1].get_network_input_names()


def test_an_ensemble_of_balanced_networks():
    from imblearn.ensemble import BalancedBaggingClassifier

    X, y = rare()
    bagging = BalancedBaggingClassifier(CLF, n_estimators=3, random_state=0)
    assert balanced_accuracy_score(y, bagging.fit(X, y).predict(X)) > 0.8
