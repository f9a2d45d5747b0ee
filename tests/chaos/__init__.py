"""Tests of a queue under random calls, crashes and many processes."""
