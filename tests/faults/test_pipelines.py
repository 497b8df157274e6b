"""X_val in a pipeline whose steps before the network do not transform it."""

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
ROUTING = [
    "sklearn.set_config(enable_metadata_routing=True)",
    "set_fit_request(X_val=True, y_val=True)",
    'transform_input=["X_val"]',
]


def make(estimator, **parameters):
    return estimator((3,), max_iter=2, random_state=0, **parameters)


@pytest.fixture
def frame(iris):
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(iris[0], columns=list("abcd"))


def error_of(model, X, y, X_val, prefix=""):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the caller matches)
        model.fit(X, y, **{f"{prefix}X_val": X_val, f"{prefix}y_val": y[: len(X_val)]})
    return str(caught.value)


def to_frames(step):
    pytest.importorskip("pandas")
    return step.set_output(transform="pandas")


@each_class
@pytest.mark.parametrize(
    ("steps", "as_frame", "problem"),
    [
        (lambda: [PCA(2)], False, "X_val has 4 features, but X has 2"),
        (lambda: [PCA(2)], True, "X_val has 4 features, but X has 2"),
        (
            lambda: [StandardScaler()],
            True,
            "X_val has names of features, ['a', 'b', 'c', ...], but X has none",
        ),
        (
            lambda: [StandardScaler(), to_frames(PCA(4))],
            True,
            "X_val has the features ['a', 'b', 'c', ...], which X does not have",
        ),
        (
            lambda: [to_frames(PCA(4))],
            False,
            "X_val has no names of features, but X has ['pca0', 'pca1', 'pca2', ...]",
        ),
        (
            lambda: [make_column_transformer((OneHotEncoder(), [0]))],
            False,
            "X_val has 4 features, but X has",
        ),
    ],
)
def test_words_samples_that_no_step_transformed_are_an_error(
    estimator, steps, as_frame, problem, iris, request
):
    X, y = iris
    X = request.getfixturevalue("frame") if as_frame else X
    pipeline = Pipeline([*enumerate_steps(steps()), ("net", make(estimator))])
    message = error_of(pipeline, X, y, X[:40], "net__")
    assert message.startswith(problem)
    for part in ROUTING:
        assert part in message


def enumerate_steps(steps):
    return [(f"step{i}", step) for i, step in enumerate(steps)]


@each_class
@pytest.mark.parametrize("as_frame", [False, True])
def test_words_the_remedy_of_the_message_works(estimator, as_frame, iris, request):
    X, y = iris
    X = request.getfixturevalue("frame") if as_frame else X
    X, X_val, y, y_val = X[:100], X[100:], y[:100], y[100:]
    with sklearn.config_context(enable_metadata_routing=True):
        net = make(estimator).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(
            StandardScaler(), PCA(2), net, transform_input=["X_val"]
        ).fit(X, y, X_val=X_val, y_val=y_val)
    before = pipeline[:-1]
    same = make(estimator).fit(
        before.transform(X), y, X_val=before.transform(X_val), y_val=y_val
    )
    assert pipeline[-1].validation_scores_ == same.validation_scores_


@each_class
@pytest.mark.parametrize("method", ["fit", "partial_fit", "second partial_fit"])
def test_words_X_val_has_the_columns_of_X(estimator, method, iris, frame):
    X, y = iris
    other = frame.rename(columns={"b": "x"})
    cases = [
        (X, frame, "has names of features"),
        (frame, X, "has no names of features"),
        (frame, other, "has the features ['x'], which X does not have"),
        (frame, frame[["b", "a", "c", "d"]], "of X in another order"),
        (frame, frame[["a", "b"]], "X_val has 2 features, but X has 4"),
        (X, X[:, :3], "X_val has 3 features, but X has 4"),
        (X, sparse.csr_array(X[:, :3]), "X_val has 3 features, but X has 4"),
        (X, X[:, :3].tolist(), "X_val has 3 features, but X has 4"),
        (frame, sparse.csr_array(X), "has no names of features"),
    ]
    for training, X_val, problem in cases:
        model = make(estimator)
        classes = {} if estimator is BPNetRegressor else {"classes": [0, 1, 2]}
        if method == "second partial_fit":
            model.partial_fit(training, y, **classes)
        call = model.fit if method == "fit" else model.partial_fit
        classes = {} if method == "fit" else classes
        with pytest.raises(ValueError, match="X_val") as caught:
            call(training, y, X_val=X_val, y_val=y, **classes)
        assert problem in str(caught.value)


@each_class
def test_words_the_same_columns_are_accepted(estimator, iris, frame):
    X, y = iris
    for training, X_val in [
        (X, X.tolist()),
        (X, sparse.csr_array(X)),
        (sparse.csr_array(X), X),
        (frame, frame),
        (frame.set_axis(range(4), axis=1), X),  # numbers are not names
    ]:
        model = make(estimator).fit(training, y, X_val=X_val, y_val=y)
        assert len(model.validation_loss_curve_) == 2


@each_class
def test_words_errors_of_values_name_the_validation_samples(estimator, iris):
    X, y = iris
    bad = X.copy()
    bad[3, 2] = np.inf
    message = error_of(make(estimator), X, y, bad)
    assert message.startswith("Input X_val contains infinity in column 2.")
    assert ROUTING[2] in message  # a step before, such as a clip
    message = error_of(make(estimator), X, y, np.full(X.shape, "red", object))
    assert "X_val" in message
    assert ROUTING[2] in message
    message = error_of(make(estimator), X, y, X[0])
    assert "X_val" in message
    with pytest.raises(ValueError, match=r"X_val and y_val.*inconsistent numbers"):
        make(estimator).fit(X, y, X_val=X, y_val=y[1:])


@each_class
@pytest.mark.parametrize("kind", [np.array, sparse.csc_array, np.ndarray.tolist])
def test_words_an_infinite_value_is_named_with_its_column_and_a_remedy(
    estimator, kind, iris
):
    X, y = iris
    bad = X.copy()
    bad[3, 2] = np.inf
    model = make(estimator).fit(X, y)
    for call in (
        lambda: make(estimator).fit(kind(bad), y),
        lambda: model.predict(kind(bad)),
    ):
        with pytest.raises(
            ValueError, match="Input X contains infinity in column 2"
        ) as e:
            call()
        assert "clip" in str(e.value)
        assert "HistGradientBoosting" not in str(e.value)


@each_class
def test_words_an_infinite_value_of_a_frame_is_named(estimator, iris, frame):
    frame.loc[5, "c"] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity in column 'c'"):
        make(estimator).fit(frame, iris[1])
