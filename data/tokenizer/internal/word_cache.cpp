#include "data/tokenizer/internal/word_cache.h"

#include <cstring>

namespace ume {
namespace {

// For each word length: which bits of the 24 bytes are the word's.
constexpr auto kMasks = [] {
  std::array<WordCache::Key, WordCache::kMaxWordBytes + 1> masks{};
  for (size_t size = 0; size < masks.size(); ++size) {
    for (size_t byte = 0; byte < size; ++byte) {
      masks[size][byte / 8] |= uint64_t{0xFF} << (byte % 8 * 8);
    }
  }
  return masks;
}();

}  // namespace

WordCache::WordCache() : entries_(new Entry[size_t{1} << kBits]) {}

WordCache::Key WordCache::key(std::string_view text,
                              size_t begin,
                              size_t size) {
  Key key{};
  if (begin + sizeof(Key) <= text.size()) {
    std::memcpy(key.data(), text.data() + begin, sizeof(Key));
    for (size_t i = 0; i < key.size(); ++i) key[i] &= kMasks[size][i];
  } else {
    std::memcpy(key.data(), text.data() + begin, size);
  }
  key[2] |= static_cast<uint64_t>(size) << 56;
  return key;
}

void WordCache::put(const Key& key, std::span<const int64_t> ids) {
  if (ids.size() > kMaxTokens) return;
  Entry& entry = entries_[place(key)];
  entry.key = key;
  entry.count = static_cast<uint32_t>(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    entry.ids[i] = static_cast<uint32_t>(ids[i]);
  }
}

WordCachePool::Loan::Loan(WordCachePool& pool) : pool_(pool) {
  {
    const std::lock_guard lock(pool_.mutex_);
    if (!pool_.free_.empty()) {
      cache_ = std::move(pool_.free_.back());
      pool_.free_.pop_back();
    }
  }
  if (!cache_) cache_ = std::make_unique<WordCache>();
}

WordCachePool::Loan::~Loan() {
  const std::lock_guard lock(pool_.mutex_);
  pool_.free_.push_back(std::move(cache_));
}

}  // namespace ume
