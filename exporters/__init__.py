"""From a trained network to an ONNX graph with canonical outputs: one package per source framework."""
