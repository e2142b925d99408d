#pragma once
// The models that a deck can name. The file of a model ends with one line:
//   const RegisterModel<MyModel> registered{"my_model", "a summary in one line"};
// MyModel has a nested `Settings : jpo::Settings` and a constructor
//   MyModel(const Settings&, const BuildOptions&).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/settings.hpp"
#include "models/forward_model.hpp"

namespace jpo {

/// Options of a model that do not belong to its keys.
struct BuildOptions {
  /// Memory space of batches and states.
  MemorySpace space = MemorySpace::host;
  Resolution resolution = Resolution::inversion;
};

struct ModelEntry {
  std::string name;
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make_settings;
  /// `settings` must come from make_settings of the same entry.
  std::function<std::unique_ptr<ForwardModel>(const Settings& settings,
                                              const BuildOptions& options)>
      make_model;
  /// An address in the program or shared library of the model, which finds the code to hash.
  const void* code = nullptr;
};

/// Returns all registered models, sorted by name.
const std::vector<ModelEntry>& registered_models();
/// Returns nullptr if no model has that name.
const ModelEntry* find_model(const std::string& name);

/// Adds an entry; called before main by RegisterModel only.
void register_model(ModelEntry entry);

template <class Model>
struct RegisterModel {
  RegisterModel(std::string name, std::string summary) {
    using ModelSettings = typename Model::Settings;
    register_model(
        {std::move(name), std::move(summary), [] { return std::make_unique<ModelSettings>(); },
         [](const Settings& settings, const BuildOptions& options) {
           return std::make_unique<Model>(dynamic_cast<const ModelSettings&>(settings), options);
         },
         this});
  }
};

}  // namespace jpo
