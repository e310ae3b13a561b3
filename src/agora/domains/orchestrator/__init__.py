"""The marketplace asked in plain words: what is wanted (pure), and doing it with the operations there are."""
