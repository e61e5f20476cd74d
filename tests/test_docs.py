"""The documentation: its code runs and prints what it shows, every public name is in it, every link leads somewhere."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import browser
import click
import pytest

import bayesreg as br
from bayesreg.app.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINKED = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]
BUILDS = [
    name
    for name in ("mkdocs", "material", "mkdocstrings_handlers", "latex2mathml")
    if not importlib.util.find_spec(name)
]

BLOCK = re.compile(
    r"^```(python|sh)\n(.*?)^```\n(?:\s*(<!-- draws -->)?\s*^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)
LEFT_OUT = "…"  # a line that stands for any number of lines
FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
ROUNDING = re.compile(r"-?\d+(?:\.\d+)?e(?:-\d\d|\+00)")  # a rounding error may be 0, too
FROM_DRAWS = (
    0.05  # of the largest number in a line: Monte Carlo error, where another machine rounds otherwise
)


def hooks():
    """Load what the site is made with; it needs MkDocs only while MkDocs calls it."""
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "_site" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Code.


def blocks(page, language="python"):
    return [
        (code, bool(draws), shown)
        for written, code, draws, shown in BLOCK.findall(page.read_text())
        if written == language
    ]


def to_run(page):
    """Return what runs, in its order: Python, and commands whose output is shown."""
    found = BLOCK.findall(page.read_text())
    return [one for one in found if one[0] == "python" or one[3]]


def needed(page):
    """Return the libraries that a page's code needs beside this package."""
    found = re.search(r"^<!-- needs (.*) -->$", page.read_text(), re.MULTILINE)
    return found[1].split() if found else []


def agrees(printed, shown, from_draws):
    """Compare line by line: exactly, but for rounding error; numbers made of draws up to Monte Carlo error."""
    return _lines_agree(printed.split("\n"), shown.split("\n"), from_draws)


def _lines_agree(ours, theirs, from_draws):
    for place, line in enumerate(theirs):
        if line == LEFT_OUT:
            rest = theirs[place + 1 :]
            return any(_lines_agree(ours[i:], rest, from_draws) for i in range(place, len(ours) + 1))
        if place >= len(ours) or not _line_agrees(ours[place].rstrip(), line.rstrip(), from_draws):
            return False
    return len(ours) == len(theirs)


def _line_agrees(ours, theirs, from_draws):
    ours, theirs = ROUNDING.sub("~", ours), ROUNDING.sub("~", theirs)
    if not from_draws:
        return ours == theirs
    words = [" ".join(NUMBER.sub("~", line).split()) for line in (ours, theirs)]
    numbers = [[float(number) for number in NUMBER.findall(line)] for line in (ours, theirs)]
    if words[0] != words[1]:
        return False
    allowed = FROM_DRAWS * max(map(abs, numbers[1]), default=0.0)
    return all(abs(a - b) <= allowed for a, b in zip(*numbers, strict=True))


def typed(commands):
    """Return what a terminal shows after lines for the shell."""
    with tempfile.TemporaryDirectory() as folder:
        command = Path(folder) / "bayesreg"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bayesreg "$@"\n')
        command.chmod(0o755)
        ways = {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "80",
        }
        shell = subprocess.run(
            ["bash", "-c", commands],
            env={**os.environ, **ways},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return shell.stdout


WITH_CODE = [page for page in PAGES if to_run(page)]


@pytest.mark.extended
@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(DOCS)))
def test_code_runs_and_prints_what_is_shown(page, capsys, monkeypatch, tmp_path):
    import matplotlib.pyplot as plt

    absent = [name for name in needed(page) if not importlib.util.find_spec(name)]
    if absent:
        # An engine that a page joins, no dependency: Spark and Ray take hundreds of megabytes.
        pytest.skip(f"{absent[0]} is not installed")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for language, code, from_draws, shown in to_run(page):
        if language == "python":
            exec(compile(code, str(page), "exec"), names)
            printed = capsys.readouterr().out
        else:
            printed = typed(code)
        assert agrees(printed, shown, from_draws), f"printed:\n{printed}\nshown:\n{shown}"
    plt.close("all")


