#pragma once

/// Whether this is built with a sanitizer: they take far more address space than they use, and LeakSanitizer looks for
/// the parent's threads in a forked child.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
