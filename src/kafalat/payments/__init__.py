"""Cycles, payment lists, approvals, bank files, answers, reconciliation and the ledger."""
