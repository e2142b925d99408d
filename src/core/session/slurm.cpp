#include "core/session/slurm.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace jpo {

std::optional<std::int64_t> slurm_job_end(std::string& problem) {
  const char* value = std::getenv("SLURM_JOB_END_TIME");
  if (value == nullptr || *value == '\0') return std::nullopt;
  const std::string_view text = value;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size() && seconds > 0) return seconds;
  problem =
      fmt::format("SLURM_JOB_END_TIME = \"{}\" is not a time in seconds and is ignored", text);
  return std::nullopt;
}

}  // namespace jpo
