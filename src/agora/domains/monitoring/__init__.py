"""Monitoring: statistics, health, the message log, and interventions of operators.

Web pages belong to ``protocols/web``.
"""
