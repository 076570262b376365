"""Database changes of the audit room."""
