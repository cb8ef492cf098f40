"""frontend/onnx."""
