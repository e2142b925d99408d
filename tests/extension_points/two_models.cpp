// A model with the name of another model.

#include "models/registry.hpp"

namespace jpo {
namespace {

class SecondModel : public ForwardModel {
 public:
  struct Settings : jpo::Settings {
    void describe(KeyTable& /*table*/) override {}
  };
  SecondModel(const Settings& /*settings*/, const BuildOptions& /*options*/) {}
  const ModelShape& shape() const override { return shape_; }
  void sample(std::uint64_t /*seed*/, std::span<double> /*c*/,
              std::span<double> /*m*/) const override {}
  void solve(const Batch& /*c*/, const Batch& /*m*/, Batch& /*y*/,
             std::span<SolveStatus> /*status*/) override {}
  void adjoint(const Batch& /*w*/, Batch& /*g*/) override {}

 private:
  ModelShape shape_;
};

const RegisterModel<SecondModel> registered{"wave_packet", "a second model of this name"};

}  // namespace
}  // namespace jpo
