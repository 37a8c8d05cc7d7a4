#include <zstd.h>

#include <memory>
#include <sstream>

#include "common/error/error.h"
#include "common/files/files.h"
#include "reward/offline/offline_scoring.h"

namespace ume {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// Piece by piece, so that a small file cannot claim all memory.
std::string decompress(const std::string& packed, const std::string& path) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(
      ZSTD_createDStream(), ZSTD_freeDStream);
  std::string text;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  size_t left = 0;
  while (in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left)) {
      throw InvalidInput(path +
                         ": not a whole zstd file: " + ZSTD_getErrorName(left));
    }
    text.append(piece, 0, out.pos);
    if (text.size() > kMaxBytes) {
      throw InvalidInput(path + ": more than 1 GiB of text");
    }
  }
  // What the last piece of input still had to say.
  while (left != 0) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) || out.pos == 0) {
      throw InvalidInput(path + ": not a whole zstd file: it ends early");
    }
    text.append(piece, 0, out.pos);
  }
  return text;
}

}  // namespace

std::vector<TrajectoryRecord> read_trajectory_file(const std::string& path) {
  std::string text = read_file_or_pipe(path, kMaxBytes);
  if (std::string_view(text).starts_with(kZstdMagic)) {
    text = decompress(text, path);
  }
  std::istringstream in(std::move(text));
  return read_trajectory_records(in, path);
}

}  // namespace ume
