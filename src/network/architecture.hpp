#pragma once
// The network architectures that a deck can name. An architecture maps fields on the grid to
// features at points along the grid; a head (head.hpp) maps the features to parameters. The file of
// an architecture ends with one line:
//   const RegisterArchitecture<MyNet> registered_my_net{"my_net", "a short list of its layers"};
// (network/architectures/ is compiled as one source: the names in its files must differ).
// MyNet derives from Architecture and has a constructor
//   MyNet(const ArchitecturePlan&, WeightTable&)
//       adds its weights to the table; throws BadInput with the key if the settings do not fit
//       the layout
// and optionally
//   struct Settings : jpo::Settings                keys of its own in [network]; the constructor is
//                                                  then MyNet(const Settings&, plan, table)
//   static void check(const NetworkSettings&)      throws BadInput for shared keys that do not fit
//   static constexpr bool stacks_inputs = false;   y and c are passed to the head unchanged
// Includes torch: include it only here and in architectures elsewhere.

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
  /// True if the grid of the stacked fields is periodic.
  bool periodic;
};

class Architecture {
 public:
  Architecture() = default;
  Architecture(const Architecture&) = delete;
  Architecture& operator=(const Architecture&) = delete;
  virtual ~Architecture() = default;

  /// Features per point.
  virtual std::int64_t n_feature() const = 0;
  /// Number of points, evenly spaced along the grid. Below 2 the features have no position on it,
  /// and the head soft_argmax is refused.
  virtual std::int64_t n_point() const = 0;
  /// Returns features [batch, n_feature, n_point] of stacked fields [batch, n_channel, n_grid]. The
  /// bits of a row do not depend on the other rows.
  virtual torch::Tensor features(const torch::Tensor& stacked, const Weights& weights) const = 0;
};

struct ArchitectureEntry {
  std::string name;
  std::string summary;
  bool stacks_inputs = true;
  std::function<std::unique_ptr<Architecture>(const ArchitecturePlan&, WeightTable&)> make;
  std::function<void(const NetworkSettings&)> check;
  /// Empty if the architecture has no keys of its own.
  std::function<std::unique_ptr<Settings>()> make_settings;
  std::function<std::unique_ptr<Settings>(const Settings&)> copy_settings;
};

/// Returns all registered architectures, sorted by name.
const std::vector<ArchitectureEntry>& registered_architectures();
/// Returns the entry of a registered name. Throws std::logic_error for other names, which the
/// reader of the deck has refused.
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
