"""Beneficiaries, payees and the accounts they are paid into."""
