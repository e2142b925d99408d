#include "methods/method.hpp"

#include <algorithm>

namespace jpo {

const std::vector<MethodKind>& method_kinds() {
  static const std::vector<MethodKind> kinds = {
      bank_kind(),        joint_kind(),   levenberg_marquardt_kind(),
      multi_start_kind(), predict_kind(), refine_kind(),
      supervised_kind(),  tao_kind(),     windows_kind()};
  return kinds;
}

const MethodKind& kind_of(const std::string& name) {
  return *std::ranges::find(method_kinds(), name, &MethodKind::name);
}

}  // namespace jpo
