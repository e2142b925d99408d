// Predicts the problems of this deck with a network from the result file of another run: one
// network call and one forward solve per problem, no training.
//
// The answers lie in the box of the training and are clamped to the box of this deck. Network calls
// have the batch size of the training. On the training problems the answers are therefore
// bit-identical to those of the trained network, on any number of ranks.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "core/log.hpp"
#include "deck/settings_text.hpp"
#include "io/result_file.hpp"
#include "io/stored_network.hpp"
#include "methods/method.hpp"
#include "training/network_calls.hpp"

namespace jpo {
namespace {

struct PredictSettings : Settings {
  std::string result;
  std::string network;
  void describe(KeyTable& table) override {
    table.add("result", &result,
              {.doc = "path of the result file with the trained network; the section [network] of "
                      "this deck is ignored",
               .is_path = true,
               .required = true});
    table.add("network", &network,
              {.doc = "name of the method that trained the network; empty: the only network of the "
                      "file"});
  }
};

// A stored network with its settings and shape.
struct Predictor {
  StoredNetwork stored;
  NetworkSettings settings;
  NetworkShape shape;
  /// Name for messages: "network 'joint' of runs/a.h5".
  std::string label;
};

std::string refusal_to_read(const std::string& name, const PredictSettings& settings,
                            const StoredNetwork& stored) {
  const std::string key = fmt::format("key 'method.{}.result' = \"{}\"", name, settings.result);
  if (!stored.exists) return key + ": there is no such file";
  if (!stored.problem.empty()) return key + ": " + stored.problem;
  if (!stored.is_result) return key + ": not a jpo result file";
  if (stored.names.empty())
    return key +
           ": the file has no trained network; allowed: for example the result of a joint method";
  const std::string known = fmt::format("{}", fmt::join(stored.names, ", "));
  if (stored.name.empty() && settings.network.empty())
    return fmt::format("key 'method.{}.network' is missing: {} has several networks; allowed: {}",
                       name, settings.result, known);
  if (stored.name.empty())
    return fmt::format("key 'method.{}.network' = \"{}\": {} has no such network; allowed: {}",
                       name, settings.network, settings.result, known);
  if (!stored.is_complete)
    return fmt::format(
        "{}: its network '{}' was written by an older version of jpo and lacks data that a "
        "prediction needs",
        key, stored.name);
  return "";
}

Predictor read_predictor(const std::string& name, const PredictSettings& settings, MPI_Comm comm) {
  Predictor predictor;
  predictor.stored = read_stored_network(settings.result, settings.network, comm);
  const StoredNetwork& stored = predictor.stored;
  const std::string refusal = refusal_to_read(name, settings, stored);
  if (!refusal.empty()) throw BadInput(refusal);
  predictor.label = fmt::format("network '{}' of {}", stored.name, settings.result);
  read_settings_text(stored.settings, predictor.label, "network", predictor.settings);
  predictor.settings.check();
  predictor.shape = {stored.observation, stored.context, stored.parameters, stored.micro_batch};
  return predictor;
}

Network make_network(const Predictor& predictor) {
  const StoredNetwork& stored = predictor.stored;
  Network network(predictor.settings, predictor.shape, 0);
  const auto n_input = static_cast<std::size_t>(network.n_normalized());
  if (network.describe() != stored.layers ||
      static_cast<std::int64_t>(stored.weights.size()) != network.n_weight() ||
      stored.input_mean.size() != n_input || stored.input_deviation.size() != n_input)
    throw BadInput(fmt::format(
        "{}: the file has {} weights, which do not fit its architecture with {} weights",
        predictor.label, stored.weights.size(), network.n_weight()));
  network.set_weights(stored.weights);
  network.set_normalization({stored.input_mean, stored.input_deviation});
  if (fmt::format("{:016x}", network.weight_hash()) != stored.hash)
    throw BadInput(fmt::format(
        "{}: the weights do not match their stored hash; the file is damaged", predictor.label));
  return network;
}

std::string text_of(const FieldLayout& layout) {
  return fmt::format("{} x {}{}", layout.n_channel, layout.n_grid,
                     layout.periodic ? " periodic" : "");
}

void check_layout(const Predictor& predictor, const std::string& field, const FieldLayout& there,
                  const FieldLayout& here) {
  if (there.n_channel != here.n_channel || there.n_grid != here.n_grid ||
      there.periodic != here.periodic)
    throw BadInput(
        fmt::format("{} was trained on {} values of the {} (channels x grid); the model of this "
                    "deck has {}",
                    predictor.label, text_of(there), field, text_of(here)));
}

// Throws BadInput if inputs or names of parameters differ; their boxes may differ.
void check_fit(const Predictor& predictor, const ModelShape& shape) {
  check_layout(predictor, "observation", predictor.shape.observation, shape.observation);
  check_layout(predictor, "context", predictor.shape.context, shape.context);
  const auto& there = predictor.shape.parameters.names;
  if (there != shape.parameters.names)
    throw BadInput(fmt::format("{} predicts {} parameters ({}); the model of this deck has {} ({})",
                               predictor.label, there.size(), fmt::join(there, ", "),
                               shape.parameters.names.size(), shortened(shape.parameters.names)));
}

void clamp_to(const ParameterSpace& space, Batch& m) {
  const auto rows = m.write();
  for (std::int64_t row = 0; row < m.n_problem(); ++row) {
    const auto here = rows.row(row);
    for (std::size_t k = 0; k < here.size(); ++k)
      here[k] = std::clamp(here[k], space.lower[k], space.upper[k]);
  }
}

class Predict final : public Method {
 public:
  using Settings = PredictSettings;
  static void check_inputs(const std::string& name, const Settings& settings,
                           const RunInputs& inputs) {
    const Predictor predictor = read_predictor(name, settings, inputs.comm);
    if (is_same_file(settings.result, inputs.output, inputs.comm))
      throw BadInput(
          fmt::format("key 'run.output' = \"{}\": method '{}' reads its network from that "
                      "file; allowed: another path",
                      inputs.output, name));
    check_fit(predictor, inputs.shape);
    make_network(predictor);
  }
  static TrainedNetwork read_network(const std::string& name, const Settings& settings,
                                     MPI_Comm comm) {
    const Predictor predictor = read_predictor(name, settings, comm);
    return trained_network(predictor.settings, predictor.shape, make_network(predictor));
  }

