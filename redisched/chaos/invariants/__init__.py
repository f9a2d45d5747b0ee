"""The invariants that every history must satisfy, one class for each."""
