"""Data that earlier states of the code have left in Redis, and the tests that nothing of it is lost."""
