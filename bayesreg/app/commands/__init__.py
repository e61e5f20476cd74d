"""The commands, one a file, apart from how they are asked for."""
