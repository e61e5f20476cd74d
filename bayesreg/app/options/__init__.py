"""How each command is asked for, by click: kinds, shared; a file for each command."""
