"""What every stage does to an ONNX graph: look at it, change it, clean it, run a part of it, write it."""
