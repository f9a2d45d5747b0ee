"""A web shop that sends receipts in the background."""
