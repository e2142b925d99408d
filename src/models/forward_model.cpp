#include "models/forward_model.hpp"

#include <stdexcept>

namespace jpo {

void ForwardModel::tangent(const Batch& /*v*/, Batch& /*dy*/) {
  throw std::logic_error("this model has no tangent");
}

}  // namespace jpo
