"""INT8 calibration: a QDQ file from a float file and pictures. Needs the extra [export].

Read the modules in this order:

    quantization_parameters  scale and zero point of activations and weights, for each kind of processor
    graph_rewrites           exact rewrites into layers that have fast 8-bit kernels
    qdq_placement            which values are quantised: inputs of layers, residual sums, concatenations
    qdq_nodes                QuantizeLinear and DequantizeLinear nodes for them; weights and biases
    batches                  pictures as inputs; a few are held out
    ranges                   histograms, and the range that 8 bits cover
    statistics               the pass over the pictures
    bias_correction          the mean error of each channel, taken off its bias
    candidates               networks by different recipes, compared with the float one
    float_kernels            which layers have an 8-bit kernel on this processor
    sensitivity, gate        which layers return to float for the sake of accuracy
    job, run, result         what is asked for, the stages in order, what they made
    writing                  the file
"""

from __future__ import annotations

from gcv_edge.errors import MissingExtraError

try:
    from gcv_edge.calibration.job import CalibrationOptions
    from gcv_edge.calibration.result import CalibrationResult
    from gcv_edge.calibration.run import calibrate
except ImportError as missing:
    raise MissingExtraError("calibration", "export") from missing

__all__ = ["CalibrationOptions", "CalibrationResult", "calibrate"]
