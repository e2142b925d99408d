#include "core/device/kernel_launch.hpp"
#include "network/network_rows.hpp"

namespace jpo {
namespace {

// Writes component `column` of y or c for the j-th slot that is not empty.
template <class Scalar>
struct WriteInput {
  const std::int64_t* slots;
  const std::int64_t* rows;
  BatchRows<const double> values;
  const InputTarget* targets;
  const double* mean;
  const double* deviation;
  Scalar* stacked;
  std::int64_t n_stacked;
  Scalar* appended;
  std::int64_t n_appended;
  JPO_KERNEL void operator()(std::int64_t j, std::int64_t column) const {
    const InputTarget target = targets[column];
    const double value = values.data()[rows[j] * values.n_component() + column];
    Scalar* to =
        target.is_stacked ? stacked + slots[j] * n_stacked : appended + slots[j] * n_appended;
    to[target.offset] = static_cast<Scalar>((value - mean[target.group]) / deviation[target.group]);
  }
};

struct AddOffset {
  const std::int64_t* slots;
  const std::int64_t* rows;
  const double* offsets;
  double* z;
  std::int64_t n;
  JPO_KERNEL void operator()(std::int64_t j, std::int64_t k) const {
    z[slots[j] * n + k] += offsets[rows[j] * n + k];
  }
};

struct WriteAnswer {
  const std::int64_t* slots;
  const double* z;
  const ParameterMap* maps;
  BatchRows<double> m;
  std::int64_t first_row;
  JPO_KERNEL void operator()(std::int64_t j, std::int64_t k) const {
    const std::int64_t n = m.n_component();
    m.data()[(first_row + j) * n + k] = maps[k].value(z[slots[j] * n + k]);
  }
};

struct PullBack {
  const std::int64_t* slots;
  const double* z;
  const ParameterMap* maps;
  BatchRows<const double> g;
  std::int64_t first_row;
  double* dz;
  JPO_KERNEL void operator()(std::int64_t j, std::int64_t k) const {
    const std::int64_t n = g.n_component();
    const std::int64_t at = slots[j] * n + k;
    dz[at] = g.data()[(first_row + j) * n + k] * maps[k].derivative(z[at]);
  }
};

template <class Scalar>
struct Widen {
  const Scalar* from;
  double* to;
  JPO_KERNEL void operator()(std::int64_t k) const { to[k] = static_cast<double>(from[k]); }
};

}  // namespace

void CallSlots::assign(std::span<const std::int64_t> rows) {
  taken_.clear();
  taken_rows_.clear();
  for (std::size_t slot = 0; slot < rows.size(); ++slot) {
    if (rows[slot] == kEmptySlot) continue;
    taken_.push_back(static_cast<std::int64_t>(slot));
    taken_rows_.push_back(rows[slot]);
  }
  slots_.assign(taken_);
  rows_.assign(taken_rows_);
}

NetworkRows::NetworkRows(const InputLayout& layout, const NetworkShape& shape,
                         const std::string& output_map)
    : space_(shape.space),
      n_stacked_(layout.n_channel() * layout.n_grid()),
      n_appended_(layout.n_appended()),
      targets_(space_, layout.targets()),
      mean_(space_),
      deviation_(space_),
      offsets_(space_),
      maps_(space_, parameter_maps(shape.parameters, output_map)) {}

void NetworkRows::set_normalization(const Normalization& normalization) {
  mean_ = KernelArray(space_, normalization.mean);
  deviation_ = KernelArray(space_, normalization.deviation);
}

void NetworkRows::write_inputs(const CallSlots& call, const Batch& y, const Batch& c,
                               float* stacked, float* appended) const {
  write(call, y, c, stacked, appended);
}
void NetworkRows::write_inputs(const CallSlots& call, const Batch& y, const Batch& c,
                               double* stacked, double* appended) const {
  write(call, y, c, stacked, appended);
}

template <class Scalar>
void NetworkRows::write(const CallSlots& call, const Batch& y, const Batch& c, Scalar* stacked,
                        Scalar* appended) const {
  const std::int64_t* slots = call.slots().data(space_);
  const std::int64_t* rows = call.rows().data(space_);
  std::int64_t first_component = 0;
  for (const Batch* batch : {&y, &c}) {
    const auto values = batch->read(space_);
    for_each_pair(
        space_, call.rows().size(), batch->n_component(),
        WriteInput<Scalar>{slots, rows, values, targets_.data() + first_component, mean_.data(),
                           deviation_.data(), stacked, n_stacked_, appended, n_appended_});
    first_component += batch->n_component();
  }
}

void NetworkRows::set_offsets(const std::vector<double>& offsets) {
  offsets_ = KernelArray(space_, offsets);
}

void NetworkRows::add_offsets(const CallSlots& call, double* z) const {
  for_each_pair(space_, call.slots().size(), maps_.size(),
                AddOffset{call.slots().data(space_), call.rows().data(space_), offsets_.data(), z,
                          maps_.size()});
}

void NetworkRows::write_answers(const CallSlots& call, const double* z, Batch& m,
                                std::int64_t first_row) const {
  const auto rows = m.write(space_);
  for_each_pair(space_, call.slots().size(), maps_.size(),
                WriteAnswer{call.slots().data(space_), z, maps_.data(), rows, first_row});
}

void NetworkRows::pull_back(const CallSlots& call, const double* z, const Batch& g,
                            std::int64_t first_row, double* dz) const {
  const auto rows = g.read(space_);
  for_each_pair(space_, call.slots().size(), maps_.size(),
                PullBack{call.slots().data(space_), z, maps_.data(), rows, first_row, dz});
}

void NetworkRows::widen(const float* from, std::int64_t n, double* to) const {
  for_each_index(space_, n, Widen<float>{from, to});
}
void NetworkRows::widen(const double* from, std::int64_t n, double* to) const {
  for_each_index(space_, n, Widen<double>{from, to});
}

}  // namespace jpo
