"""Metrics for Prometheus: what a worker process counts, and what is to be seen in a keyspace. Only what serves them
needs the library `prometheus_client`, of the extra `metrics`.
"""
