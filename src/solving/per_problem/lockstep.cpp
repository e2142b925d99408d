#include "solving/per_problem/lockstep.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/hash.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace jpo {
namespace {

// A multiple of the stack that TaoSolve needs, also with -tao_view.
constexpr std::size_t kStackBytes = 262144;

// Without these calls the address sanitizer reports an error when an exception unwinds a stack that
// it does not know. Empty in other builds.
void before_switch([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* to,
                   [[maybe_unused]] std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake_stack, to, size);
#endif
}
void after_switch([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** from,
                  [[maybe_unused]] std::size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, from, size);
#endif
}

double point_hash(std::span<const double> m) {
  return hash_number(hash_values(m));
}

}  // namespace

LiveSolve::LiveSolve(std::int64_t row, std::function<void(LiveSolve&)> body)
    : row_(row), body_(std::move(body)), stack_(new char[kStackBytes]) {
  [[maybe_unused]] const int code = getcontext(&here_);
  assert(code == 0);
  here_.uc_stack.ss_sp = stack_.get();
  here_.uc_stack.ss_size = kStackBytes;
  here_.uc_link = &caller_;
  // makecontext passes only ints, so the pointer is passed in two halves.
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&here_, reinterpret_cast<void (*)()>(&LiveSolve::enter), 2,
              static_cast<unsigned>(self), static_cast<unsigned>(self >> 32U));
}

void LiveSolve::enter(unsigned low, unsigned high) {
  const std::uintptr_t self = (static_cast<std::uintptr_t>(high) << 32U) | low;
  auto* solve = reinterpret_cast<LiveSolve*>(self);  // NOLINT(performance-no-int-to-ptr)
  after_switch(nullptr, &solve->caller_bottom_, &solve->caller_size_);
  solve->body_(*solve);
  solve->finished_ = true;
  before_switch(nullptr, solve->caller_bottom_, solve->caller_size_);
}

LiveSolve::~LiveSolve() {
  evaluation_.is_last_call = true;
  while (entered_ && !finished_) advance();
}

bool LiveSolve::advance() {
  entered_ = true;
  before_switch(&caller_fake_stack_, stack_.get(), kStackBytes);
  swapcontext(&caller_, &here_);
  after_switch(caller_fake_stack_, nullptr, nullptr);
  return !finished_;
}

const PointEvaluation& LiveSolve::evaluate(std::span<const double> m) {
  if (evaluation_.is_last_call) return evaluation_;
  point_ = m;
  before_switch(&own_fake_stack_, caller_bottom_, caller_size_);
  swapcontext(&here_, &caller_);
  after_switch(own_fake_stack_, &caller_bottom_, &caller_size_);
  return evaluation_;
}

Lockstep::Lockstep(Objective& objective, MethodResult& result, std::int64_t concurrent_solves)
    : objective_(objective),
      result_(result),
      n_concurrent_(static_cast<std::size_t>(
          std::max<std::int64_t>(1, std::min(concurrent_solves, objective.n_problem())))),
      done_(objective.n_problem()),
      recorded_(done_.size()),
      m_(static_cast<std::int64_t>(n_concurrent_), objective.shape().parameters.size()),
      evaluation_(m_.capacity(), m_.n_component()) {
  live_.reserve(n_concurrent_);
  rows_.reserve(n_concurrent_);
}

void Lockstep::begin() {
  std::ranges::fill(done_, 0);
}

void Lockstep::run(std::span<const std::int64_t> rows, const Body& body, SafePoint& safe_point) {
  next_ = 0;
  safe_point.at_own_pace([&] { return advance(rows, body); });
}

// One batched evaluation for all live solves; false if there is none.
bool Lockstep::advance(std::span<const std::int64_t> rows, const Body& body) {
  fill(rows, body);
  if (live_.empty()) return false;
  evaluate();
  resume_solves();
  return true;
}

