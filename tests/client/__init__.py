"""Producing tasks and following them."""
