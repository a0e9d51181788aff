#include "io/slice.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace ringpost::io {

Slice Slice::copy_of(std::string_view octets) {
  // Header and octets in one allocation; capacity 0 marks it as not a ring buffer.
  void* memory = ::operator new(sizeof(Block) + octets.size());
  auto* block = new (memory) Block;
  block->data = static_cast<char*>(memory) + sizeof(Block);
  block->release = [](Block& dead) noexcept { ::operator delete(static_cast<void*>(&dead)); };
  if (!octets.empty()) std::memcpy(block->data, octets.data(), octets.size());
  return Slice(*block, std::string_view(block->data, octets.size()));
}

}  // namespace ringpost::io
