"""A long run of mixed load with faults: nothing grows, and nothing goes on turning when it is over."""
