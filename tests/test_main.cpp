// Runs GoogleTest under MPI. Fails if any rank fails. Prints the report of rank 0 and the failures
// of the other ranks.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/log.hpp"
#include "core/session/session.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const jpo::Session session(&argc, &argv);
  jpo::start_log(session.rank());
  const char* expected = std::getenv("JPO_TEST_RANKS");
  if (expected != nullptr && std::stoi(expected) != session.n_rank()) {
    std::fprintf(stderr, "this test was started on %d ranks instead of %s\n", session.n_rank(),
                 expected);
    return 1;
  }
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (session.rank() != 0 && std::getenv("JPO_TEST_ALL_OUTPUT") == nullptr) {
    class FailuresOnly : public testing::EmptyTestEventListener {
     public:
      explicit FailuresOnly(int rank) : rank_(rank) {}
      void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.failed())
          std::fprintf(stderr, "[rank %d] %s:%d: %s\n", rank_, result.file_name(),
                       result.line_number(), result.summary());
      }

     private:
      int rank_;
    };
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailuresOnly(session.rank()));
  }
  int failed = RUN_ALL_TESTS();
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, session.comm());
  return failed;
}
