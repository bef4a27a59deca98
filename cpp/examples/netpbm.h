#pragma once

#include <iosfwd>
#include <string>

#include "gcv_edge/frame.h"

/// Read one binary PPM (P6) or PGM (P5) picture of 8-bit levels from a stream; false at its end.
/// Throws std::runtime_error for anything else.
bool read_netpbm(std::istream& stream, gcv::Frame& frame);

/// Write a picture as PPM. Throws std::runtime_error where it cannot be written.
void write_netpbm(const std::string& path, const gcv::ImageView& image);
