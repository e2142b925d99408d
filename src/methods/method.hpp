#pragma once
// The methods that a deck can name. The file of a method ends with one line:
//   const RegisterMethod<MyMethod> registered{"my_method", "summary in one line"};
// MyMethod derives from Method (solving/method.hpp) and has
//   using Settings = ...;                          the keys of the method, a jpo::Settings
//   MyMethod(const Settings&, const Task&)         may be collective on task.comm
// and, if necessary,
//   static MethodTraits traits(const Settings&)    needs: networks, tangents, memory
//   static std::string refusal(const std::string& name, const Settings&, const ModelShape&)
//       returns the reason if the method cannot solve problems of this shape, else ""
//   static void check_inputs(const std::string& name, const Settings&, const RunInputs&)
//       checks inputs other than the deck before any work; throws BadInput on all ranks
//   static TrainedNetwork read_network(const std::string& name, const Settings&, MPI_Comm)
//       reads the network of a method that does not train it, because checkpoints do not store such
//       a network; throws BadInput

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/settings.hpp"
#include "solving/method.hpp"
#include "solving/method_traits.hpp"
#include "solving/run_inputs.hpp"
#include "solving/task.hpp"

namespace jpo {

/// A kind of method that [[method]] can name. The functions take settings made by make_settings of
/// the same entry; `name` is the name of the method in the deck.
struct MethodEntry {
  std::string kind;
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make_settings;
  std::function<std::unique_ptr<Method>(const Settings& settings, const Task& task)> make_method;
  std::function<MethodTraits(const Settings& settings)> traits;
  std::function<std::string(const std::string& name, const Settings& settings,
                            const ModelShape& shape)>
      refusal;
  std::function<void(const std::string& name, const Settings& settings, const RunInputs& inputs)>
      check_inputs;
  /// Empty if the method reads no network.
  std::function<TrainedNetwork(const std::string& name, const Settings& settings, MPI_Comm comm)>
      read_network;
};

/// Returns all registered methods, sorted by kind.
const std::vector<MethodEntry>& registered_methods();
/// Returns the entry of a kind. Throws std::logic_error if it is not registered; the reader of
/// decks refuses such kinds before.
const MethodEntry& method_entry(const std::string& kind);

/// Adds an entry; called before main by RegisterMethod only.
void register_method(MethodEntry entry);

template <class Kind>
struct RegisterMethod {
  using KindSettings = typename Kind::Settings;

  RegisterMethod(std::string kind, std::string summary) {
    MethodEntry entry;
    entry.kind = std::move(kind);
    entry.summary = std::move(summary);
    entry.make_settings = [] { return std::make_unique<KindSettings>(); };
    entry.make_method = [](const Settings& any, const Task& task) -> std::unique_ptr<Method> {
      return std::make_unique<Kind>(typed(any), task);
    };
    entry.traits = [](const Settings& any) {
      if constexpr (requires(const KindSettings& settings) { Kind::traits(settings); })
        return Kind::traits(typed(any));
      else
        return MethodTraits{};
    };
    entry.refusal = [](const std::string& name, const Settings& any, const ModelShape& shape) {
      if constexpr (requires(const KindSettings& s) { Kind::refusal(name, s, shape); })
        return std::string(Kind::refusal(name, typed(any), shape));
      else
        return std::string();
    };
    entry.check_inputs = [](const std::string& name, const Settings& any, const RunInputs& inputs) {
      if constexpr (requires(const KindSettings& s) { Kind::check_inputs(name, s, inputs); })
        Kind::check_inputs(name, typed(any), inputs);
    };
    if constexpr (requires(const KindSettings& s) { Kind::read_network("", s, MPI_COMM_SELF); })
      entry.read_network = [](const std::string& name, const Settings& any, MPI_Comm comm) {
        return Kind::read_network(name, typed(any), comm);
      };
    register_method(std::move(entry));
  }

 private:
  static const KindSettings& typed(const Settings& settings) {
    return dynamic_cast<const KindSettings&>(settings);
  }
};

}  // namespace jpo
