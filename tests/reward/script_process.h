#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ume {

// A Python script that prints one line when it is ready; killed at the end. It
// runs under Debian's Python, which has the project's packages.
class ScriptProcess {
 public:
  explicit ScriptProcess(const std::string& path,
                         const std::string& argument = "") {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(out[1], STDOUT_FILENO);
      // Python finds its modules by its own name: the whole path.
      execl("/usr/bin/python3", "/usr/bin/python3", path.c_str(),
            argument.empty() ? nullptr : argument.c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    char c = 0;
    while (read(out[0], &c, 1) == 1 && c != '\n') line_ += c;
    close(out[0]);
    if (line_.empty()) throw std::runtime_error(path + " did not start");
  }
  ~ScriptProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ScriptProcess(const ScriptProcess&) = delete;
  ScriptProcess& operator=(const ScriptProcess&) = delete;

  void kill_now() { kill(pid_, SIGKILL); }
  // Of its line, without the line break.
  std::vector<std::string> words() const {
    std::istringstream in(line_);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
  }

 private:
  pid_t pid_ = -1;
  std::string line_;
};

}  // namespace ume
