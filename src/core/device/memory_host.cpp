// Implementation without CUDA: host memory only.

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "core/device/memory_space.hpp"

namespace jpo {
namespace {

constexpr std::align_val_t kCacheLine{64};

void check_host(MemorySpace space) {
  if (space != MemorySpace::host)
    throw std::invalid_argument("this build of jpo has no CUDA: values are in host memory only");
}

}  // namespace

bool built_with_cuda() {
  return false;
}
int n_cuda_device() {
  return 0;
}
void choose_cuda_device(int /*index*/) {}
void share_cuda_device(int /*n_process*/) {}
bool has_cuda_device() {
  return false;
}
void use_cuda_device() {
  check_host(MemorySpace::device);
}
double cuda_device_room() {
  return 0.0;
}
std::string cuda_device_text() {
  return "none";
}
std::string device_pci_bus_id() {
  return "";
}

void* allocate_bytes(MemorySpace space, std::int64_t n_byte) {
  check_host(space);
  const auto size = static_cast<std::size_t>(n_byte);
  return std::memset(::operator new(size, kCacheLine), 0, size);
}

void release_bytes(MemorySpace /*space*/, void* bytes) noexcept {
  ::operator delete(bytes, kCacheLine);
}

void copy_bytes(MemorySpace to_space, void* to, MemorySpace from_space, const void* from,
                std::int64_t n_byte) {
  check_host(to_space);
  check_host(from_space);
  if (n_byte > 0) std::memcpy(to, from, static_cast<std::size_t>(n_byte));
}

void clear_bytes(MemorySpace space, void* bytes, std::int64_t n_byte) {
  check_host(space);
  if (n_byte > 0) std::memset(bytes, 0, static_cast<std::size_t>(n_byte));
}

void* allocate_pinned(MemorySpace partner, std::int64_t n_byte) {
  check_host(partner);
  return allocate_bytes(MemorySpace::host, n_byte);
}
void release_pinned(MemorySpace /*partner*/, void* bytes) noexcept {
  release_bytes(MemorySpace::host, bytes);
}

void finish_device_work() {}

}  // namespace jpo
