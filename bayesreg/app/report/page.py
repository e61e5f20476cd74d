"""One HTML page of a fit, which needs no network and no script."""

import datetime
import os
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from ...base.files import write_whole
from ...base.version import __version__
from ...priors.scales import is_distribution
from ..fitted import Fit
from ..target import Target
from ..words.code_lines import regressor_code, sklearn_splitter
from ..words.folds_text import folds_text
from ..words.model_text import is_weighted
from .checks import path_section, predictive_section, residual_section
from .inputs import data_section, model_section, selection_section
from .lambdas import lambda_section
from .results import certificate_section, diagnostics_section, effects_section, posterior_section
from .section import Origin, capital
from .summary import summary

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

    from ...estimators.classifier import BayesClassifier
    from ...estimators.regressor import BayesRegressor

_UNBROKEN = re.compile(r"\d[\d.]*e-\d+|--[a-z][a-z-]*")
_SIGN, _LONG_NAME = re.compile(r"[=_.:,-]"), 12  # letters
_RESPONSE = "y"
_PACKAGES = (
    "numpy", "scipy", "numpyro", "scikit-learn", "pandas", "xarray", "arviz", "matplotlib",
)  # fmt: skip


def write_report(
    regressor: "BayesRegressor | BayesClassifier",
    path: "str | os.PathLike[str]",
    *,
    title: str | None = None,
    response: str = _RESPONSE,
    date: datetime.date | None = None,
) -> Path:
    """Write one self-contained HTML page of a fitted and sampled estimator.

    The page begins with a summary: what was fitted, what it says, how sure it is, what to do next. Then come the
    coefficients as table and picture (with odds or rate ratios and average effects, if the likelihood has them), a
    predictive check, residuals, diagnostics in plain words, the mode's proof, how
    the scale was chosen if it was, the coefficient path, the model in formulas and the data in a table. λ in every
    package's convention, with a line of code to paste, comes last, with the code, the date and the versions that made
    the page. It loads nothing: pictures are inside it. On paper, what is folded away is left out: a fit of 300 columns
    takes at most eight pages. The same fit at the same date gives the same file, byte for byte.

    Parameters
    ----------
    regressor : BayesRegressor or BayesClassifier
        After ``.fit(X, y)`` and ``.sample()``. It is not sampled here, as how many draws and from which seed are
        yours to say. One that was pickled holds statistics in place of rows: the page then leaves out what needs
        rows (extremes of the columns, equivalents, the predictive check), and says so.
    path : path
        The file to write; an existing one is replaced once the new one is complete. Its folder must exist.
    title : str, optional
        Default: what the model is, "Bayesian linear regression" say.
    response : str, default "y"
        What the response is called.
    date : datetime.date, optional
        At the foot of the page. Default: today.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFittedError
        Before ``fit``, or before ``sample``; or if rows are needed, and the estimator was pickled without them.
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import bayesreg as br
    >>> regressor = br.BayesRegressor(br.LaplacePrior(66.3), noise_scale=54.15).fit(X, y).sample()  # doctest: +SKIP
    >>> br.write_report(regressor, "report.html", response="disease progression")  # doctest: +SKIP
    """
    fit = _fit_of(regressor, response)
    file = Path(path)
    given = {"title": (title, None), "response": (response, _RESPONSE)}
    options = "".join(f", {name}={value!r}" for name, (value, default) in given.items() if value != default)
    name = _name_of(fit)
    made_by = _code_of(regressor, fit, f"br.write_report({name}, {file.name!r}{options})")
    predicts = (
        f'{name}.predict_proba(X_new, of="posterior", interval=0.9)'
        if fit.is_yes_or_no
        else f"{name}.predict(X_new, interval=0.9)"
    )
    origin = Origin(
        fit.words.title if title is None else title,
        response,
        "Python",
        made_by,
        date or datetime.date.today(),
        predicts,
    )
    write_whole(file, render(fit, origin).encode())
    return file