def test_every_guide_has_code_and_every_block_is_found():
    guides = [page for page in PAGES if page.parent.name == "how-to" and page.stem != "index"]
    assert len(guides) >= 11
    for page in {*guides, *WITH_CODE}:
        assert len(blocks(page)) == page.read_text().count("```python\n") > 0, page
        assert len(blocks(page, "sh")) == page.read_text().count("```sh\n"), page


def commands(page):
    """Return every line of `bayesreg` that a page shows for the shell, as words without the program's name."""
    lines = "".join(code for code, *_ in blocks(page, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(re.sub(r"\s[|>] .*", "", line), comments=True) for line in lines]
    return [line[1:] for line in words if line and Path(line[0]).name == "bayesreg"]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_the_options_that_are_shown(page):
    for name, *words in commands(page):
        command = main.commands[name]
        command.make_parser(click.Context(command)).parse_args(list(words))


GUIDES = [ROOT / "README.md", *sorted((DOCS / "how-to").glob("*.md")), DOCS / "reference" / "files.md"]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_named_in_sentences_are_those_of_a_command(page):
    parameters = [one for command in (main, *main.commands.values()) for one in command.params]
    known = {option for one in parameters for option in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--help-all", "--preload", "--pool"}  # two are of gunicorn and celery
    named = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]*)", FENCED.sub("", page.read_text())))
    assert named <= known


def test_commands_of_pages_are_found():
    assert len([line for page in LINKED for line in commands(page)]) > 10
    with pytest.raises(click.NoSuchOption):
        main.commands["fit"].make_parser(click.Context(main.commands["fit"])).parse_args(
            ["x.csv", "--targte", "y"]
        )


@pytest.mark.parametrize(
    ("printed", "shown", "from_draws", "expected"),
    [
        ("a 1.0 2\n", "a 1.0 2\n", False, True),
        ("a 1.0 2\n", "a 1.0 3\n", False, False),
        ("gap 7.1e-16\n", "gap 6.4e-16\n", False, True),
        ("gap 7.1e-16\n", "gap 6.4e+16\n", False, False),
        ("x 100 -3\n", "x  99 -1\n", True, True),
        ("x 100 -3\n", "x  94 -3\n", True, False),
        ("x 100\n", "y 100\n", True, False),
        ("x 100\n", "x 100 100\n", True, False),
        ("x 100\n", "x 100\nx 100\n", True, False),
        ("bmi\n", "bmi\n", True, True),
        ("a\nb\nc\nd\n", "a\n…\nd\n", False, True),
        ("a\nd\n", "a\n…\nd\n", False, True),
        ("a\nb\nc\nd\n", "…\nb\n…\nd\n", False, True),
        ("a\nb\nc\nd\n", "b\n…\n", False, False),
        ("a\nb\nc\nd\n", "a\n…\ne\n", False, False),
        ("a\nb\nc\nd\n", "a\n…\nc\n", False, False),
    ],
)
def test_the_comparison_itself(printed, shown, from_draws, expected):
    assert agrees(printed, shown, from_draws) is expected


# Reference.


def test_every_public_name_is_in_the_reference_once():
    text = "\n".join(page.read_text() for page in sorted((DOCS / "reference").glob("*.md")))
    documented = re.findall(r"^::: bayesreg\.(\w+)$", text, flags=re.MULTILINE)
    assert sorted(documented) == sorted(br.__all__)


def test_tables_from_the_package_are_whole():
    ours = hooks()
    table = ours.conventions_table()
    assert all(f'<tr id="{key}">' in table for key in br.CONVENTIONS)
    assert "### scikit-learn" in table
    shown = ours.command_line_help()
    assert all(f"## bayesreg {name}" in shown for name in ("demo", "fit"))
    assert "--scale" in shown
    markers = [
        page
        for page in PAGES
        if "<!-- conventions -->" in page.read_text() or "<!-- command line -->" in page.read_text()
    ]
    assert len(markers) == 2


