#include "driver/checkpoints/finished_methods.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/hash.hpp"
#include "training/network_calls.hpp"

namespace jpo {
namespace {

// Reads the stored network again, for a method that uses one; throws BadInput if it has changed
// since the checkpoint.
void archive_read_network(StateArchive& archive, const std::string& name, const Job& job,
                          const MethodDeck& method, std::optional<TrainedNetwork>& network) {
  double hash = network ? hash_number(network->hash) : 0.0;
  archive.shared(name + "/network_hash", hash);
  if (!archive.is_reading()) return;
  network = method_entry(method.kind).read_network(method.name, *method.settings, job.comm());
  if (hash != hash_number(network->hash))
    throw BadInput(fmt::format(
        "method '{}': the network in its file has changed since the checkpoint was written",
        method.name));
}

void archive_network(StateArchive& archive, const std::string& name, const Job& job,
                     std::optional<TrainedNetwork>& network) {
  bool has_one = network.has_value();
  archive.shared(name + "/has_network", has_one);
  if (!has_one) return;
  std::size_t micro_batch =
      network ? static_cast<std::size_t>(network->shape.micro_batch) : std::size_t{1};
  std::vector<double> weights = network ? network->weights : std::vector<double>();
  Normalization normalization = network ? network->normalization : Normalization{};
  archive.shared_count(name + "/micro_batch", micro_batch, 65536);
  archive.shared(name + "/weights", weights);
  archive.shared(name + "/mean", normalization.mean);
  archive.shared(name + "/deviation", normalization.deviation);
  if (!archive.is_reading()) return;
  const auto& settings = job.deck().section<NetworkSettings>("network");
  const NetworkShape shape =
      network_shape(job.shape(), std::max<std::int64_t>(1, static_cast<std::int64_t>(micro_batch)));
  Network rebuilt(settings, shape, 0);
  if (std::ssize(weights) != rebuilt.n_weight())
    throw BadInput(fmt::format("the checkpoint is damaged: it has {} weights, the network has {}",
                               weights.size(), rebuilt.n_weight()));
  rebuilt.set_weights(weights);
  rebuilt.set_normalization(normalization);
  network = trained_network(settings, shape, rebuilt);
}

}  // namespace

void archive_finished_methods(StateArchive& archive, Job& job, std::vector<MethodResult>& results) {
  job.archive_reference(archive);
  std::size_t n = results.size();
  archive.shared_count("n_finished", n, job.deck().methods.size());
  while (results.size() < n)
    results.emplace_back(job.problems().observation.n_problem(), job.shape().parameters);
  for (std::size_t k = 0; k < n; ++k) {
    const std::string name = fmt::format("finished {}", k);
    results[k].archive(archive, name);
    const MethodDeck& method = job.deck().methods[k];
    if (method_entry(method.kind).read_network)
      archive_read_network(archive, name, job, method, results[k].network);
    else
      archive_network(archive, name, job, results[k].network);
  }
}

}  // namespace jpo
