"""The commands, one a file, apart from how they are asked for.

From the bottom up: as_json, values, rows, stated_family, stated_model, stated_folds, coefficients; fit_text,
fit_json, predict, translate, audit, conventions.
"""
