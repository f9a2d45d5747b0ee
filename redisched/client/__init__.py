"""Producing tasks and following them: what an application's code calls."""
