#pragma once

#include <string>

namespace ume {

// Holds a folder for one process: `FOLDER/.lock`, locked by flock(2), with the
// holder's pid inside. The kernel drops it when the process dies, however it
// dies. Not inherited by children that exec.
class DirectoryLock {
 public:
  // Throws ConfigError, naming the holder, when another has it; IoError when
  // the lock file cannot be made.
  explicit DirectoryLock(const std::string& folder);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace ume
