#pragma once

// Marks what a shared build of the library shows; everything else stays hidden.
#if defined(GCV_EDGE_SHARED) && defined(__GNUC__)
#define GCV_EDGE_API __attribute__((visibility("default")))
#else
#define GCV_EDGE_API
#endif