def test_notebooks_become_markdown():
    ours = hooks()
    assert ours.notebooks()
    for notebook in ours.notebooks():
        markdown, pictures = ours.notebook_to_markdown(notebook)
        shown = re.sub(r"<details.*?</details>", "", markdown, flags=re.DOTALL)
        assert "assert " in markdown
        assert "assert " not in shown
        assert shown.count("```python") > 10
        assert markdown.startswith("# ")
        assert markdown.count("```") % 2 == 0
        assert len(re.findall(r"^!\[", markdown, flags=re.MULTILINE)) == len(pictures) > 0
        assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())


def test_a_list_gets_the_blank_line_it_needs_and_formulas_and_code_stay():
    source = (
        "Two:\n- one\n  more\n- two\n\n$$\na\n- b\n$$\n\n```\nx\n- y\n```\n[p](3_q.ipynb#r) [d](../docs/e.md)"
    )
    made = hooks().as_python_markdown(source)
    assert made == (
        "Two:\n\n- one\n  more\n- two\n\n$$\na\n- b\n$$\n\n```\nx\n- y\n```\n[p](3_q.md#r) [d](../e.md)"
    )


# Links.


def prose(page):
    """Return a page without its blocks of code and without code in lines."""
    return re.sub(r"(`+)[^`\n]+?\1", "", FENCED.sub("", page.read_text()))


def links(page):
    text = prose(page)
    inline = re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
    return [*inline, *re.findall(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"", text)]


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", FENCED.sub("", page.read_text()), flags=re.MULTILINE)
    found, seen = set(), {}
    for heading in headings:
        plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
    return found | set(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", page.read_text()))


def broken(page):
    """Return the links of a page that lead nowhere; addresses elsewhere are not looked up."""
    bad = []
    for link in links(page):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            bad.append(link)
    return bad


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page):
    assert broken(page) == []


def test_links_are_found_and_broken_ones_told(tmp_path):
    (tmp_path / "other.md").write_text(
        "# A β heading, `code`: twice\n\n# Same\n\n# Same\n\n```\n# none\n```\n"
    )
    (tmp_path / "page.md").write_text(
        "# Here\n[a](other.md) ![b](no.png) [c](other.md#a-β-heading-code-twice) [d](other.md#none) [e](#here) [f](#no)\n"
        '[g](other.md#same-1) [h](https://example.org/x) <img src="gone.png"> `[i](gone.md)`\n```\n[j](gone.md)\n```\n'
    )
    assert broken(tmp_path / "page.md") == ["no.png", "other.md#none", "#no", "gone.png"]


def test_pictures_have_an_alternative_text():
    for page in LINKED:
        assert not re.search(r"!\[\s*\]\(", prose(page)), page


# The site.

