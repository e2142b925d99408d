#pragma once
// The memory spaces of a rank's values, and the device of the rank.

#include <cstdint>
#include <string>
#include <type_traits>

/// Marks kernels and the functions that they call: compiled for the host and, in a build with CUDA,
/// for the device.
#if defined(__CUDACC__)
#define JPO_KERNEL __host__ __device__
#else
#define JPO_KERNEL
#endif

namespace jpo {

enum class MemorySpace : std::uint8_t { host, device };

/// Returns true if this build of jpo can use CUDA devices.
bool built_with_cuda();
/// Returns the number of devices visible to this process: 0 without a driver or without CUDA.
int n_cuda_device();
/// Sets the device of this process. The device is not used before use_cuda_device().
void choose_cuda_device(int index);
/// Sets the number of processes that share the chosen device.
void share_cuda_device(int n_process);
/// Returns true if a device was chosen; the same on every rank.
bool has_cuda_device();
/// Makes the chosen device current. Throws std::runtime_error if it cannot be used.
void use_cuda_device();
/// Returns this process's share of the free memory of the chosen device [bytes]; 0 without a
/// device.
double cuda_device_room();
/// Returns index, name, compute capability and memory of the chosen device, as text for messages.
std::string cuda_device_text();
/// Returns the PCI bus id of the chosen device, which is unique on its machine. Empty without CUDA
/// or if it cannot be queried.
std::string device_pci_bus_id();

/// Allocates bytes that are 0 and aligned to cache lines. Throws std::runtime_error with the free
/// memory if the device has too little, std::bad_alloc if the host has too little.
void* allocate_bytes(MemorySpace space, std::int64_t n_byte);
void release_bytes(MemorySpace space, void* bytes) noexcept;
/// Copies bytes and waits for the copy.
void copy_bytes(MemorySpace to_space, void* to, MemorySpace from_space, const void* from,
                std::int64_t n_byte);

/// Allocates n values that are 0. Release them with release_bytes().
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

/// Sets all bytes to 0.
void clear_bytes(MemorySpace space, void* bytes, std::int64_t n_byte);

/// Allocates host memory that is 0: page-locked for fast copies if `partner` is a device, otherwise
/// ordinary memory. Throws as allocate_bytes.
void* allocate_pinned(MemorySpace partner, std::int64_t n_byte);
void release_pinned(MemorySpace partner, void* bytes) noexcept;

/// Waits until the device has finished all its work. Throws std::runtime_error if a launch or a
/// kernel failed.
void finish_device_work();

}  // namespace jpo
