"""The command, what it prints, draws and writes.

From the bottom up: target, words; draws_file, outputs, figures, effects, effects_on_response, deviance, errors_of_mode,
fitted, pictures; report, commands; fit, demo; kept_programs, own_process; one_line, options; cli.
"""
