#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "gcv_edge/export.h"

namespace gcv {

/// What a model file says of itself: ONNX ModelProto.metadata_props.
using Metadata = std::map<std::string, std::string>;

/// Limits of read_metadata(); a file beyond them is refused.
inline constexpr std::int64_t kMaxMetadataFields = 1 << 20;       ///< top-level fields of the file
inline constexpr std::int64_t kMaxMetadataEntries = 4096;         ///< metadata entries
inline constexpr std::int64_t kMaxMetadataEntryBytes = 16 << 20;  ///< one entry, key and value
inline constexpr std::int64_t kMaxMetadataTotalBytes = 64 << 20;  ///< all entries

/// Read the metadata of an .onnx file; the graph is skipped by seeking, so the file's size does not matter.
///
/// Throws FormatError if the file is missing, not a regular file, truncated, not an ONNX model, or beyond the limits;
/// keys and values must be UTF-8 and keys unique.
GCV_EDGE_API Metadata read_metadata(const std::string& path);

/// The same of a file's content that is in memory; `name` stands for the path in messages.
GCV_EDGE_API Metadata read_metadata(const void* data, std::size_t size, const std::string& name);

}  // namespace gcv
