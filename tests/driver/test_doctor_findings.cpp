#include <gtest/gtest.h>

#include "driver/doctor/findings.hpp"

namespace jpo {
namespace {

// Returns the bindings of ranks on machine 0, from the cores that each rank may use.
std::vector<RankBinding> ranks_on(const std::vector<std::vector<int>>& cores) {
  std::vector<RankBinding> bindings;
  for (const auto& each : cores) {
    RankBinding binding;
    binding.machine_name = "node1";
    binding.cores = each;
    binding.omp_threads = 1;
    binding.memory = 8e9;
    bindings.push_back(binding);
  }
  return bindings;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RanksWithoutCore, AreCountedByTheBestAssignment) {
  EXPECT_EQ(ranks_without_core(ranks_on({{0}, {1}})), 0);
  EXPECT_EQ(ranks_without_core(ranks_on({{0}, {0}})), 1);
  // The only assignment: core 1 to the first rank, 2 to the second, 0 to the third.
  EXPECT_EQ(ranks_without_core(ranks_on({{0, 1}, {0, 2}, {0}})), 0);
  EXPECT_EQ(ranks_without_core(ranks_on({{0, 1, 2}, {0, 1}, {0, 1}, {0, 1}})), 1);
  EXPECT_EQ(ranks_without_core(ranks_on({{}, {}})), 0);  // the cores are unknown
  // Equal core numbers on two machines are different cores.
  auto bindings = ranks_on({{0}, {0}});
  bindings[1].machine = 1;
  EXPECT_EQ(ranks_without_core(bindings), 0);
}

TEST(Cores, MustBeOnePerRank) {
  EXPECT_EQ(judge_cores(ranks_on({{0}, {1}})).grade, Grade::ok);
  const Finding shared = judge_cores(ranks_on({{0}, {0}, {1, 2}}));
  EXPECT_EQ(shared.grade, Grade::warning);
  EXPECT_TRUE(says(shared.found, "but 1 rank has no core of its own")) << shared.found;
  EXPECT_TRUE(says(shared.fix, "--bind-to core"));
  const Finding too_many = judge_cores(ranks_on({{0, 1}, {0, 1}, {0, 1}}));
  EXPECT_EQ(too_many.grade, Grade::warning);
  EXPECT_TRUE(says(too_many.found, "3 ranks run on 2 cores of node1")) << too_many.found;
  EXPECT_TRUE(says(too_many.fix, "mpirun -n 2,")) << too_many.fix;
}

TEST(Cores, AreJudgedByTheFullestMachine) {
  auto bindings = ranks_on({{0, 1, 2}, {0, 1}, {0, 1}, {0, 1}});
  for (std::size_t k = 1; k < 4; ++k) {
    bindings[k].machine = 1;
    bindings[k].machine_name = "node2";
  }
  const Finding finding = judge_cores(bindings);
  EXPECT_EQ(finding.grade, Grade::warning);
  EXPECT_TRUE(says(finding.found, "3 ranks run on 2 cores of node2")) << finding.found;
  EXPECT_TRUE(says(finding.fix, "mpirun -n 3,")) << finding.fix;
}

TEST(Cores, AreLimitedByTheCpuTimeOfControlGroups) {
  auto bindings = ranks_on({{0, 1, 2, 3}, {0, 1, 2, 3}});
  bindings[1].processors = 2.0;
  EXPECT_EQ(judge_cores(bindings).grade, Grade::ok);
  bindings[1].processors = 1.5;
  const Finding finding = judge_cores(bindings);
  EXPECT_EQ(finding.grade, Grade::warning);
  EXPECT_TRUE(says(finding.found, "control groups allow 1.5 processors")) << finding.found;
}

TEST(Binding, GivesAWarningIfRanksMayMove) {
  EXPECT_EQ(judge_binding(ranks_on({{0, 1}})).grade, Grade::ok);
  EXPECT_EQ(judge_binding(ranks_on({{0}, {1}})).grade, Grade::ok);
  EXPECT_EQ(judge_binding(ranks_on({{0, 1}, {2, 3}})).grade, Grade::ok);
  EXPECT_EQ(judge_binding(ranks_on({{0, 1}, {0, 1}})).grade, Grade::warning);
  // No warning if there are fewer cores than ranks, because then binding is not possible.
  EXPECT_EQ(judge_binding(ranks_on({{0, 1}, {0, 1}, {0, 1}})).grade, Grade::ok);
}

TEST(Threads, MustBeOnePerRank) {
  auto bindings = ranks_on({{0}, {1}});
  EXPECT_EQ(judge_threads(bindings).grade, Grade::ok);
  bindings[1].omp_threads = 0;
  EXPECT_EQ(judge_threads(bindings).grade, Grade::ok);
  bindings[1].is_blas_known = false;
  EXPECT_EQ(judge_threads(bindings).grade, Grade::warning);
  bindings[1].omp_threads = 4;
  const Finding finding = judge_threads(bindings);
  EXPECT_EQ(finding.grade, Grade::warning);
  EXPECT_TRUE(says(finding.found, "OMP_NUM_THREADS is 4 (rank 1 on node1)")) << finding.found;
  bindings[1].used_threads = 4;
  EXPECT_EQ(judge_threads(bindings).grade, Grade::problem);
}

TEST(AllReduce, MustBeExactAndNotVerySlow) {
  EXPECT_EQ(judge_all_reduce({true, 200000, 2e-3, 1e-3}).grade, Grade::ok);
  EXPECT_EQ(judge_all_reduce({true, 200000, 2.0, 1.0}).grade, Grade::warning);
  EXPECT_EQ(judge_all_reduce({false, 200000, 2e-3, 1e-3}).grade, Grade::problem);
}

TEST(Libraries, AreThoseOfTheBuild) {
  EXPECT_EQ(judge_libraries({{"petsc", "3.18.5", "3.18.5"}, {"torch", "1.13.0", ""}}).grade,
            Grade::ok);
  const Finding finding =
      judge_libraries({{"petsc", "3.18.5", "3.19.0"}, {"hdf5", "1.10.8", "1.10.8"}});
  EXPECT_EQ(finding.grade, Grade::warning);
  EXPECT_TRUE(says(finding.found, "petsc 3.19.0 (built with 3.18.5), hdf5 1.10.8"))
      << finding.found;
}

TEST(Memory, IsJudgedByTheMachineWithTheLeast) {
  auto bindings = ranks_on({{0}, {1}, {2}});
  bindings[2].machine = 2;
  bindings[2].machine_name = "node2";
  MemoryNeed need;
  need.problems = 1e9;
  need.states = 2e9;
  // Machine 0 has two ranks, which need 6 GB of 8 GB; machine 2 has one rank, which needs 3 GB.
  EXPECT_EQ(judge_memory(bindings, need).grade, Grade::ok);
  bindings[0].memory = 7e9;
  EXPECT_EQ(judge_memory(bindings, need).grade, Grade::warning);
  bindings[2].memory = 1e9;
  const Finding finding = judge_memory(bindings, need);
  EXPECT_EQ(finding.grade, Grade::problem);
  EXPECT_TRUE(says(finding.found, "3.0 GB for the 1 rank of node2; free there: 1.0 GB"))
      << finding.found;
  EXPECT_TRUE(says(finding.fix, "parallel.solve_batch")) << finding.fix;
}

TEST(FileSystems, ThatNeedAnotherMpiIoAreFound) {
  EXPECT_EQ(file_system_name(0x0BD00BD0), "lustre");
  EXPECT_EQ(file_system_name(0x6969), "nfs");
  EXPECT_EQ(file_system_name(0x1234), "unknown (0x1234)");
  const std::string mpi = "Open MPI v4.1.4";
  EXPECT_EQ(judge_file_system({"ext4", 0.0, 0}, mpi, "").grade, Grade::ok);
  const Finding lustre = judge_file_system({"lustre", 0.0, 0}, mpi, "");
  EXPECT_EQ(lustre.grade, Grade::warning);
  EXPECT_TRUE(says(lustre.fix, "export OMPI_MCA_io=romio321"));
  EXPECT_EQ(judge_file_system({"lustre", 0.0, 0}, mpi, "romio321").grade, Grade::ok);
  EXPECT_EQ(judge_file_system({"lustre", 0.0, 0}, "MPICH Version: 4.0", "").grade, Grade::ok);
  EXPECT_TRUE(says(judge_file_system({"gpfs", 0.0, 0}, "Open MPI v5.0.7", "").fix, "romio341"));
  EXPECT_EQ(judge_file_system({"nfs", 0.0, 0}, mpi, "romio321").grade, Grade::warning);
}

TEST(Space, IsJudgedForEachFileSystem) {
  EXPECT_EQ(judge_space({{"the result", 6.0, {"ext4", 10.0, 1}}}).grade, Grade::ok);
  EXPECT_EQ(judge_space({{"the result", 9.0, {"ext4", 10.0, 1}}}).grade, Grade::warning);
  // Files on one file system share its free space.
  const Finding both = judge_space(
      {{"the result", 6.0, {"ext4", 10.0, 1}}, {"3 checkpoints", 6.0, {"ext4", 10.0, 1}}});
  EXPECT_EQ(both.grade, Grade::problem);
  EXPECT_TRUE(says(both.fix, "free 5.0 B more there")) << both.fix;
  EXPECT_EQ(judge_space(
                {{"the result", 6.0, {"ext4", 10.0, 1}}, {"3 checkpoints", 6.0, {"ext4", 10.0, 2}}})
                .grade,
            Grade::ok);
}

}  // namespace
}  // namespace jpo
