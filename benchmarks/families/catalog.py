"""All families, by name."""

from __future__ import annotations

from benchmarks.families import classifiers, detectors, faces, others, recognition, regions

MODULES = (faces, recognition, classifiers, detectors, regions, others)
FAMILIES = {family.name: family for module in MODULES for family in module.FAMILIES}
