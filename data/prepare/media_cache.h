#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/media/patches.h"

namespace ume {

// A picture or video as a prompt takes it.
struct PreparedMedia {
  MediaPatches patches;
  std::string hash;                         // XXH3-128 of grid and values, hex
  std::vector<std::string> content_hashes;  // of each file, XXH3-128, hex
  double sampled_fps = 0;  // of a video file's frames; 0: not of a video file

  int64_t num_bytes() const {
    return static_cast<int64_t>(patches.values.size() * sizeof(float));
  }
};

// Keeps the media used last, up to a number of bytes. Thread-safe.
class MediaCache {
 public:
  explicit MediaCache(int64_t capacity_bytes)
      : capacity_bytes_(capacity_bytes) {}

  // Null if it is not there.
  std::shared_ptr<const PreparedMedia> find(const std::string& key);
  // Drops what was used longest ago to make room; what alone is larger than
  // the capacity is not kept.
  void insert(const std::string& key,
              std::shared_ptr<const PreparedMedia> media);

  int64_t num_bytes() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const PreparedMedia> media;
  };

  const int64_t capacity_bytes_;
  // Guarded by mu_: entries, the one used last in front.
  mutable std::mutex mu_;
  std::list<Entry> entries_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  int64_t num_bytes_ = 0;
};

}  // namespace ume
