"""A fit in words: on a terminal, as a line of code, and where prior and data disagree.

From the bottom up: terminal, text, numbers, options; families, effect_rows; model_text, folds_text; code_lines,
sklearn_line, glmnet_line; relations, rows, response, told_response, identifiers, marks, alike_levels; chosen_scale,
prior_data_conflict; cautions, headline.
"""
