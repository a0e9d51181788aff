#include "io/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>
#include <utility>

namespace ringpost::io {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

constexpr std::size_t class_octets = 64;
constexpr std::size_t classes = 64;              // frames up to 4 KiB; larger ones are rare and go to the heap
constexpr std::size_t kept_per_class_max = 512;  // what a burst leaves behind is bounded: 2 MiB in the largest class

struct FreeFrame {
  FreeFrame* next;
};

struct FreeLists {
  std::array<FreeFrame*, classes> head{};
  std::array<std::uint32_t, classes> kept{};
  ~FreeLists() {
    for (FreeFrame* frame : head) {
      while (frame != nullptr) ::operator delete(std::exchange(frame, frame->next));
    }
    head.fill(nullptr);
    kept.fill(kept_per_class_max);  // a frame released during thread exit goes to the heap
  }
};

thread_local FreeLists lists;

}  // namespace

void* FramePool::allocate(std::size_t octets) {
  const std::size_t klass = (octets - 1) / class_octets;
  if (!pooled || klass >= classes) return ::operator new(octets);
  FreeFrame* frame = lists.head[klass];
  if (frame == nullptr) return ::operator new((klass + 1) * class_octets);
  lists.head[klass] = frame->next;
  --lists.kept[klass];
  return frame;
}

void FramePool::release(void* frame, std::size_t octets) noexcept {
  const std::size_t klass = (octets - 1) / class_octets;
  if (!pooled || klass >= classes || lists.kept[klass] >= kept_per_class_max) {
    ::operator delete(frame);
    return;
  }
  auto* free_frame = static_cast<FreeFrame*>(frame);
  free_frame->next = lists.head[klass];
  lists.head[klass] = free_frame;
  ++lists.kept[klass];
}

}  // namespace ringpost::io
