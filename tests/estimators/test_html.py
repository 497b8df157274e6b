"""The HTML that notebooks show: a link to the documentation, and descriptions."""

import html
import re

import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, _addresses
from sklearn_bpnet._sklearn_display import _HAS_DESCRIPTIONS

each_class = pytest.mark.parametrize("cls", [BPNetClassifier, BPNetRegressor])
described = pytest.mark.skipif(
    not _HAS_DESCRIPTIONS, reason="scikit-learn shows no descriptions of parameters"
)


@pytest.fixture
def site(monkeypatch, tmp_path):
    """Without an address and a site in a checkout; returns what sets them."""
    monkeypatch.setattr(_addresses, "DOCUMENTATION", "")
    monkeypatch.setattr(_addresses, "_BUILT", tmp_path)
    return monkeypatch


@each_class
def test_the_link_leads_to_the_page_of_the_class(cls, site):
    site.setattr(_addresses, "DOCUMENTATION", "https://site.test/stable/")
    page = f"https://site.test/stable/api/generated/sklearn_bpnet.{cls.__name__}.html"
    shown = estimator_html_repr(cls())
    assert f'href="{page}"' in shown
    assert "about:" not in shown
    assert page in estimator_html_repr(make_pipeline(StandardScaler(), cls()))


def test_without_an_address_the_link_leads_to_the_site_of_the_checkout(site, tmp_path):
    folder = tmp_path / "a {b} ü"
    page = folder / "api/generated/sklearn_bpnet.BPNetClassifier.html"
    page.parent.mkdir(parents=True)
    page.write_text("")
    site.setattr(_addresses, "_BUILT", folder)
    assert f'href="{page.as_uri()}"' in estimator_html_repr(BPNetClassifier())
    regressor = estimator_html_repr(BPNetRegressor())
    assert "file:" not in regressor


@described
@each_class
def test_without_a_page_there_are_descriptions_and_no_link(cls, site):
    for estimator in (cls(), cls((3,), alpha=0.1)):
        shown = estimator_html_repr(estimator)
        assert "href=" not in shown
        assert "about:" not in shown
        for name in estimator.get_params():
            assert re.search(rf'description"[^>]*>\s*{name}: ', shown), name
    first = html.escape("Number of units of every hidden layer")
    assert first in shown
    assert 'class="user-set"' in shown


@described
def test_links_of_other_estimators_of_a_pipeline_stay(site):
    shown = estimator_html_repr(make_pipeline(StandardScaler(), BPNetClassifier()))
    assert "sklearn.preprocessing.StandardScaler.html" in shown
    assert "about:" not in shown
    assert re.search(r'description"[^>]*>\s*hidden_layer_sizes: ', shown)


def test_a_subclass_elsewhere_has_no_link(site):
    site.setattr(_addresses, "DOCUMENTATION", "https://site.test")

    class Mine(BPNetClassifier):
        pass

    assert "site.test" not in estimator_html_repr(Mine())


def test_a_notebook_that_shows_text_gets_text():
    with config_context(display="text"):
        assert not hasattr(BPNetClassifier(), "_repr_html_")


@each_class
def test_fitted_estimators_are_shown_too(cls, iris, site):
    shown = cls((3,), max_iter=2).fit(*iris)._repr_html_()
    assert "Fitted" in shown
