"""How each command is asked for, by click.

From the bottom up: kinds, grouped, shared; audit, conventions, demo, fit, predict, translate, one a command.
"""
