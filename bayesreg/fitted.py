"""All that is known of one fit: what its report, its table and its JSON are made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

from .mode.solve import MapEstimate
from .model import LinearModel
from .posterior.diagnostics import Diagnostics, diagnose
from .posterior.summary import summarise_coefs, summarise_noise_scale
from .problem import Data
from .selection import ScaleSelection

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FEWEST_DRAWS = 4  # of a chain: fewer have no diagnostics


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """A model, the data, the mode and the posterior.

    Attributes
    ----------
    model : LinearModel
        That was sampled.
    data : RowData or GramData
    mode : MapEstimate
    tree : xarray.DataTree
    selection : ScaleSelection or None
        How the scale of the mode was chosen, where it was.
    """

    model: LinearModel
    data: Data
    mode: MapEstimate
    tree: "xr.DataTree"
    selection: ScaleSelection | None

    @property
    def model_of_mode(self) -> LinearModel:
        """The model whose mode it is: where the scale was chosen, at that scale."""
        return self.model if self.selection is None else self.selection.model

    @cached_property
    def coefs(self) -> "pd.DataFrame":
        """Mode and posterior of each coefficient and the intercept."""
        return summarise_coefs(self.mode, self.tree)

    @cached_property
    def noise(self) -> "pd.DataFrame | None":
        """Mode and posterior of σ in one row; None where it is known."""
        return summarise_noise_scale(self.mode, self.tree)

    @cached_property
    def diagnostics(self) -> Diagnostics | None:
        """What the draws' diagnostics are; None where draws are too few to have any."""
        return diagnose(self.tree) if self.n_draws_a_chain >= FEWEST_DRAWS else None

    @property
    def n_draws_a_chain(self) -> int:
        """How many draws each chain made."""
        return int(self.tree["posterior"].sizes["draw"])

    @property
    def complete(self) -> bool:
        """Whether all draws that were asked for were made."""
        return bool(self.tree.attrs.get("complete", 1))
