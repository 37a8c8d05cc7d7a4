#include "common/weights/weight_claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/error/error.h"
#include "common/weights/internal/shm_files.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockEnding = ".lock";

std::string lock_path(const std::string& folder, const std::string& run_id) {
  return folder + "/" + run_id + kLockEnding;
}

FileDescriptor open_lock(const std::string& path, int flags) {
  return FileDescriptor(
      ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
}

// False when it was removed before we had the lock.
bool has_a_name(const FileDescriptor& file) {
  struct stat info {};
  return ::fstat(file.get(), &info) == 0 && info.st_nlink > 0;
}

void remove_versions(const std::string& folder, const std::string& run_id) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (version_of(entry.path().filename().string(), run_id)) {
      ::unlink(entry.path().c_str());
    }
  }
}

}  // namespace

WeightClaim::WeightClaim(const std::string& folder, const std::string& run_id) {
  check_run_id(run_id);
  make_weight_folder(folder);
  const std::string path = lock_path(folder, run_id);
  do {
    file_ = open_lock(path, O_CREAT);
    int locked = -1;
    do {
      locked = file_ ? ::flock(file_.get(), LOCK_SH) : -1;
    } while (locked != 0 && file_ && errno == EINTR);
    if (locked != 0) {
      throw IoError(path + ": cannot lock: " + std::strerror(errno));
    }
  } while (!has_a_name(file_));
}

void remove_shm_weights(const std::string& folder, const std::string& run_id) {
  check_run_id(run_id);
  remove_versions(folder, run_id);
  ::unlink(lock_path(folder, run_id).c_str());
}

void remove_unclaimed_shm_weights(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != kLockEnding) continue;
    const FileDescriptor file = open_lock(entry.path().string(), 0);
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // Under the lock: who comes now waits for it, and then makes a new file.
    if (!has_a_name(file)) continue;
    remove_versions(folder, entry.path().stem().string());
    ::unlink(entry.path().c_str());
  }
}

}  // namespace ume
