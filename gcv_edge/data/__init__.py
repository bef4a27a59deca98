"""Data sets that calibration and evaluation read: one interface, streamed, whatever the kind.

``open_dataset`` finds the kind; a ``Dataset`` gives ``Sample`` after ``Sample``; ``targets`` are what is
known of a picture. A ``Reader`` per kind of data set knows its files.
"""

from gcv_edge.data.dataset import Dataset, Sample, Skipped
from gcv_edge.data.opening import open_dataset

__all__ = ["Dataset", "Sample", "Skipped", "open_dataset"]
