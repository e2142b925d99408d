#pragma once
// The memories that a rank's values can live in, and the device that it works on.

#include <cstdint>
#include <string>

/// What a kernel calls: compiled for the host and, in a build with CUDA, for the device.
#if defined(__CUDACC__)
#define JPO_KERNEL __host__ __device__
#else
#define JPO_KERNEL
#endif

namespace jpo {

enum class MemorySpace : std::uint8_t { host, cuda };

/// True where this build of jpo can use CUDA devices.
bool built_with_cuda();
/// Devices that this process sees: 0 without a driver, or in a build without CUDA.
int n_cuda_device();
/// The device that this process will work on; it is not touched before use_cuda_device().
void choose_cuda_device(int index);
/// True where one was chosen: the same on every rank.
bool has_cuda_device();
/// From now on this process works on the chosen device. Throws std::runtime_error where it cannot.
void use_cuda_device();
/// The chosen device, for people: its index, name and memory.
std::string cuda_device_text();

/// n doubles, all 0, aligned to cache lines. Throws std::runtime_error, which says how much there
/// is, where the device has not so much memory left, std::bad_alloc where the host has not.
double* allocate_values(MemorySpace space, std::int64_t n);
void release_values(MemorySpace space, double* values) noexcept;
/// Waits until the values are there.
void copy_values(MemorySpace to_space, double* to, MemorySpace from_space, const double* from,
                 std::int64_t n);

/// After a kernel's launch: waits until the device has done its work. Throws std::runtime_error
/// where the launch or the kernel failed.
void finish_device_work();

}  // namespace jpo
