"""At the counter: verification step by step, devices, withdrawals and their receipts."""
