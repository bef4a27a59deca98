"""Run an exported network: frame in, result in frame pixels out.

``sessions`` hide the inference engine, ``model`` is the base of Detector and its siblings, ``results`` are
what they return. Pre- and post-processing are the C++ core's (``gcv_edge._core``).
"""
