"""Servers to break, a proxy that loses exactly the reply one names, and histories that are held against promises."""