needs_the_extra = pytest.mark.skipif(
    bool(BUILDS), reason=f"{', '.join(BUILDS)} not installed: `make docs` installs the docs extra"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.extended
@needs_the_extra
def test_site_builds_strictly_and_loads_nothing_from_a_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    loads = re.compile(
        r"<(?:script|link|img|iframe|source|video|audio|object)\b[^>]*?\b(?:src|href|data)=\"?(?:https?:)?//"
    )
    for page in pages:
        assert not loads.search(page.read_text()), page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", sheet.read_text()), sheet


@pytest.mark.extended
@needs_the_extra
def test_site_holds_every_name_every_notebook_and_no_raw_formula(site):
    reference = "\n".join(page.read_text() for page in (site / "reference").glob("*.html"))
    assert [name for name in br.__all__ if f'id="bayesreg.{name}"' not in reference] == []
    for name, default in (
        ("num_warmup", 500),
        ("num_samples", 1000),
        ("num_chains", 4),
    ):  # one line in the docstring
        assert re.search(rf"<b><code>{name}</code></b>[^–]*?<code>{default}</code>", reference), name
    for notebook in hooks().notebooks():
        page = (site / "tutorials" / f"{notebook.stem}.html").read_text()
        assert "<math" in page
        assert "<img" in page
    for page in site.rglob("*.html"):
        text = re.sub(r"<(pre|code|script)\b.*?</\1>", "", page.read_text(), flags=re.DOTALL)
        assert 'class="arithmatex"' not in text, page
        assert "$$" not in text, page


# The search. Pages are opened from the disk, where it has no server to ask.

needs_a_browser = pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium is installed")
READERS_WORDS = {
    "NaN": "how-to/missing-values",
    "missing": "how-to/missing-values",
    "missing values": "how-to/missing-values",
    "NA": "reference/files",
    "blank": "how-to/missing-values",
    "null": "reference/files",
    "impute": "how-to/missing-values",
    "dropna": "how-to/missing-values",
    "?": "how-to/missing-values",
    "Namibia": "reference/files",
    "one-hot": "how-to/text-columns",
    "one hot": "how-to/text-columns",
    "dummy": "how-to/text-columns",
    "get_dummies": "how-to/text-columns",
    "categorical": "how-to/text-columns",
    "categories": "how-to/text-columns",
    "levels": "how-to/text-columns",
    "rare levels": "how-to/text-columns",
    "reference level": "how-to/read-the-table",
    "baseline": "how-to/text-columns",
    "identifier": "how-to/text-columns",
    "ID column": "how-to/text-columns",
    "dates": "how-to/text-columns",
    "timestamp": "how-to/text-columns",
    "postcode": "how-to/text-columns",
    "OneHotEncoder": "how-to/text-columns",
    "benchmarks": "benchmarks",
    "coordinate descent": "tutorials/2_map_is_penalized_least_squares",
    "R squared": "how-to/read-the-table",
    "report": "reference/estimators",
    "PDF": "how-to/read-the-table",
    "summary": "how-to/error-bars-for-a-lasso",
    "to_csv": "how-to/audit-coefficients",
    "collinear": "how-to/collinear-columns",
    "constant column": "how-to/collinear-columns",
    "0/1": "how-to/yes-no-and-counts",
    "yes/no": "how-to/yes-no-and-counts",
    "binary": "how-to/yes-no-and-counts",
    "logistic": "how-to/yes-no-and-counts",
    "classification": "how-to/yes-no-and-counts",
    "count": "how-to/yes-no-and-counts",
    "Poisson": "how-to/yes-no-and-counts",
    "skewed": "how-to/yes-no-and-counts",
    "shuffle": "how-to/order-groups-and-time",
    "sorted": "how-to/order-groups-and-time",
    "time series": "how-to/order-groups-and-time",
    "groups": "how-to/order-groups-and-time",
    "TimeSeriesSplit": "how-to/order-groups-and-time",
    "xlsx": "how-to/files-from-elsewhere",
    "Excel": "how-to/files-from-elsewhere",
    "encoding": "how-to/files-from-elsewhere",
    "latin-1": "how-to/files-from-elsewhere",
    "UTF-8": "how-to/files-from-elsewhere",
    "semicolon": "how-to/files-from-elsewhere",
    "delimiter": "how-to/files-from-elsewhere",
    "separator": "how-to/files-from-elsewhere",
    "decimal comma": "how-to/files-from-elsewhere",
    "currency": "how-to/files-from-elsewhere",
    "percent": "how-to/files-from-elsewhere",
    "$1,500": "how-to/files-from-elsewhere",
    "#DIV/0!": "reference/files",
    "zip archive": "how-to/files-from-elsewhere",
    "UTF-16": "reference/files",
    "bzip2": "how-to/files-from-elsewhere",
    "typographic minus": "reference/files",
    "comment lines": "how-to/files-from-elsewhere",
    "polars": "how-to/polars",
    "pyarrow": "how-to/polars",
    "parquet": "how-to/large-data",
    "out of memory": "how-to/large-data",
    "GridSearchCV": "how-to/pipelines-and-grid-search",
    "ColumnTransformer": "how-to/pipelines-and-grid-search",
    "unseen level": "how-to/text-columns",
    "predict new rows": "how-to/predict-with-intervals",
    "interval": "how-to/predict-with-intervals",
    "checkpoint": "how-to/checkpoints",
    "λ": "explanation/lambda",
    "lambda": "how-to/glmnet-to-scikit-learn",
    "C of LogisticRegression": "how-to/lambda-of-yes-no-and-counts",
    "PoissonRegressor": "how-to/lambda-of-yes-no-and-counts",
}
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
SEARCH_ALL = """(async () => {
  const worker = new Worker(JSON.parse(document.getElementById("__config").textContent).search);
  const ask = (message) => new Promise((heard) => {
    worker.addEventListener("message", ({ data }) => heard(data.data), { once: true });
    worker.postMessage(message);
  });
  await ask({ type: 0, data: { ...__index, options: {} } });
  const found = {};
  for (const word of %s)
    found[word] = (await ask({ type: 2, data: word })).items.map((page) => page.find((part) => !part.parent).location);
  return found;
})()"""


@pytest.fixture(scope="module")
def opened(site, tmp_path_factory):
    """A page of the site in a browser, opened from the disk; the word that was typed into its search."""
    with browser.Browser(tmp_path_factory.mktemp("profile")) as page:
        page.open((site / "how-to" / "index.html").as_uri())
        page.evaluate("document.querySelector('[data-md-component=search-query]').focus()")
        page.type("checkpoint")
        page.wait("document.querySelector('a.md-search-result__link') !== null")
        yield page


@pytest.fixture(scope="module")
def found(opened):
    """The pages that the search finds for each word of readers, best first."""
    return opened.evaluate(SEARCH_ALL % json.dumps([*READERS_WORDS, *LETTERS]))


@pytest.mark.extended
@needs_the_extra
@needs_a_browser
def test_a_word_typed_on_a_page_from_the_disk_finds_a_page_of_the_disk(opened, found, site):
    first = opened.evaluate("document.querySelector('a.md-search-result__link').href")
    assert first.startswith((site / "how-to" / "checkpoints.html").as_uri())
    opened.evaluate("document.querySelector('a.md-search-result__link').click()")
    assert opened.wait("document.title.startsWith('Keep a long run safe')")
    assert opened.errors == []
    assert [one for one in opened.addresses if not one.startswith(("file:", "data:"))] == []


@pytest.mark.extended
@needs_the_extra
@needs_a_browser
@pytest.mark.parametrize(("word", "page"), READERS_WORDS.items())
def test_the_search_finds_the_page_by_the_word_that_a_reader_types(word, page, found):
    assert f"{page}.html" in found[word][:3], found[word][:6]


@pytest.mark.extended
@needs_the_extra
@needs_a_browser
def test_each_beginning_of_a_word_finds_some_page(found):
    """A word that the search cannot hold would stop it for all that begin like it."""
    assert [letter for letter in LETTERS if not found[letter]] == []


@needs_the_extra
def test_formulas_become_mathml_and_one_that_cannot_is_told(caplog):
    ours = hooks()
    inline = '<span class="arithmatex">\\(2 \\log b - \\lvert\\beta\\rvert\\)</span>'
    made = ours.with_mathml(f"<p>{inline}</p>", "page")
    assert made.startswith("<p><math")
    assert made.count("mspace") == 2  # log stands apart from 2 and from b
    assert made.count('stretchy="false"') == 2
    assert not caplog.records
    shown = ours.with_mathml('<div class="arithmatex">\n\\[\\arg\\min_b x &lt; 1\\]\n</div>', "page")
    assert shown.startswith('<div class="math-block"><math')
    assert "&lt;" in shown
    ours.with_mathml('<span class="arithmatex">\\(\\nosuchthing\\)</span>', "page")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_names_in_code_lead_to_the_reference_but_not_twice():
    made = hooks().with_links(
        "<p><code>br.audit(coef)</code> <code>other</code></p><h2><code>audit</code></h2><a><code>audit</code></a>"
    )
    assert made.count('<autoref identifier="bayesreg.audit" optional>') == 1
    assert made.startswith("<p><autoref")
