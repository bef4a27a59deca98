"""Put a trained GluonCV network on a CPU: export, verify, run."""

from __future__ import annotations

__version__ = "0.1.0"
