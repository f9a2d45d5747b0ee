"""What the API answers to reads."""
