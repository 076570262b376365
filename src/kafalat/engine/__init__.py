"""Set-based steps over immutable snapshots: facts, scorecard, rules, decisions. A pure function of programme and snapshot."""
