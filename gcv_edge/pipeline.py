"""From a source to one verified, self-describing file."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import gcv_edge
from gcv_edge import store
from gcv_edge.errors import GcvEdgeError, MissingExtraError, VerificationError
from gcv_edge.files import replacing
from gcv_edge.metadata import ModelMetadata, format_metadata, format_verification
from gcv_edge.repeated_labels import describe_repeated
from gcv_edge.runtime.memory import give_back
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.verification.samples import Samples, compare_samples, sample_outputs
from gcv_edge.verification.verdict import Verification
from gcv_edge.verify import check_export

try:
    import onnx

    from gcv_edge.exporters.loading import load_source
    from gcv_edge.exporters.onnx.options import Adoption
    from gcv_edge.exporters.source import ExportOptions, Reference, Source
    from gcv_edge.graph.writing import write_model
except ImportError as missing:
    raise MissingExtraError("export", "export") from missing

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ExportResult:
    """What an export made.

    Attributes:
        path: the file.
        metadata: what it says of itself.
        verification: the verdict; None when it was not asked for.
        seconds: time of the stages ``read``, ``convert``, ``write`` and ``verify``.
        notes: what was assumed, and what of the source was left out and why; a line each.
    """

    path: Path
    metadata: ModelMetadata
    verification: Verification | None
    seconds: dict[str, float]
    notes: tuple[str, ...] = ()


def export(
    source: str,
    output: str | os.PathLike[str] | None = None,
    *,
    params: str | os.PathLike[str] | None = None,
    options: ExportOptions | None = None,
    adoption: Adoption | None = None,
    verify: bool = True,
    random_weights: int | None = None,
    progress: Progress | None = None,
) -> ExportResult:
    """Convert a network, verify the file and give it its name.

    Args:
        source: zoo name, ``PREFIX-symbol.json``, ``package.module:factory`` or a foreign ``.onnx`` file.
        output: where to write; None for the model store. The file is also known to the store by its name.
        params: parameters, where they do not lie beside the symbol.
        options: input shape, class names and the like.
        adoption: what a foreign detector does not say of its outputs.
        verify: run the file against the source; a failed verdict leaves no file.
        random_weights: seed for random instead of trained weights, for benchmarks.
        progress: called with a word at the start of each stage.

    Raises:
        GcvEdgeError: one of its kinds, by what went wrong; nothing is left behind.
    """
    options = options or ExportOptions()
    watch = Stages(progress)
    watch.start("read")
    loaded = load_source(source, params, options, adoption, random_weights)
    remark = "" if random_weights is None else f" (random weights, seed {random_weights})"
    return export_loaded(loaded, output, options, verify=verify, remark=remark, watch=watch)


def export_loaded(
    loaded: Source,
    output: str | os.PathLike[str] | None,
    options: ExportOptions,
    *,
    verify: bool = True,
    remark: str = "",
    watch: Stages | None = None,
) -> ExportResult:
    """Convert a network that is loaded, verify the file and give it its name.

    Args:
        loaded: the network.
        output: where to write; None for the model store. The file is also known to the store by its name.
        options: input shape, class names and the like.
        verify: run the file against the source; a failed verdict leaves no file.
        remark: what the file says behind its source's name.
        watch: times the stages.

    Raises:
        GcvEdgeError: one of its kinds, by what went wrong; nothing is left behind.
    """
    watch = watch or Stages(None)
    watch.start("convert")
    exported = loaded.convert(options)
    metadata = replace(
        exported.metadata, version=gcv_edge.__version__, source=exported.metadata.source + remark
    )
    target = Path(output) if output is not None else store.stored_path(loaded.name)
    replaced = describe_replaced(target, metadata) if output is None else ()
    verification = None
    try:
        with replacing(target) as temporary:
            watch.start("write")
            exported.model.metadata_props.update(format_metadata(metadata))
            write_model(exported.model, temporary)
            make_reference, notes = exported.make_reference, exported.notes
            del exported  # verification takes much memory of its own, and a graph has cycles
            gc.collect()
            give_back()
            if verify:
                watch.start("verify")
                earlier = earlier_samples(target, metadata)
                verification = verify_export(temporary, metadata, make_reference(), earlier, notes)
    except OSError as error:
        raise GcvEdgeError(f"{target}: cannot be written: {error.strerror or error}") from error
    watch.stop()
    notes = (*notes, *describe_labels(options.labels), *replaced, *store.take_name(target, target.stem))
    return ExportResult(target, metadata, verification, watch.seconds, notes)


def describe_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Say that class names given occur more than once."""
    repeated = describe_repeated(labels)
    return (
        (f"class names occur more than once: {repeated}: results cannot tell them apart",) if repeated else ()
    )


def describe_replaced(target: Path, metadata: ModelMetadata) -> tuple[str, ...]:
    """Say that a model in the store, which nobody named, gives way to one of another source."""
    try:
        earlier = read_metadata(target) if target.exists() else None
    except GcvEdgeError:
        return ()
    if earlier is None or earlier.source_hash == metadata.source_hash:
        return ()
    return (f"replaced '{target.stem}' in the store, which was of other files or options (-o keeps both)",)


def earlier_samples(target: Path, metadata: ModelMetadata) -> Samples:
    """Return the numbers that an earlier verified export of the same network left at the target.

    The same means that both files say the same of themselves, but for what depends on when they were made.
    """
    try:
        earlier = read_metadata(target) if target.exists() else None
    except GcvEdgeError:
        return ()
    if earlier is None or not metadata.source_hash or timeless(earlier) != timeless(metadata):
        return ()
    return earlier.self_test


def timeless(metadata: ModelMetadata) -> dict[str, str]:
    """Spell metadata without version, verdict and samples."""
    return format_metadata(replace(metadata, version=""))


def verify_export(
    file: Path,
    metadata: ModelMetadata,
    reference: Reference | None,
    earlier: Samples = (),
    notes: tuple[str, ...] = (),
) -> Verification:
    """Check a file against its source's framework, else OpenVINO, and add the verdict to it.

    Args:
        file: the model.
        metadata: the file's own.
        reference: the source's framework; None where it cannot run here.
        earlier: numbers of an earlier verified export of the same network. Without a reference they must come
            out again; with one they say nothing more.
        notes: what the export assumed, and what it left out.

    Raises:
        VerificationError: an output differs by more than its tolerance.
    """
    verification = check_export(file, metadata, reference)
    samples = sample_outputs(file, metadata, verification.noise, verification.spreads)
    again = compare_samples(samples, earlier) if reference is None else ()
    verification = replace(verification, comparisons=(*verification.comparisons, *again), notes=notes)
    if not verification.passed:
        found = verification.worst.describe(verification.reference)
        raise VerificationError(f"{metadata.source}: {found}; no file was written")
    append_metadata(file, format_verification(verification.to_dict(), samples))
    return verification


def append_metadata(file: Path, entries: dict[str, str]) -> None:
    """Add metadata to a file without rewriting it: protobuf messages that follow each other are merged."""
    addition = onnx.ModelProto()
    onnx.helper.set_model_props(addition, entries)
    with file.open("ab") as stream:
        stream.write(addition.SerializeToString())


class Stages:
    """Times the stages of an export and announces them."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._current: tuple[str, float] | None = None

    def start(self, name: str) -> None:
        """End the current stage and begin another."""
        self.stop()
        if self._progress is not None:
            self._progress(name)
        self._current = (name, time.perf_counter())

    def stop(self) -> None:
        """End the current stage."""
        if self._current is not None:
            name, begin = self._current
            self.seconds[name] = time.perf_counter() - begin
            self._current = None
