"""Histories: records that all processes of a test run write, so that the run can be checked against the guarantees."""
