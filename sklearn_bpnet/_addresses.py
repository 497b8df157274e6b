"""Where the project is to be found: the one setting of its addresses.

The site's header, its link "Edit this page" and the links in the HTML representation of
estimators follow from these. All are off without an address.
"""

from __future__ import annotations

from pathlib import Path

# such as "https://github.com/OWNER/sklearn_bpnet"
REPOSITORY = ""

# the root of the site, such as "https://OWNER.github.io/sklearn_bpnet"
DOCUMENTATION = ""

# the site as built in a checkout of the repository, which needs no network
_BUILT = Path(__file__).parents[1] / "docs" / "_build" / "html"


def api_page(name: str) -> str:
    """The address of the page of a public class or function.

    Empty if there is neither an address nor a page on this machine.

    Parameters
    ----------
    name : str
        Its name, such as "BPNetClassifier".
    """
    page = f"api/generated/sklearn_bpnet.{name}.html"
    if DOCUMENTATION:
        return f"{DOCUMENTATION.rstrip('/')}/{page}"
    built = _BUILT / page
    return built.as_uri() if built.is_file() else ""
