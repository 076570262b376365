"""Database changes of the interfaces room."""
