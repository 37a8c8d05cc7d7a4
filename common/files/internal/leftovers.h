#pragma once

#include <string>
#include <string_view>

namespace ume {

// Between a path and what tells its temporary files apart.
inline constexpr std::string_view kTemporaryMark = ".tmp-";

// Says that the open file is being written; gone with the process.
void mark_as_written(int fd);

// Removes temporary files of `path` that nobody writes any more. Those of a
// file system without locks stay.
void remove_leftovers(const std::string& path);

}  // namespace ume
