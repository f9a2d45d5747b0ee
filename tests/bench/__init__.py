"""The bench on a small scale: every figure must be there; the values do not matter."""
