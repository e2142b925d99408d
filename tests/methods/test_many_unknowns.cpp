// A model with 1000 unknowns, as a user would write it: a field seen through a blur at a few
// sensors. The unknowns are whitened, so their prior is N(0, 1) each, inside wide bounds.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "driver/output/judgement.hpp"
#include "make_job.hpp"
#include "models/registry.hpp"

namespace jpo {
namespace {

constexpr std::int64_t kUnknown = 1000;
constexpr std::int64_t kSensor = 40;
constexpr double kBound = 8.0;

// The largest root mean square of all points at which this process has solved the model.
double largest_rms = 0.0;

// y_i = sum_j K_ij m_j, K_ij a Gaussian of the distance between sensor i and grid point j.
class BlurredField : public ForwardModel {
 public:
  struct Settings : jpo::Settings {
    void describe(KeyTable& /*table*/) override {}
  };
  BlurredField(const Settings& /*settings*/, const BuildOptions& /*options*/) {
    ParameterSpace& m = shape_.parameters;
    for (std::int64_t j = 0; j < kUnknown; ++j) m.names.push_back("xi" + std::to_string(j));
    m.units.assign(kUnknown, "1");
    m.lower.assign(kUnknown, -kBound);
    m.upper.assign(kUnknown, kBound);
    m.centre.assign(kUnknown, 0.0);
    m.scale.assign(kUnknown, 1.0);
    shape_.observation = {1, kSensor, false, "1", "blurred field at the sensors"};
    for (std::int64_t i = 0; i < kSensor; ++i)
      for (std::int64_t j = 0; j < kUnknown; ++j)
        weight_.push_back(0.05 * std::exp(-0.5 * std::pow((25.0 * static_cast<double>(i) + 12.0 -
                                                           static_cast<double>(j)) /
                                                              15.0,
                                                          2)));
  }
  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t seed, std::span<double> c, std::span<double> m) const override {
    RandomStream stream(seed);
    sample_parameters(stream, c, m);
  }
  void sample_parameters(RandomStream& stream, std::span<const double> /*c*/,
                         std::span<double> m) const override {
    for (double& value : m) value = std::clamp(stream.normal(), -kBound, kBound);
  }
  void solve(const Batch& /*c*/, const Batch& m, Batch& y, std::span<SolveStatus> status) override {
    const auto from = m.read();
    const auto to = y.write();
    for (std::int64_t row = 0; row < m.n_problem(); ++row) {
      const auto x = from.row(row);
      double square = 0.0;
      for (const double value : x) square += value * value;
      largest_rms = std::max(largest_rms, std::sqrt(square / kUnknown));
      for (std::size_t i = 0; i < kSensor; ++i) {
        to.row(row)[i] = 0.0;
        for (std::size_t j = 0; j < kUnknown; ++j)
          to.row(row)[i] += weight_[i * kUnknown + j] * x[j];
      }
      status[static_cast<std::size_t>(row)] = SolveStatus::converged;
    }
  }
  void adjoint(const Batch& w, Batch& g) override {
    const auto from = w.read();
    const auto to = g.write();
    for (std::int64_t row = 0; row < w.n_problem(); ++row)
      for (std::size_t j = 0; j < kUnknown; ++j) {
        to.row(row)[j] = 0.0;
        for (std::size_t i = 0; i < kSensor; ++i)
          to.row(row)[j] += weight_[i * kUnknown + j] * from.row(row)[i];
      }
  }

 private:
  ModelShape shape_;
  std::vector<double> weight_;
};

const RegisterModel<BlurredField> registered{"blurred_field", "1000 whitened unknowns"};

constexpr const char* kDeck = R"(
[run]
name = "field"
output = "field.h5"
[data]
n_problem = 8
noise = 0.1
[misfit]
residual_scale = 0.1
prior_weight = 1.0
[model]
name = "blurred_field"
[network]
name = "mlp"
hidden = [8]
[parallel]
micro_batch = 4
[[method]]
name = "start"
kind = "tao"
max_evaluations = 1
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 200
)";

std::int64_t n_yes(const std::vector<Verdict>& verdicts) {
  return std::ranges::count(verdicts, Verdict::yes);
}

// The misfit at the truth holds the prior part of the truth, about 500. The start is far below it.
TEST(ManyUnknowns, TheStartIsNotSolvedAndBfgsIs) {
  Job job(read_deck(kDeck, "test deck", {}, program_catalogue()), MPI_COMM_WORLD);
  job.find_reference();
  for (const MethodDeck& method : job.deck().methods) job.solve(method);
  const auto n = std::ssize(job.floor());
  const Judgement start = judge(job, 0);
  EXPECT_EQ(n_yes(start.solved), 0);
  for (std::int64_t row = 0; row < n; ++row) {
    EXPECT_LT(job.results()[0].loss[row], job.floor()[row]);
    EXPECT_LT(job.reference()[row], 0.2 * job.floor()[row]);
    EXPECT_NEAR(start.parameter_error[row], 1.0, 0.15);  // RMS of the truth in prior deviations
    EXPECT_EQ(start.prior_part[row], 0.0);
    EXPECT_TRUE(std::isnan(start.evaluations_to_solved[row]));
  }
  const Judgement bfgs = judge(job, 1);
  EXPECT_EQ(n_yes(bfgs.solved), n);
  EXPECT_EQ(n_yes(bfgs.fitted), n);
  EXPECT_EQ(n_yes(start.fitted), 0);
}

TEST(ManyUnknowns, RandomStartsAreDrawsOfThePrior) {
  for (const char* kind : {"bank", "multi_start"}) {
    std::string deck(kDeck);
    deck = deck.substr(0, deck.find("[[method]]"));
    deck += "[[method]]\nname = \"a\"\nmax_evaluations = 6\nstart_evaluations = 1\nkind = \"";
    deck += kind;
    deck += "\"\n";
    if (std::string(kind) == "bank") deck += "random_starts = 1.0\nupdates = 1\nrandom_draws = 2\n";
    largest_rms = 0.0;
    Job job(read_deck(deck, "test deck", {"misfit.prior_weight=0"}, program_catalogue()),
            MPI_COMM_WORLD);
    job.solve(job.deck().methods.front());
    if (job.floor().empty()) continue;
    EXPECT_GT(largest_rms, 0.9) << kind;  // it has made random starts
    EXPECT_LT(largest_rms, 1.2) << kind;  // 4.6 if they are uniform between the bounds
  }
}

}  // namespace
}  // namespace jpo
