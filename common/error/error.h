#pragma once

#include <stdexcept>
#include <string>

// Errors that a user can act on. Each carries the exit code of its kind
// (sysexits-like; docs/cli.md) and a sentence that names the file, the line or
// field, what was found and what was expected.
namespace ume {

enum class ExitCode : int {
  kDone = 0,
  kFailure = 1,
  kUsage = 2,
  kBadData = 65,
  kUnavailable = 69,
  kIo = 74,
  kRunAgain = 75,
  kConfig = 78,
  kInterrupted = 130,
  kTerminated = 143,
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& what)
      : std::runtime_error(what), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// A file, record, picture, message or tensor that is not as it should be: 65.
class InvalidInput : public Error {
 public:
  explicit InvalidInput(const std::string& what)
      : Error(ExitCode::kBadData, what) {}
};

// A configuration that cannot be run, or a run directory in use: 78.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& what)
      : Error(ExitCode::kConfig, what) {}
};

// A service, port or network that is out of reach: 69.
class Unavailable : public Error {
 public:
  explicit Unavailable(const std::string& what)
      : Error(ExitCode::kUnavailable, what) {}
};

// Reading or writing failed, or the disk is full: 74.
class IoError : public Error {
 public:
  explicit IoError(const std::string& what) : Error(ExitCode::kIo, what) {}
};

// A named wait ran past its deadline: 69. `what` names the wait.
class DeadlineExceeded : public Error {
 public:
  explicit DeadlineExceeded(const std::string& what)
      : Error(ExitCode::kUnavailable, what) {}
};

}  // namespace ume
