#include "network/architecture.hpp"

#include <map>

namespace jpo {

std::unique_ptr<Architecture> make_architecture(const ArchitecturePlan& plan, WeightTable& table) {
  using Make = std::unique_ptr<Architecture> (*)(const ArchitecturePlan&, WeightTable&);
  static const std::map<std::string, Make> makers = {{"mlp", make_mlp},
                                                     {"cnn", make_cnn},
                                                     {"cnn2d", make_cnn2d},
                                                     {"unet", make_unet},
                                                     {"transformer", make_transformer}};
  return makers.at(plan.settings.name)(plan, table);
}

}  // namespace jpo
