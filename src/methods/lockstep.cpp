#include "methods/lockstep.hpp"

#include <algorithm>
#include <cassert>

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

// The live solves and the one evaluation that serves them.
class Window {
 public:
  Window(Objective& objective, Ledger& ledger, std::int64_t size)
      : objective_(objective),
        ledger_(ledger),
        m_(size, objective.shape().parameters.size()),
        evaluation_(size, objective.shape().parameters.size()) {
    live_.reserve(static_cast<std::size_t>(size));
    rows_.reserve(live_.capacity());
  }

  bool is_full() const { return live_.size() == live_.capacity(); }
  bool is_empty() const { return live_.empty(); }
  void start(std::unique_ptr<LiveSolve> solve) { live_.push_back(std::move(solve)); }

  /// Evaluates all questions in one call and hands the answers out.
  void evaluate() {
    rows_.clear();
    m_.set_n_problem(static_cast<std::int64_t>(live_.size()));
    {
      const auto m = m_.write();
      for (std::size_t k = 0; k < live_.size(); ++k) {
        rows_.push_back(live_[k]->row());
        std::ranges::copy(live_[k]->question(), m.row(static_cast<std::int64_t>(k)).begin());
      }
    }
    objective_.evaluate(rows_, m_, ledger_, evaluation_);
  }

  /// Every solve goes on to its next question; those that end drop out.
  template <class Ended>
  void advance(Ended&& ended) {
    const auto gradient = evaluation_.gradient.read();
    std::size_t k = 0;
    std::erase_if(live_, [&](const std::unique_ptr<LiveSolve>& solve) {
      const std::size_t here = k++;
      solve->answer({evaluation_.loss[here], evaluation_.outcome[here],
                     gradient.row(static_cast<std::int64_t>(here))});
      if (solve->advance()) return false;
      ended(solve->row());
      return true;
    });
  }

 private:
  Objective& objective_;
  Ledger& ledger_;
  std::vector<std::unique_ptr<LiveSolve>> live_;
  std::vector<std::int64_t> rows_;
  Batch m_;
  Evaluation evaluation_;
};

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

bool LiveSolve::advance() {
  before_switch(&caller_fake_stack_, stack_.get(), kStackBytes);
  swapcontext(&caller_, &here_);
  after_switch(caller_fake_stack_, nullptr, nullptr);
  return !finished_;
}

const Answer& LiveSolve::ask(std::span<const double> m) {
  question_ = m;
  before_switch(&own_fake_stack_, caller_bottom_, caller_size_);
  swapcontext(&here_, &caller_);
  after_switch(own_fake_stack_, &caller_bottom_, &caller_size_);
  return answer_;
}

void run_lockstep(Objective& objective, Ledger& ledger, std::span<const std::int64_t> rows,
                  std::int64_t window, const std::function<void(LiveSolve&)>& body,
                  const std::function<void(std::int64_t)>& ended) {
  const auto n_row = static_cast<std::int64_t>(rows.size());
  if (n_row == 0) return;
  Window live(objective, ledger, std::min(window, n_row));
  auto next = rows.begin();
  const auto refill = [&] {
    while (!live.is_full() && next != rows.end()) {
      auto solve = std::make_unique<LiveSolve>(*next++, body);
      if (solve->advance())
        live.start(std::move(solve));
      else
        ended(solve->row());
    }
  };
  for (refill(); !live.is_empty(); refill()) {
    live.evaluate();
    live.advance(ended);
  }
}

}  // namespace jpo
