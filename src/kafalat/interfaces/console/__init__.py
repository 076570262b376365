"""Pages for staff: overview, households, runs, cycles. Each view parses, calls selectors or one service, renders."""
