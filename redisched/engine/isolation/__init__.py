"""Handlers that run in processes of their own, for `isolation="process"`. When the process ends, the handler ends."""
