"""MAPIE: conformal intervals and sets around networks cover what they promise."""

import numpy as np
import pytest

from neighbours.tables import frame, numbers
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.losses import Quantile

pytest.importorskip("mapie", minversion="1")
REG = BPNetRegressor((8,), max_iter=20, learning_rate_init=0.02, random_state=0)


def covered(intervals, y):
    return np.mean((intervals[:, 0, 0] <= y) & (y <= intervals[:, 1, 0]))


@pytest.mark.parametrize("prefit", [False, True])
def test_split_conformal_intervals(prefit):
    from mapie.regression import SplitConformalRegressor

    X, y = numbers(900)
    net = REG.fit(X[:200], y[:200])
    conformal = SplitConformalRegressor(net, confidence_level=0.9, prefit=prefit)
    if not prefit:
        conformal.fit(X[:200], y[:200])
    conformal.conformalize(X[200:500], y[200:500])
    _, intervals = conformal.predict_interval(X[500:])
    assert 0.85 < covered(intervals, y[500:]) < 0.95


def test_cross_conformal_intervals():
    from mapie.regression import CrossConformalRegressor

    X, y = numbers(900)
    conformal = CrossConformalRegressor(REG, confidence_level=0.9, cv=3)
    conformal.fit_conformalize(X[:400], y[:400])
    _, intervals = conformal.predict_interval(X[400:])
    assert 0.85 < covered(intervals, y[400:]) < 0.97


def test_conformalized_quantiles():
    from mapie.regression import ConformalizedQuantileRegressor

    X, y = numbers(900)
    nets = [
        BPNetRegressor((8,), loss=Quantile(q), max_iter=20, random_state=0)
        for q in (0.05, 0.95, 0.5)
    ]
    nets = [net.fit(X[:200], y[:200]) for net in nets]
    conformal = ConformalizedQuantileRegressor(nets, confidence_level=0.9, prefit=True)
    conformal.conformalize(X[200:500], y[200:500])
    _, intervals = conformal.predict_interval(X[500:])
    assert 0.85 < covered(intervals, y[500:]) < 0.96


# MAPIE tries whether an estimator predicts by an array of zeros, without names
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_sets_of_classes_of_a_frame_with_text():
    from mapie.classification import SplitConformalClassifier

    X, y = frame(400)
    net = BPNetClassifier((8,), max_iter=10, random_state=0).fit(X[:150], y[:150])
    conformal = SplitConformalClassifier(net, confidence_level=0.9, prefit=True)
    conformal.conformalize(X[150:280], y[150:280])
    _, sets = conformal.predict_set(X[280:])
    members = sets[np.arange(120), np.searchsorted(net.classes_, y[280:]), 0]
    assert 0.8 < members.mean() <= 1
    assert sets.shape == (120, 4, 1)
