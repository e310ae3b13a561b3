"""A long run of mixed load with faults: no resource grows, and nothing keeps running when it is over."""
