"""What onnxruntime predicts, beside what the estimator does."""

import numpy as np
import onnxruntime
from sklearn.base import is_classifier

from sklearn_bpnet.onnx import onnx_inputs, to_onnx

TOLERANCE = 1e-5


def session(model):
    """A session for an exported model, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(model, X):
    """The outputs of an exported model for a table, by name."""
    running = session(model)
    found = running.run(None, onnx_inputs(X))
    names = [output.name for output in running.get_outputs()]
    return dict(zip(names, found, strict=True))


def assert_close(found, expected):
    expected = np.asarray(expected, dtype=np.float64)
    assert found.shape == expected.shape
    largest = np.finfo(found.dtype).max
    expected = np.clip(expected, -largest, largest)
    scale = np.maximum(1, np.abs(expected))
    # divided first, as the difference of large numbers may overflow
    assert np.abs(found / scale - expected / scale).max(initial=0) <= TOLERANCE


def assert_equal_predictions(estimator, X, model=None):
    """Assert that the exported model predicts what the estimator does."""
    model = to_onnx(estimator, X) if model is None else model
    found = run(model, X)
    if not is_classifier(estimator):
        expected = estimator.predict(X)
        expected = expected[:, None] if expected.ndim == 1 else expected
        assert_close(found["variable"], expected)
        return
    scores = estimator.decision_function(X)
    name, expected = "scores", scores
    if hasattr(estimator, "predict_proba"):
        name, expected = "probabilities", estimator.predict_proba(X)
    if isinstance(expected, list):
        for j, of_column in enumerate(expected):
            assert_close(found[f"{name}_{j}"], _matrix(of_column))
    else:
        assert_close(found[name], _matrix(expected))
    _assert_equal_labels(found["label"], estimator.predict(X), scores)


def _matrix(array):
    return array[:, None] if array.ndim == 1 else array


def _assert_equal_labels(found, expected, scores):
    """Labels may differ where the scores of two classes are equal but for rounding."""
    assert found.shape == expected.shape
    if not isinstance(scores, list):
        found, expected, scores = [found], [expected], [scores]
    else:
        found, expected = found.T, expected.T
    for of_column, labels, S in zip(found, expected, scores, strict=True):
        is_near = _margin(S, labels.ndim) < TOLERANCE * np.maximum(1, np.abs(S).max())
        assert ((of_column == labels) | is_near).all()


def _margin(scores, n_axes):
    """By how much the predicted class is ahead of the next one."""
    if scores.ndim == 1 or n_axes == 2:
        return np.abs(scores)
    best = np.sort(scores, axis=1)[:, -2:]
    return best[:, 1] - best[:, 0]
