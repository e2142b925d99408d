// A network architecture in one file, with its own key. The features are the stacked input fields
// times a constant.

#include "network/architecture.hpp"

namespace jpo {
namespace {

class DoNothing final : public Architecture {
 public:
  struct Settings : jpo::Settings {
    double factor = 1.0;
    void describe(KeyTable& table) override {
      table.add("factor", &factor, {.doc = "do_nothing: factor from inputs to features", .min = 0});
    }
  };

  DoNothing(const Settings& own, const ArchitecturePlan& plan, WeightTable& /*table*/)
      : factor_(own.factor), n_feature_(plan.layout.n_channel()), n_point_(plan.layout.n_grid()) {}

  std::int64_t n_feature() const override { return n_feature_; }
  std::int64_t n_point() const override { return n_point_; }
  torch::Tensor features(const torch::Tensor& stacked, const Weights&) const override {
    return stacked * factor_;
  }

 private:
  double factor_;
  std::int64_t n_feature_;
  std::int64_t n_point_;
};

const RegisterArchitecture<DoNothing> registered_do_nothing{"do_nothing", "no layers"};

}  // namespace
}  // namespace jpo