def render(fit: Fit, origin: Origin, path: "Figure | None" = None) -> str:
    """Return the page of a fit as text; all names are escaped. `path` is its picture of the path, if there is one."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bayesreg.app.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"unbroken": _unbroken, "breakable": _breakable}
    return environment.get_template("report.html").render(
        origin=origin,
        summary=summary(fit, origin),
        data=data_section(fit, origin),
        model=model_section(fit),
        certificate=certificate_section(fit),
        posterior=posterior_section(fit),
        effects=effects_section(fit),
        effects_title=f"{capital(str(fit.words.ratio))}s",
        lambdas=lambda_section(fit),
        selection=selection_section(fit),
        diagnostics=diagnostics_section(fit),
        predictive=predictive_section(fit, origin.response),
        residuals=residual_section(fit, origin.response),
        path=path_section(fit, path),
        made_on=origin.made_on.isoformat(),
        versions=_versions(),
    )


def _versions() -> list[tuple[str, str]]:
    """Return what made the page, the three first that its numbers depend on most."""
    return [
        ("bayesreg", __version__),
        ("Python", python_version()),
        ("JAX", version("jax")),
        *((name, version(name)) for name in _PACKAGES),
    ]


def _unbroken(text: str) -> "Markup":
    """Keep a number like 1.3e-16, and an option, on one line: browsers break after their hyphens."""
    from markupsafe import Markup, escape

    return Markup(_UNBROKEN.sub(r'<span class="number">\g<0></span>', str(escape(text))))


def _breakable(name: str) -> "Markup":
    """Let a long name break after its signs, and so in no word."""
    from markupsafe import Markup, escape

    text = str(escape(name))
    return Markup(_SIGN.sub(r"\g<0><wbr>", text) if len(name) > _LONG_NAME else text)


def _name_of(fit: Fit) -> str:
    """Return what the estimator is called in code."""
    return "classifier" if fit.is_yes_or_no else "regressor"


def _fit_of(regressor: "BayesRegressor | BayesClassifier", response: str) -> Fit:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(regressor)
    if not hasattr(regressor, "posterior_"):
        raise NotFittedError(
            "`write_report` needs posterior draws: call .sample() first, for example regressor.fit(X, y).sample()."
        )
    if regressor._data is None:
        raise NotFittedError("a pickle holds no rows, and this page needs them: call fit again, then sample.")
    classes = vars(regressor).get("classes_")
    labels = None if classes is None else (str(classes[0]), str(classes[1]))
    return Fit(
        regressor._model,
        regressor._data,
        regressor.map_,
        regressor.posterior_,
        regressor.selection_,
        folds=folds_text(regressor),
        target=Target(response, labels),
    )


def _code_of(regressor: "BayesRegressor | BayesClassifier", fit: Fit, last_line: str) -> str:
    """Return the lines of Python that made a regressor and this page."""
    stated = fit.model if regressor.prior is None else replace(fit.model, prior=regressor.prior)
    settings = {key: fit.tree.attrs.get(key) for key in ("num_warmup", "num_samples", "num_chains", "seed")}
    drawn = ", ".join(f"{key}={value}" for key, value in settings.items() if value is not None)
    weights = ", sample_weight=sample_weight" if is_weighted(fit.data) else ""
    if getattr(fit.data, "offset", None) is not None:
        weights += ", offset=offset"
    name = _name_of(fit)
    estimator = regressor_code(stated, scale_selection=regressor.scale_selection, folds=regressor.folds)
    imports = ["import bayesreg as br"]
    if splitter := sklearn_splitter(regressor.folds):
        imports.append(f"from sklearn.model_selection import {splitter}")
    if any(map(is_distribution, (*stated.prior.scales().values(), *stated.likelihood.parameters().values()))):
        imports.append("import numpyro")
    return "\n".join(
        [
            *imports,
            "",
            f"{name} = {estimator}",
            *(
                ["X = pipeline[:-1].transform(X)"]
                if vars(regressor).get("preprocessing_") is not None
                else []
            ),
            f"{name}.fit(X, y{weights}).sample({drawn})",
            last_line,
        ]
    )
