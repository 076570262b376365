"""The command line: parses, calls one service or selector, prints. A problem prints in both languages and exits with 2.

Nothing is imported here: what works without an installation (`scorecard`) must be reachable before Django is set up.
"""
