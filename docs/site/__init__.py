"""Makes the site of the documentation: what stands in pages besides their own text."""
