"""Networks of MXNet's users beside GluonCV's zoo, held against MXNet (python -m benchmarks.families -h)."""
