"""Displays of trained networks: what they draw, and of which estimator."""

import itertools
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.inspection import (
    ActivationDisplay,
    GradientDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightsDisplay,
)

DISPLAYS = [NetworkDisplay, TrainingCurveDisplay, WeightsDisplay]
each_display = pytest.mark.parametrize("display", DISPLAYS)


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture
def fitted(iris):
    clf = BPNetClassifier((5, 3), max_iter=4, early_stopping=True, random_state=0)
    return clf.fit(*iris)


@each_display
def test_pipelines_and_searches_are_opened(display, iris, plt):
    pipe = make_pipeline(StandardScaler(), BPNetClassifier((3,), max_iter=2))
    search = GridSearchCV(pipe, {"bpnetclassifier__alpha": [0.1]}, cv=2)
    for estimator in (pipe.fit(*iris), search.fit(*iris)):
        shown = display.from_estimator(estimator)
        assert shown.figure_ is shown.ax_.figure


@each_display
def test_a_member_of_an_ensemble_is_named(display, iris, plt):
    clf = BPNetClassifier((3,), max_iter=2, n_members=2, random_state=0).fit(*iris)
    for member in (None, 2, -1):
        with pytest.raises(ValueError, match=r"2 networks.*member=0 to member=1"):
            display.from_estimator(clf, member=member)
    assert display.from_estimator(clf, member=1).ax_ is not None
    alone = BPNetClassifier((3,), max_iter=2).fit(*iris)
    with pytest.raises(ValueError, match="member=1, but the estimator is one network"):
        display.from_estimator(alone, member=1)


@each_display
@pytest.mark.parametrize("hidden", [(), (4,)])
def test_members_that_share_weights_are_side_by_side(display, hidden, iris, plt):
    clf = BPNetClassifier(hidden, max_iter=2, shared_members=2, random_state=0)
    clf.fit(*iris)
    shown = display.from_estimator(clf)
    if display is not WeightsDisplay:
        return
    shown = display.from_estimator(clf, layer=-1)
    assert_array_equal(shown.weights, np.hstack(list(clf.coefs_[-1])))
    assert shown.unit_names[:4] == [
        f"{c}, member {i}" for i, c in ((0, 0), (0, 1), (0, 2), (1, 0))
    ]


@each_display
def test_what_holds_no_network_is_refused(display, iris):
    with pytest.raises(TypeError, match="must be a BPNetClassifier"):
        display.from_estimator(StandardScaler().fit(iris[0]))
    with pytest.raises(NotFittedError):
        display.from_estimator(BPNetClassifier())


