"""Turns arguments and results into values that msgpack carries, and back into what a handler's annotations say."""
