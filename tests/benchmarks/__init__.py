"""Measurements; asked for by name (`make bench`), alone on the machine, and read as ratios within one run."""
