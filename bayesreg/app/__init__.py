"""The command, what it prints, draws and writes.

From the bottom up: words; draws_file, outputs, figures, effects, fitted, pictures; report, commands; fit, demo;
one_line, options; cli.
"""
