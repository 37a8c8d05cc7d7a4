#include "data/child/sandbox.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>

namespace ume {
namespace {

void check(bool done, const char* what, int error) {
  if (done) return;
  throw std::runtime_error(std::string("cannot enter the sandbox: ") + what +
                           ": " + std::strerror(error));
}

void set_limit(int resource, rlim_t value, const char* name) {
  const rlimit limit{value, value};
  check(setrlimit(resource, &limit) == 0, name, errno);
}

class SystemCallFilter {
 public:
  SystemCallFilter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    check(context_ != nullptr, "seccomp_init", ENOMEM);
  }
  SystemCallFilter(const SystemCallFilter&) = delete;
  SystemCallFilter& operator=(const SystemCallFilter&) = delete;
  ~SystemCallFilter() { seccomp_release(context_); }

  void allow(std::initializer_list<int> calls) {
    for (const int call : calls) {
      const int result = seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0);
      check(result == 0, "seccomp_rule_add", -result);
    }
  }

  // Only where the bits `mask` of the argument are all zero.
  void allow_without(int call, unsigned argument, uint64_t mask) {
    const scmp_arg_cmp zero{argument, SCMP_CMP_MASKED_EQ, mask, 0};
    const int result =
        seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, call, 1, &zero);
    check(result == 0, "seccomp_rule_add", -result);
  }

  void load() {
    const int result = seccomp_load(context_);
    check(result == 0, "seccomp_load", -result);
  }

 private:
  scmp_filter_ctx context_;
};

void filter_system_calls(FileAccess access) {
  SystemCallFilter filter;
  filter.allow({SCMP_SYS(read),
                SCMP_SYS(pread64),
                SCMP_SYS(write),
                SCMP_SYS(writev),
                SCMP_SYS(lseek),
                SCMP_SYS(close),
                SCMP_SYS(fstat),
                SCMP_SYS(newfstatat),
                SCMP_SYS(brk),
                SCMP_SYS(munmap),
                SCMP_SYS(mremap),
                SCMP_SYS(madvise),
                SCMP_SYS(futex),
                SCMP_SYS(clock_gettime),
                SCMP_SYS(gettimeofday),
                SCMP_SYS(nanosleep),
                SCMP_SYS(clock_nanosleep),
                SCMP_SYS(getrandom),
                SCMP_SYS(getpid),
                SCMP_SYS(gettid),
                SCMP_SYS(tgkill),
                SCMP_SYS(rt_sigaction),
                SCMP_SYS(rt_sigprocmask),
                SCMP_SYS(rt_sigreturn),
                SCMP_SYS(sched_getaffinity),
                SCMP_SYS(sched_yield),
                SCMP_SYS(sysinfo),
                SCMP_SYS(uname),
                SCMP_SYS(exit),
                SCMP_SYS(exit_group)});
  filter.allow_without(SCMP_SYS(mmap), 2, PROT_EXEC);
  filter.allow_without(SCMP_SYS(mprotect), 2, PROT_EXEC);
  if (access == FileAccess::kReadOnly) {
    filter.allow({SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(getdents64),
                  SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(getcwd)});
    filter.allow_without(
        SCMP_SYS(openat), 2,
        O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | __O_TMPFILE);
  }
  filter.load();
}

}  // namespace

void enter_sandbox(const SandboxLimits& limits, FileAccess access) {
  check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG", errno);
  check(syscall(SYS_close_range, 3u, ~0u, 0u) == 0, "close_range", errno);
  set_limit(RLIMIT_AS, static_cast<rlim_t>(limits.memory_bytes), "RLIMIT_AS");
  set_limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu_seconds), "RLIMIT_CPU");
  set_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE");
  set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
  set_limit(RLIMIT_NOFILE, 64, "RLIMIT_NOFILE");
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS",
        errno);
  filter_system_calls(access);
}

}  // namespace ume
