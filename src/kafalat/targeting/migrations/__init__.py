"""Database changes of the targeting room."""
