"""Every name of GluonCV's model zoo: exported, held against MXNet, timed (python -m benchmarks.zoo -h)."""
