"""Checks a Redis for settings and states that endanger tasks, and says in sentences what to do about each."""
