// A verb in one file. It returns the exit code that is given as its argument.

#include "driver/verb.hpp"

namespace jpo {
namespace {

class DoNothing final : public Verb {
 public:
  void add_arguments(CLI::App& parser) override { parser.add_option("--code", code_, "exit code"); }
  ExitCode run(const std::string& /*command*/, MPI_Comm /*comm*/) override {
    return static_cast<ExitCode>(code_);
  }

 private:
  int code_ = 0;
};

const RegisterVerb<DoNothing> registered{"do_nothing", "returns an exit code"};

}  // namespace
}  // namespace jpo
