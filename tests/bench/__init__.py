"""The bench, run small: its figures are there, whatever they are."""
