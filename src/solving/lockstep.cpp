#include "solving/lockstep.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/hash.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace jpo {
namespace {

// TaoSolve was measured to need 14 kB, 26 kB with -tao_view.
constexpr std::size_t kStackBytes = 262144;

// The address sanitizer takes a stack that it was not told of for a misuse of the old one, where an
// exception unwinds it. Empty in other builds.
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

// An answer as numbers: a hash of its question, loss, outcome, forward and adjoint solves of the
// problem so far, gradient.
constexpr std::size_t kBeforeGradient = 5;

double question_hash(std::span<const double> m) {
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
  // makecontext passes ints only: the pointer travels in two halves.
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
  answer_.is_last_call = true;
  while (entered_ && !finished_) advance();
}

bool LiveSolve::advance() {
  entered_ = true;
  before_switch(&caller_fake_stack_, stack_.get(), kStackBytes);
  swapcontext(&caller_, &here_);
  after_switch(caller_fake_stack_, nullptr, nullptr);
  return !finished_;
}

const Answer& LiveSolve::ask(std::span<const double> m) {
  if (answer_.is_last_call) return answer_;
  question_ = m;
  before_switch(&own_fake_stack_, caller_bottom_, caller_size_);
  swapcontext(&here_, &caller_);
  after_switch(own_fake_stack_, &caller_bottom_, &caller_size_);
  return answer_;
}

Lockstep::Lockstep(Objective& objective, MethodResult& result, std::int64_t window)
    : objective_(objective),
      result_(result),
      window_(static_cast<std::size_t>(
          std::max<std::int64_t>(1, std::min(window, objective.n_problem())))),
      done_(static_cast<std::size_t>(objective.n_problem())),
      told_(done_.size()),
      m_(static_cast<std::int64_t>(window_), objective.shape().parameters.size()),
      evaluation_(m_.capacity(), m_.n_component()) {
  live_.reserve(window_);
  rows_.reserve(window_);
}

void Lockstep::run(std::span<const std::int64_t> rows, const Body& body,
                   const std::function<void(std::int64_t)>& ended, OwnPace& safe_points) {
  if (!std::exchange(is_resumed_, false)) std::ranges::fill(done_, 0);
  next_ = 0;
  for (fill(rows, body, ended); !live_.empty(); fill(rows, body, ended)) {
    evaluate();
    advance(ended);
    safe_points.pause();
  }
  safe_points.finish();
}

void Lockstep::fill(std::span<const std::int64_t> rows, const Body& body,
                    const std::function<void(std::int64_t)>& ended) {
  while (live_.size() < window_ && next_ < rows.size()) {
    const std::int64_t row = rows[next_++];
    if (done_[static_cast<std::size_t>(row)] != 0) continue;
    Live live{std::make_unique<LiveSolve>(row, body), result_.row(row)};
    if (start(live))
      live_.push_back(std::move(live));
    else
      end(row, ended);
  }
}

// To the first question that has no answer yet; false where it has ended before. On a machine
// whose arithmetic is another one, a question may differ from the one that was answered: from
// there on all are asked again.
bool Lockstep::start(Live& live) {
  const std::int64_t row = live.solve->row();
  const auto k = static_cast<std::size_t>(row);
  const std::size_t width = kBeforeGradient + static_cast<std::size_t>(m_.n_component());
  const std::span<const double> told = told_[k];
  bool goes_on = live.solve->advance();
  for (std::size_t first = 0; goes_on && first + width <= told.size(); first += width) {
    const auto numbers = told.subspan(first, width);
    if (numbers[0] != question_hash(live.solve->question())) {
      told_[k].resize(first);
      break;
    }
    result_.ledger.forward[k] = numbers[3];
    result_.ledger.adjoint[k] = numbers[4];
    live.solve->answer({numbers[1], static_cast<Outcome>(static_cast<int>(numbers[2])),
                        numbers.subspan(kBeforeGradient)});
    goes_on = live.solve->advance();
  }
  return goes_on;
}

// All questions in one call.
void Lockstep::evaluate() {
  rows_.clear();
  m_.set_n_problem(std::ssize(live_));
  {
    const auto m = m_.write();
    for (std::size_t k = 0; k < live_.size(); ++k) {
      rows_.push_back(live_[k].solve->row());
      std::ranges::copy(live_[k].solve->question(), m.row(static_cast<std::int64_t>(k)).begin());
    }
  }
  objective_.evaluate(rows_, m_, result_.ledger, evaluation_);
}

// Every solve goes on to its next question; those that end drop out.
void Lockstep::advance(const std::function<void(std::int64_t)>& ended) {
  const auto gradient = evaluation_.gradient.read();
  std::size_t k = 0;
  std::erase_if(live_, [&](const Live& live) {
    const std::size_t here = k++;
    const Answer answer{evaluation_.loss[here], evaluation_.outcome[here],
                        gradient.row(static_cast<std::int64_t>(here))};
    note(*live.solve, answer);
    live.solve->answer(answer);
    if (live.solve->advance()) return false;
    end(live.solve->row(), ended);
    return true;
  });
}

void Lockstep::note(const LiveSolve& solve, const Answer& answer) {
  const auto k = static_cast<std::size_t>(solve.row());
  told_[k].insert(told_[k].end(), {question_hash(solve.question()), answer.loss,
                                   static_cast<double>(answer.outcome), result_.ledger.forward[k],
                                   result_.ledger.adjoint[k]});
  told_[k].insert(told_[k].end(), answer.gradient.begin(), answer.gradient.end());
}

void Lockstep::end(std::int64_t row, const std::function<void(std::int64_t)>& ended) {
  done_[static_cast<std::size_t>(row)] = 1;
  told_[static_cast<std::size_t>(row)] = std::vector<double>();
  ended(row);
}

void Lockstep::archive(StateArchive& archive, const std::string& name) {
  // A live solve begins again, from the row that it has begun with.
  std::vector<std::vector<double>> rows_now;
  for (const Live& live : live_) {
    rows_now.push_back(result_.row(live.solve->row()));
    result_.set_row(live.solve->row(), live.row_before);
  }
  result_.archive(archive, name + "/result");
  for (std::size_t k = 0; k < live_.size(); ++k)
    result_.set_row(live_[k].solve->row(), rows_now[k]);
  archive.by_problem(name + "/done", done_);
  archive.by_problem(name + "/told", told_);
  is_resumed_ = archive.is_reading();
}

}  // namespace jpo
