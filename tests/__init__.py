"""Tests mirror src/kafalat; each promises behaviour through a public interface."""
