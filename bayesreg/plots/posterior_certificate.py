"""The picture of a posterior certificate, one row for each parameter."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.certificate import PosteriorCertificate
from .named_rows import MOST_ROWS, name_rows
from .style import COLOURS, DARK, MARKERS, axes_or_current

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = ("location", "width", "lower tail", "upper tail", "chains agree")
_SPARE = 1.15


def plot_posterior_certificate(certificate: PosteriorCertificate, ax: "Axes | None" = None) -> "Axes":
    """Draw the z of every test against the largest z that chance gives.

    Parameters
    ----------
    certificate : PosteriorCertificate
        From `certify_posterior`.
    ax : matplotlib Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        One row for each parameter and principal axis, at most thirty: those with the largest |z|. If a run is correct,
        its largest |z| lies within the grey band in 95 of 100 runs, and within the lines in 999 of 1,000.
    """
    ax = axes_or_current(ax)
    largest = np.nanmax(np.abs(certificate.z), axis=1, initial=0.0)
    rows = np.sort(np.argsort(-largest, kind="stable")[:MOST_ROWS])
    places = np.arange(rows.size)
    expected, limit = certificate.expected_largest_z, certificate.limit
    ax.axvspan(-expected, expected, color="0.92", zorder=0)
    for bound in (-limit, limit):
        ax.axvline(bound, color="0.4", linewidth=0.8)
    for k, label in enumerate(_LABELS):
        ax.plot(
            certificate.z[rows, k],
            places,
            MARKERS[k],
            color=COLOURS[k],
            markeredgecolor=DARK,
            markersize=5,
            label=label,
        )
    reach = _SPARE * max(limit, certificate.largest_z)
    ax.set_xlim(-reach, reach)
    name_rows(ax, [certificate.names[k] for k in rows], len(certificate.names), "parameters and axes")
    ax.set_xlabel("z, in standard errors of each test")
    state = "certified" if certificate.ok else "not certified"
    ax.set_title(
        f"The draws by their density: {state}, largest z {certificate.largest_z:.1f}", fontsize="medium"
    )
    return ax
