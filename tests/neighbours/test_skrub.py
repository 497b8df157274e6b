"""skrub: its table vectorizer before a network, its choices as parameters."""

import pytest
from sklearn.pipeline import make_pipeline

from neighbours.tables import frame
from sklearn_bpnet import BPNetClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)
skrub = pytest.importorskip("skrub")
pd = pytest.importorskip("pandas")
CLF = BPNetClassifier((16,), max_iter=30, learning_rate_init=0.02, random_state=0)


def dated():
    X, y = frame()
    return X.assign(day=pd.date_range("2020-01-01", periods=len(X)).astype(str)), y


def test_tabular_pipeline_reads_dates_and_text():
    X, y = dated()
    pipeline = skrub.tabular_pipeline(CLF).fit(X, y)
    assert pipeline.score(X, y) > 0.8
    assert "day_total_seconds" in pipeline[0].get_feature_names_out()


def test_categories_reach_the_network_as_categories():
    X, y = dated()
    vectorizer = skrub.TableVectorizer(low_cardinality=skrub.ToCategorical())
    pipeline = make_pipeline(vectorizer, CLF).fit(X, y)
    assert pipeline.score(X, y) > 0.8
    names = pipeline[-1].get_network_input_names()
    assert {"town_Bern", "town_Oslo", "town_Rome"} <= set(names)


def test_selectors_of_columns():
    X, y = dated()
    kept = skrub.SelectCols(["size", "town"])
    net = make_pipeline(kept, CLF).fit(X, y)[-1]
    assert net.feature_names_in_.tolist() == ["size", "town"]


def test_choices_are_parameters_of_a_search():
    X, y = frame()
    net = BPNetClassifier(
        (8,),
        max_iter=skrub.choose_from([3, 30], name="epochs"),
        alpha=skrub.choose_float(1e-5, 1e-1, log=True, name="alpha"),
        learning_rate_init=0.02,
        random_state=0,
    )
    table = skrub.var("X", X).skb.mark_as_X()
    target = skrub.var("y", y).skb.mark_as_y()
    plan = table.skb.apply(net, y=target)
    search = plan.skb.make_randomized_search(n_iter=4, cv=2, random_state=1)
    search.fit({"X": X, "y": y})
    assert set(search.results_["epochs"]) == {3, 30}
    assert search.results_["epochs"].iloc[0] == 30  # the best comes first
