"""Looks at a Redis for what endangers tasks, and says in sentences what to do about it."""
