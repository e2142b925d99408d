// Prints hashes of the results of models with kernels: observations, adjoints, tangents, states. It
// is built twice: with kernels in the form for the host, and with kernels in the form for devices
// on the emulated device. A test compares the output. With the argument "cuda", the models compute
// on a device.

#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "core/hash.hpp"
#include "core/random.hpp"
#include "core/session/session.hpp"
#include "tests/models/make_model.hpp"

namespace jpo {
namespace {

void print(const char* what, std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  std::printf("  %s %016llx of sum %.6g\n", what,
              static_cast<unsigned long long>(hash_values(values)), sum);
}

void fill(Batch& batch, std::uint64_t seed) {
  RandomStream stream(seed);
  const auto access = batch.write();
  for (double& value : access.values()) value = stream.normal();
}

void print_case(const std::map<std::string, std::string>& values, Resolution resolution,
                std::int64_t n, MemorySpace space) {
  std::printf("%lld problems", static_cast<long long>(n));
  for (const auto& [key, value] : values) std::printf(", %s %s", key.c_str(), value.c_str());
  std::printf("%s\n", resolution == Resolution::data ? ", of data" : "");
  const auto model = make_test_model(values.at("model"), values, resolution, space);
  const ModelShape& shape = model->shape();
  Batch c(n, shape.context.size(), space);
  Batch m(n, shape.parameters.size(), space);
  Batch y(n, shape.observation.size(), space);
  {
    const auto c_rows = c.write();
    const auto m_rows = m.write();
    for (std::int64_t row = 0; row < n; ++row)
      model->sample(static_cast<std::uint64_t>(7 + row), c_rows.row(row), m_rows.row(row));
    if (n > 2) m_rows.row(2).back() = 1e300;  // makes row 2 diverge
  }
  std::vector<SolveStatus> status(static_cast<std::size_t>(n));
  model->solve(c, m, y, status);
  std::printf("  status");
  for (const SolveStatus one : status) std::printf(" %d", static_cast<int>(one));
  std::printf("\n");
  Batch w(n, y.n_component(), space);
  Batch g(n, m.n_component(), space);
  Batch dy(n, y.n_component(), space);
  fill(w, 3);
  model->adjoint(w, g);
  const auto rows_without_failed = [&](const char* what, const Batch& batch) {
    std::vector<double> values_of;
    const auto rows = batch.read();
    for (std::int64_t row = 0; row < n; ++row)
      if (status[static_cast<std::size_t>(row)] == SolveStatus::converged)
        values_of.insert(values_of.end(), rows.row(row).begin(), rows.row(row).end());
    print(what, values_of);
  };
  rows_without_failed("observation", y);
  rows_without_failed("adjoint", g);
  fill(m, 4);
  model->tangent(m, dy);
  rows_without_failed("tangent", dy);
  print("states", model->trajectory(n - 1).states);
}

void print_flows(MemorySpace space) {
  std::map<std::string, std::string> flow = {
      {"model", "navier_stokes"}, {"horizon", "0.1"}, {"time_step", "0.01"}, {"n_grid", "16"}};
  const auto with = [&](std::map<std::string, std::string> values) {
    values.insert(flow.begin(), flow.end());
    return values;
  };
  for (const char* walls : {"true", "false"})
    for (const char* obstacle : {"none", "cylinder"})
      for (const std::int64_t n : {1, 16, 37})
        print_case(with({{"walls", walls}, {"obstacle", obstacle}}), Resolution::inversion, n,
                   space);
  for (const char* walls : {"true", "false"})
    print_case(with({{"walls", walls}}), Resolution::data, 5, space);
  // States are recomputed from a few checkpoints, and from the smallest possible number.
  for (const char* memory : {"1.2", "0.92"})
    print_case(with({{"memory_cap", memory}, {"horizon", "0.23"}}), Resolution::inversion, 5,
               space);
  print_case(with({{"n_grid", "32"}, {"time_step", "0.005"}}), Resolution::inversion, 17, space);
}

void print_all(MemorySpace space) {
  for (const char* scheme : {"second_order", "fourth_order"})
    for (const char* unknown : {"forcing", "initial_state"})
      for (const std::int64_t n : {1, 16, 37})
        print_case({{"model", "kuramoto_sivashinsky"},
                    {"scheme", scheme},
                    {"unknown", unknown},
                    {"horizon", "4.0"},
                    {"n_grid", "64"}},
                   Resolution::inversion, n, space);
  print_case({{"model", "kuramoto_sivashinsky"}, {"horizon", "2.0"}}, Resolution::data, 5, space);
  for (const std::int64_t n : {1, 16, 37}) {
    for (const char* unknown : {"false", "true"})
      print_case({{"model", "wave_packet"}, {"unknown_amplitude", unknown}}, Resolution::inversion,
                 n, space);
    print_case({{"model", "billiards"}}, Resolution::inversion, n, space);
    print_case({{"model", "billiards"}, {"n_ball", "10"}}, Resolution::inversion, n, space);
    print_case({{"model", "billiards"}, {"direct", "true"}}, Resolution::inversion, n, space);
  }
  for (const std::int64_t n : {1, 16, 37})
    print_case({{"model", "darcy"}, {"n_grid", "24"}}, Resolution::inversion, n, space);
  print_case({{"model", "darcy"}, {"n_grid", "17"}, {"n_mode", "50"}}, Resolution::data, 5, space);
  // Many shots have more collisions than balls.
  print_case({{"model", "billiards"}, {"n_ball", "27"}, {"restitution", "0.05"}},
             Resolution::inversion, 37, space);
  print_flows(space);
}

}  // namespace
}  // namespace jpo

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  const bool on_device = argc > 1 && std::string(argv[1]) == "cuda";
  if (on_device) jpo::use_cuda_device();
  jpo::print_all(on_device ? jpo::MemorySpace::device : jpo::MemorySpace::host);
  return 0;
}
