"""Which channels of a graph stay or go together, and cutting them out, exactly."""
