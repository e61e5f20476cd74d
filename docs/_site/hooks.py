"""What the site is made of beyond Markdown: notebooks as pages, tables from the package, formulas as MathML.

MkDocs calls the functions whose names begin with ``on_``. Formulas become MathML while the site is
built, so that no script and no font is loaded to show them.
"""

import base64
import html
import json
import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
ElementTree.register_namespace("", "http://www.w3.org/1998/Math/MathML")
LOG = logging.getLogger("mkdocs.hooks.bayesreg")

PACKAGES = {
    "": "bayesreg",
    "sklearn": "scikit-learn",
    "glmnet": "glmnet (R)",
    "celer": "celer",
    "skglm": "skglm",
    "adelie": "adelie",
    "glum": "glum",
    "ncvreg": "ncvreg (R)",
    "statsmodels": "statsmodels",
    "MASS": "MASS (R)",
    "MATLAB": "MATLAB",
    "spark": "Spark ML",
    "xgboost": "XGBoost",
    "vw": "Vowpal Wabbit",
    "torch": "PyTorch",
    "cuml": "cuML",
    "h2o": "H2O",
}
_BAYESIAN = "Bayesian packages"

_MATH = re.compile(r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.DOTALL)
_LEFT_ALONE = re.compile(r"<(h[1-6]|a|pre|autoref)\b.*?</\1>", re.DOTALL)
_NAMED_CODE = re.compile(r"<code>(?:br\.|bayesreg\.)?([A-Za-z_]\w*)((?:\([^<]*\))?)</code>")
_NOTHING_SAID = re.compile(r'–\s*<div class="doc-md-description">\s*</div>')
_NOTEBOOK_LINK = re.compile(r"\]\((?:\.\./)*notebooks/(\w+)\.ipynb")
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_SPACE = f"{_NAMESPACE}mspace"
_ROWS = {_NAMESPACE + tag for tag in ("math", "mrow", "mstyle", "mtd")}
_SCRIPTED = {_NAMESPACE + tag for tag in ("msub", "munder")}
_OPERATORS = {_NAMESPACE + tag for tag in ("mi", "mo")}
_OPERANDS = {_NAMESPACE + tag for tag in ("mi", "mn", "msub", "msup", "msubsup", "mfrac", "mstyle", "msqrt")}
_OPENED = ("(", "[")
_WIDE = re.compile(r"tutorials/\d|benchmarks|calibration|changelog")
_FOLDED = """<details class="folded" markdown data-search-exclude>
<summary>The check, in code</summary>

{}

</details>"""
_PRINTED = re.compile(r'<div class="language-text highlight".*?</pre>', re.DOTALL)
_MANY_DIGITS = 0.2  # of the letters of what was printed
_NOT_SEARCHED = re.compile(r'<table(?=[ >])|<div class="language-\w+ highlight"|<math(?=[ >])')
_FENCE = re.compile(r"\s*(```|~~~)")
_ITEM = re.compile(r"\s*([-*+]|1[.)])\s")


# What MkDocs calls.


