#include "tests/emulated_device/emulated_device.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <sys/mman.h>

#include "core/device/kernel_launch.hpp"
#include "core/device/memory_space.hpp"
#include "parallel/device_mpi.hpp"

namespace jpo {
namespace {

std::map<void*, std::size_t> blocks;  // blocks of device memory and their sizes in bytes
bool mpi_takes = false;
int n_kernel = 0;

// Bytes copied to and from the device; printed at the end if JPO_EMULATED_BYTES is set.
struct Traffic {
  std::int64_t to_device = 0;
  std::int64_t from_device = 0;
  Traffic() = default;
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  Traffic(Traffic&&) = delete;
  Traffic& operator=(Traffic&&) = delete;
  ~Traffic() {
    if (std::getenv("JPO_EMULATED_BYTES") != nullptr)
      std::fprintf(stderr, "bytes to the device %lld, from it %lld\n",
                   static_cast<long long>(to_device), static_cast<long long>(from_device));
  }
} traffic;

void protect(int how) {
  for (const auto& [block, size] : blocks)
    if (mprotect(block, size, how) != 0) throw std::bad_alloc();
}

// Makes device memory accessible while an object of this type lives.
struct AccessScope {
  AccessScope() { protect(PROT_READ | PROT_WRITE); }
  AccessScope(const AccessScope&) = delete;
  AccessScope& operator=(const AccessScope&) = delete;
  AccessScope(AccessScope&&) = delete;
  AccessScope& operator=(AccessScope&&) = delete;
  ~AccessScope() {
    if (!mpi_takes) protect(PROT_NONE);
  }
};

}  // namespace

void emulate_device_mpi(bool takes_device_memory) {
  mpi_takes = takes_device_memory;
  const AccessScope scope;  // its destructor sets the protection for the new mode
}
bool mpi_takes_device_memory() {
  return mpi_takes;
}
int n_emulated_kernel() {
  return n_kernel;
}

// Runs even indices from the last to the first, then odd indices.
void emulate_device(std::int64_t n, const std::function<void(std::int64_t)>& kernel) {
  if (n == 0) return;
  const AccessScope scope;
  for (std::int64_t k = (n - 1) / 2 * 2; k >= 0; k -= 2) kernel(k);
  for (std::int64_t k = 1; k < n; k += 2) kernel(k);
  ++n_kernel;
}

bool built_with_cuda() {
  return true;
}
int n_cuda_device() {
  return 1;
}
void choose_cuda_device(int /*index*/) {}
void share_cuda_device(int /*n_process*/) {}
bool has_cuda_device() {
  return true;
}
void use_cuda_device() {
  register_emulated_vec();
}
double cuda_device_room() {
  const char* total = std::getenv("JPO_EMULATED_ROOM");
  double room = total != nullptr ? std::strtod(total, nullptr) : 1e12;
  for (const auto& [block, size] : blocks) room -= static_cast<double>(size);
  return room;
}
std::string cuda_device_text() {
  return "emulated";
}
std::string device_pci_bus_id() {
  return "nowhere";
}

void* allocate_bytes(MemorySpace space, std::int64_t n_byte) {
  const auto size = static_cast<std::size_t>(n_byte);
  if (space == MemorySpace::host) return std::memset(::operator new(size), 0, size);
  void* block =
      mmap(nullptr, std::max<std::size_t>(size, 1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  blocks[block] = std::max<std::size_t>(size, 1);
  const AccessScope scope;  // its destructor protects the new block
  return block;
}
void release_bytes(MemorySpace space, void* bytes) noexcept {
  if (space == MemorySpace::host) {
    ::operator delete(bytes);
    return;
  }
  munmap(bytes, blocks.at(bytes));
  blocks.erase(bytes);
}
void copy_bytes(MemorySpace to_space, void* to, MemorySpace from_space, const void* from,
                std::int64_t n_byte) {
  const AccessScope scope;
  if (to_space != MemorySpace::host && from_space == MemorySpace::host) traffic.to_device += n_byte;
  if (to_space == MemorySpace::host && from_space != MemorySpace::host)
    traffic.from_device += n_byte;
  if (n_byte > 0) std::memcpy(to, from, static_cast<std::size_t>(n_byte));
}
void clear_bytes(MemorySpace /*space*/, void* bytes, std::int64_t n_byte) {
  const AccessScope scope;
  if (n_byte > 0) std::memset(bytes, 0, static_cast<std::size_t>(n_byte));
}
void* allocate_pinned(MemorySpace /*partner*/, std::int64_t n_byte) {
  return allocate_bytes(MemorySpace::host, n_byte);
}
void release_pinned(MemorySpace /*partner*/, void* bytes) noexcept {
  release_bytes(MemorySpace::host, bytes);
}
void finish_device_work() {}

}  // namespace jpo