void Lockstep::fill(std::span<const std::int64_t> rows, const Body& body) {
  while (live_.size() < n_concurrent_ && next_ < rows.size()) {
    const std::int64_t row = rows[next_++];
    if (done_[row] != 0) continue;
    Live live{std::make_unique<LiveSolve>(row, body), result_.row(row)};
    if (start(live))
      live_.push_back(std::move(live));
    else
      end(row);
  }
}

// Replays the recorded evaluations up to the first point without one. Returns false if the solve
// ended before. The arithmetic of another processor may lead to another point than the recorded
// one; all points from there on are evaluated again.
bool Lockstep::start(Live& live) {
  const std::int64_t row = live.solve->row();
  const std::size_t width = n_recorded(m_.n_component());
  const std::span<const double> recorded = recorded_[row];
  bool is_running = live.solve->advance();
  for (std::size_t first = 0; is_running && first + width <= recorded.size(); first += width) {
    const auto numbers = recorded.subspan(first, width);
    if (numbers[0] != point_hash(live.solve->point())) {
      recorded_[row].resize(first);
      break;
    }
    result_.ledger.forward[row] = numbers[3];
    result_.ledger.adjoint[row] = numbers[4];
    live.solve->set_evaluation({numbers[1], static_cast<Outcome>(static_cast<int>(numbers[2])),
                                numbers.subspan(kBeforeGradient)});
    is_running = live.solve->advance();
  }
  return is_running;
}

// Evaluates the points of all live solves in one call.
void Lockstep::evaluate() {
  rows_.clear();
  m_.set_n_problem(std::ssize(live_));
  {
    const auto m = m_.write();
    for (std::size_t k = 0; k < live_.size(); ++k) {
      rows_.push_back(live_[k].solve->row());
      std::ranges::copy(live_[k].solve->point(), m.row(k).begin());
    }
  }
  objective_.evaluate(rows_, m_, result_.ledger, evaluation_);
}

// Resumes every solve until its next point; removes the solves that end.
void Lockstep::resume_solves() {
  const auto gradient = evaluation_.gradient.read();
  std::size_t k = 0;
  std::erase_if(live_, [&](const Live& live) {
    const std::size_t slot = k++;
    const PointEvaluation evaluation{evaluation_.loss[slot], evaluation_.outcome[slot],
                                     gradient.row(slot)};
    record(*live.solve, evaluation);
    live.solve->set_evaluation(evaluation);
    if (live.solve->advance()) return false;
    end(live.solve->row());
    return true;
  });
}

// Records hash of the point, loss, outcome, forward and adjoint solves of the problem so far, and
// gradient.
void Lockstep::record(const LiveSolve& solve, const PointEvaluation& evaluation) {
  const std::int64_t row = solve.row();
  std::vector<double>& recorded = recorded_[row];
  recorded.insert(recorded.end(), {point_hash(solve.point()), evaluation.loss,
                                   static_cast<double>(evaluation.outcome),
                                   result_.ledger.forward[row], result_.ledger.adjoint[row]});
  recorded.insert(recorded.end(), evaluation.gradient.begin(), evaluation.gradient.end());
}

void Lockstep::end(std::int64_t row) {
  done_[row] = 1;
  recorded_[row] = std::vector<double>();
}

// After reading, a live solve starts from its row of the result at its begin and replays its
// evaluations.
void Lockstep::archive(StateArchive& archive, const std::string& name) {
  std::vector<std::vector<double>> rows_before(done_.size());
  for (const Live& live : live_) rows_before[live.solve->row()] = live.row_before;
  archive.by_problem(name + "/done", done_);
  archive.by_problem(name + "/recorded", recorded_);
  archive.by_problem(name + "/rows_before", rows_before);
  if (!archive.is_reading()) return;
  for (std::size_t row = 0; row < rows_before.size(); ++row) {
    if (rows_before[row].empty()) continue;
    if (rows_before[row].size() != result_.row(row).size())
      throw BadInput(fmt::format("the checkpoint is damaged in '{}/rows_before'", name));
    result_.set_row(row, rows_before[row]);
  }
}

}  // namespace jpo
