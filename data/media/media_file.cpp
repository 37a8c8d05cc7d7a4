#include "data/media/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "data/media/decode_image.h"

namespace ume {
namespace {

constexpr int64_t kMaxPage = 1'000'000;
constexpr size_t kBlockBytes = 1 << 16;
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

[[noreturn]] void refuse(const std::filesystem::path& path,
                         const std::string& reason) {
  throw InvalidInput(path.string() + ": " + reason);
}

MediaFile check_opened(FileDescriptor file, const std::filesystem::path& path) {
  if (!file) {
    refuse(path, errno == ENOENT ? "no such file" : std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse(path, "not a regular file");
  constexpr int64_t kNanoseconds = 1'000'000'000;
  return {std::move(file), path, 0, status.st_size,
          status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
size_t read_at(const MediaFile& file, uint8_t* out, size_t size, off_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(file.file.get(), out + done, size - done,
                                  offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw IoError(file.path.string() + ": " + std::strerror(errno));
    }
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

// Calls use(bytes) for block after block. Bounded even if the file grows.
template <class Use>
void read_blocks(const MediaFile& file, int64_t max_bytes, const Use& use) {
  std::array<uint8_t, kBlockBytes> block;
  int64_t total = 0;
  while (true) {
    const size_t count = read_at(file, block.data(), block.size(), total);
    total += static_cast<int64_t>(count);
    if (total == 0) refuse(file.path, "the file is empty");
    if (total > max_bytes) {
      refuse(file.path, "larger than the limit of " +
                            std::to_string(max_bytes) + " bytes");
    }
    use(std::span<const uint8_t>(block.data(), count));
    if (count < block.size()) return;
  }
}

}  // namespace

MediaPath parse_media_path(std::string_view path) {
  constexpr std::string_view kExtension = ".pdf#";
  const auto mark =
      std::search(path.begin(), path.end(), kExtension.begin(),
                  kExtension.end(), [](char a, char b) {
                    return std::tolower(static_cast<unsigned char>(a)) == b;
                  });
  if (mark == path.end()) return {std::string(path), 0};
  const auto end = static_cast<size_t>(mark - path.begin()) + 4;
  std::string_view text = path.substr(end + 1);
  constexpr std::string_view kPage = "page=";
  int64_t page = 0;
  if (text.starts_with(kPage)) {
    text.remove_prefix(kPage.size());
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), page);
    if (error != std::errc() || rest != text.data() + text.size()) page = 0;
  }
  if (page < 1 || page > kMaxPage) {
    throw InvalidInput(
        "after '.pdf#' expected 'page=' and a number from 1 to " +
        std::to_string(kMaxPage));
  }
  return {std::string(path.substr(0, end)), page};
}

MediaFile open_media_file(const std::filesystem::path& path) {
  return check_opened(FileDescriptor(::open(path.c_str(), kOpenFlags)), path);
}

MediaFile open_media_file_below(const std::filesystem::path& root,
                                const std::filesystem::path& relative) {
  const std::filesystem::path path = root / relative;
  constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  FileDescriptor folder(::open(root.c_str(), kFolderFlags));
  const std::filesystem::path parent = relative.parent_path();
  for (const auto& part : parent) {
    if (!folder) refuse(path, std::strerror(errno));
    folder = FileDescriptor(
        ::openat(folder.get(), part.c_str(), kFolderFlags | O_NOFOLLOW));
  }
  if (!folder) refuse(path, std::strerror(errno));
  return check_opened(
      FileDescriptor(::openat(folder.get(), relative.filename().c_str(),
                              kOpenFlags | O_NOFOLLOW)),
      path);
}

MediaContent content_of(const MediaFile& file) {
  std::array<uint8_t, 1024> head;
  const size_t size = read_at(file, head.data(), head.size(), 0);
  const std::span<const uint8_t> bytes(head.data(), size);
  if (is_known_picture(bytes)) return MediaContent::kPicture;
  constexpr std::string_view kPdf = "%PDF-";
  const std::string_view text(reinterpret_cast<const char*>(head.data()), size);
  return text.find(kPdf) == text.npos ? MediaContent::kOther
                                      : MediaContent::kDocument;
}

std::vector<uint8_t> read_media_file(const MediaFile& file, int64_t max_bytes) {
  std::vector<uint8_t> bytes;
  read_blocks(file, max_bytes, [&](std::span<const uint8_t> block) {
    bytes.insert(bytes.end(), block.begin(), block.end());
  });
  return bytes;
}

std::string hash_media_file(const MediaFile& file, int64_t max_bytes) {
  Xxh3Hasher hasher;
  read_blocks(file, max_bytes, [&](std::span<const uint8_t> block) {
    hasher.update(std::as_bytes(block));
  });
  return hasher.hex();
}

}  // namespace ume
