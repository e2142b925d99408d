#pragma once
// The memories that a rank's values can live in, and the device that it works on.

#include <cstdint>
#include <string>
#include <type_traits>

/// What a kernel calls: compiled for the host and, in a build with CUDA, for the device.
#if defined(__CUDACC__)
#define JPO_KERNEL __host__ __device__
#else
#define JPO_KERNEL
#endif

namespace jpo {

enum class MemorySpace : std::uint8_t { host, device };

/// True where this build of jpo can use CUDA devices.
bool built_with_cuda();
/// Devices that this process sees: 0 without a driver, or in a build without CUDA.
int n_cuda_device();
/// The device that this process will work on; it is not touched before use_cuda_device().
void choose_cuda_device(int index);
/// So many processes work on it.
void share_cuda_device(int n_process);
/// True where one was chosen: the same on every rank.
bool has_cuda_device();
/// From now on this process works on the chosen device. Throws std::runtime_error where it cannot.
void use_cuda_device();
/// Bytes that are free on the chosen device, a rank's share of them; 0 without one.
double cuda_device_room();
/// The chosen device, for people: its index, name and memory.
std::string cuda_device_text();
/// Where it is plugged in: no other device of the machine has the same. Empty without
/// CUDA, or where it does not answer.
std::string device_pci_bus_id();

/// All 0, aligned to cache lines. Throws std::runtime_error, which says how much there is, where
/// the device has not so much memory left, std::bad_alloc where the host has not.
void* allocate_bytes(MemorySpace space, std::int64_t n_byte);
void release_bytes(MemorySpace space, void* bytes) noexcept;
/// Waits until the bytes are there.
void copy_bytes(MemorySpace to_space, void* to, MemorySpace from_space, const void* from,
                std::int64_t n_byte);

/// n values, all 0; release_bytes() ends them.
template <class Value = double>
Value* allocate_values(MemorySpace space, std::int64_t n) {
  static_assert(std::is_trivially_copyable_v<Value> && std::is_trivially_destructible_v<Value>);
  return static_cast<Value*>(allocate_bytes(space, n * static_cast<std::int64_t>(sizeof(Value))));
}
template <class Value>
void copy_values(MemorySpace to_space, Value* to, MemorySpace from_space, const Value* from,
                 std::int64_t n) {
  copy_bytes(to_space, to, from_space, from, n * static_cast<std::int64_t>(sizeof(Value)));
}

/// All bytes 0.
void clear_bytes(MemorySpace space, void* bytes, std::int64_t n_byte);

/// Host memory that `partner` copies from and to directly, all 0; ordinary memory where that is the
/// host. Throws as allocate_bytes.
void* allocate_pinned(MemorySpace partner, std::int64_t n_byte);
void release_pinned(MemorySpace partner, void* bytes) noexcept;

/// After a kernel's launch: waits until the device has done its work. Throws std::runtime_error
/// where the launch or the kernel failed.
void finish_device_work();

}  // namespace jpo
