"""One HTML page of a fit.

From the bottom up: section, data_summary, formula, figures; inputs, results, discrete_checks,
checks, lambdas, summary; page.
"""
