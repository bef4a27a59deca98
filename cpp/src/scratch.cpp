#include "scratch.h"

#include <array>
#include <cstring>
#include <new>

namespace gcv {
namespace {

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kKinds = 20;             ///< sizes, each twice the one before: up to 32 MB
constexpr std::size_t kMostKept = 64U << 20U;  ///< bytes of a thread

std::size_t size_of(std::size_t kind) { return kSmallest << kind; }

/// The smallest kind that holds so many bytes.
std::size_t kind_of(std::size_t bytes) {
  std::size_t kind = 0;
  while (kind < kKinds && size_of(kind) < bytes) ++kind;
  return kind;
}

/// Blocks that a thread has given back, as a list for each size.
class KeptBlocks {
 public:
  ~KeptBlocks() {
    for (Block*& first : firsts_) {
      while (first != nullptr) ::operator delete(pop(first));
    }
    bytes_ = kMostKept;  // what other objects of the thread give back now is not kept
  }

  void* take(std::size_t kind) {
    Block*& first = firsts_[kind];
    if (first == nullptr) return ::operator new(size_of(kind));
    bytes_ -= size_of(kind);
    return pop(first);
  }

  void give_back(void* memory, std::size_t kind) {
    if (bytes_ + size_of(kind) > kMostKept) {
      ::operator delete(memory);
      return;
    }
    bytes_ += size_of(kind);
    firsts_[kind] = new (memory) Block{firsts_[kind]};
  }

 private:
  struct Block {
    Block* next;
  };

  static void* pop(Block*& first) {
    Block* block = first;
    first = block->next;
    return block;
  }

  std::array<Block*, kKinds> firsts_{};
  std::size_t bytes_ = 0;
};

#ifdef GCV_EDGE_EXACT_SCRATCH
constexpr bool kIsKept = false;  // a block of another size would hide what is read or written beyond its end
#else
constexpr bool kIsKept = true;
#endif

KeptBlocks& kept_blocks() {
  thread_local KeptBlocks kept;
  return kept;
}

}  // namespace

void* take_scratch(std::size_t bytes) {
  const std::size_t kind = kIsKept ? kind_of(bytes) : kKinds;
  return kind == kKinds ? ::operator new(bytes) : kept_blocks().take(kind);
}

void give_back_scratch(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  const std::size_t kind = kIsKept ? kind_of(bytes) : kKinds;
  if (kind == kKinds) {
    ::operator delete(block);
  } else {
    kept_blocks().give_back(block, kind);
  }
}

void* grow_scratch(void* block, std::size_t used, std::size_t bytes, std::size_t wanted) {
  void* const grown = take_scratch(wanted);
  if (used > 0) std::memcpy(grown, block, used);
  give_back_scratch(block, bytes);
  return grown;
}

}  // namespace gcv
