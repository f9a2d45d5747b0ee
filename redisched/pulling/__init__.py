"""Pulling: a program with a loop of its own leases tasks by hand, with what workers are made of."""