def on_config(config: Any, **_: Any) -> Any:
    """List the notebooks among the tutorials."""
    for entry in config.nav or []:
        if "Tutorials" in entry:
            entry["Tutorials"].extend(_page_of(notebook) for notebook in notebooks())
    return config


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add a page and its pictures for each notebook."""
    from mkdocs.structure.files import File

    for notebook in notebooks():
        markdown, pictures = notebook_to_markdown(notebook)
        files.append(File.generated(config, _page_of(notebook), content=markdown))
        for name, content in pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in what comes from the package, and lead links to notebooks to their pages."""
    if _WIDE.match(page.file.src_uri):
        page.meta["hide"] = ["toc"]  # its place goes to figures and tables
    here = posixpath.dirname(page.file.src_uri)
    markdown = _NOTEBOOK_LINK.sub(
        lambda found: "](" + posixpath.relpath(f"tutorials/{found[1]}.md", here or "."), markdown
    )
    for marker, made in (
        ("<!-- conventions -->", conventions_table),
        ("<!-- command line -->", command_line_help),
        ("<!-- notebooks -->", notebook_list),
    ):
        if marker in markdown:
            markdown = markdown.replace(marker, made())
    return markdown


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Turn formulas into MathML, and names of the package into links to the reference."""
    for item in _all_items(page.toc):
        item.title = with_mathml(item.title, page.file.src_uri)
    content = with_mathml(_NOTHING_SAID.sub("", content), page.file.src_uri)
    if _WIDE.match(page.file.src_uri):
        content = _NOT_SEARCHED.sub(
            r"\g<0> data-search-exclude", content
        )  # its words are what readers look for
    return with_links(_PRINTED.sub(_without_numbers, content))


def _without_numbers(printed: re.Match[str]) -> str:
    """Keep printed numbers out of the search: many words of digits break it.

    Its word tree (lunr's) tells nodes apart by text in which "1" before node 23 and "12" before node 3 are the same.
    """
    letters = re.sub(r"<[^>]*>|\s", "", printed[0])
    few = sum(letter.isdigit() for letter in letters) < _MANY_DIGITS * len(letters)
    return printed[0] if few else printed[0].replace("<div ", "<div data-search-exclude ", 1)


def _all_items(items: Any) -> Iterator[Any]:
    for item in items:
        yield item
        yield from _all_items(item.children)


# Notebooks.


def notebooks() -> list[Path]:
    """Return the executed notebooks in their order, which is that of the numbers before their names."""
    return sorted(NOTEBOOKS.glob("*.ipynb"), key=lambda notebook: int(notebook.stem.split("_")[0]))


def _page_of(notebook: Path) -> str:
    return f"tutorials/{notebook.stem}.md"


def notebook_to_markdown(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, and the pictures in it by their file names."""
    parts, pictures, heading = [], {}, notebook.stem
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ +(.+)$", source, flags=re.MULTILINE)
            heading = headings[-1] if headings else heading
            parts.append(as_python_markdown(source))
        elif cell["cell_type"] == "code" and source.strip():
            code = _fenced(source, "python")
            parts.append(_FOLDED.format(code) if is_folded(cell) else code)
            for output in cell["outputs"]:
                shown, picture = _output(output)
                if picture is not None:
                    name = f"{notebook.stem}_{len(pictures) + 1}.png"
                    pictures[name] = picture
                    shown = f"![Figure {len(pictures)}, of the section “{_plain(heading)}”]({name})"
                parts.append(shown)
    return "\n\n".join(part for part in parts if part) + "\n", pictures


def is_folded(cell: dict[str, Any]) -> bool:
    """Tell whether Jupyter shows a cell's output without its code: so it is with checks."""
    return bool(cell["metadata"].get("jupyter", {}).get("source_hidden"))


def _output(output: dict[str, Any]) -> tuple[str, bytes | None]:
    """Return an output as Markdown, or as the bytes of a picture."""
    if output["output_type"] == "stream":
        return _fenced("".join(output["text"]), "text"), None
    data = output.get("data", {})
    if "image/png" in data:
        return "", base64.b64decode("".join(data["image/png"]))
    rich = "".join(data.get("text/html", ""))
    if 'class="dataframe"' in rich:
        table = re.sub(r"<style.*?</style>|\n\s*|(?<=<table) [^>]*", "", rich, flags=re.DOTALL)
        return f'<div class="output frame">{table}</div>', None
    plain = "".join(data.get("text/plain", ""))
    return (_fenced(plain, "text") if plain else ""), None


def _fenced(text: str, language: str) -> str:
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", text)), 3)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def _plain(heading: str) -> str:
    return re.sub(r"[$*`\[\]]|(?<!\w)_|_(?!\w)", "", heading)


def notebook_list() -> str:
    """Return the notebooks as a list of links to their pages."""
    return "\n".join(f"- [{_title(notebook)}]({notebook.stem}.md)" for notebook in notebooks())


def _title(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return re.sub(r"^#\s*", "", "".join(cells[0]["source"]).splitlines()[0])


def as_python_markdown(source: str) -> str:
    """Return a notebook's Markdown as Python-Markdown reads it: a blank line before each list, links to pages."""
    lines, inside_code, inside_math = [], False, False
    for line in source.splitlines():
        before = lines[-1] if lines else ""
        starts_list = (
            _ITEM.match(line) and before.strip() and not (_ITEM.match(before) or before[0].isspace())
        )
        if starts_list and not (inside_code or inside_math):
            lines.append("")
        lines.append(line)
        inside_code ^= bool(_FENCE.match(line))
        inside_math ^= not inside_code and line.count("$$") % 2 == 1
    text = "\n".join(lines)
    text = re.sub(r"\]\((\w+)\.ipynb", r"](\1.md", text)
    return re.sub(r"\]\(\.\./docs/", "](../", text)


# Formulas and names.


def with_mathml(content: str, where: str) -> str:
    """Replace each formula by MathML; one that cannot be read is a warning."""
    return _MATH.sub(lambda found: _mathml(found[3], block=found[2] == "[", where=where), content)


def _mathml(tex: str, *, block: bool, where: str) -> str:
    from latex2mathml.converter import convert

    tex = re.sub(r"\\arg(?![a-zA-Z])", r"\\operatorname{arg}", html.unescape(tex).strip())
    made = _spaced(convert(tex, display="block" if block else "inline"))
    if "\\" in re.sub(r"<annotation.*?</annotation>", "", made, flags=re.DOTALL):
        LOG.warning("%s: a formula that cannot be shown: %s", where, tex)
    return f'<div class="math-block">{made}</div>' if block else made


def _spaced(mathml: str) -> str:
    """Set thin spaces round names of functions, and none inside of bars, as TeX does."""
    math = ElementTree.fromstring(mathml)
    for row in list(math.iter()):
        if row.tag in _ROWS:
            children = list(row)
            for place in reversed(range(len(children) - 1)):
                before, after = children[place], children[place + 1]
                spaced = _is_name(before) and (after.text not in _OPENED and after.tag != _SPACE)
                if spaced or (_is_name(after) and before.tag in _OPERANDS):
                    row.insert(place + 1, ElementTree.Element(_SPACE, {"width": "0.167em"}))
        if row.tag == f"{_NAMESPACE}mo" and row.text in ("|", "‖") and not row.attrib:
            row.attrib.update(lspace="0", rspace="0", stretchy="false")
    return ElementTree.tostring(math, encoding="unicode")


def _is_name(element: Any) -> bool:
    """Tell whether an element is a name such as log or max, perhaps with something below it."""
    if element.tag in _SCRIPTED:
        return _is_name(element[0])
    return element.tag in _OPERATORS and len(element.text or "") > 1 and (element.text or "").isalpha()


def with_links(content: str) -> str:
    """Make each public name in code, outside of headings, links and blocks, a link to the reference."""
    import bayesreg as br

    def linked(found: re.Match[str]) -> str:
        if found[1] not in br.__all__:
            return found[0]
        return f'<autoref identifier="bayesreg.{found[1]}" optional>{found[0]}</autoref>'

    made, end = [], 0
    for kept in _LEFT_ALONE.finditer(content):
        made += [_NAMED_CODE.sub(linked, content[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*made, _NAMED_CODE.sub(linked, content[end:])])


# What comes from the package.


def conventions_table() -> str:
    """Return `CONVENTIONS` as tables in HTML, one for each package, under headings."""
    from bayesreg.conventions.convention import Without
    from bayesreg.conventions.table import CONVENTIONS

    groups: dict[str, list[str]] = {}
    for key, row in CONVENTIONS.items():
        reason = (
            f"<br>No penalty states it: {_text(row.form.reason)}" if isinstance(row.form, Without) else ""
        )
        intercept = "" if row.intercept == "free" else f" ({_INTERCEPTS[row.intercept]})"
        cells = (
            f"<code>{_text(key)}</code>",
            f"<code>{_text(row.objective)}</code>{reason}",
            _text(row.standardizes),
            _text(row.weights),
            _text(row.family) + intercept,
            _text(row.evidence),
        )
        line = f'<tr id="{_text(key)}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        groups.setdefault(_package_of(key), []).append(line)
    head = "".join(
        f"<th>{title}</th>"
        for title in (
            "key",
            "what is minimised",
            "X standardised",
            "sample weights s",
            "likelihood",
            "established",
        )
    )
    tables = [
        f'### {package}\n\n<div class="conventions"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        for package, rows in groups.items()
    ]
    return "\n\n".join(tables)


_INTERCEPTS = {
    "penalised": "its intercept is penalised",
    "a column": "its intercept is a column, penalised unless the strength is a vector with 0 for it",
    "none": "it fits no intercept",
    "always": "it always fits an intercept",
}


def _package_of(key: str) -> str:
    first, dot, _ = key.partition(".")
    return PACKAGES.get(first) or (_BAYESIAN if dot or first in ("bambi", "brms") else PACKAGES[""])


def _text(value: str) -> str:
    return html.escape(value, quote=False)


def command_line_help() -> str:
    """Return the help of `bayesreg` and of its commands."""
    import click

    from bayesreg.app.cli import main
    from bayesreg.app.options.grouped import help_in_full

    commands = {"bayesreg": main, **{f"bayesreg {name}": one for name, one in sorted(main.commands.items())}}
    parts = []
    for name, command in commands.items():
        context = click.Context(command, info_name=name, max_content_width=88, terminal_width=88)
        parts.append(f"## {name}\n\n" + _fenced(help_in_full(command, context), "text"))
    return "\n\n".join(parts)
