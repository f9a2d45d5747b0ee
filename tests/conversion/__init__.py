"""How values travel by their annotations, and come back."""
