#include "io/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

#include "io/ring.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, octets) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(data, octets) static_cast<void>(0)
#endif

namespace ringpost::io {

struct BufferRing::Impl {
  Ring& ring;
  io_uring_buf_ring* entries = nullptr;
  std::size_t entries_octets = 0;
  char* memory = nullptr;
  std::size_t memory_octets = 0;
  bool registered = false;

  explicit Impl(Ring& owner) noexcept : ring(owner) {}
  ~Impl() {
    if (registered) ::io_uring_unregister_buf_ring(&ring.raw(), group);
    if (entries != nullptr) ::munmap(entries, entries_octets);
    if (memory == nullptr) return;
    ASAN_UNPOISON_MEMORY_REGION(memory, memory_octets);
    ::munmap(memory, memory_octets);
  }
};

namespace {

void* map_memory(std::size_t octets) noexcept {
  void* memory = ::mmap(nullptr, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

BufferRing::BufferRing() = default;

Result<std::unique_ptr<BufferRing>> BufferRing::create(Ring& ring, const Options& options) {
  RINGPOST_ASSERT(std::has_single_bit(options.receive_buffers) && options.receive_buffers <= 32'768);
  std::unique_ptr<BufferRing> pool(new BufferRing);
  pool->impl_ = std::make_unique<Impl>(ring);
  Impl& impl = *pool->impl_;
  pool->total_ = options.receive_buffers;
  pool->offered_max_ = std::min(options.receive_buffers, options.receive_buffers_offered);
  impl.entries_octets = options.receive_buffers * sizeof(io_uring_buf);
  impl.memory_octets = std::size_t{options.receive_buffers} * options.receive_buffer_octets;
  impl.entries = static_cast<io_uring_buf_ring*>(map_memory(impl.entries_octets));
  impl.memory = static_cast<char*>(map_memory(impl.memory_octets));
  if (impl.entries == nullptr || impl.memory == nullptr) return fail_errno(errno, "receive buffers");

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(impl.entries);
  registration.ring_entries = options.receive_buffers;
  registration.bgid = group;
  const int result = ::io_uring_register_buf_ring(&ring.raw(), &registration, 0);
  if (result < 0) return fail_errno(-result, "register the receive buffers (Linux 6.1 or later is needed)");
  impl.registered = true;
  ::io_uring_buf_ring_init(impl.entries);

  pool->blocks_.resize(options.receive_buffers);
  pool->spare_.reserve(options.receive_buffers);
  pool->out_ = pool->total_;
  for (std::uint32_t i = 0; i < options.receive_buffers; ++i) {
    RingBlock& block = pool->blocks_[i];
    block.owner = pool.get();
    block.index = static_cast<std::uint16_t>(i);
    block.capacity = options.receive_buffer_octets;
    block.data = impl.memory + std::size_t{i} * options.receive_buffer_octets;
    block.release = [](Block& dead) noexcept {
      auto& mine = static_cast<RingBlock&>(dead);
      mine.owner->recycle(mine);
    };
    pool->recycle(block);
  }
  pool->offer();
  return pool;
}

BufferRing::~BufferRing() {
  RINGPOST_ASSERT(blocks_.empty() || out_ == 0);
}

Slice BufferRing::take(std::uint16_t index, std::uint32_t octets) noexcept {
  RINGPOST_ASSERT(index < total_ && octets <= blocks_[index].capacity);
  RingBlock& block = blocks_[index];
  ++out_;
  --offered_;
  ASAN_UNPOISON_MEMORY_REGION(block.data, octets);
  return Slice(block, std::string_view(block.data, octets));
}

void BufferRing::give_back(std::uint16_t index) noexcept {
  RINGPOST_ASSERT(index < total_);
  ++out_;
  --offered_;
  recycle(blocks_[index]);
}

void BufferRing::recycle(RingBlock& block) noexcept {
  ASAN_POISON_MEMORY_REGION(block.data, block.capacity);  // who still looks at it is found out
  spare_.push_back(&block);
  --out_;
}

bool BufferRing::offer() noexcept {
  const auto count = std::min<std::uint32_t>(offered_max_ - offered_, static_cast<std::uint32_t>(spare_.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    const RingBlock& block = *spare_.back();
    spare_.pop_back();
    ::io_uring_buf_ring_add(impl_->entries, block.data, block.capacity, block.index, ::io_uring_buf_ring_mask(total_),
                            static_cast<int>(i));
  }
  ::io_uring_buf_ring_advance(impl_->entries, static_cast<int>(count));
  offered_ += count;
  // One buffer, one waiter: telling all of them would only make them all fail again. But the kernel refuses a receive
  // for want of buffers even where no octets have come; whoever is told and still has nothing to receive leaves its
  // buffer to the next, in the next turn.
  for (std::uint32_t buffers = offered_; buffers > 0 && !waiters_.empty(); --buffers) {
    waiters_.pop_front().on_buffers_free();
  }
  return !waiters_.empty() && offered_ > 0;
}

}  // namespace ringpost::io
