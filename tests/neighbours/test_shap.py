"""SHAP: the parts of a prediction add up to it."""

import numpy as np
import pytest

from neighbours.tables import frame, numbers
from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context


@pytest.fixture(scope="module")
def regressor():
    X, y = numbers()
    with config_context(compiled=False):
        return BPNetRegressor((8,), max_iter=10, random_state=0).fit(X, y)


def test_kernel_explainer_adds_up(shap, regressor):
    X, _ = numbers()
    explainer = shap.KernelExplainer(regressor.predict, X[:20], seed=0)
    values = explainer.shap_values(X[:3], silent=True)
    sums = values.sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(sums, regressor.predict(X[:3]), rtol=1e-6)
    assert np.abs(values).mean(axis=0).argmax() == 0  # the feature that matters


def test_permutation_explainer_adds_up(shap, regressor):
    X, _ = numbers()
    explainer = shap.PermutationExplainer(regressor.predict, X[:20], seed=0)
    explained = explainer(X[:3])
    sums = explained.values.sum(axis=1) + explained.base_values
    np.testing.assert_allclose(sums, regressor.predict(X[:3]), rtol=1e-6)


def test_a_frame_with_text_is_explained_column_by_column(shap):
    X, y = frame()
    with config_context(compiled=False):
        clf = BPNetClassifier((8,), max_iter=30, random_state=0).fit(X, y)

    def probabilities(rows):
        table = type(X)(rows, columns=X.columns).astype(X.dtypes)
        return clf.predict_proba(table)

    explainer = shap.KernelExplainer(probabilities, X.head(20), seed=0)
    values = explainer.shap_values(X[10:13], silent=True)
    assert values.shape == (3, 3, 4)  # samples, columns, classes
    sums = values.sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(sums, clf.predict_proba(X[10:13]), atol=1e-6)
