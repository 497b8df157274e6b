"""The built documentation: nothing from elsewhere, and as a browser shows it.

These tests look at docs/_build/html, and at a browser only if there is one.
"""

import re
import shutil
import subprocess
import zlib
from html import unescape
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import sklearn_bpnet

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(),
    reason="the documentation is not built: python -m sphinx docs docs/_build/html",
)
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")

# a page of every kind
KINDS = [
    "index.html",
    "start/first_model.html",
    "start/tuning.html",
    "gallery/index.html",
    "gallery/for_your_data/plot_calibration.html",
    "api/generated/sklearn_bpnet.BPNetClassifier.html",
    "guide/network.html",
    "guide/parameters.html",
    "lecture/backpropagation.html",
    "mathematics.html",
]


def loaded(text):
    """The addresses that a browser loads for a page, as opposed to links."""
    for tag in re.findall(r"<(?:script|img|iframe|source|link)\b[^>]*>", text):
        is_link = re.search(r'rel="(?:canonical|next|prev|index|search|author)"', tag)
        if not is_link:
            yield from re.findall(r'\b(?:src|href|srcset)="([^"]+)"', tag)


def test_no_page_loads_anything_from_elsewhere():
    pages = list(SITE.rglob("*.html"))
    assert len(pages) > 100
    foreign = {
        address
        for page in pages
        for address in loaded(page.read_text(encoding="utf-8"))
        if re.match(r"(https?:)?//", address)
    }
    assert not foreign


def documented():
    """The names of the inventory that other sites link to."""
    *_, content = (SITE / "objects.inv").read_bytes().split(b"\n", 4)
    lines = zlib.decompress(content).decode().splitlines()
    return {line.split(" ")[0] for line in lines if " py:" in line}


def public_names():
    """What users import, from the package and the modules that are not internals."""
    modules = [sklearn_bpnet.__name__]
    for module in iter_modules(sklearn_bpnet.__path__):
        if not module.name.startswith("_") and module.name not in ("net", "training"):
            modules.append(f"{sklearn_bpnet.__name__}.{module.name}")
    for name in modules:
        try:
            module = import_module(name)
        except ImportError:  # of an extra that is not installed
            continue
        own = [
            key
            for key, value in vars(module).items()
            if getattr(value, "__module__", None) == name and not key.startswith("_")
        ]
        for key in getattr(module, "__all__", own):
            if key != "__version__":
                yield f"{name}.{key}"
    yield "sklearn_bpnet.net.activations.ACTIVATIONS"  # and the other registries


def test_every_public_name_has_a_page():
    known = documented()
    # some are the package's own names, wherever they are defined
    known |= {f"sklearn_bpnet.objective.{name}" for name in sklearn_bpnet.__all__}
    missing = set(public_names()) - known
    assert not missing


def test_no_style_sheet_loads_anything_from_elsewhere():
    for sheet in SITE.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(\s*['\"]?|@import\s+['\"])(https?:)?//", text)


def shown(address, *options):
    """The page as the browser has it after its scripts ran, without a network."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000"]
    command += ["--allow-file-access-from-files", *options, "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "at_least"), [("mathematics", 100), ("lecture/homework", 5)]
)
def test_formulas_are_drawn(name, at_least):
    page = shown((SITE / f"{name}.html").as_uri())
    formulas = page.count('class="math')
    assert formulas >= at_least
    assert page.count("<mjx-container") == formulas
    assert "data-mjx-error" not in page


@in_a_browser
@pytest.mark.slow
def test_the_search_finds_a_page():
    page = shown((SITE / "search.html").as_uri() + "?q=quantiles")
    found = re.findall(r'<li class="[^"]*"><a href="([^"]+)"', page)
    assert any("quantiles" in address for address in found), found


@in_a_browser
@pytest.mark.slow
def test_no_page_is_wider_than_a_phone(tmp_path):
    frames = "".join(
        f'<iframe width="390" height="844" src="{(SITE / page).as_uri()}"></iframe>'
        for page in KINDS
    )
    script = """
        onload = () => {
            document.body.title = [...document.querySelectorAll("iframe")].map(
                f => f.contentDocument.documentElement.scrollWidth).join(" ");
        };
    """
    frame = tmp_path / "phone.html"
    frame.write_text(f"<body>{frames}<script>{script}</script></body>")
    page = shown(frame.as_uri(), "--window-size=1200,900")
    widths = re.search(r'<body title="([^"]*)"', page)[1]
    widths = dict(zip(KINDS, map(int, unescape(widths).split()), strict=True))
    assert {page: width for page, width in widths.items() if width > 390} == {}
