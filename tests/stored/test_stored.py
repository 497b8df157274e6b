"""Models that a version has saved, in every format, predict as they did."""

import json
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pd = pytest.importorskip("pandas")
FILES = Path(__file__).parent / "files"
CLASSES = {"classifier": BPNetClassifier, "regressor": BPNetRegressor}


def from_joblib(path):
    return joblib.load(path)


def from_skops(path):
    io = pytest.importorskip("skops.io")
    return io.load(path, trusted=sklearn_bpnet.TRUSTED_TYPES)


def from_checkpoint(path):
    return CLASSES[path.stem].load_checkpoint(path)


FORMATS = {".joblib": from_joblib, ".skops": from_skops, ".ckpt": from_checkpoint}
STORED = sorted(path for path in FILES.glob("*/*") if path.suffix in FORMATS)


@pytest.mark.parametrize("path", STORED, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_stored_model_predicts_as_when_it_was_saved(path):
    beside = json.loads(path.with_suffix(".json").read_text())
    X = pd.DataFrame(beside["X"]).astype({"size": float})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            model = FORMATS[path.suffix](path)
    except ValueError as error:
        if path.suffix != ".ckpt" or path.parent.name == sklearn_bpnet.__version__:
            raise
        # an earlier checkpoint may be refused, in one sentence
        words = f"was written by sklearn_bpnet {path.parent.name}; this is"
        assert words in str(error)  # noqa: PT017
        return
    method = getattr(model, "predict_proba", model.predict)
    np.testing.assert_allclose(method(X), beside["predictions"], rtol=1e-9)


def test_there_is_a_file_of_each_format_and_they_are_small():
    names = {(path.stem, path.suffix) for path in STORED}
    assert names == {(stem, suffix) for stem in CLASSES for suffix in FORMATS}
    assert max(path.stat().st_size for path in STORED) < 30_000
