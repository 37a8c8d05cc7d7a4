#include "launch/command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <utility>

#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {

void add_example(CLI::App& command, const std::string& example) {
  command.footer("Example:\n  " + example);
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

int report_current_exception(const std::string& program) {
  const auto say = [&](const std::string& message) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(),
                 printable_message(message).c_str());
  };
  try {
    throw;
  } catch (const Error& error) {
    say(error.what());
    return static_cast<int>(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    const std::string path =
        error.path1().empty() ? "an empty path" : error.path1().string();
    say(path + ": " + error.code().message());
    return static_cast<int>(ExitCode::kIo);
  } catch (const std::bad_alloc&) {
    say("out of memory");
  } catch (const std::exception& error) {
    say(std::string("unexpected failure: ") + error.what());
  }
  return static_cast<int>(ExitCode::kFailure);
}

namespace {

// A missing standard stream would give its number to the next file that is
// opened, and messages would end up in there. Its stand-in cannot be read or
// written either, so that the loss shows.
void hold_standard_streams() {
  const std::array<std::pair<int, int>, 3> stand_ins = {
      {{STDIN_FILENO, O_WRONLY},
       {STDOUT_FILENO, O_RDONLY},
       {STDERR_FILENO, O_WRONLY}}};
  for (const auto& [stream, flags] : stand_ins) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number, which is `stream`.
    [[maybe_unused]] const int opened = open("/dev/null", flags);
  }
}

// Results that did not leave are a failure, also when nothing else is.
void flush_results() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout) {
    throw IoError("stdout: cannot write the results");
  }
}

int run_parsed(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return static_cast<int>(ExitCode::kDone);
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::RuntimeError& result) {  // a callback's own exit code
    return result.get_exit_code();
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return static_cast<int>(ExitCode::kUsage);
  }
}

}  // namespace

int run_command_line(CLI::App& app,
                     int argc,
                     char** argv,
                     const CommandGuard& guard) {
  hold_standard_streams();
  try {
    int code = 0;
    const auto work = [&] { code = run_parsed(app, argc, argv); };
    guard ? guard(work) : work();
    flush_results();
    return code;
  } catch (...) {
    return report_current_exception(app.get_name());
  }
}

}  // namespace ume
