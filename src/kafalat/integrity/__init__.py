"""Looks for what nobody would see in one withdrawal: rules over many, alerts, and people's decisions about them.

An alert is a suspicion. It stops no payment and blocks no device: only a person does.
"""
