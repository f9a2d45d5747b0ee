"""What must hold of every history, one class for each invariant."""
