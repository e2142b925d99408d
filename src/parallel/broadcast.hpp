#pragma once
// What rank 0 has, on every rank. Collective on comm.

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

/// The text of the lowest rank whose text is not empty, on every rank; empty where all are.
std::string first_text(std::string text, MPI_Comm comm);

}  // namespace jpo
