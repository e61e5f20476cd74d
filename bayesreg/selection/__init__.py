"""Which scale: scale_path, cross_validation, path_sampling, path_intervals, criteria, select."""

from .select import ScaleSelection as ScaleSelection
