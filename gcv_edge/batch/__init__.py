"""From one picture to a bucket of them: tables of what a model sees in many pictures."""

from gcv_edge.batch.predictor import Predictor

__all__ = ["Predictor"]
