"""The model of a command, as its options say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from ...likelihoods.bernoulli import BernoulliLikelihood
from ...likelihoods.gaussian import GaussianLikelihood
from ...likelihoods.table import LIKELIHOODS
from ...selection.methods import METHOD_WORDS

if TYPE_CHECKING:
    from ...likelihoods.base import Likelihood
    from ...model.linear_model import LinearModel
    from ...priors.base import Prior

FAMILIES = tuple(LIKELIHOODS)
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
    family : str, optional
        The likelihood; None is what the target looks like.
    positive : str, optional
        The label of the target that is 1.
    offset, exposure : str, optional
        Columns of the known part of the linear predictor, and of that whose logarithm it is.
    """

    prior: str
    scale: float | str | None = None
    noise_scale: float | None = None
    standardize: bool | None = None
    relative_to_noise: bool = False
    no_intercept: bool = False
    family: str | None = None
    positive: str | None = None
    offset: str | None = None
    exposure: str | None = None

    @property
    def takes_labels(self) -> bool:
        """Whether a target of labels is meant, or may be.

        Raises
        ------
        ValueError
            If a label is said to be 1 in a family without labels.
        """
        takes = self.family in (None, BernoulliLikelihood.family)
        if self.positive is not None and not takes:
            raise ValueError(
                f"--positive is of labels, and --family {self.family} has numbers. Leave one of them out."
            )
        return takes

    @property
    def columns(self) -> dict[str, Any]:
        """What of it is said of the file, as `read_table` takes it."""
        return {
            "offset": self.offset,
            "exposure": self.exposure,
            "takes_labels": self.takes_labels,
            "positive": self.positive,
        }

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

    def model(self, family: str = GaussianLikelihood.family) -> "LinearModel":
        """Return the model with a likelihood; a scale that is to be chosen has its default.

        Raises
        ------
        ValueError
            If an elastic net without a scale is not to be standardised, or the noise is spoken of and there is none.
        """
        from ...model.linear_model import LinearModel
        from ...priors.base import DEFAULT_SCALE
        from ..words.families import has_noise
        from .stated_family import likelihood_of

        scale: Any = self.scale
        likelihood = likelihood_of(family, self.noise_scale)
        in_noise = has_noise(likelihood)
        if self.relative_to_noise and not in_noise:
            raise ValueError(
                f"--relative-to-noise is of noise around a mean, which --family {family} has not. Leave it out."
            )
        self._check_method(likelihood, family)
        relative, standardize = self.relative_to_noise, bool(self.standardize)
        if PRIORS[self.prior] == _NET and not isinstance(scale, float):
            if self.standardize is False:
                raise ValueError(
                    "an elastic net has a default scale on standardised columns only. "
                    "Give --scale as a number, or leave out --no-standardize."
                )
            scale, relative, standardize = DEFAULT_SCALE, in_noise, True
        elif self.method is not None:  # relative to the noise, so that the mode has the lambda that is chosen
            scale, relative, standardize = DEFAULT_SCALE, in_noise, self.standardize is not False
        prior = _prior(PRIORS[self.prior], scale, relative_to_noise=relative)
        return LinearModel(prior, likelihood, not self.no_intercept, standardize)

    def _check_method(self, likelihood: "Likelihood", family: str) -> None:
        """Refuse a method that cannot choose a scale beside a likelihood."""
        if self.method is None or likelihood.is_quadratic:
            return
        if not likelihood.is_convex:
            raise ValueError(
                f"--scale {self.method} chooses no scale beside --family {family}. Give --scale as a number."
            )
        if METHOD_WORDS[self.method].normal_noise_only:
            others = [name for name, words in METHOD_WORDS.items() if not words.normal_noise_only]
            raise ValueError(
                f"--scale {self.method} is of normal noise, and the family is {family}. Give --scale "
                f"{', '.join(others[:-1])} or {others[-1]}, or a number."
            )


def _prior(kind: str, scale: float | None, *, relative_to_noise: bool) -> "Prior":
    from ...priors.elastic_net import ElasticNetPrior
    from ...priors.gaussian import GaussianPrior
    from ...priors.laplace import LaplacePrior

    if kind == _NET:
        return ElasticNetPrior(scale, scale, relative_to_noise=relative_to_noise)
    one_scale = LaplacePrior if kind == "laplace" else GaussianPrior
    return one_scale(scale, relative_to_noise=relative_to_noise)
