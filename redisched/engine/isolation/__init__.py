"""Handlers in processes of their own, for `isolation="process"`: what such a handler does ends with its process."""
