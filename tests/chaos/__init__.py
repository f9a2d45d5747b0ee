"""Tests that let chance, crashes and many processes loose on a queue."""
