"""sample_posterior on rows that are read anew at each pass."""

from typing import TYPE_CHECKING, Any

from ..base.errors import SamplingWarning, warn
from ..data.row_source import RowSource
from ..gaussian.propriety import check_proper
from ..model.linear_model import LinearModel
from ..model.needs import MASS, PENALTY, refusal
from ..model.source_problem import resolve_source
from .certificate import certificate
from .sampling_warning import sampling_warning
from .to_arviz import Posterior, to_datatree

if TYPE_CHECKING:
    import xarray as xr

    from .kernels.chains import Plan

_BY = "sample_posterior on a RowSource"
_REMEDY = "ask for a larger num_samples; sample fewer rows in memory, as RowData; or give a stronger prior"


def sample_on_source(model: LinearModel, source: RowSource, plan: "Plan", method: str) -> "xr.DataTree":
    """Draw from the posterior by independent proposals, and certify the draws.

    Parameters
    ----------
    model : LinearModel
    source : RowSource
    plan : Plan
    method : str
        "auto" or "independence".

    Returns
    -------
    xarray.DataTree
        The attribute ``n_passes`` says how many times the rows were read.

    Raises
    ------
    ImproperPosteriorError
        If the posterior does not integrate.
    ValueError
        If another method is wanted, or the posterior is not nearly normal.
    """
    from .source_draws import draws_on_source

    before = source.n_passes
    problem = resolve_source(model, source, "sample_posterior", MASS, PENALTY)
    if method not in ("auto", "independence"):
        raise ValueError(
            refusal(
                _BY,
                "method='independence' or 'auto'",
                f"got {method!r}",
                "Leave `method` out, or give RowData.",
            )
        )
    check_proper(problem)
    record = draws_on_source(problem, plan)
    shape, p = record.values.coef.shape[:2], problem.n_features
    posterior = Posterior(
        coef=record.values.coef[..., :p],
        intercept=record.values.coef[..., p] if problem.has_intercept else record.values.coef[..., 0] * 0.0,
        nuisance={name: values.reshape(shape) for name, values in record.values.nuisance.items()},
        scales={},
        stats=record.stats,
    )
    judged = certificate(problem, posterior, None)
    against = sampling_warning(posterior, problem, judged, independent=False, remedy=_REMEDY)
    if against is not None:
        warn(against, SamplingWarning)
    settings = {
        **plan._asdict(),
        "method": "independence",
        "kernel": "independence",
        "complete": 1,
        "tried": "",
        "parts": "",
        **judged.as_attributes,
        "has_offset": int(source.spec.offset is not None),
        "n_passes": source.n_passes - before,
    }
    return to_datatree(problem, posterior, settings)


def refuse_on_source(log_likelihood: bool, checkpoint: Any) -> None:
    """Refuse what rows that are read anew do not give.

    Raises
    ------
    ValueError
    """
    if log_likelihood:
        raise ValueError(
            refusal(
                _BY, "log_likelihood=False", "it is True: a number for each row and draw", "Give RowData."
            )
        )
    if checkpoint is not None:
        raise ValueError(
            refusal(
                _BY,
                "no checkpoint",
                "`checkpoint` is given: all draws are made in one pass",
                "Leave `checkpoint` out.",
            )
        )
