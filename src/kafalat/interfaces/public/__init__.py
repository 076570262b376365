"""Pages for everybody, without a login: one's own status, and how the programme works."""
