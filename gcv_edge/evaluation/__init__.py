"""How good a model is on data: accuracy against labels, and agreement between two models without them.

``evaluate`` runs a model over a data set and asks a ``Metric``; ``agree`` runs two models over the same
pictures, ``agreement`` compares results that are there.
"""

from gcv_edge.evaluation.agreement import Agreement, agree, agreement
from gcv_edge.evaluation.drop import Drop, Score, find_drop
from gcv_edge.evaluation.figures import ClassFigure, Confusion, Evaluation, Measured
from gcv_edge.evaluation.metric import Metric
from gcv_edge.evaluation.running import METRICS, evaluate, refuse_task

__all__ = [
    "METRICS",
    "Agreement",
    "ClassFigure",
    "Confusion",
    "Drop",
    "Evaluation",
    "Measured",
    "Metric",
    "Score",
    "agree",
    "agreement",
    "evaluate",
    "find_drop",
    "refuse_task",
]
