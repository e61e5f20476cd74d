"""A prior is scales and a law: scales, hyperpriors; law, elastic_net_law; base; laplace, gaussian and others."""

from .base import Prior as Prior
from .elastic_net import ElasticNetPrior as ElasticNetPrior
from .flat import FlatPrior as FlatPrior
from .gaussian import GaussianPrior as GaussianPrior
from .laplace import LaplacePrior as LaplacePrior
from .law import Law as Law
