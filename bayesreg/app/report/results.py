"""What came out of a fit: the mode with its proof, the posterior, and whether the draws can be relied on."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from ...plots.named_rows import MOST_ROWS
from ...posterior.certificate import certify_posterior
from ...posterior.diagnostics import LARGEST_R_HAT
from ...posterior.draws.interval import Interval
from ...priors.scales import SCALE_NAMES
from ..fitted import Fit
from ..pictures import forest_figure, has_common_units
from ..words.effect_rows import effect_cells, effect_columns, effect_sentences
from ..words.families import has_noise
from ..words.headline import trust, what_matters
from ..words.numbers import coefficient_cells, percentage, probability, rounded
from ..words.relations import relation_notes
from ..words.rows import rows_cells, table_sentences
from .figures import certificate_figure, posterior_certificate_figure
from .section import FoldedPicture, Picture, Row, Section, capital, count, fold_rows

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-10  # a gap that is no more than that
_COEFS_IN_DOUBT = 1e-6  # of the largest coefficient: what rounding may move
_WAYS = {
    "marginal": "the coefficients are integrated out, and drawn exactly afterwards",
    "independence": "proposals that do not depend on the draw before, accepted or rejected",
    "whitened": "in coordinates in which the posterior is about normal",
    "mixture": "the prior written as a scale mixture of normals",
    "gibbs": "the prior written as a scale mixture of normals, drawn block by block",
}


def findings(fit: Fit, *, in_command: bool) -> list[str]:
    """Say what the fit has found."""
    p = fit.mode.coef.size
    found = list(what_matters(fit))
    if np.any(fit.mode.penalty.l1):
        zeros = int((fit.mode.coef == 0.0).sum())
        found.append(
            f"At the mode {zeros} of {count(p, 'coefficient')} {'is' if zeros == 1 else 'are'} exactly 0."
        )
    return [*found, *relation_notes(fit, in_command=in_command)]


def sureness(fit: Fit) -> list[str]:
    """Say how far the mode, the draws and the predictions can be relied on."""
    found = [_certainty(fit), trust(fit)]
    if fit.check is not None and not fit.is_yes_or_no:
        found.append(
            f"{percentage(fit.check.covered)} of the rows lie inside their own 90% predictive interval."
        )
    return [sentence for sentence in found if sentence]


def certificate_section(fit: Fit) -> Section:
    """Say what proves the mode, and draw it."""
    mode, certificate = fit.mode, fit.mode.certificate
    source = "the rows" if certificate.source == "rows" else "the sufficient statistics"
    sentences = [*_about_scale(fit), f"{_certainty(fit)} It is computed from the point itself and {source}."]
    if certificate.kind == "stationary":
        sentences[-1] = _certainty(fit)
    sentences.append(
        f"The optimality conditions are violated by at most {mode.kkt_residual:.1e} of λmax, the smallest λ₁ that "
        "would set all coefficients to 0."
    )
    if certificate.conditional_on_noise_scale and certificate.kind != "stationary":
        several = len(mode.local_modes)
        highest = f"; it is the highest of {several} local modes" if several > 1 else ""
        sentences.append(
            f"The noise was estimated along: the mode has σ = {mode.noise_scale:.6g}{highest}, and the proof speaks of "
            "the coefficients given that σ."
        )
    if not (np.any(mode.penalty.l1) or np.any(mode.penalty.l2)):
        return Section(sentences)
    if np.any(mode.penalty.l1):
        must = "A coefficient that is not 0 must lie on a bound, one that is 0 between the bounds."
    else:
        must = "Every coefficient must lie on the line at 0, but for rounding."
    alt = f"Chart of the optimality condition of {_drawn(fit)}: the slope of the loss against what the penalty allows."
    picture = Picture.of(certificate_figure(mode, fit.model_of_mode, fit.data), alt)
    caption = f"What the data pull at each coefficient with, against what its penalty allows. {must}"
    return Section(sentences, folded=FoldedPicture("Picture of the optimality conditions", picture, caption))


def posterior_section(fit: Fit) -> Section:
    """Tabulate mode and posterior, and draw the intervals."""
    p, shown = fit.mode.coef.size, fit.shown_at(MOST_ROWS)
    rest = np.setdiff1d(np.arange(len(fit.told)), shown)
    sentences = [*table_sentences(fit), f"Names in bold: the {fit.interval} leaves out 0."]
    if rest.size:
        sentences.append(
            f"The table has the {MOST_ROWS} of {p} whose interval leaves out 0, or whose |mode| × sd(x) is largest."
        )
    sentences += _other_parameters(fit)
    if has_common_units(fit.data):
        sentences.append(
            "In the pictures coefficients are multiplied by their column's standard deviation, as the columns' units "
            "are too unlike to share an axis."
        )
    alt = (
        f"Chart of the posterior of {_drawn(fit)}, one a row: {fit.interval}, 50% interval, mean and mode. "
        "The numbers are in the table."
    )
    picture = Picture.of(forest_figure(fit), alt)
    counted = ["rows"] if rows_cells(fit, fit.told) else []
    columns = ("coefficient", "mode (MAP)", "posterior mean", str(fit.interval), "sd", "P(sign)", *counted)
    return Section(
        sentences,
        picture,
        columns,
        tuple(_rows(fit, shown)),
        fold_rows(_rows(fit, rest), "other coefficient"),
    )


def _rows(fit: Fit, at: Int[np.ndarray, " k"]) -> list[Row]:
    shown, counts = fit.told.iloc[at], rows_cells(fit, fit.told)
    return [
        _row(str(name), row, fit.interval, counts[j] if counts else ())
        for j, (name, row) in zip(at, shown.iterrows(), strict=True)
    ]


def _row(name: str, row: "pd.Series", interval: Interval, count: tuple[str, ...]) -> Row:
    cells = (
        *(name, *coefficient_cells(row, interval)),
        *(rounded(row["sd"], row["sd"]), probability(row["p_sign"]), *count),
    )
    low, high = interval.ends(row)
    return Row(cells, stands_out=low > 0.0 or high < 0.0)


def effects_section(fit: Fit) -> Section | None:
    """Tabulate what coefficients mean for the response; None if they are that themselves."""
    if fit.reported is None:
        return None
    p = fit.mode.coef.size
    shown = [j for j in fit.shown_at(MOST_ROWS) if j < p]
    names = [str(name) for name in fit.reported.index]
    rows = [Row((name, *effect_cells(fit, name)), stands_out=name in fit.clear) for name in names]
    return Section(
        list(effect_sentences(fit)),
        columns=("coefficient", *effect_columns(fit)),
        rows=tuple(rows[j] for j in shown),
        folded=fold_rows([rows[j] for j in np.setdiff1d(np.arange(p), shown)], "other coefficient"),
    )


def diagnostics_section(fit: Fit) -> Section:
    """Say whether the draws can be relied on."""
    way = _WAYS.get(str(fit.tree.attrs.get("method")))
    chains = int(fit.tree["posterior"].sizes["chain"])
    drawn = f"{count(chains, 'chain')} of {count(fit.n_draws_a_chain, 'draw')} each"
    sentences = [f"{capital(drawn)}{'' if way is None else f'; {way}'}."]
    if not fit.complete:
        sentences.append("The run was interrupted: these are fewer draws than were asked for.")
    found = fit.diagnostics
    if found is None:
        return Section([*sentences, "These are too few draws to judge them."])
    if found.tried:
        sentences.append(f"Tried before, and not used: {found.tried}.")
    folded = None
    if found.certificate:
        judged = certify_posterior(fit.tree, fit.model, fit.data)
        sentences.append(
            f"The density itself was asked: {found.tests}. Each test compares the draws with the gradient of the log "
            "density, which no sampler's own opinion enters; z is in standard errors."
        )
        alt = "Chart of the z of each parameter's tests, against the largest that chance gives."
        picture = Picture.of(posterior_certificate_figure(judged), alt)
        caption = "What the density says of the draws, parameter by parameter."
        folded = FoldedPicture("Picture of these tests", picture, caption)
    cells = (
        (
            "largest R-hat",
            f"{found.r_hat:.3f}",
            f"near 1 where the chains agree; {LARGEST_R_HAT} is the limit",
        ),
        ("smallest ESS, bulk", f"{found.ess_bulk:.0f}", "draws that count as independent for means"),
        ("smallest ESS, tail", f"{found.ess_tail:.0f}", "the same for the ends of 90% intervals"),
        ("divergences", f"{found.n_divergent}", "steps that failed; 0 is wanted"),
    )
    columns = ("diagnostic", "value", "meaning")
    return Section([*sentences, trust(fit)], None, columns, tuple(map(Row, cells)), folded)


def _certainty(fit: Fit) -> str:
    """Say how near to its minimum the objective is."""
    certificate = fit.mode.certificate
    gap, of_rounding = certificate.proven_gap, certificate.proven_gap > certificate.duality_gap
    source = "duality gap, and rounding in the statistics" if of_rounding else "duality gap"
    if certificate.kind == "stationary":
        return (
            "The mode is the highest of the stationary points that several starts lead to. The density is not "
            "log-concave, so there is no duality gap, and no proof that none is higher."
        )
    of_null = "of the objective of the model without predictors"
    if not fit.mode.converged:
        return (
            "The mode misses the tolerance that was asked for: its objective may be above the minimum by up to "
            f"{gap:.1e} {of_null} ({source}){_doubt_of_coefs(certificate.coef_rounding)}."
        )
    close = ", which is rounding" if gap <= _ROUNDING else ""
    least = f"by at most {gap:.1e} {of_null}{close}" if gap else "by nothing that float64 can tell"
    return f"The mode is proved: its objective is above the minimum {least} ({source})."


def _doubt_of_coefs(share: float) -> str:
    if share <= _COEFS_IN_DOUBT:
        return ""
    return f", and rounding may move coefficients by up to {share:.1e} of the largest"


def _about_scale(fit: Fit) -> list[str]:
    """Say which scale the mode is at, where the posterior has none of its own."""
    if not fit.model.prior.has_sampled_scale or fit.selection is None:
        return []
    return [
        "The prior's scale is a distribution and sampled along. Such a model has no joint mode: the mode here is the "
        f"one at the scale of highest evidence, {fit.selection.scale:.6g}."
    ]


def _noise_text(fit: Fit) -> str:
    """Say what is known of σ."""
    if fit.noise is None:
        return f"known: {fit.mode.noise_scale:.6g}"
    at_mode, mean, interval = coefficient_cells(fit.noise.iloc[0], fit.interval)
    return f"mode {at_mode}, posterior mean {mean}, {fit.interval} {interval}"


def _other_parameters(fit: Fit) -> list[str]:
    """Say what is known of σ and of a sampled scale."""
    found = []
    if has_noise(fit.model.likelihood):
        found.append(
            f"The noise σ{' is' if fit.noise is None else ':'} {_noise_text(fit)}, in units of the response."
        )
    for name, row in fit.others.iterrows():
        at_mode, mean, ends = coefficient_cells(row, fit.interval)
        found.append(f"The {name}: mode {at_mode}, posterior mean {mean}, {fit.interval} {ends}.")
    posterior = fit.tree["posterior"].to_dataset()
    for name in SCALE_NAMES:
        if name in posterior:
            draws = posterior[name].values.ravel()
            sd = float(draws.std(ddof=1))
            low, high = (rounded(end, sd) for end in fit.interval.of(draws))
            mean = rounded(draws.mean(), sd)
            found.append(
                f"The {name.replace('_', ' ')}: posterior mean {mean}, {fit.interval} [{low}, {high}]."
            )
    return found


def _drawn(fit: Fit) -> str:
    p = fit.mode.coef.size
    return count(p, "coefficient") if p <= MOST_ROWS else f"{MOST_ROWS} of {p} coefficients"
