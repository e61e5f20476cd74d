"""The commands, one a file, apart from how they are asked for.

From the bottom up: as_json, values, rows, stated_family, stated_model, stated_folds, coefficients; data_text,
streamed, fit_data; fit_text, fit_json, reduce, predict, translate, audit, conventions.
"""
