"""A simulated wallet provider with seeded faults and a ledger of what it has really credited."""
