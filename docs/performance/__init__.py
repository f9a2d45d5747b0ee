"""Makes what docs/performance.md shows: measures, compares with peers, and publishes tables and plots of the results.

`python -m docs.performance.measure`, `.peers` and `.publish`, from the root of a checkout; nothing here is packaged.
"""
