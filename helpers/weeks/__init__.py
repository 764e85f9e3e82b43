"""One module a week: its exercises, their solutions, and the mistakes that they know by name."""
