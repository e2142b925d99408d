#pragma once
// Copies rank 0's value to every rank; vectors and strings get its size. Collective on comm.

#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

namespace jpo {

void broadcast(bool& value, MPI_Comm comm);
void broadcast(std::int64_t& value, MPI_Comm comm);
void broadcast(double& value, MPI_Comm comm);
void broadcast(std::string& value, MPI_Comm comm);
void broadcast(std::vector<double>& values, MPI_Comm comm);
void broadcast(std::vector<std::string>& values, MPI_Comm comm);

/// Returns on every rank the text of the lowest rank whose text is not empty; empty if all texts
/// are empty. Collective on comm.
std::string first_text(std::string text, MPI_Comm comm);

}  // namespace jpo
