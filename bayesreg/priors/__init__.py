"""A prior is its density and its rates: scales, hyperpriors; base; laplace, gaussian, elastic_net, flat; penalty."""

from .elastic_net import ElasticNetPrior as ElasticNetPrior
from .flat import FlatPrior as FlatPrior
from .gaussian import GaussianPrior as GaussianPrior
from .laplace import LaplacePrior as LaplacePrior
