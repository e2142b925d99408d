// Reads decks one after the other as `jpo check` does, for fuzz_decks.py. Standard input has for
// each deck "SIZE\n" and SIZE bytes. The answer is one line: "good", "refused: MESSAGE", or
// "study: MESSAGE" if only `jpo study` refuses the deck.

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "core/errors.hpp"
#include "core/log.hpp"
#include "core/session/session.hpp"
#include "data/file_set.hpp"
#include "deck/layers/deck_files.hpp"
#include "driver/catalogue.hpp"
#include "driver/deck_checks.hpp"
#include "driver/job.hpp"
#include "driver/study/study_cells.hpp"

namespace {

constexpr unsigned kSeconds = 60;  // time limit for one deck
constexpr rlim_t kBytes = rlim_t{12} << 30U;

std::string answer(const std::string& text, MPI_Comm comm) {
  std::string refused = "refused: ";
  try {
    const jpo::DeckFiles files = jpo::read_bases({"deck.toml", text});
    const jpo::Deck deck =
        jpo::complete_deck(jpo::read_deck(files, {}, jpo::program_catalogue()), comm);
    jpo::check_deck(deck, comm);
    if (jpo::has_study(deck)) {
      refused = "study: ";
      jpo::study_cells(files, {}, comm);
    }
    return "good";
  } catch (const jpo::BadInput& error) {
    return refused + error.what();
  } catch (const std::exception& error) {
    return std::string("WRONG: ") + error.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const jpo::Session session(&argc, &argv);
  jpo::start_log(session.rank());
  jpo::start_network_library();
#ifndef __SANITIZE_ADDRESS__
  const rlimit limit = {kBytes, kBytes};
  setrlimit(RLIMIT_AS, &limit);
#endif
  std::string size;
  while (std::getline(std::cin, size)) {
    std::string text(std::stoul(size), '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    alarm(kSeconds);
    std::string line = answer(text, session.comm());
    alarm(0);
    for (char& letter : line)
      if (letter == '\n') letter = '\x1e';  // keeps the answer on one line; an error in the fuzzer
    std::cout << line << std::endl;
  }
  return 0;
}
