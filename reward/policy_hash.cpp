#include "reward/policy_hash.h"

#include <bit>
#include <map>
#include <span>
#include <vector>

#include "common/hash/xxh3.h"

namespace ume {
namespace {

// Feeds a hash with every field of a config, names included.
struct HashingVisitor {
  Xxh3Hasher& hasher;

  template <class T>
  void operator()(const char* name, T& value, const char*) {
    hasher.update_field(name);
    add(value);
  }

 private:
  void add(bool value) { hasher.update_u64(value); }
  void add(int64_t value) { hasher.update_u64(static_cast<uint64_t>(value)); }
  void add(double value) { hasher.update_u64(std::bit_cast<uint64_t>(value)); }
  void add(std::string& value) { hasher.update_field(value); }
  void add(std::map<std::string, std::string>& values) {
    hasher.update_u64(values.size());
    for (const auto& [key, value] : values) {
      hasher.update_field(key).update_field(value);
    }
  }
  template <class T>
  void add(std::vector<T>& list) {
    hasher.update_u64(list.size());
    for (T& item : list) add(item);
  }
  template <class T>
  void add(T& section) {
    visit_fields(*this, section);
  }
};

template <class T>
void hash_numbers(Xxh3Hasher& hasher, const std::vector<T>& values) {
  hasher.update_u64(values.size());
  hasher.update(std::as_bytes(std::span(values)));
}

void hash_side(Xxh3Hasher& hasher, const CohortSide& side) {
  hasher.update_u64(side.completions.size());
  for (const std::string& text : side.completions) hasher.update_field(text);
  hash_numbers(hasher, side.gen_embeddings);
  hash_numbers(hasher, side.has_embedding);
  hash_numbers(hasher, side.embedding_sources);
  hash_numbers(hasher, side.completion_tokens);
  hash_numbers(hasher, side.disc_embeddings);
  for (const std::string& text : side.prompts) hasher.update_field(text);
}

}  // namespace

std::string policy_hash(const RewardConfig& config,
                        const std::vector<std::string>& fingerprints) {
  RewardConfig copy = config;
  Xxh3Hasher hasher;
  HashingVisitor visitor{hasher};
  hasher.update_field("ume reward policy 2");
  visit_fields(visitor, copy);
  for (const std::string& text : fingerprints) hasher.update_field(text);
  return hasher.hex();
}

std::string input_digest(const Cohort& cohort) {
  Xxh3Hasher hasher;
  hasher.update_field("ume cohort 3");
  hasher.update_u64(cohort.id).update_u64(cohort.update);
  hasher.update_u64(static_cast<uint64_t>(cohort.num_pairs));
  hasher.update_u64(static_cast<uint64_t>(cohort.group_size));
  hasher.update_u64(static_cast<uint64_t>(cohort.dim));
  hash_numbers(hasher, cohort.dispatch_index);
  hasher.update_u64(cohort.sources.size());
  for (const std::string& source : cohort.sources) hasher.update_field(source);
  for (const auto* keys :
       {&cohort.query_digests, &cohort.target_digests, &cohort.duplicate_ids}) {
    hasher.update_u64(keys->size());
    for (const std::string& key : *keys) hasher.update_field(key);
  }
  hash_side(hasher, cohort.query);
  hash_side(hasher, cohort.target);
  return hasher.hex();
}

}  // namespace ume
