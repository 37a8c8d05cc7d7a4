#include "launch/doctor/host_checks.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"
#include "common/files/files.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kGigabyte = uint64_t{1} << 30;
// The emoji example's run: processes with LibTorch, a checkpoint each phase.
constexpr uint64_t kLeastMemory = 4 * kGigabyte;
constexpr uint64_t kLeastDisk = 2 * kGigabyte;
// Docker's default is 64 MiB.
constexpr uint64_t kLeastSharedMemory = kGigabyte / 4;

std::string gigabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f GiB",
                static_cast<double>(bytes) / static_cast<double>(kGigabyte));
  return text;
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A number of /proc/meminfo in bytes.
uint64_t meminfo(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) != 0) continue;
    return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

// Of this process's control group (version 2); nothing: no limit.
std::optional<uint64_t> memory_limit() {
  const std::string text = first_line("/sys/fs/cgroup/memory.max");
  if (text.empty() || text == "max") return std::nullopt;
  return std::strtoull(text.c_str(), nullptr, 10);
}

std::optional<double> core_limit() {
  std::istringstream text(first_line("/sys/fs/cgroup/cpu.max"));
  double quota = 0;
  double period = 0;
  if (!(text >> quota >> period) || period <= 0) return std::nullopt;
  return quota / period;
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;
  return address;
}

// Binds a free port and connects to it. Returns what failed; empty: nothing.
std::string try_port() {
  const auto failed = [](const char* what) {
    return std::string(what) + ": " + std::strerror(errno);
  };
  const FileDescriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!server) return failed("cannot make a socket");
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(server.get(), generic, size) != 0 || listen(server.get(), 1) != 0) {
    return failed("cannot bind a port");
  }
  getsockname(server.get(), generic, &size);
  const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // To a listening socket of this host: answered at once.
  if (!client || connect(client.get(), generic, size) != 0) {
    return failed("cannot connect to a port");
  }
  return "";
}

}  // namespace

Finding check_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  const int usable = CPU_COUNT(&allowed);
  Finding f{"cores", FindingKind::kGood, std::to_string(usable), ""};
  if (const auto limit = core_limit(); limit && *limit < usable) {
    char text[64];
    std::snprintf(text, sizeof(text), ", limited to the time of %.1f", *limit);
    f.found += text;
    f.kind = FindingKind::kWarning;
    f.advice = "processes wait for each other; raise the container's CPU limit";
  }
  return f;
}

Finding check_memory() {
  const uint64_t total = meminfo("MemTotal");
  const uint64_t available = meminfo("MemAvailable");
  Finding f{"memory", FindingKind::kGood,
            gigabytes(available) + " available of " + gigabytes(total), ""};
  uint64_t usable = available;
  if (const auto limit = memory_limit(); limit && *limit < total) {
    f.found += ", limited to " + gigabytes(*limit);
    usable = std::min(usable, *limit);
  }
  if (usable < kLeastMemory) {
    f.kind = FindingKind::kWarning;
    f.advice = "the emoji example takes about " + gigabytes(kLeastMemory);
  }
  return f;
}

Finding check_disk() {
  const std::string folder = fs::current_path().string();
  Finding f{"disk", FindingKind::kGood, "", ""};
  try {
    const uint64_t available = free_disk_bytes(folder);
    f.found = gigabytes(available) + " available in " + folder;
    if (available < kLeastDisk) {
      f.kind = FindingKind::kWarning;
      f.advice = "checkpoints need room: free some, or set run.directory";
    }
    if (access(folder.c_str(), W_OK) != 0) {
      f.kind = FindingKind::kWarning;
      f.found += ", not writable";
      f.advice = "set run.directory to a folder that is";
    }
  } catch (const IoError& error) {
    f.kind = FindingKind::kUnreachable;
    f.found = error.what();
    f.advice = "go to a folder on a disk that works";
  }
  return f;
}

Finding check_shared_memory() {
  Finding f{"shared memory", FindingKind::kGood, "", ""};
  struct statvfs info {};
  if (statvfs("/dev/shm", &info) != 0 || access("/dev/shm", W_OK) != 0) {
    f.kind = FindingKind::kUnreachable;
    f.found = "/dev/shm: " + std::string(std::strerror(errno));
    f.advice = "mount a tmpfs on /dev/shm";
    return f;
  }
  const uint64_t block = info.f_frsize;
  const uint64_t available = info.f_bavail * block;
  f.found = gigabytes(available) + " available of " +
            gigabytes(info.f_blocks * block) + " in /dev/shm";
  if (available < kLeastSharedMemory) {
    f.kind = FindingKind::kWarning;
    f.advice =
        "two versions of the weights must fit; in Docker use --shm-size=2g";
  }
  return f;
}

Finding check_ports() {
  const std::string problem = try_port();
  if (problem.empty()) {
    return {"ports", FindingKind::kGood, "a port of this host can be used", ""};
  }
  return {"ports", FindingKind::kUnreachable, problem,
          "roles talk over 127.0.0.1: allow it in the sandbox or firewall"};
}

Finding check_gpu() {
  const fs::path cards = "/proc/driver/nvidia/gpus";
  std::error_code error;
  std::string names;
  for (const auto& card : fs::directory_iterator(cards, error)) {
    std::ifstream file(card.path() / "information");
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("Model:", 0) != 0) continue;
      const size_t at = line.find_first_not_of(" \t", 6);
      if (at == line.npos) continue;
      names += (names.empty() ? "" : ", ") + line.substr(at);
    }
  }
  if (names.empty()) {
    return {"GPU", FindingKind::kGood, "none; the CPU computes", ""};
  }
  return {"GPU", FindingKind::kGood, names, ""};
}

}  // namespace ume
