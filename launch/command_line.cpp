#include "launch/command_line.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>

#include "common/error/error.h"

namespace ume {

void add_example(CLI::App& command, const std::string& example) {
  command.footer("Example:\n  " + example);
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

int report_current_exception(const std::string& program) {
  try {
    throw;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory\n", program.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: unexpected failure: %s\n", program.c_str(),
                 error.what());
  }
  return static_cast<int>(ExitCode::kFailure);
}

int run_command_line(CLI::App& app, int argc, char** argv) {
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
  } catch (...) {
    return report_current_exception(app.get_name());
  }
}

}  // namespace ume
