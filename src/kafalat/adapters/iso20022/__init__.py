"""ISO 20022 messages: payment files out (pain.001), status reports and account notifications in (pain.002, camt.054)."""
