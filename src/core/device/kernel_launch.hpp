#pragma once
// Kernels over indices: a loop on the host, one thread per index on a device. A kernel is a struct
// of numbers and pointers. Its operator()(k) const does the work of index k; the indices may run in
// any order. This operator and all functions that it calls are JPO_KERNEL. Launches on a device are
// possible only in sources named *_kernels.cpp, which the CUDA build compiles with nvcc.

#include <cstdint>
#include <functional>
#include <stdexcept>

#include "core/device/memory_space.hpp"

// JPO_EMULATED_DEVICE: a test emulates the device on the host. One program may contain a template
// compiled in several of these ways, so an inline namespace makes their names differ.
#if defined(JPO_EMULATED_DEVICE)
#define JPO_KERNEL_FORM emulated_form
#elif defined(__CUDACC__)
#define JPO_KERNEL_FORM device_form
#else
#define JPO_KERNEL_FORM host_form
#endif

namespace jpo {

#if defined(JPO_EMULATED_DEVICE)
// Defined by the test.
void emulate_device(std::int64_t n, const std::function<void(std::int64_t)>& kernel);
#endif
inline namespace JPO_KERNEL_FORM {

#if defined(__CUDACC__)
template <class Kernel>
__global__ void run_index(Kernel kernel, std::int64_t n) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k < n) kernel(k);
}
#endif

/// Launches kernel(k) for k = 0 .. n-1 on the device and returns before they are done. Later work
/// on the device waits for them. finish_device_work() waits on the host and throws if they failed.
template <class Kernel>
void start_on_device([[maybe_unused]] std::int64_t n, [[maybe_unused]] const Kernel& kernel) {
#if defined(JPO_EMULATED_DEVICE)
  emulate_device(n, kernel);
#elif defined(__CUDACC__)
  constexpr unsigned int n_thread = 256;
  if (n == 0) return;
  run_index<<<static_cast<unsigned int>((n + n_thread - 1) / n_thread), n_thread>>>(kernel, n);
#else
  throw std::logic_error("this source is not compiled for a device");
#endif
}

/// Runs kernel(k) for k = 0 .. n-1. `space` is the memory space of the kernel's data.
template <class Kernel>
void for_each_index(MemorySpace space, std::int64_t n, const Kernel& kernel) {
  if (space == MemorySpace::device)
    start_on_device(n, kernel);
  else
    for (std::int64_t k = 0; k < n; ++k) kernel(k);
}

/// Calls kernel(row, column) for index k = row * n_column + column.
template <class Kernel>
struct PairKernel {
  Kernel kernel;
  std::int64_t n_column;
  JPO_KERNEL void operator()(std::int64_t k) const { kernel(k / n_column, k % n_column); }
};

/// Runs kernel(row, column) for all n_row x n_column pairs. `space` is the memory space of the
/// kernel's data. On a device, neighbouring threads have neighbouring columns.
template <class Kernel>
void for_each_pair(MemorySpace space, std::int64_t n_row, std::int64_t n_column,
                   const Kernel& kernel) {
  if (space == MemorySpace::device) {
    start_on_device(n_row * n_column, PairKernel<Kernel>{kernel, n_column});
    return;
  }
  for (std::int64_t row = 0; row < n_row; ++row)
    for (std::int64_t column = 0; column < n_column; ++column) kernel(row, column);
}

/// Adds kernel(k) to *total.
template <class Kernel, class Integer>
struct AddToTotal {
  Kernel kernel;
  Integer* total;
  JPO_KERNEL void operator()(std::int64_t k) const {
    const Integer term = kernel(k);
    if (term == 0) return;
#if defined(__CUDA_ARCH__)
    atomicAdd(reinterpret_cast<unsigned long long*>(total), static_cast<unsigned long long>(term));
#else
    *total += term;
#endif
  }
};

/// *total += sum of kernel(k) over k = 0 .. n-1, where kernel(k) returns a 64-bit integer. The
/// kernel's data and *total are in the memory space `space`.
template <class Kernel, class Integer>
void sum_over_indices(MemorySpace space, std::int64_t n, const Kernel& kernel, Integer* total) {
  static_assert(sizeof(Integer) == 8);
  if (space == MemorySpace::device) {
    start_on_device(n, AddToTotal<Kernel, Integer>{kernel, total});
    return;
  }
  Integer sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += kernel(k);
  *total += sum;
}

/// *maximum = max(*maximum, kernel(k)).
template <class Kernel>
struct RaiseMaximum {
  Kernel kernel;
  double* maximum;
  JPO_KERNEL void operator()(std::int64_t k) const {
    const double value = kernel(k);
#if defined(__CUDA_ARCH__)
    // Doubles that are not negative have the same order as their bits, read as integers.
    if (value > 0.0) atomicMax(reinterpret_cast<long long*>(maximum), __double_as_longlong(value));
#else
    if (value > *maximum) *maximum = value;
#endif
  }
};

/// *maximum = the largest of *maximum and kernel(k) over k = 0 .. n-1. No value is negative; NaN is
/// ignored. The kernel's data and *maximum are in the memory space `space`.
template <class Kernel>
void raise_over_indices(MemorySpace space, std::int64_t n, const Kernel& kernel, double* maximum) {
  for_each_index(space, n, RaiseMaximum<Kernel>{kernel, maximum});
}

}  // namespace JPO_KERNEL_FORM
}  // namespace jpo
