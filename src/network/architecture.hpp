#pragma once
// The architectures a deck can name: from fields on the grid to features at points along it; a head
// (head.hpp) maps features to parameters. An architecture's file ends with one line:
//   const RegisterArchitecture<MyNet> registered_my_net{"my_net", "its layers, in a few words"};
// (network/architectures/ is compiled as one source: names in it must differ).
// MyNet derives from Architecture and has
//   MyNet(const ArchitecturePlan&, WeightTable&)
//       adds its weights to the table; throws BadInput, naming the key, if the settings do not fit
//       the layout
// and, if it needs them,
//   struct Settings : jpo::Settings                keys of its own in [network]; the constructor is
//                                                  then MyNet(const Settings&, plan, table)
//   static void check(const NetworkSettings&)      refuses shared keys that it cannot use
//   static constexpr bool stacks_inputs = false;   y and c enter the head as plain values
// Sees torch: included by this folder only, and by architectures outside it.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "network/input_layout.hpp"
#include "network/layers.hpp"

namespace jpo {

/// Input of an architecture's constructor.
struct ArchitecturePlan {
  const NetworkSettings& settings;
  const InputLayout& layout;
  /// Of the grid of the stacked fields.
  bool periodic;
};

class Architecture {
 public:
  Architecture() = default;
  Architecture(const Architecture&) = delete;
  Architecture& operator=(const Architecture&) = delete;
  virtual ~Architecture() = default;

  virtual std::int64_t n_feature() const = 0;
  /// Evenly along the grid; 1 if features have no position on it (soft_argmax is then refused).
  virtual std::int64_t n_point() const = 0;
  /// [batch, n_feature, n_point] from stacked fields [batch, n_channel, n_grid]. A row's bits do
  /// not depend on the other rows.
  virtual torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const = 0;
};

struct ArchitectureEntry {
  std::string name;
  std::string summary;
  bool stacks_inputs = true;
  std::function<std::unique_ptr<Architecture>(const ArchitecturePlan&, WeightTable&)> make;
  std::function<void(const NetworkSettings&)> check;
  /// Empty if it has no keys of its own.
  std::function<std::unique_ptr<Settings>()> make_settings;
  std::function<std::unique_ptr<Settings>(const Settings&)> copy_settings;
};

/// All registered architectures, sorted by name.
const std::vector<ArchitectureEntry>& registered_architectures();
/// The deck's reader refuses names that are not registered; throws std::logic_error for one.
const ArchitectureEntry& architecture_entry(const std::string& name);
/// Adds an entry; called before main by RegisterArchitecture only.
void register_architecture(ArchitectureEntry entry);

template <class Kind>
struct RegisterArchitecture {
  RegisterArchitecture(std::string name, std::string summary) {
    ArchitectureEntry entry;
    entry.name = name;
    entry.summary = std::move(summary);
    entry.check = [](const NetworkSettings&) {};
    if constexpr (requires { Kind::stacks_inputs; }) entry.stacks_inputs = Kind::stacks_inputs;
    if constexpr (requires(const NetworkSettings& settings) { Kind::check(settings); })
      entry.check = [](const NetworkSettings& settings) { Kind::check(settings); };
    if constexpr (requires { typename Kind::Settings; }) {
      using Own = typename Kind::Settings;
      entry.make_settings = [] { return std::make_unique<Own>(); };
      entry.copy_settings = [](const Settings& settings) {
        return std::make_unique<Own>(dynamic_cast<const Own&>(settings));
      };
      entry.make = [name](const ArchitecturePlan& plan, WeightTable& table) {
        const auto& own = dynamic_cast<const Own&>(plan.settings.own.of(name));
        return std::make_unique<Kind>(own, plan, table);
      };
    } else {
      entry.make = [](const ArchitecturePlan& plan, WeightTable& table) {
        return std::make_unique<Kind>(plan, table);
      };
    }
    register_architecture(std::move(entry));
  }
};

}  // namespace jpo
