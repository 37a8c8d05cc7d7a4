// The term of what both sides answer: `answer_overlap`.
#include <algorithm>

#include "reward/internal/terms.h"
#include "reward/internal/words.h"
#include "reward/terms/format_rule.h"

namespace ume {
namespace {

// An answer is short; what comes after so many words does not count.
constexpr size_t kMaxAnswerWords = 512;

using Words = std::vector<uint64_t>;  // sorted

std::vector<Words> answers_of(const CohortSide& side) {
  std::vector<Words> answers;
  answers.reserve(side.completions.size());
  for (const std::string& text : side.completions) {
    answers.push_back(
        hashed_words(split_completion(text).answer, kMaxAnswerWords));
    std::sort(answers.back().begin(), answers.back().end());
  }
  return answers;
}

// Twice the words in common over all words of both; 0 where one is empty.
double word_f1(const Words& a, const Words& b) {
  if (a.empty() || b.empty()) return 0.0;
  size_t common = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++common;
      ++i;
      ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return 2.0 * static_cast<double>(common) /
         static_cast<double>(a.size() + b.size());
}

class AnswerOverlapTerm : public RewardPolicy {
 public:
  std::string_view name() const override { return "answer_overlap"; }
  bool compares_pairs() const override { return false; }
  bool compares_sides() const override { return true; }

  RewardColumn score(const CohortView& view) const override {
    const std::vector<Words> query = answers_of(view.side(Side::kQuery));
    const std::vector<Words> target = answers_of(view.side(Side::kTarget));
    const int64_t group = view.cohort().group_size;
    return {"answer_overlap", cells(query, target, group),
            cells(target, query, group)};
  }

 private:
  static RewardCells cells(const std::vector<Words>& own,
                           const std::vector<Words>& other,
                           int64_t group) {
    RewardCells out(own.size());
    for (size_t row = 0; row < own.size(); ++row) {
      const int64_t first = static_cast<int64_t>(row) / group * group;
      double sum = 0.0;
      for (int64_t k = first; k < first + group; ++k) {
        sum += word_f1(own[row], other[k]);
      }
      out[row].value = sum / static_cast<double>(group);
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<RewardPolicy> make_answer_overlap_term(const TermParameters&) {
  return std::make_unique<AnswerOverlapTerm>();
}

}  // namespace ume
