"""The embedded server, with real servers, and real processes that are killed."""
