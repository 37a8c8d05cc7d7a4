#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace ume {

// Remembers the tokens of short words. One place per hash, the newest word
// wins: bounded memory (2 MiB), no bookkeeping. Not for two threads at a time.
class WordCache {
 public:
  static constexpr size_t kMaxWordBytes = 23;
  static constexpr size_t kMaxTokens = 9;

  // A word's bytes, zeros behind them, its length in the last byte.
  using Key = std::array<uint64_t, 3>;

  WordCache();

  // Of text[begin, begin + size); 0 < size <= kMaxWordBytes.
  static Key key(std::string_view text, size_t begin, size_t size);

  // Empty where the word is not here. Valid until the next put().
  std::span<const uint32_t> find(const Key& key) const {
    const Entry& entry = entries_[place(key)];
    if (entry.key != key) return {};
    return {entry.ids.data(), entry.count};
  }
  // Does nothing for more than kMaxTokens tokens.
  void put(const Key& key, std::span<const int64_t> ids);

 private:
  static constexpr int kBits = 15;

  struct alignas(64) Entry {
    Key key{};  // a length of 0: free
    uint32_t count = 0;
    std::array<uint32_t, kMaxTokens> ids{};
  };

  static size_t place(const Key& key) {
    uint64_t hash = key[0] * 0x9E3779B97F4A7C15ull;
    hash = (hash ^ key[1]) * 0xC2B2AE3D27D4EB4Full;
    hash = (hash ^ (hash >> 29) ^ key[2]) * 0x165667B19E3779F9ull;
    return hash >> (64 - kBits);
  }

  std::unique_ptr<Entry[]> entries_;
};

// Lends caches out, each to one user at a time. Thread-safe.
class WordCachePool {
 public:
  // A lent cache; goes back at the end of its life.
  class Loan {
   public:
    explicit Loan(WordCachePool& pool);
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    WordCache& operator*() { return *cache_; }

   private:
    WordCachePool& pool_;
    std::unique_ptr<WordCache> cache_;
  };

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;  // guarded by mutex_
};

}  // namespace ume
