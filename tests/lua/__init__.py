"""The scripts, one file per edge: given a situation, call, and compare everything that is in Redis."""
