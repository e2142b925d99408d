#pragma once
// One way of solving the set of problems. All methods ask the same Objective and count in a ledger.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/settings.hpp"
#include "solving/result.hpp"
#include "solving/task.hpp"

namespace jpo {

/// A kind that [[method]] can name.
struct MethodKind {
  std::string name;
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make_settings;
  /// Collective on task.comm. `settings` comes from make_settings of the same kind.
  std::function<MethodResult(const Settings& settings, const Task& task)> solve;
  /// Why a method of this name and settings cannot solve problems of this shape; empty where it
  /// can.
  std::function<std::string(const std::string& name, const Settings& settings,
                            const ModelShape& shape)>
      refusal = [](const std::string&, const Settings&, const ModelShape&) { return ""; };
  /// Reads what a method of this name and settings will read besides the deck, and throws BadInput
  /// (on all ranks) where it is missing or does not fit. Before any work. Collective on
  /// inputs.comm.
  std::function<void(const std::string& name, const Settings& settings, const RunInputs& inputs)>
      check_inputs = [](const std::string&, const Settings&, const RunInputs&) {};
  /// The network that such a method has read, not trained: what a checkpoint does not hold. Throws
  /// BadInput where it is not to be had. Collective on comm.
  std::function<TrainedNetwork(const std::string& name, const Settings& settings, MPI_Comm comm)>
      read_network = nullptr;
  bool trains_network = false;
  bool uses_tangent = false;  ///< of the model
  /// Networks that it holds at a time, where it trains any.
  std::function<std::int64_t(const Settings& settings)> networks = [](const Settings&) {
    return 1;
  };
  std::function<LiveAnswers(const Settings& settings)> live_answers = [](const Settings&) {
    return LiveAnswers{};
  };
  bool keeps_pairs_with_model = false;  ///< where the model works, not on the host
  /// Pairs (m, y) that it keeps of each problem, besides the problems themselves.
  std::function<std::int64_t(const Settings& settings)> kept_pairs = [](const Settings&) {
    return 0;
  };
};
const std::vector<MethodKind>& method_kinds();
const MethodKind& kind_of(const std::string& name);

MethodKind tao_kind();
MethodKind levenberg_marquardt_kind();
MethodKind supervised_kind();
MethodKind windows_kind();
MethodKind multi_start_kind();
MethodKind refine_kind();
MethodKind joint_kind();
MethodKind bank_kind();
MethodKind predict_kind();

}  // namespace jpo
