"""OpenVINO IR that OpenVINO's own tools read: Model API, DL Streamer and Model Server.

Model API (the package ``openvino-model-api``) chooses a wrapper by the entry ``model_type``. It reads how
frames become the input and what the outputs mean, as DL Streamer does.
"""

from gcv_edge.model_api.conversion import IrFiles, write_ir
from gcv_edge.model_api.repository import CONFIG, write_repository

__all__ = ["CONFIG", "IrFiles", "write_ir", "write_repository"]
