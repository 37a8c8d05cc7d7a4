#pragma once

#include <memory>
#include <vector>

#include "reward/reward_policy.h"

namespace ume {

using RewardCells = std::vector<RewardCell>;

// One factory per kind of term; parameters are checked before
// (check_term_parameters).
std::unique_ptr<RewardPolicy> make_format_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_answer_in_reasoning_term(
    const TermParameters& p);
std::unique_ptr<RewardPolicy> make_answer_overlap_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_length_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_repetition_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_ranking_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_margin_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_ranking_margin_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_hardest_negative_margin_term(
    const TermParameters& p);
std::unique_ptr<RewardPolicy> make_retrieval_ndcg_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_threshold_term(const TermParameters& p);
std::unique_ptr<RewardPolicy> make_disc_guided_term(const TermParameters& p);

// The product of two or more terms, cell by cell; a cell is as bad as its worst
// factor.
std::unique_ptr<RewardPolicy> make_product_term(
    std::vector<std::unique_ptr<RewardPolicy>> factors);

}  // namespace ume
