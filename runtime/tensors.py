"""Networks, and parts of networks, without pre- and post-processing."""

from __future__ import annotations

from collections.abc import Mapping

from gcv_edge.runtime.model import LoadedNetwork
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import TENSORS


class TensorNetwork(LoadedNetwork):
    """Named arrays in, named arrays out: ``TensorNetwork("siamrpn.part1").run({"data0": template})``.

    Arguments and errors are those of ``LoadedNetwork``.

    Examples:
        >>> network = TensorNetwork("wgan.onnx")
        >>> arrays = {name: np.zeros(shape, np.float32) for name, shape in network.inputs.items()}
        >>> network.run(arrays).keys() == network.outputs.keys()
        True
    """

    task = TENSORS

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the inputs by name; all are float32."""
        return dict(self.session.inputs)

    @property
    def outputs(self) -> dict[str, tuple[int | None, ...]]:
        """Shapes of the outputs by name."""
        return dict(self.session.outputs)

    def run(self, inputs: Array | Mapping[str, Array]) -> dict[str, Array]:
        """Compute the outputs.

        Args:
            inputs: each by its name; an only input without it.

        Raises:
            TypeError: not arrays of float32.
            ValueError: of another shape, or an input is missing.
        """
        return self.session.run(inputs)
