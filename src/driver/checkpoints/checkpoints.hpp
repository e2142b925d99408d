#pragma once
// The checkpoints of a job: when they are written, their contents, and resuming from one.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/errors.hpp"
#include "core/settings.hpp"
#include "driver/build.hpp"
#include "driver/job.hpp"
#include "driver/lock/output_lock.hpp"
#include "driver/output/results.hpp"
#include "io/checkpoint_file.hpp"
#include "solving/interruptions.hpp"

namespace jpo {

/// [checkpoint] of the deck.
struct CheckpointSettings : Settings {
  /// Empty: <run.output>.checkpoints.
  std::string directory;
  std::int64_t every_updates = 0;
  double every_seconds = 600.0;
  std::int64_t keep = 2;
  /// "never" or "auto".
  std::string resume = "never";
  double walltime_s = 0.0;
  void describe(KeyTable& table) override;
};

/// Appended to run.output, this is the default folder of the checkpoints.
constexpr std::string_view kCheckpointsSuffix = ".checkpoints";

/// Returns the folder of the checkpoints of a deck.
std::string checkpoint_folder(const Deck& deck);

/// Returns the checkpoint that a run resumes from; "" if the run starts from the beginning.
/// `resume` and `from` are the options --resume and --resume-from. Throws BadInput if --resume
/// finds no checkpoint, and if a run from the beginning finds checkpoints of an unfinished run;
/// `overwrite` removes those instead. Collective on comm.
std::string choose_checkpoint(const Deck& deck, bool resume, const std::string& from,
                              bool overwrite, MPI_Comm comm);

/// Interruptions of a job by signals, by the clock and by the limit of the walltime.
class Checkpoints : public Interruptions {
 public:
  /// `lock` is checked before files are written or removed. `job` and `lock` must outlive this.
  Checkpoints(Job& job, const OutputLock& lock, const RunRecord& record);
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;
  Checkpoints(Checkpoints&&) = delete;
  Checkpoints& operator=(Checkpoints&&) = delete;
  ~Checkpoints() override;

  /// Reads the results of the finished methods from a checkpoint. The state of the method that was
  /// running is read by resume() when that method starts. Throws BadInput if the file is damaged or
  /// belongs to another job, or if another build of the program wrote it and the record does not
  /// accept this. Collective.
  void open(const std::string& path);
  /// Returns the list of the builds that worked on the job, or on its study before it.
  const std::string& builds() const { return builds_; }
  /// The safe point between two methods. If the run is to stop before its first step, the
  /// checkpoint that it has resumed from stays the newest; if this happens in two runs in a row,
  /// throws an Error with exit code 1, which ends a chain of jobs. Collective.
  /// Returns true if the checkpoint contains the state of a running method, not read yet.
  bool has_running_method() const { return reader_ != nullptr; }
  void pause_between_methods();
  /// Writes a checkpoint between two methods; returns its path. Collective.
  std::string save_between_methods();
  /// Removes all checkpoints, after the result is written. Collective.
  void remove_all();

  Request request() override;
  void serve(Request agreed, const State& state) override;
  bool resume(const State& state) override;

 private:
  using Clock = std::chrono::steady_clock;
  void save(const State& state);
  std::string resume_text(const std::string& path) const;
  void set_resume_message(const std::string& how_to_resume) const;
  /// Throws BadInput if the checkpoint belongs to another deck or to other problems. Collective.
  void check_identity(CheckpointReader& reader) const;
  /// Returns the newest checkpoint before `path` that this job can resume from; "" if there is
  /// none. Collective.
  std::string older_of_this_job(const std::string& path) const;
  /// Throws the error again, with the path of an older checkpoint if there is one. Collective.
  [[noreturn]] void refuse(const std::string& path, const BadInput& error) const;
  /// Throws BadInput if another build of the program wrote the checkpoint and this is not accepted.
  /// Collective.
  void check_build(CheckpointReader& reader) const;
  bool walltime_ends() const;
  const char* reason_to_stop() const;
  bool has_advanced() const { return has_stepped_ || job_.results().size() > n_result_at_start_; }
  [[noreturn]] void stop_without_progress();

  Job& job_;
  const OutputLock& lock_;
  std::string resumed_by_;
  Build build_ = this_build();
  bool accepts_other_build_;
  std::string builds_;
  const CheckpointSettings& settings_;
  std::string folder_;
  /// Checkpoint that the run has resumed from; empty: none.
  std::string resumed_from_;
  /// Number of finished methods in it.
  std::size_t n_result_at_start_ = 0;
  /// True after the first safe point inside a method.
  bool has_stepped_ = false;
  /// Number of the newest checkpoint.
  std::int64_t n_written_ = 0;
  /// Safe points since the last save.
  std::int64_t n_point_ = 0;
  Clock::time_point last_save_ = Clock::now();
  Clock::time_point last_point_ = Clock::now();
  /// Longest time between two safe points [s].
  double longest_gap_ = 0.0;
  /// Longest time of a save [s].
  double longest_save_ = 0.0;
  /// End of the walltime; empty: no limit.
  std::optional<std::chrono::system_clock::time_point> end_;
  /// Open until resume() has read the state of the running method.
  std::unique_ptr<CheckpointReader> reader_;
};

}  // namespace jpo
