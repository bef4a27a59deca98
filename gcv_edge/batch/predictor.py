"""A class that data engines call with batches: Ray Data's ``map_batches``, Spark's ``mapInPandas``, Daft."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gcv_edge.batch.rows import TableOptions, describe_source, make_row, make_schema
from gcv_edge.batch.sources.entries import BYTES as CARRIED
from gcv_edge.batch.sources.entries import PictureEntry
from gcv_edge.batch.storage import import_pyarrow
from gcv_edge.batch.work import Workshop, readers_for
from gcv_edge.engines import choose_engine
from gcv_edge.errors import DataError
from gcv_edge.runtime.loading import open_network
from gcv_edge.store import find_model

PATH, BYTES = "path", "bytes"


class Predictor:
    """Adds the columns of results to batches that have a column ``path`` or ``bytes``.

    A batch is a dictionary of NumPy arrays or a ``pyarrow.Table`` (the result is a table), or a
    ``pandas.DataFrame`` (the result is one). ``bytes`` holds encoded pictures, and is left out of the result;
    all other columns are kept. A picture that cannot be read is a row with its ``error``.

    Args:
        model: path of an exported file, a name in the model store, or the content of a file.
        threshold: detections must score more.
        top_k: classes of a classifier.
        engine: ``openvino`` or ``onnxruntime``; None for the first of them that is installed.
        precision: ``f32``, ``bf16`` or ``auto``.
        threads: CPUs to use; None for those that Ray gave this actor, else all that the process may use.
        readers: threads that read; None for 2, or 16 where the first path is in a store.

    Raises:
        MissingExtraError: pyarrow is not installed.
        UnsupportedError: the network takes no single pictures.
        ModelNotFoundError, ModelFileError: as ``gcv_edge.load``.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        threshold: float = 0.5,
        top_k: int = 5,
        engine: str | None = None,
        precision: str = "f32",
        threads: int | None = None,
        readers: int | None = None,
    ) -> None:
        self._arrow = import_pyarrow("gcv_edge.batch.Predictor")
        engine = choose_engine(engine)
        content = model if isinstance(model, bytes) else Path(find_model(model)).read_bytes()
        network = open_network(
            model, engine=engine, precision=precision, hint="throughput", threads=threads or assigned_cpus()
        )
        options = TableOptions(threshold, top_k, engine, precision)
        self.source = describe_source(network, hashlib.sha256(content).hexdigest(), options)
        network.warmup()
        self._network, self._readers = network, readers
        self._workshop: Workshop | None = None

    @property
    def schema(self) -> Any:
        """The ``pyarrow.Schema`` of the columns that are added."""
        return make_schema(self.source)

    def __call__(self, batch: Any) -> Any:
        """Return the batch with the columns of results.

        Raises:
            DataError: it has neither ``path`` nor ``bytes``.
        """
        if hasattr(batch, "iloc"):
            table = self._arrow.Table.from_pandas(batch, preserve_index=False)
            return self._extend(table).to_pandas()
        if isinstance(batch, self._arrow.Table):
            return self._extend(batch)
        return self._extend(self._arrow.table({name: to_column(value) for name, value in batch.items()}))

    def map(self, batches: Any) -> Iterator[Any]:
        """Do as a call does, batch by batch, as Spark's ``mapInPandas`` wants it."""
        return map(self, batches)

    def _extend(self, table: Any) -> Any:
        names = table.column_names
        if PATH not in names and BYTES not in names:
            raise DataError(f"batch: found columns {', '.join(names)}, expected {PATH} or {BYTES}")
        entries = list_entries(table)
        workshop = self._open_workshop(entries)
        rows = [make_row(outcome, self.source) for outcome in workshop.run(entries)]
        made = self._arrow.Table.from_pylist(rows, self.schema)
        if PATH not in names:
            made = made.drop_columns([PATH])
        kept = table.drop_columns([name for name in (*made.column_names, BYTES) if name in names])
        for name in made.column_names:
            kept = kept.append_column(made.schema.field(name), made.column(name))
        return kept

    def _open_workshop(self, entries: list[PictureEntry]) -> Workshop:
        if self._workshop is None:
            readers = self._readers or readers_for([entry.name for entry in entries[:1]])
            self._workshop = Workshop(self._network, readers)
        return self._workshop


def list_entries(table: Any) -> list[PictureEntry]:
    """Return the pictures of a batch; bytes go before paths."""
    count = table.num_rows
    names = (
        table.column(PATH).to_pylist() if PATH in table.column_names else [f"row {i}" for i in range(count)]
    )
    if BYTES not in table.column_names:
        return [PictureEntry(str(name)) for name in names]
    return [
        PictureEntry(str(name), CARRIED, data=data)
        for name, data in zip(names, table.column(BYTES).to_pylist(), strict=True)
    ]


def to_column(value: Any) -> Any:
    """Return an array as a column: several axes become lists."""
    return value if getattr(value, "ndim", 1) == 1 else value.tolist()


def assigned_cpus() -> int | None:
    """Return the CPUs that Ray gave this actor or task; None outside one."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return None
    resources = ray.get_runtime_context().get_assigned_resources()
    return max(1, int(resources["CPU"])) if resources.get("CPU") else None
