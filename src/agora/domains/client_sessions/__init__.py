"""Sessions of clients whose protocol has them, kept as rows so that any server continues them."""
