"""What `bayesreg fit --json` says."""

from typing import TYPE_CHECKING, Any

from ...base.errors import NoEquivalent
from ...base.version import __version__
from ...data.rows import RowData
from ..fitted import Fit
from ..words.cautions import cautions
from ..words.effect_rows import effect_sentences
from ..words.headline import headline
from ..words.model_text import described
from ..words.relations import relation_notes, relations_document
from ..words.rows import table_sentences
from .as_json import by_name
from .fit_data import FitData

if TYPE_CHECKING:
    import pandas as pd


def fit_document(fit: Fit, read: FitData, written: list[str]) -> dict[str, Any]:
    """Return one fit as a document.

    Parameters
    ----------
    fit : Fit
    read : FitData
        What was read.
    written : list of str
        The files that were written, with their folder.

    Returns
    -------
    dict
    """
    names, mode, certificate = fit.mode.feature_names, fit.mode, fit.mode.certificate
    return {
        "bayesreg": __version__,
        "data": {
            "target": fit.response,
            "features": list(names),
            "n_rows": fit.data.n_samples,
            "n_rows_dropped": read.n_dropped,
            "notes": [f"{label}: {text}" for label, text in read.said],
        },
        "model": described(fit.model),
        "family": _family(fit),
        "selection": _selection(fit),
        "map": {
            "coef": by_name(names, mode.coef),
            "intercept": mode.intercept,
            "noise_scale": mode.noise_scale,
            "nuisance": mode.nuisance,
            "r_squared": fit.r_squared,
            "deviance_explained": fit.deviance_explained,
            "penalty": {"l1": by_name(names, mode.penalty.l1), "l2": by_name(names, mode.penalty.l2)},
        },
        "certificate": {
            "duality_gap": mode.duality_gap,
            "kind": certificate.kind,
            "kkt_residual": mode.kkt_residual,
            "rounding": certificate.rounding,
            "coef_rounding": certificate.coef_rounding,
            "source": certificate.source,
            "conditional_on_noise_scale": certificate.conditional_on_noise_scale,
            "converged": mode.converged,
        },
        "posterior": {
            "complete": fit.complete,
            "coef": _by_row(fit.coefs.iloc[: len(names)]),
            "intercept": _by_row(fit.coefs.iloc[len(names) :]).get("intercept"),
            "noise_scale": None if fit.noise is None else _by_row(fit.noise)["noise_scale"],
            "nuisance": _by_row(fit.others),
            "contrasts": _by_row(fit.contrasts),
            "told": _by_row(fit.told),
            "told_meaning": list(table_sentences(fit)),
            "interval": {"mass": fit.interval.mass, "columns": list(fit.interval.columns)},
        },
        "held_out": None if fit.held_out is None else fit.held_out._asdict(),
        "effects": _effects(fit),
        "constant": [name for name, is_so in zip(names, fit.effects.constant, strict=False) if is_so],
        "collinear": {
            "relations": relations_document(fit.relations, names),
            "notes": list(relation_notes(fit, in_command=True)),
        },
        "diagnostics": _diagnostics(fit),
        "headline": list(headline(fit)),
        "cautions": [*read.cautions, *cautions(fit)],
        "code": {
            "bayesreg": fit.bayesreg_line(),
            "scikit-learn": _sklearn(fit),
            "glmnet": fit.glmnet_line(),
        },
        "written": written,
    }


def _family(fit: Fit) -> dict[str, Any]:
    """Return what is explained, and by which likelihood."""
    target = fit.target
    labels = target.labels or (("0", "1") if fit.is_yes_or_no else None)
    return {
        "name": fit.model.likelihood.family,
        "labels": None if labels is None else {"0": labels[0], "1": labels[1]},
        "event": target.event if fit.is_yes_or_no else None,
        "offset": target.offset,
        "exposure": target.exposure,
        "mean_response": _mean_response(fit),
    }


def _mean_response(fit: Fit) -> float | None:
    if not isinstance(fit.data, RowData):
        return None
    y = fit.model.likelihood.coded(fit.data.y)
    return float(y @ fit.data.sample_weight / fit.data.sum_weights)


def _effects(fit: Fit) -> dict[str, Any] | None:
    """Return ratios and average effects, with what they are."""
    if fit.reported is None:
        return None
    return {"ratio": fit.words.ratio, "rows": _by_row(fit.reported), "meaning": list(effect_sentences(fit))}


def _selection(fit: Fit) -> dict[str, Any] | None:
    chosen = fit.selection
    if chosen is None:
        return None
    return {
        "method": chosen.method,
        "folds": fit.folds,
        "scale": chosen.scale,
        "score": chosen.score,
        "score_of_scale": chosen.scores[chosen.index],
        "effective_df": chosen.effective_df[chosen.index],
        "n_scales": chosen.scales.size,
        "edge": chosen.edge,
    }


def _by_row(frame: "pd.DataFrame") -> dict[str, Any]:
    columns = [str(name) for name in frame.columns]
    return {
        str(name): dict(zip(columns, values, strict=True))
        for name, values in zip(frame.index, frame.to_numpy().tolist(), strict=True)
    }


def _diagnostics(fit: Fit) -> dict[str, Any] | None:
    found = fit.diagnostics
    if found is None:
        return None
    return {
        "r_hat": found.r_hat,
        "ess_bulk": found.ess_bulk,
        "ess_tail": found.ess_tail,
        "n_divergent": found.n_divergent,
        "n_draws": found.n_draws,
        "certificate": found.certificate,
        "certified": found.certified,
        "tried": found.tried,
        "parts": found.parts,
        "complaints": list(found.complaints),
        "reliable": not found.complaints,
    }


def _sklearn(fit: Fit) -> str | None:
    try:
        return fit.sklearn_line().code
    except NoEquivalent:
        return None
