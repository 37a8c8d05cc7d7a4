#include "launch/doctor/program_checks.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"
#include "common/files/files.h"
#include "launch/child_process.h"

namespace ume {
namespace {

// Loading LibTorch from a cold disk is the longest of these.
constexpr double kDeadlineSeconds = 60.0;
constexpr uint64_t kMaxOutputBytes = 64u << 10;

struct Answer {
  bool good = false;
  std::string text;  // stdout and stderr
};

// A file for a child's words.
class WordsFile {
 public:
  WordsFile() : path_(std::filesystem::temp_directory_path() / "ume-XXXXXX") {
    file_ = FileDescriptor(mkstemp(path_.data()));
    if (!file_) throw IoError(path_ + ": cannot be created");
  }
  WordsFile(const WordsFile&) = delete;
  WordsFile& operator=(const WordsFile&) = delete;
  ~WordsFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  FileDescriptor file_;
};

Answer ask(const std::vector<std::string>& argv) {
  const WordsFile words;
  ChildCommand command;
  command.argv = argv;
  command.log_path = words.path();
  try {
    ChildProcess child = ChildProcess::start(command);
    const ChildExit exit = child.wait_or_kill(kDeadlineSeconds);
    std::string text = read_file(words.path(), kMaxOutputBytes);
    if (!exit.clean() && text.empty()) text = exit.text();
    return {exit.clean(), text};
  } catch (const Error& error) {
    return {false, error.what()};
  }
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Finding check_engine(const std::string& programs) {
  const std::string program = programs + "/ume-engine";
  Finding f{"LibTorch", FindingKind::kGood, "", ""};
  if (access(program.c_str(), X_OK) != 0) {
    f.kind = FindingKind::kMissing;
    f.found = "there is no program " + program;
    f.advice = "build it with `make build`, or install it beside ume";
    return f;
  }
  const Answer answer = ask({program, "versions"});
  const auto json = nlohmann::json::parse(answer.text, nullptr, false);
  if (!answer.good || !json.is_object()) {
    f.kind = FindingKind::kMissing;
    f.found = first_line(answer.text);
    f.advice = "`make setup` puts LibTorch in place";
    return f;
  }
  f.found = json.value("libtorch", "?") + ", " + json.value("cpu", "?") + ", " +
            std::to_string(json.value("threads", 0)) + " threads";
  return f;
}

Finding check_media(const std::string& programs) {
  const std::string program = programs + "/ume-media";
  if (access(program.c_str(), X_OK) == 0) {
    return {"media", FindingKind::kGood, "videos and documents by " + program,
            ""};
  }
  return {"media", FindingKind::kWarning, "there is no program " + program,
          "pictures can be read, videos and documents cannot; build it with "
          "`make build`"};
}

Finding check_mpi() {
  const Answer answer = ask({"mpirun", "--version"});
  if (answer.good && answer.text.find("Open MPI") != std::string::npos) {
    return {"Open MPI", FindingKind::kGood, first_line(answer.text), ""};
  }
  return {"Open MPI", FindingKind::kMissing, first_line(answer.text),
          "apt-get install openmpi-bin"};
}

}  // namespace ume
