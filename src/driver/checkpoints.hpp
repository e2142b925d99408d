#pragma once
// When a job writes a checkpoint, what one holds, and how a job goes on from it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/errors.hpp"
#include "core/settings.hpp"
#include "driver/job.hpp"
#include "io/checkpoint_file.hpp"
#include "solving/interruptions.hpp"

namespace jpo {

/// [checkpoint] of the deck.
struct CheckpointSettings : Settings {
  /// Default <run.output>.checkpoints.
  std::string directory;
  std::int64_t every_updates = 0;
  double every_seconds = 600.0;
  std::int64_t keep = 2;
  /// never | auto.
  std::string resume = "never";
  double walltime_s = 0.0;
  void describe(KeyTable& table) override;
};

/// Folder of a deck's checkpoints.
std::string checkpoint_folder(const Deck& deck);

/// Where a run starts: "" from the beginning, else the checkpoint to go on from. `resume` is the
/// command line's wish, `from` its file. Throws BadInput where there is none, and where a run from
/// the beginning would leave those of an unfinished one behind (`overwrite` removes them).
/// Collective.
std::string choose_checkpoint(const Deck& deck, bool resume, const std::string& from,
                              bool overwrite, MPI_Comm comm);

/// The interruptions of a real job: by signals, the clock and the walltime.
class Checkpoints : public Interruptions {
 public:
  /// `resumed_by`: the command that goes on from a checkpoint, for messages.
  Checkpoints(Job& job, std::string resumed_by);
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;
  Checkpoints(Checkpoints&&) = delete;
  Checkpoints& operator=(Checkpoints&&) = delete;
  ~Checkpoints() override;

  /// Takes the finished methods' results from a checkpoint; the method it was written in takes its
  /// state when it starts. Throws BadInput where the file is damaged or of another job. Collective.
  void open(const std::string& path);
  /// Between two methods: a safe point as well. Collective.
  void pause_between_methods();
  /// Between two methods: writes one and gives its path. Collective.
  std::string save_between_methods();
  /// The result is written: nothing is to be resumed any more. Collective.
  void remove_all();

  Request request() override;
  void serve(Request agreed, const State& state) override;
  bool resume(const State& state) override;

 private:
  using Clock = std::chrono::steady_clock;
  void save(const State& state);
  std::string resume_text(const std::string& path) const;
  void set_resume_message(const std::string& how_to_go_on) const;
  /// Throws BadInput where it is of another deck or of other problems. Collective.
  void check_identity(CheckpointReader& reader) const;
  /// The newest one before `path` that this job can go on from; "" where there is none. Collective.
  std::string older_of_this_job(const std::string& path) const;
  /// Throws the error again, with an older checkpoint where there is one. Collective.
  [[noreturn]] void refuse(const std::string& path, const BadInput& error) const;
  bool walltime_ends() const;

  Job& job_;
  std::string resumed_by_;
  const CheckpointSettings& settings_;
  std::string folder_;
  /// Number of the newest one.
  std::int64_t n_written_ = 0;
  /// Safe points since the last save.
  std::int64_t n_point_ = 0;
  Clock::time_point last_save_ = Clock::now();
  Clock::time_point last_point_ = Clock::now();
  /// Seconds between safe points.
  double longest_gap_ = 0.0;
  /// Seconds.
  double longest_save_ = 0.0;
  std::optional<std::chrono::system_clock::time_point> end_;
  /// Until the state is taken.
  std::unique_ptr<CheckpointReader> reader_;
};

}  // namespace jpo
