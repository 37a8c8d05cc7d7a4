#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ume {

// Gives `path` the new content whole or not at all, durably: temporary file
// beside it, fsync, rename, fsync of the folder. The old content stays when
// anything fails. Throws IoError (disk full, not writable, …); the temporary
// file is gone then.
void write_file_atomic(const std::string& path, std::string_view content);
void write_file_atomic(const std::string& path,
                       std::span<const std::byte> content);
// The same, readable by the owner only.
void write_private_file_atomic(const std::string& path,
                               std::string_view content);

// The whole file. Throws IoError when it cannot be read, InvalidInput when it
// has more than `max_bytes`.
std::string read_file(const std::string& path,
                      uint64_t max_bytes = uint64_t{16} << 20);

// Makes durable what was written to the file, or which names a folder holds.
// Throws IoError.
void fsync_file(const std::string& path);
void fsync_directory(const std::string& path);

// Renames and makes the new name durable. Throws IoError.
void rename_durably(const std::string& from, const std::string& to);

// Creates the folder and its parents where missing. Throws IoError.
void make_directories(const std::string& path);

// Free bytes on the file system that holds `path`. Throws IoError.
uint64_t free_disk_bytes(const std::string& path);

}  // namespace ume
