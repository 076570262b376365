"""How an installation starts: home folder, keys, embedded PostgreSQL, Django settings, the web server's entry point."""
