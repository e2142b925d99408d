// A model with thousands of parameters: its names are shortened on screen and in attributes, and
// its result can be written and read.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "driver/output/results.hpp"
#include "driver/output/screen.hpp"
#include "models/registry.hpp"
#include "tests/methods/make_job.hpp"

namespace jpo {
namespace {

constexpr std::size_t kParameter = 5000;

// y is the sum of all m.
class WideModel final : public ForwardModel {
 public:
  struct Settings : jpo::Settings {
    void describe(KeyTable& /*table*/) override {}
  };
  WideModel(const Settings& /*settings*/, const BuildOptions& /*options*/) {
    for (std::size_t k = 0; k < kParameter; ++k)
      shape_.parameters.names.push_back("conductivity of cell " + std::to_string(k));
    shape_.parameters.units.assign(kParameter, "W m^-1 K^-1");
    shape_.parameters.lower.assign(kParameter, -1.0);
    shape_.parameters.upper.assign(kParameter, 1.0);
    shape_.parameters.centre.assign(kParameter, 0.0);
    shape_.parameters.scale.assign(kParameter, 1.0);
    shape_.context = {1, 1, false, "", ""};
    shape_.observation = {1, 1, false, "", ""};
  }
  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t /*seed*/, std::span<double> c, std::span<double> m) const override {
    c[0] = 0.0;
    std::ranges::fill(m, 0.5);
  }
  void solve(const Batch& /*c*/, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      const auto values = m.read().row(row);
      y.write().row(row)[0] = std::accumulate(values.begin(), values.end(), 0.0);
      status[row] = SolveStatus::converged;
    }
  }
  void adjoint(const Batch& w, Batch& g) override {
    for (std::int64_t row = 0; row < w.n_problem(); ++row)
      std::ranges::fill(g.write().row(row), w.read().row(row)[0]);
  }

 private:
  ModelShape shape_;
};
const RegisterModel<WideModel> registered{"wide", "for tests: 5000 parameters"};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  for (int letter = 0; (letter = fgetc(pipe)) != EOF;) text += static_cast<char>(letter);
  EXPECT_EQ(pclose(pipe), 0) << command << ":\n" << text;
  return text;
}

TEST(LongLists, AreShortenedAndWritten) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("wide_{}.h5", getpid());
  Job job =
      solved_job("[data]\nn_problem = 2\n[model]\nname = \"wide\"\n[[method]]\nkind = \"tao\"\n",
                 {"run.output=" + path.string()}, MPI_COMM_SELF);
  for (const std::string& line : sizes_text(job.deck(), job.shape(), 1, 2))
    EXPECT_LT(line.size(), 300U) << line;
  RunRecord record;
  record.overwrite = true;
  write_results(job, judge_all(job), record);
  const std::string text = output_of("h5dump -A -d /problems/truth " + path.string());
  EXPECT_NE(text.find("conductivity of cell 5, ... (5000) [W m^-1 K^-1"), std::string::npos)
      << text;
  EXPECT_LT(text.size(), 2000U);
  EXPECT_NE(output_of("h5ls " + path.string() + "/methods/tao/parameters").find("{2, 5000}"),
            std::string::npos);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace jpo
