"""Claiming: a worker takes tasks from its shards as far as it has room, and waits for wake-ups while nothing is due."""
