"""The world's formats: bytes to typed values and back. Imports core alone; no database, clock or randomness."""
