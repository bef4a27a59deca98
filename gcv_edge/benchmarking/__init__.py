"""How fast models are on this machine, beside each other and beside a reference, measured in turn.

``benchmark`` runs every variant of some files in a process of its own, ``report.write_report`` makes a
page of what it found.
"""

from gcv_edge.benchmarking.listing import list_references, list_variants
from gcv_edge.benchmarking.measuring import benchmark
from gcv_edge.benchmarking.results import Benchmark
from gcv_edge.benchmarking.rows import Row
from gcv_edge.benchmarking.settings import Settings
from gcv_edge.benchmarking.variants import Variant

__all__ = ["Benchmark", "Row", "Settings", "Variant", "benchmark", "list_references", "list_variants"]
