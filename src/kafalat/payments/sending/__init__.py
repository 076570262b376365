"""How approved money leaves: files and calls through one outbox, callbacks, and asking for payments back."""
