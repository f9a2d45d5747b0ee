"""Tests with input that nobody should send, and with what nobody should have written into Redis."""
