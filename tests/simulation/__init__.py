"""Whole fleets in one thread and in virtual time, with every fault drawn from a seed."""
