"""What the API is asked to change, and who asked for it."""
