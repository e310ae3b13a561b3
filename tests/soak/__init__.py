"""A long run of mixed load with faults: no resource grows, and no process remains at the end."""
