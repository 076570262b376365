"""The survey's two tables, households and people: read through a profile, checked, or drawn by the synthesiser."""
