"""The model of a command, as its options say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from ...selection.methods import METHOD_WORDS

if TYPE_CHECKING:
    from ...model.linear_model import LinearModel
    from ...priors.base import Prior

_NET = "elastic-net"
PRIORS = {"laplace": "laplace", "lasso": "laplace", "gaussian": "gaussian", "ridge": "gaussian", _NET: _NET}


@final
@dataclass(frozen=True)
class StatedModel:
    """A model as options state it.

    Attributes
    ----------
    prior : str
        A key of `PRIORS`.
    scale : float or str, optional
        Of the prior; None is the prior's default, and text a method that is to choose it.
    noise_scale : float, optional
        σ; None is unknown.
    standardize : bool, optional
        None is no, except if a scale is to be chosen, and for an elastic net without one, which
        has a default on standardised columns only.
    relative_to_noise : bool, default False
        Whether a scale that is given is in units of the noise, as a chosen one is.
    no_intercept : bool, default False
    """

    prior: str
    scale: float | str | None = None
    noise_scale: float | None = None
    standardize: bool | None = None
    relative_to_noise: bool = False
    no_intercept: bool = False

    @property
    def method(self) -> str | None:
        """The method that is to choose the scale; None if none is."""
        return self.scale if isinstance(self.scale, str) else None

    @property
    def draws_at_every_scale(self) -> bool:
        """Whether the scale is chosen by posterior draws at each, which takes a while."""
        if self.method is None:
            return False
        words = METHOD_WORDS[self.method]
        return words.draws and (words.draws_of_gaussian or PRIORS[self.prior] != "gaussian")

    def model(self) -> "LinearModel":
        """Return the model; a scale that is to be chosen has its default.

        Raises
        ------
        ValueError
            If an elastic net without a scale is not to be standardised.
        """
        from ...likelihoods.gaussian import GaussianLikelihood
        from ...model.linear_model import LinearModel
        from ...priors.base import DEFAULT_SCALE

        scale: Any = self.scale
        relative, standardize = self.relative_to_noise, bool(self.standardize)
        if PRIORS[self.prior] == _NET and not isinstance(scale, float):
            if self.standardize is False:
                raise ValueError(
                    "an elastic net has a default scale on standardised columns only. "
                    "Give --scale as a number, or leave out --no-standardize."
                )
            scale, relative, standardize = DEFAULT_SCALE, True, True
        elif self.method is not None:  # relative to the noise, so that the mode has the lambda that is chosen
            scale, relative, standardize = DEFAULT_SCALE, True, self.standardize is not False
        prior = _prior(PRIORS[self.prior], scale, relative_to_noise=relative)
        return LinearModel(prior, GaussianLikelihood(self.noise_scale), not self.no_intercept, standardize)


def _prior(kind: str, scale: float | None, *, relative_to_noise: bool) -> "Prior":
    from ...priors.elastic_net import ElasticNetPrior
    from ...priors.gaussian import GaussianPrior
    from ...priors.laplace import LaplacePrior

    if kind == _NET:
        return ElasticNetPrior(scale, scale, relative_to_noise=relative_to_noise)
    one_scale = LaplacePrior if kind == "laplace" else GaussianPrior
    return one_scale(scale, relative_to_noise=relative_to_noise)
