#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/file_descriptor.h"

namespace ume {

// What a media path of a record says: a file and, of a document, the page.
struct MediaPath {
  std::string file;
  int64_t page = 0;  // from 1; 0: none given
};

// "a.pdf#page=3" is page 3 of a.pdf; every other path is a file as it stands.
// Throws InvalidInput for a `.pdf#` that is not followed by `page=N` with N
// from 1 to 1,000,000.
MediaPath parse_media_path(std::string_view path);

// An open file that holds a picture, a video or a document.
struct MediaFile {
  FileDescriptor file;
  std::filesystem::path path;  // for messages
  int64_t page = 0;            // of a document; 0: none given
  int64_t size = 0;            // bytes
  int64_t modified_ns = 0;     // since the epoch
};

// Opens an existing regular file wherever it lies. Never waits (for a FIFO's
// writer, say). Throws InvalidInput, naming `path`, for anything else.
MediaFile open_media_file(const std::filesystem::path& path);

// Opens `relative` below the folder `root` and follows no symbolic link on the
// way: what stands in between may have changed since the path was checked.
// relative: without "." and "..". Throws likewise.
MediaFile open_media_file_below(const std::filesystem::path& root,
                                const std::filesystem::path& relative);

enum class MediaContent : uint8_t {
  kPicture,   // JPEG, PNG or WebP
  kDocument,  // PDF
  kOther,     // perhaps a video: libav knows
};

// By the first bytes. Throws IoError if reading fails.
MediaContent content_of(const MediaFile& file);

// The whole file. Throws InvalidInput, naming it, if it is empty or larger than
// `max_bytes`; IoError if reading fails.
std::vector<uint8_t> read_media_file(const MediaFile& file, int64_t max_bytes);

// XXH3-128 of the whole content, hex, in little memory. Throws InvalidInput as
// read_media_file; IoError if reading fails.
std::string hash_media_file(const MediaFile& file, int64_t max_bytes);

}  // namespace ume
