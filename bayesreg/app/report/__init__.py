"""One HTML page of a fit.

From the bottom up: section, data_summary, formula, figures; inputs, results, lambdas, checks, summary; page.
"""
