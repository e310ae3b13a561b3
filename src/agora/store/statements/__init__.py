"""Statements: readable SQL, one module per concept, the same text for every engine where it can be."""
