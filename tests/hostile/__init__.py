"""Tests with hostile input, and with hostile data in Redis."""
