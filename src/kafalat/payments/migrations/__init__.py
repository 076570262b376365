"""Database changes of the payments room."""
