#include "launch/records/bad_records.h"

#include <cstdio>

#include "common/text/printable.h"

namespace ume {

void BadRecords::add(const Error& error) {
  const std::string text = printable(error.what(), kMaxShownBytes);
  if (!skip_) throw Error(error.code(), text);
  std::fprintf(stderr, "%s: skipped: %s\n", command_.c_str(), text.c_str());
  ++num_skipped_;
}

void BadRecords::summarize() const {
  if (num_skipped_ == 0) return;
  std::fprintf(stderr, "%s: %llu bad records were skipped\n", command_.c_str(),
               static_cast<unsigned long long>(num_skipped_));
}

void add_on_error_option(CLI::App& command, std::string& on_error) {
  command
      .add_option("--on-error", on_error,
                  "a bad record ends the command (fail) or is named on stderr "
                  "and left out (skip)")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->capture_default_str();
}

}  // namespace ume