  Predict(const Settings& settings, const Task& task) : settings_(settings), task_(task) {}

  void step(SafePoint& /*safe_point*/) override {
    const ModelShape& shape = task_.objective.shape();
    const LocalProblems& problems = task_.objective.problems();
    MethodResult& result = task_.result;
    Batch m(task_.objective.n_problem(), shape.parameters.size(), shape.space);
    Evaluation evaluation(m.capacity(), m.n_component());
    const Predictor predictor = read();
    NetworkCalls calls(task_.shard, predictor.shape.micro_batch);
    calls.choose_all(task_.usable);
    {
      const auto scope = task_.timer.scope(Phase::network);
      Network network = make_network(predictor);
      calls.predict(network, problems.observation, problems.context, m);
      clamp_to(shape.parameters, m);
      result.network = trained_network(predictor.settings, predictor.shape, network);
    }
    log_info("  {}: using {} with {} weights", task_.name, predictor.label,
             predictor.stored.weights.size());

    task_.objective.evaluate_loss(calls.rows(), m, result.ledger, evaluation);
    result.record(calls.rows(), m, evaluation);
    for (std::size_t k = 0; k < calls.rows().size(); ++k)
      result.reason[calls.rows()[k]] = evaluation.outcome[k] == Outcome::ok
                                           ? StopReason::predicted
                                           : stop_reason_of(evaluation.outcome[k]);
    is_done_ = true;
  }
  bool is_done() const override { return is_done_; }
  StepReport report() const override {
    return {.n_done = is_done_ ? 1 : 0, .n_total = 1, .unit = "predictions"};
  }

 private:
  Predictor read() const {
    const auto scope = task_.timer.scope(Phase::io);
    Predictor predictor = read_predictor(task_.name, settings_, task_.comm);
    predictor.shape.space = task_.objective.shape().space;
    check_fit(predictor, task_.objective.shape());
    return predictor;
  }

  const Settings& settings_;
  const Task& task_;
  bool is_done_ = false;
};

const RegisterMethod<Predict> registered{
    "predict", "predictions of a network that an earlier run has trained; no training"};

}  // namespace
}  // namespace jpo
