#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/files/file_descriptor.h"

namespace ume {

// Gives `path` the new content whole or not at all, durably: an AtomicFile. The
// old content stays when anything fails. Throws IoError (disk full, not
// writable, …).
void write_file_atomic(const std::string& path, std::string_view content);
void write_file_atomic(const std::string& path,
                       std::span<const std::byte> content);
// The same, readable by the owner only.
void write_private_file_atomic(const std::string& path,
                               std::string_view content);

// Whether there is something of this name. A link that leads nowhere counts, so
// that opening it says what is wrong. Throws IoError when it cannot be told.
bool path_exists(const std::string& path);

// Opens a regular file, or a link to one, for reading. Throws IoError saying
// why it cannot be opened; also for a pipe, which could be waited for for ever.
FileDescriptor open_regular_file(const std::string& path);

// The whole of a regular file. Throws IoError when it cannot be read,
// InvalidInput when it has more than `max_bytes`.
std::string read_file(const std::string& path,
                      uint64_t max_bytes = uint64_t{16} << 20);
// The same for a file that a user names, which may be a pipe (/dev/stdin, a
// shell's <(…)): waits for its end.
std::string read_file_or_pipe(const std::string& path, uint64_t max_bytes);

// Makes durable what was written to the file, or which names a folder holds.
// Throws IoError.
void fsync_file(const std::string& path);
void fsync_directory(const std::string& path);

// Renames and makes the new name durable. Throws IoError.
void rename_durably(const std::string& from, const std::string& to);

// Creates the folder and its parents where missing. Throws IoError.
void make_directories(const std::string& path);

// The folder that holds the path; "." for a plain name.
std::string parent_folder(const std::string& path);

// "step_000050": the folder or the file's stem of what belongs to a step.
std::string step_name(uint64_t step);

// Free bytes on the file system that holds `path`. Throws IoError.
uint64_t free_disk_bytes(const std::string& path);

}  // namespace ume
