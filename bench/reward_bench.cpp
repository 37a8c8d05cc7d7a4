// How long a cohort's rewards take beside its similarity product. Each line on
// stdin is a round; the answer is one line, `PRODUCT_SECONDS SCORE_SECONDS
// TEXT_SECONDS`, CPU time; the texts' part is in the score's. bench/reward.py
// drives it, and NumPy, in turn.
#include <cblas.h>
#include <time.h>

#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>

#include "common/random/philox.h"
#include "reward/format_rule.h"
#include "reward/reward_pipeline.h"

namespace ume {
namespace {

constexpr int64_t kPairs = 64;
constexpr int64_t kGroup = 8;
constexpr int64_t kDim = 1536;
constexpr int64_t kRows = kPairs * kGroup;

// Embeddings around one direction a pair, so that rankings are neither all
// right nor all wrong.
CohortSide make_side(uint32_t side) {
  RandomStream random(1, 0, side);
  RandomStream centre(2, 0, 0);  // the same for both sides
  CohortSide out;
  for (int64_t pair = 0; pair < kPairs; ++pair) {
    std::vector<float> direction(kDim);
    for (float& x : direction) x = static_cast<float>(centre.normal());
    for (int64_t g = 0; g < kGroup; ++g) {
      for (const float x : direction) {
        out.gen_embeddings.push_back(
            x + 4.0f * static_cast<float>(random.normal()));
      }
      out.completions.push_back("<think>" + std::string(600, 'a') +
                                "</think><answer>b<gen_emb>");
    }
  }
  out.has_embedding.assign(kRows, 1);
  out.completion_tokens.assign(kRows, 100);
  return out;
}

RewardConfig published_terms() {
  RewardConfig config;
  for (const char* name : {"ranking", "margin"}) {
    config.terms.emplace_back();
    config.terms.back().name = name;
    config.terms.back().weight = 0.0;
  }
  return config;
}

// Of this thread alone, so that a busy machine does not count.
template <class Work>
double thread_seconds_of(const Work& work) {
  const auto now = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) +
           1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double start = now();
  work();
  return now() - start;
}

void run() {
  Cohort cohort;
  cohort.num_pairs = kPairs;
  cohort.group_size = kGroup;
  cohort.dim = kDim;
  cohort.query = make_side(0);
  cohort.target = make_side(1);
  const RewardPipeline pipeline = make_reward_pipeline(published_terms());
  std::vector<float> similarity(kRows * kRows);
  const auto product = [&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, kRows, kRows, kDim,
                1.0f, cohort.query.gen_embeddings.data(), kDim,
                cohort.target.gen_embeddings.data(), kDim, 0.0f,
                similarity.data(), kRows);
  };
  double total = 0.0;
  const auto score = [&] {
    total += pipeline.score(cohort).total.query[0].value;
  };
  int64_t num_good = 0;
  const auto texts = [&] {
    for (const CohortSide* side : {&cohort.query, &cohort.target}) {
      for (const std::string& text : side->completions) {
        num_good += has_answer_format(text);
      }
    }
  };
  openblas_set_num_threads(1);
  for (std::string line; std::getline(std::cin, line);) {
    const double product_seconds = thread_seconds_of(product);
    const double score_seconds = thread_seconds_of(score);
    const double text_seconds = thread_seconds_of(texts);
    std::printf("%.9f %.9f %.9f\n", product_seconds, score_seconds,
                text_seconds);
    std::fflush(stdout);
  }
  if (total == 0.0 || num_good == 0)
    throw std::runtime_error("the rewards are all zero");
}

}  // namespace
}  // namespace ume

int main() {
  ume::run();
  return 0;
}
