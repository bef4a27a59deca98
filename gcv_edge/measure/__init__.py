"""What measuring takes: timer, layer times, the machine, caps, child processes, a cache of results."""
