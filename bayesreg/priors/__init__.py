"""A prior is its density and its rates: scales, hyperpriors, priors, penalty."""

from .priors import ElasticNetPrior as ElasticNetPrior
from .priors import FlatPrior as FlatPrior
from .priors import GaussianPrior as GaussianPrior
from .priors import LaplacePrior as LaplacePrior
