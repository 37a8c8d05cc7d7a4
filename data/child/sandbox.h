#pragma once

#include <cstdint>

namespace ume {

struct SandboxLimits {
  int64_t memory_bytes = int64_t{2} << 30;  // of address space
  int64_t cpu_seconds = 60;
};

// What the decoder behind the sandbox needs beside reading its input and
// writing its answer.
enum class FileAccess : uint8_t {
  kNone,      // opens nothing
  kReadOnly,  // opens files to read (fonts of documents that bring none)
};

// Gives up for good, before any byte of the input is looked at: every file
// descriptor above 2, more memory and processor time than `limits`, new
// processes, programs, sockets, files to write, executable memory, and every
// system call that decoding does not need (they fail with EPERM). The process
// ends when its parent does.
//
// Throws std::runtime_error if the kernel refuses any of it.
void enter_sandbox(const SandboxLimits& limits, FileAccess access);

}  // namespace ume
