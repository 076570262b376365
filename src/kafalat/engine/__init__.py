"""Set-based steps over snapshots: facts, scores, decisions, payees. Pure functions on DuckDB; no Django, clock or randomness."""
