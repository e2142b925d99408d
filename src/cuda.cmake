# The CUDA build: the compiler, its options, and checks of the libraries.
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "JPO_CUDA is on, but there is no CUDA compiler: put nvcc on PATH, or load "
    "your cluster's CUDA module.")
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 90 CACHE STRING "Compute capabilities: 80 for A100, 90 for H100")
endif()
if(CCACHE)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${cached})
endif()
enable_language(CUDA)
# CMake 3.25 does not define nvcc's flag for C++20.
foreach(kind STANDARD EXTENSION)
  if(NOT DEFINED CMAKE_CUDA20_${kind}_COMPILE_OPTION)
    set(CMAKE_CUDA20_${kind}_COMPILE_OPTION -std=c++20)
  endif()
endforeach()
# PETSc and LibTorch use the shared runtime library as well.
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
find_package(CUDAToolkit REQUIRED)

if(JPO_SANITIZE)
  message(FATAL_ERROR "JPO_SANITIZE and JPO_CUDA exclude each other: nvcc has no sanitizers.")
endif()

# Finds LibTorch. Its CMake file changes the architectures and flags of all CUDA code; this macro restores them.
macro(jpo_find_torch_with_cuda)
  set(architectures ${CMAKE_CUDA_ARCHITECTURES})
  set(flags "${CMAKE_CUDA_FLAGS}")
  set(TORCH_CUDA_ARCH_LIST "")
  foreach(architecture IN LISTS architectures)
    string(REGEX REPLACE "([0-9])[a-z-]*$" ".\\1" dotted "${architecture}")
    string(APPEND TORCH_CUDA_ARCH_LIST "${dotted};")
  endforeach()
  find_package(Torch REQUIRED)
  set(CMAKE_CUDA_ARCHITECTURES ${architectures})
  set(CMAKE_CUDA_FLAGS "${flags}")
endmacro()

# Passes the options of host code through nvcc to the host compiler. Fused multiply-add is disabled on the device too:
# a kernel that only adds, multiplies and divides then gives the same bits as on the host.
function(jpo_cuda_options)
  list(JOIN ARGN "," host)
  target_compile_options(jpo_options INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-fmad=false;-Xcompiler=${host}>")
endfunction()

# Finds NCCL: the copy in LibTorch's package is preferred to the system's, because a process can load only one.
function(jpo_find_nccl)
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${Torch_DIR}/../../../../nvidia/nccl/include
    ${CUDAToolkit_INCLUDE_DIRS})
  find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR HINTS ${Torch_DIR}/../../../../nvidia/nccl/lib
    ${CUDAToolkit_LIBRARY_DIR})
  if(NCCL_INCLUDE_DIR AND NCCL_LIBRARY)
    message(STATUS "NCCL: ${NCCL_LIBRARY}")
    set(JPO_NCCL ON PARENT_SCOPE)
  else()
    message(STATUS "NCCL: not found; parallel.transport = \"nccl\" will be refused")
  endif()
endfunction()

# Stops with an error if PETSc or LibTorch is built without CUDA.
function(jpo_require_cuda_libraries)
  set(CMAKE_REQUIRED_LIBRARIES PkgConfig::PETSC MPI::MPI_CXX)
  check_cxx_source_compiles("
#include <petscconf.h>
#ifndef PETSC_HAVE_CUDA
#error no CUDA
#endif
int main() {}" JPO_PETSC_HAS_CUDA)
  if(NOT JPO_PETSC_HAS_CUDA)
    message(FATAL_ERROR "JPO_CUDA is on, but this PETSc (${PETSC_VERSION}) is built without CUDA: "
      "build one with jobs/build-cuda-stack.sh, or load your cluster's PETSc with CUDA, and put the "
      "directory of its PETSc.pc on PKG_CONFIG_PATH.")
  endif()
  if(NOT TARGET torch_cuda)
    message(FATAL_ERROR "JPO_CUDA is on, but this LibTorch (${Torch_VERSION}) is built without CUDA: "
      "install one with jobs/build-cuda-stack.sh, or set Torch_DIR to a LibTorch with CUDA.")
  endif()
endfunction()
