"""The client of the Cloud Control API."""
