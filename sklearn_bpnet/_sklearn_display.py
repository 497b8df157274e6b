"""What scikit-learn shows of an estimator in a notebook: a link, and tooltips.

The hooks are those of scikit-learn's mixin for links to the documentation. A version
that does not know one of them never calls it.
"""

from __future__ import annotations

import re
from inspect import signature
from typing import TYPE_CHECKING, Any

from sklearn_bpnet._addresses import api_page

if TYPE_CHECKING:
    from sklearn_bpnet._sklearn_stubs import BaseEstimator
else:
    from sklearn.base import BaseEstimator

# scikit-learn writes no descriptions of parameters without a link
_NO_PAGE = "about:no-page"
_LINK = re.compile(rf'\s(?:rel="noreferrer"|target="_blank"|href="{_NO_PAGE}[^"]*")')

_parameters: Any = getattr(BaseEstimator, "_get_params_html", None)
_HAS_DESCRIPTIONS = "doc_link" in signature(_parameters or BaseEstimator).parameters


class DisplayedEstimator(BaseEstimator):
    """An estimator whose HTML has a link and descriptions of its parameters.

    The link leads to the page of the class, if there is one. The descriptions are those
    of the docstring and need no network.
    """

    _doc_link_module = "sklearn_bpnet"

    @property
    def _doc_link_template(self) -> str:
        """The link; empty where there is no page."""
        return api_page(type(self).__name__).replace("{", "{{").replace("}", "}}")

    if _HAS_DESCRIPTIONS:

        def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Any:
            """The table of parameters, with descriptions even without a link."""
            of_base: Any = super()
            table = of_base._get_params_html(deep, doc_link or _NO_PAGE)
            if not doc_link:
                drawn = table._html_repr
                table._html_repr = lambda: _LINK.sub("", drawn())
            return table
