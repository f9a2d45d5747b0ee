"""Dumps of what earlier versions left in Redis, and the tests that later versions lose nothing of it."""
