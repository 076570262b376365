"""Tests of the adapters: bytes in, typed values out, and back."""
