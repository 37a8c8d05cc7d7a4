#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "common/error/error.h"

namespace ume {

// What becomes of records that cannot be used: the first one ends the command
// with its error (fail), or each is named on stderr and left out (skip).
class BadRecords {
 public:
  // command: "ume embed", before each message.
  BadRecords(std::string command, const std::string& on_error)
      : command_(std::move(command)), skip_(on_error == "skip") {}

  // error: names source and line. Throws it, with the exit code of its kind,
  // unless skipping. What a terminal would obey is not shown: a record's path,
  // say, is in the message.
  void add(const Error& error);
  bool skips() const { return skip_; }
  uint64_t num_skipped() const { return num_skipped_; }
  // How many were left out, if any; at the end.
  void summarize() const;

 private:
  const std::string command_;
  const bool skip_;
  uint64_t num_skipped_ = 0;
};

// --on-error fail|skip.
void add_on_error_option(CLI::App& command, std::string& on_error);

}  // namespace ume
