"""Monitoring: what people look at who look after the marketplace, and how they step in.

In this room: numbers, the log of everybody's messages, interventions. What may not enter: pages, how the server measures
itself (:mod:`..monitor`).
"""
