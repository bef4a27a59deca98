#pragma once

// Marks what the shared library shows; everything else stays hidden.
#ifdef __GNUC__
#define GCV_EDGE_API __attribute__((visibility("default")))
#define GCV_EDGE_HIDDEN __attribute__((visibility("hidden")))
#else
#define GCV_EDGE_API
#define GCV_EDGE_HIDDEN
#endif
