// Serves the forward model of a deck to programs in other languages. model_server DECK reads
// requests from standard input and writes results to standard output, both binary, in the byte
// order of the machine:
//
//   at the start     int64[5] n_parameter, n_context, n_observation, n_batch, has_tangent
//                    double[4][n_parameter] lower, upper, centre, scale
//   request          int64[2] operation, n (1 <= n <= n_batch), then doubles:
//     1 solve        c [n, n_context], m [n, n_parameter] -> status [n], y [n, n_observation]
//     2 adjoint      w [n, n_observation] -> g [n, n_parameter], at the states of the last solve
//     3 tangent      v [n, n_parameter] -> dy [n, n_observation], at the states of the last solve
//
// It ends at the end of standard input. Problems, misfit and methods of the deck are not used: the
// client has its own, so that it shares only the model with the program under test.

#include <array>
#include <cstdio>
#include <exception>
#include <unistd.h>
#include <vector>

#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/session/petsc_options.hpp"
#include "core/session/session.hpp"
#include "driver/footprint.hpp"
#include "driver/job.hpp"

namespace jpo {
namespace {

enum class Operation : std::int64_t { solve = 1, adjoint = 2, tangent = 3 };

// Returns standard output for the results. Afterwards, text that libraries print goes to standard
// error.
std::FILE* claim_standard_output() {
  std::FILE* results = fdopen(dup(STDOUT_FILENO), "wb");
  if (results == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw CannotWrite("standard output cannot be redirected");
  return results;
}

class ModelServer {
 public:
  ModelServer(const Deck& deck, std::FILE* results)
      : model_(make_model(deck, Resolution::inversion)),
        n_batch_(problems_at_once(deck, model_->shape(), 1)),
        results_(results),
        c_(n_batch_, model_->shape().context.size(), model_->shape().space),
        m_(n_batch_, model_->shape().parameters.size(), model_->shape().space),
        y_(n_batch_, model_->shape().observation.size(), model_->shape().space) {}

  void serve() {
    send_sizes();
    std::array<std::int64_t, 2> head{};
    while (std::fread(head.data(), sizeof head, 1, stdin) == 1) {
      if (head[1] < 1 || head[1] > n_batch_) throw BadInput("more problems than a batch can have");
      for (Batch* batch : {&c_, &m_, &y_}) batch->set_n_problem(head[1]);
      run(static_cast<Operation>(head[0]));
      std::fflush(results_);
    }
  }

 private:
  void send_sizes() {
    const ModelShape& shape = model_->shape();
    const std::array<std::int64_t, 5> sizes = {shape.parameters.size(), shape.context.size(),
                                               shape.observation.size(), n_batch_,
                                               shape.has_tangent ? 1 : 0};
    std::fwrite(sizes.data(), sizeof sizes, 1, results_);
    const ParameterSpace& space = shape.parameters;
    for (const auto* values : {&space.lower, &space.upper, &space.centre, &space.scale})
      send(*values);
    std::fflush(results_);
  }

  void run(Operation operation) {
    switch (operation) {
      case Operation::solve:
        return solve();
      case Operation::adjoint:
        receive(y_);
        model_->adjoint(y_, m_);
        return send(m_.read().values());
      case Operation::tangent:
        receive(m_);
        model_->tangent(m_, y_);
        return send(y_.read().values());
    }
    throw BadInput("unknown operation");
  }

  void solve() {
    receive(c_);
    receive(m_);
    std::vector<SolveStatus> status(static_cast<std::size_t>(m_.n_problem()));
    model_->solve(c_, m_, y_, status);
    std::vector<double> codes;
    for (const SolveStatus code : status) codes.push_back(static_cast<double>(code));
    send(codes);
    send(y_.read().values());
  }

  static void receive(Batch& batch) {
    const auto access = batch.write();
    const auto values = access.values();
    if (std::fread(values.data(), sizeof(double), values.size(), stdin) != values.size())
      throw BadInput("a request ended too early");
  }

  void send(std::span<const double> values) {
    if (std::fwrite(values.data(), sizeof(double), values.size(), results_) != values.size())
      throw CannotWrite("a result cannot be written");
  }

  std::unique_ptr<ForwardModel> model_;
  std::int64_t n_batch_;
  std::FILE* results_;
  Batch c_, m_, y_;
};

}  // namespace
}  // namespace jpo

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  jpo::start_log(session.rank());
  try {
    if (argc != 2) throw jpo::BadInput("usage: model_server DECK");
    const jpo::Deck deck = jpo::load_deck(argv[1], {}, session.comm());
    const jpo::PetscOptionsScope options_scope(deck.petsc);
    jpo::ModelServer(deck, jpo::claim_standard_output()).serve();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "model_server: %s\n", error.what());
    return 1;
  }
}
