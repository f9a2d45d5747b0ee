"""Schedules: what they are, which of their slots are fired when, and how an application's code declares them."""
