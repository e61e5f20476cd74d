"""What a posterior's density says of draws, one parameter a row."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.certificate import PosteriorCertificate
from .style import COLOURS, DARK, MARKERS, NO_CODE, axes_or_current, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 30
_LABELS = ("location", "width", "lower tail", "upper tail", "chains agree")
_SPARE = 1.15


def plot_posterior_certificate(certificate: PosteriorCertificate, ax: "Axes | None" = None) -> "Axes":
    """Draw the z of every test against what so many tests give by chance.

    Parameters
    ----------
    certificate : PosteriorCertificate
        From `certify_posterior`.
    ax : matplotlib Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        A row for each parameter and principal axis, thirty at most: those of the largest |z|. Within the grey band lie
        the largest of 95 in 100 right runs, within the lines those of 999 in 1,000.
    """
    ax = axes_or_current(ax)
    largest = np.nanmax(np.abs(certificate.z), axis=1, initial=0.0)
    rows = np.sort(np.argsort(-largest, kind="stable")[:_MOST_ROWS])
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
    ax.set_yticks(places, [shown(certificate.names[k]) for k in rows], **NO_CODE)
    ax.set_ylim(rows.size - 0.5, -0.5)
    ax.set_xlabel("z, in standard errors of each test")
    some = f"{rows.size} of {len(certificate.names)} " if rows.size < len(certificate.names) else ""
    ax.set_ylabel(f"{some}parameters and axes")
    state = "certified" if certificate.ok else "not certified"
    ax.set_title(
        f"The draws by their density: {state}, largest z {certificate.largest_z:.1f}", fontsize="medium"
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return ax
