#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

// Writes the pieces one after another to a file beside `path`, flushes it to
// disk and renames it to `path`; the folder is flushed too. A reader sees the
// old file or the whole new one. Throws IoError and leaves no temporary file.
void write_file_atomically(
    const std::string& path,
    const std::vector<std::span<const std::byte>>& pieces);
void write_file_atomically(const std::string& path, std::string_view text);

}  // namespace ume