@each_display
def test_without_matplotlib_an_error_names_the_extra(display, fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        display.from_estimator(fitted)


@each_display
def test_a_notebook_shows_the_figure_and_not_its_numbers(display, fitted, plt):
    text = repr(display.from_estimator(fitted))
    assert text.startswith(f"{display.__name__}(")
    assert "array" not in text
    assert len(text) < 100


@each_display
def test_given_axes_are_used(display, fitted, plt):
    figure, ax = plt.subplots()
    shown = display.from_estimator(fitted, ax=ax)
    assert shown.ax_ is ax
    assert shown.figure_ is figure


# Learning curves


def test_the_curves_are_those_of_the_history(fitted, plt):
    shown = TrainingCurveDisplay.from_estimator(fitted)
    lines = {line.get_label(): line for axis in shown.axes_ for line in axis.lines}
    for label, column in (
        ("training loss", "loss"),
        ("validation loss", "validation_loss"),
        ("validation score", "validation_score"),
        ("learning rate", "learning_rate"),
    ):
        assert_array_equal(lines[label].get_ydata(), fitted.history_[column])
        assert_array_equal(lines[label].get_xdata(), [1, 2, 3, 4])
    assert f"kept weights, epoch {fitted.best_epoch_}" in lines
    assert shown.ax_.get_title() == "4 epochs: max_iter"


def test_curves_that_do_not_exist_are_not_drawn(regression, plt):
    reg = BPNetRegressor((3,), solver="lbfgs", random_state=0)
    shown = TrainingCurveDisplay.from_estimator(reg.fit(*regression))
    assert len(shown.axes_) == 1  # neither a score nor a learning rate
    labels = [line.get_label() for line in shown.ax_.lines]
    assert "validation loss" not in labels


def test_the_kept_epoch_is_marked(fitted, plt):
    shown = TrainingCurveDisplay.from_estimator(fitted)
    for axis in shown.axes_:
        mark = axis.lines[-1]
        assert_array_equal(mark.get_xdata(), [fitted.best_epoch_] * 2)


def test_curves_have_styles_of_their_own_in_one_picture(fitted, plt):
    _, ax = plt.subplots()
    shown = TrainingCurveDisplay.from_estimator(fitted, ax=ax)
    legend = ax.get_legend()
    styles = [(h.get_linestyle(), h.get_marker()) for h in legend.get_lines()]
    assert len(set(styles)) == len(styles) == 4
    assert len(shown.axes_) == 2


def test_labels_of_a_low_panel_do_not_touch(plt):
    rates = np.geomspace(6e-3, 1.6e-4, 30)
    history = {"loss": np.linspace(1, 0.5, 30), "learning_rate": rates}
    shown = TrainingCurveDisplay(history, best_epoch=30, stop_reason="max_iter").plot()
    shown.figure_.draw_without_rendering()
    texts = [
        text.get_window_extent()
        for minor in (False, True)
        for text in shown.axes_[1].get_yticklabels(minor=minor)
        if text.get_text() and text.get_visible()
    ]
    inside = shown.axes_[1].bbox
    texts = [box for box in texts if inside.y0 <= (box.y0 + box.y1) / 2 <= inside.y1]
    boxes = sorted(texts, key=lambda box: box.y0)
    assert len(boxes) >= 2
    assert all(a.y1 <= b.y0 for a, b in itertools.pairwise(boxes))


def test_given_weights_have_no_curve():
    clf = BPNetClassifier.from_weights([np.ones((2, 1))], [np.zeros(1)], classes=[0, 1])
    with pytest.raises(ValueError, match="was not trained"):
        TrainingCurveDisplay.from_estimator(clf)


# Weights


@pytest.mark.parametrize(("layer", "index"), [(1, 0), (2, 1), (-1, 2), (-3, 0)])
def test_the_weights_of_the_layer_are_drawn(layer, index, fitted, plt):
    shown = WeightsDisplay.from_estimator(fitted, layer)
    (image,) = shown.ax_.images
    assert_array_equal(image.get_array(), fitted.coefs_[index])
    low, high = image.get_clim()
    assert low == -high  # zero is white
    assert shown.ax_.get_title() == f"Weights of layer {index + 1}"


def test_inputs_and_classes_have_their_names(iris, plt):
    pd = pytest.importorskip("pandas")
    X, y = pd.DataFrame(iris[0], columns=list("abcd")), np.array(["u", "v", "w"])
    clf = BPNetClassifier((), max_iter=2).fit(X, y[iris[1]])
    ax = WeightsDisplay.from_estimator(clf).ax_
    assert [text.get_text() for text in ax.get_yticklabels()] == list("abcd")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["u", "v", "w"]


def test_of_many_names_as_many_are_shown_as_can_be_read(plt):
    names = [f"average of the measurements of sensor {i}" for i in range(300)]
    shown = WeightsDisplay(np.ones((300, 2)), names, ["1", "2"], 1).plot()
    shown.figure_.draw_without_rendering()
    labels = [text for text in shown.ax_.get_yticklabels() if text.get_text()]
    assert 20 <= len(labels) <= 60
    ends = [text.get_text().split("…") for text in labels]
    assert ends[0] == ["average of the", "s of sensor 0"]
    step = 300 // len(labels)
    assert ends[1][1].endswith(f" {step}")  # evenly spaced, and what differs is shown
    boxes = sorted((text.get_window_extent() for text in labels), key=lambda b: b.y0)
    assert all(a.y1 <= b.y0 for a, b in itertools.pairwise(boxes))
    figure = shown.figure_.bbox
    assert all(figure.x0 <= box.x0 and box.x1 <= figure.x1 for box in boxes)


def test_small_axes_have_fewer_names(plt):
    _, ax = plt.subplots(figsize=(3, 2))
    names = [str(i) for i in range(40)]
    WeightsDisplay(np.ones((40, 40)), names, names, 1).plot(ax)
    assert len(ax.get_yticklabels()) < 12
    assert len(ax.get_xticklabels()) < 16


def test_the_sign_of_a_weight_is_seen_without_colors(fitted, plt):
    (image,) = WeightsDisplay.from_estimator(fitted).ax_.images
    red, green, blue, _ = image.cmap(np.linspace(0, 1, 9)).T
    lightness = 0.3 * red + 0.59 * green + 0.11 * blue
    assert (np.diff(lightness) > 0.04).all()


def test_inputs_of_a_table_have_the_names_of_columns_and_levels(plt):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size": rng.normal(size=40), "town": list("abcd") * 10})
    X.loc[::5, "size"] = np.nan
    parameters = {"max_iter": 2, "n_members": 2, "numeric_embedding": "pbld"}
    reg = BPNetRegressor((3,), **parameters, random_state=0).fit(X, rng.normal(size=40))
    shown = WeightsDisplay.from_estimator(reg, member=1)
    assert shown.input_names == reg.get_network_input_names()
    assert shown.input_names[2] == "town_a"


def test_units_are_drawn_as_images(fitted, plt):
    shown = WeightsDisplay.from_estimator(fitted, image_shape=(2, 2))
    assert len(shown.axes_) == 5
    for unit, axis in enumerate(shown.axes_):
        image = axis.images[0].get_array()
        assert_array_equal(image, fitted.coefs_[0][:, unit].reshape(2, 2))


def test_impossible_weights_are_refused(fitted, plt):
    for layer in (0, 4, -4):
        with pytest.raises(ValueError, match="layer must be 1 to 3"):
            WeightsDisplay.from_estimator(fitted, layer)
    with pytest.raises(ValueError, match="has 6 pixels, but the layer has 4 inputs"):
        WeightsDisplay.from_estimator(fitted, image_shape=(2, 3))
    with pytest.raises(ValueError, match="ax must be None"):
        WeightsDisplay.from_estimator(fitted, image_shape=(2, 2), ax=plt.gca())


# The diagram


def test_every_weight_between_drawn_units_is_a_line(fitted, plt):
    shown = NetworkDisplay.from_estimator(fitted)
    assert len(shown.ax_.lines) == 4 * 5 + 5 * 3 + 3 * 3
    assert [len(c.get_offsets()) for c in shown.ax_.collections] == [4, 5, 3, 3]
    texts = [text.get_text() for text in shown.ax_.texts]
    for text in ("layer 1\nrelu", "layer 2\nrelu", "output\nsoftmax", "x0", "2"):
        assert text in texts


def test_weights_of_zero_are_no_lines(plt):
    shown = NetworkDisplay([np.array([[1.0, 0.0], [0.0, -2.0]])], "ab", "uv").plot()
    styles = [(line.get_color(), line.get_linestyle()) for line in shown.ax_.lines]
    assert styles == [("C0", "-"), ("C3", "--")]  # the largest one last


def test_a_wide_layer_is_shortened(plt):
    names = [str(i) for i in range(300)]
    shown = NetworkDisplay([np.ones((300, 1))], names, ["y"]).plot(max_units=5)
    assert len(shown.ax_.lines) == 5
    texts = [text.get_text() for text in shown.ax_.texts]
    assert [name for name in names if name in texts] == ["0", "1", "2", "298", "299"]
    assert any("300 inputs" in text for text in texts)
    with pytest.raises(ValueError, match="max_units must be at least 2; got 1"):
        shown.plot(max_units=1)


def test_long_names_are_inside_the_figure(plt):
    names = [f"average of the measurements of sensor {i}" for i in range(12)]
    shown = NetworkDisplay([np.ones((12, 3)), np.ones((3, 12))], names, names).plot()
    shown.figure_.draw_without_rendering()
    figure = shown.figure_.bbox
    for text in shown.ax_.texts:
        box = text.get_window_extent()
        assert figure.x0 <= box.x0
        assert box.x1 <= figure.x1


def test_a_legend_tells_positive_from_negative_weights(fitted, plt):
    legend = NetworkDisplay.from_estimator(fitted).ax_.get_legend()
    styles = [line.get_linestyle() for line in legend.get_lines()]
    assert styles == ["-", "--"]
    assert [text.get_text() for text in legend.get_texts()] == ["positive", "negative"]


# Activations


def test_many_layers_are_in_two_columns_and_explained_once(plt):
    coefs = [np.eye(2)] * 7
    reg = BPNetRegressor.from_weights(coefs, [np.ones(2)] * 7, activation="tanh")
    shown = ActivationDisplay.from_estimator(
        reg, np.random.default_rng(0).random((9, 2))
    )
    assert len(shown.axes_) == len(shown.figure_.axes) == 7
    width, height = shown.figure_.get_size_inches()
    assert height < width
    assert [ax.get_legend() for ax in shown.axes_] == [None] * 7
    (legend,) = shown.figure_.legends
    labels = ["98 % of samples", "50 % of samples", "median"]
    assert [text.get_text() for text in legend.get_texts()] == labels


def test_the_percentiles_are_those_of_the_activations(fitted, iris, plt):
    shown = ActivationDisplay.from_estimator(fitted, iris[0])
    names = ["layer 1: relu", "layer 2: relu", "output: softmax"]
    assert [layer.name for layer in shown.layers] == names
    titles = ["layer 1: relu, 5 units", "layer 2: relu, 3 units"]
    assert [ax.get_title() for ax in shown.axes_][:2] == titles
    for i, layer in enumerate(shown.layers, start=1):
        A = fitted.activations(iris[0], i)
        expected = np.percentile(A, (1, 25, 50, 75, 99), axis=0)
        np.testing.assert_allclose(layer.percentiles, expected, rtol=1e-5, atol=1e-6)
    (line,) = shown.ax_.lines[:1]
    medians = np.sort(shown.layers[0].percentiles[2])
    assert_array_equal(line.get_ydata(), np.repeat(medians, 2))
    _, ax = plt.subplots()
    assert shown.plot(ax, layer=-1).axes_ == [ax]
    assert ax.get_title() == "output: softmax, 3 units"
    with pytest.raises(ValueError, match="layer must be 1 to 3"):
        shown.plot(ax, layer=4)


def test_dead_and_saturated_units_are_marked(plt):
    X = np.linspace(-3, 3, 50)[:, None]
    W, V = np.array([[1.0, 1.0, -1.0]]), np.array([[1.0, 900.0], [0, 0], [0, 0]])
    reg = BPNetRegressor.from_weights(
        [W, V, np.ones((2, 1))],
        [np.array([0.0, -9.0, -9.0]), np.array([0.0, 50.0]), np.zeros(1)],
        activation=["relu", "tanh"],
    )
    shown = ActivationDisplay.from_estimator(reg, X)
    first, second, output = shown.layers
    assert first.is_dead.tolist() == [False, True, True]
    assert second.is_dead.tolist() == [False, True]  # 1 for all samples
    assert not output.is_saturated.any()
    labels = [line.get_label() for line in shown.ax_.lines]
    assert labels == ["median", "2 dead"]
    reg.intercepts_[1][1] = -520.0  # tanh is -1 or 1
    again = ActivationDisplay.from_estimator(reg, X)
    assert again.layers[1].is_saturated.tolist() == [False, True]
    assert [line.get_label() for line in again.axes_[1].lines][1:] == ["1 saturated"]


def test_samples_pass_through_the_steps_before_the_network(iris, plt):
    X, y = iris
    network = BPNetClassifier((3,), max_iter=2, random_state=0)
    pipe = make_pipeline(StandardScaler(), network).fit(X, y)
    search = GridSearchCV(pipe, {"bpnetclassifier__alpha": [0.1]}, cv=2).fit(X, y)
    for of in (pipe, search):
        inner = getattr(of, "best_estimator_", of)
        direct = ActivationDisplay.from_estimator(inner[-1], inner[:-1].transform(X))
        shown = ActivationDisplay.from_estimator(of, X)
        for one, other in zip(shown.layers, direct.layers, strict=True):
            assert_array_equal(one.percentiles, other.percentiles)


def test_activations_of_members(iris, plt):
    clf = BPNetClassifier((3,), max_iter=2, n_members=2, shared_members=2)
    clf.fit(*iris)
    with pytest.raises(ValueError, match=r"2 networks.*member=0 to member=1"):
        ActivationDisplay.from_estimator(clf, iris[0])
    shown = ActivationDisplay.from_estimator(clf, iris[0], member=1)
    A = np.concatenate(clf.activations(iris[0], 1)[2:])
    expected = np.percentile(A, (1, 25, 50, 75, 99), axis=0)
    np.testing.assert_allclose(shown.layers[0].percentiles, expected, atol=1e-5)


# Gradients


def test_the_gradients_are_those_of_the_history(iris, plt):
    clf = BPNetClassifier((5, 3), max_iter=4, record="gradient_norm", random_state=0)
    pipe = make_pipeline(StandardScaler(), clf).fit(*iris)
    shown = GradientDisplay.from_estimator(pipe)
    history, lines = pipe[-1].history_, shown.ax_.lines
    assert [line.get_label() for line in lines] == [
        "layer 1",
        "layer 2",
        "output",
        f"kept weights, epoch {pipe[-1].best_epoch_}",
    ]
    for i, line in enumerate(lines[:3], start=1):
        assert_array_equal(line.get_ydata(), history[f"gradient_norm_{i}"])
    assert shown.ax_.get_yscale() == "log"
    _, ax = plt.subplots()
    assert GradientDisplay.from_estimator(pipe, ax=ax).ax_ is ax


def test_the_layers_have_lines_of_their_own_without_colors(plt):
    norms = [np.arange(1.0, 21)] * 20
    shown = GradientDisplay(norms, best_epoch=20).plot()
    lines = shown.ax_.lines[:20]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 20
    red, green, blue = np.transpose([line.get_color()[:3] for line in lines])
    assert (np.diff(0.3 * red + 0.59 * green + 0.11 * blue) > 0).all()


def test_gradients_that_were_not_recorded_are_an_error(fitted):
    with pytest.raises(
        ValueError, match=r"record=\(\).*Fit with record='gradient_norm'"
    ):
        GradientDisplay.from_estimator(fitted)
