"""Tenants: one marketplace each, isolated by the store."""
