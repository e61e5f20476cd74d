"""How each command is asked for, by click.

From the bottom up: kinds, grouped, shared; audit, conventions, demo, fit, predict, reduce, translate, one a command
(merge with reduce).
"""
