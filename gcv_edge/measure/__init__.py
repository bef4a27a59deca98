"""What measuring takes: timer, layer times, the machine, caps, child processes, resumable findings."""
