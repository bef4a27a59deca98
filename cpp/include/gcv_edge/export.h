#pragma once

// Marks what the shared library shows; everything else stays hidden.
#ifdef __GNUC__
#define GCV_EDGE_API __attribute__((visibility("default")))
#else
#define GCV_EDGE_API
#endif
