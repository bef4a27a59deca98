"""From foreign ONNX files: read, recognised, decoded in the graph, and held against their original."""
