// Penalties of a completion's length: `length`, `repetition`.
#include <algorithm>

#include "reward/internal/terms.h"
#include "reward/internal/words.h"

namespace ume {
namespace {

// DAPO's soft penalty of over-long completions (arXiv:2503.14476, eq. 13).
class LengthTerm : public RewardPolicy {
 public:
  LengthTerm(int64_t longest, int64_t buffer)
      : longest_(longest), buffer_(buffer) {}
  std::string_view name() const override { return "length"; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& view) const override {
    return {"length", cells(view.side(Side::kQuery)),
            cells(view.side(Side::kTarget))};
  }

 private:
  RewardCells cells(const CohortSide& side) const {
    const RewardCell unknown{CellState::kInvalid, 0.0,
                             "the number of tokens is not known"};
    RewardCells out(side.completions.size(), unknown);
    if (side.completion_tokens.size() != out.size()) return out;
    for (size_t row = 0; row < out.size(); ++row) {
      const int64_t tokens = side.completion_tokens[row];
      if (tokens >= 0) out[row] = {CellState::kValue, penalty(tokens), ""};
    }
    return out;
  }

  double penalty(int64_t tokens) const {
    if (tokens > longest_) return -1.0;
    const int64_t over = tokens - (longest_ - buffer_);
    if (over <= 0) return 0.0;
    return -static_cast<double>(over) / static_cast<double>(buffer_);
  }

  const int64_t longest_;
  const int64_t buffer_;
};

// Minus the share of n-grams of words that were there before.
class RepetitionTerm : public RewardPolicy {
 public:
  explicit RepetitionTerm(int64_t ngram) : ngram_(static_cast<size_t>(ngram)) {}
  std::string_view name() const override { return "repetition"; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& view) const override {
    return {"repetition", cells(view.side(Side::kQuery)),
            cells(view.side(Side::kTarget))};
  }

 private:
  RewardCells cells(const CohortSide& side) const {
    RewardCells out;
    out.reserve(side.completions.size());
    for (const std::string& text : side.completions) {
      out.push_back({CellState::kValue, penalty(text), ""});
    }
    return out;
  }

  double penalty(std::string_view text) const {
    const std::vector<uint64_t> words = hashed_words(text, text.size());
    if (words.size() < ngram_) return 0.0;
    std::vector<uint64_t> grams;
    grams.reserve(words.size() - ngram_ + 1);
    for (size_t i = 0; i + ngram_ <= words.size(); ++i) {
      uint64_t hash = 0;
      for (size_t k = 0; k < ngram_; ++k) {
        hash = (hash ^ words[i + k]) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
      }
      grams.push_back(hash);
    }
    const auto all = static_cast<double>(grams.size());
    std::sort(grams.begin(), grams.end());
    const auto distinct = static_cast<double>(
        std::unique(grams.begin(), grams.end()) - grams.begin());
    return distinct / all - 1.0;
  }

  const size_t ngram_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_length_term(const TermParameters& p) {
  return std::make_unique<LengthTerm>(p.max_tokens, p.buffer_tokens);
}

std::unique_ptr<RewardPolicy> make_repetition_term(const TermParameters& p) {
  return std::make_unique<RepetitionTerm>(p.ngram);
}

}  // namespace ume
