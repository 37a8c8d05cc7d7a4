#include "common/random/philox.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "common/error/check.h"
#include "common/error/error.h"

namespace ume {
namespace {

// Keep draws for different purposes apart when they share a seed.
constexpr uint64_t kSamplingDomain = 0x73616d706c65ULL;  // "sample"
constexpr uint64_t kStreamDomain = 0x73747265616dULL;    // "stream"

// SplitMix64's finaliser, so that neighbouring seeds give unrelated keys.
std::array<uint32_t, 2> key_of(uint64_t seed, uint64_t domain) {
  uint64_t z = seed + domain * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return {static_cast<uint32_t>(z), static_cast<uint32_t>(z >> 32)};
}

double unit_interval(uint32_t high, uint32_t low) {
  const uint64_t bits = (static_cast<uint64_t>(high) << 32) | low;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

std::array<uint32_t, 4> philox4x32(const std::array<uint32_t, 4>& counter,
                                   const std::array<uint32_t, 2>& key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;
  constexpr uint32_t kWeyl1 = 0xBB67AE85;
  std::array<uint32_t, 4> c = counter;
  std::array<uint32_t, 2> k = key;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * c[0];
    const uint64_t product1 = kMultiplier1 * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ k[0],
         static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ k[1],
         static_cast<uint32_t>(product0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  return c;
}

double uniform(const SampleKey& key, uint64_t token_position) {
  if (key.side >= (1u << 8) || key.sample >= (1u << 24) ||
      key.redraw >= (1u << 12) || token_position >= (1u << 20)) {
    throw InvalidInput("random draw: side " + std::to_string(key.side) +
                       ", sample " + std::to_string(key.sample) + ", redraw " +
                       std::to_string(key.redraw) + " or token position " +
                       std::to_string(token_position) + " is out of range");
  }
  const std::array<uint32_t, 4> counter = {
      static_cast<uint32_t>(key.dispatch_index),
      static_cast<uint32_t>(key.dispatch_index >> 32),
      (key.side << 24) | key.sample,
      (key.redraw << 20) | static_cast<uint32_t>(token_position)};
  const auto bits = philox4x32(counter, key_of(key.run_seed, kSamplingDomain));
  return unit_interval(bits[0], bits[1]);
}

RandomStream::RandomStream(uint64_t seed, uint64_t stream, uint32_t substream)
    : key_(key_of(seed, kStreamDomain)),
      stream_(stream),
      substream_(substream) {}

uint64_t RandomStream::next_u64() {
  if (words_left_ == 0) {
    bits_ =
        philox4x32({static_cast<uint32_t>(stream_),
                    static_cast<uint32_t>(stream_ >> 32), substream_, block_},
                   key_);
    ++block_;
    UME_CHECK(block_ != 0, "a random stream has at most 2^33 numbers");
    words_left_ = 4;
  }
  const size_t first = static_cast<size_t>(4 - words_left_);
  words_left_ -= 2;
  return (static_cast<uint64_t>(bits_[first]) << 32) | bits_[first + 1];
}

double RandomStream::uniform() {
  return static_cast<double>(next_u64() >> 11) * 0x1.0p-53;
}

uint64_t RandomStream::below(uint64_t limit) {
  UME_CHECK(limit > 0, "a draw below nothing");
  // Draws from the last, incomplete run of `limit` values would favour the
  // low ones.
  const uint64_t excess = (UINT64_MAX % limit + 1) % limit;
  uint64_t draw = next_u64();
  while (draw > UINT64_MAX - excess) {
    draw = next_u64();
  }
  return draw % limit;
}

double RandomStream::normal() {
  // Box-Muller; 1 - u keeps the logarithm finite.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::vector<uint64_t> permutation(uint64_t size,
                                  uint64_t seed,
                                  uint64_t epoch) {
  std::vector<uint64_t> order(size);
  std::iota(order.begin(), order.end(), uint64_t{0});
  RandomStream(seed, epoch).shuffle(std::span(order));
  return order;
}

}  // namespace ume
