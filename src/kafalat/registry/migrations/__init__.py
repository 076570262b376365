"""Database changes of the registry room."""
