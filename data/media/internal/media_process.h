#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/files/file_descriptor.h"
#include "data/media/media_reply.h"

namespace ume::internal {

// What to start and how long it may take.
struct MediaCommand {
  std::vector<std::string> argv;  // argv[0]: the program
  std::string name;               // of the media file, for messages
  double timeout_s = 60.0;
};

// A running ume-media: its answer, read under the wait "media child", and the
// words for how it failed. Ends the process with itself. Not thread-safe.
class MediaProcess {
 public:
  // file: becomes the process's standard input. Throws Unavailable if the
  // program cannot be started.
  MediaProcess(const MediaCommand& command, const FileDescriptor& file);
  ~MediaProcess();
  MediaProcess(const MediaProcess&) = delete;
  MediaProcess& operator=(const MediaProcess&) = delete;

  // The next message's head, which must be of this kind and announce between
  // `least` and `most` bytes. Throws InvalidInput, naming the file, for
  // anything else, kError included.
  ReplyHead expect(ReplyKind kind, uint64_t least, uint64_t most);
  // The message's content. Throws InvalidInput if it does not come in time.
  void read(void* out, size_t size);

  [[noreturn]] void refuse(const std::string& reason);

 private:
  size_t read_some(void* out, size_t size);
  [[noreturn]] void explain_end();
  std::string error_text();
  int end();

  const std::string name_;
  const double timeout_s_;
  const std::chrono::steady_clock::time_point deadline_;
  pid_t pid_ = -1;
  FileDescriptor replies_;
  FileDescriptor errors_;
};

}  // namespace ume::internal
