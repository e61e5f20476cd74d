"""Priors: a prior is scales and a law, the density of one coefficient at its rates.

From the bottom up: scales, hyperpriors; law, elastic_net_law, elastic_net_algebra; base; laplace, gaussian,
elastic_net, flat; penalty.
"""

from .base import Prior as Prior
from .elastic_net import ElasticNetPrior as ElasticNetPrior
from .flat import FlatPrior as FlatPrior
from .gaussian import GaussianPrior as GaussianPrior
from .laplace import LaplacePrior as LaplacePrior
from .law import Law as Law
from .law import ScaleMixture as ScaleMixture
