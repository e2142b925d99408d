# Finds all libraries that jpo needs. The error for a missing library names the package to install.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI REQUIRED COMPONENTS C CXX)
find_package(PkgConfig REQUIRED)

pkg_search_module(PETSC IMPORTED_TARGET PETSc petsc)
if(NOT PETSC_FOUND)
  message(FATAL_ERROR "PETSc not found by pkg-config. Install petsc-dev (Debian), or put the "
    "directory of your PETSc's PETSc.pc on PKG_CONFIG_PATH.")
endif()
if(PETSC_VERSION VERSION_LESS 3.18)
  message(FATAL_ERROR "PETSc ${PETSC_VERSION} is too old: jpo needs 3.18 or later.")
endif()

pkg_search_module(HDF5 IMPORTED_TARGET hdf5-openmpi hdf5-mpi)
if(HDF5_FOUND)
  set(JPO_HDF5_LIBRARIES PkgConfig::HDF5)
else()
  set(HDF5_PREFER_PARALLEL ON)
  find_package(HDF5 COMPONENTS C)
  if(NOT HDF5_FOUND)
    message(FATAL_ERROR "HDF5 not found. Install libhdf5-openmpi-dev (Debian), or load your "
      "cluster's parallel HDF5 module.")
  endif()
  set(JPO_HDF5_LIBRARIES ${HDF5_C_LIBRARIES})
  set(JPO_HDF5_INCLUDES ${HDF5_C_INCLUDE_DIRS})
endif()
add_library(jpo_hdf5 INTERFACE)
target_link_libraries(jpo_hdf5 INTERFACE ${JPO_HDF5_LIBRARIES})
target_include_directories(jpo_hdf5 SYSTEM INTERFACE ${JPO_HDF5_INCLUDES})

find_package(ZLIB REQUIRED)  # HDF5's gzip filter

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::PETSC MPI::MPI_CXX)
check_cxx_source_compiles("
#include <petscconf.h>
#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error not real double
#endif
int main() {}" JPO_PETSC_IS_REAL_DOUBLE)
set(CMAKE_REQUIRED_LIBRARIES ${JPO_HDF5_LIBRARIES} MPI::MPI_CXX)
set(CMAKE_REQUIRED_INCLUDES ${JPO_HDF5_INCLUDES})
check_cxx_source_compiles("
#include <hdf5.h>
#ifndef H5_HAVE_PARALLEL
#error serial
#endif
int main() {}" JPO_HDF5_IS_PARALLEL)
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_INCLUDES)
if(NOT JPO_PETSC_IS_REAL_DOUBLE)
  message(FATAL_ERROR "This PETSc is complex or not double precision. jpo needs a real double "
    "build: install petsc-dev (Debian) and unset PETSC_DIR and PETSC_ARCH if they name another build.")
endif()
if(NOT JPO_HDF5_IS_PARALLEL)
  message(FATAL_ERROR "This HDF5 is serial. jpo writes in parallel: install libhdf5-openmpi-dev "
    "(Debian), or load your cluster's parallel HDF5 module.")
endif()

if(JPO_CUDA)
  jpo_find_torch_with_cuda()
  jpo_require_cuda_libraries()
  jpo_find_nccl()
else()
  find_package(Torch REQUIRED)
endif()
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
if(JPO_TESTS)
  find_package(GTest REQUIRED)
endif()
if(JPO_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
