#include "data/prepare/media_cache.h"

#include <utility>

namespace ume {

std::shared_ptr<const PreparedMedia> MediaCache::find(const std::string& key) {
  const std::lock_guard lock(mu_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->media;
}

void MediaCache::insert(const std::string& key,
                        std::shared_ptr<const PreparedMedia> media) {
  const int64_t size = media->num_bytes();
  const std::lock_guard lock(mu_);
  // Two threads may have prepared the same file.
  if (size > capacity_bytes_ || by_key_.contains(key)) return;
  while (num_bytes_ + size > capacity_bytes_) {
    num_bytes_ -= entries_.back().media->num_bytes();
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, std::move(media)});
  by_key_.emplace(key, entries_.begin());
  num_bytes_ += size;
}

int64_t MediaCache::num_bytes() const {
  const std::lock_guard lock(mu_);
  return num_bytes_;
}

}  // namespace ume
