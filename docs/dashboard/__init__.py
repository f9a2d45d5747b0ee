"""Pictures of the dashboard."""
